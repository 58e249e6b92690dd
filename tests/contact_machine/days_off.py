"""Days off of the two countries, in the year the sequences run in."""

from datetime import date

# Days off as the two countries published them for 2026; the year is the one the sequences run in.
DAYS_OFF = {
    "CN": [
        *(date(2026, 1, each) for each in (1, 2, 3)),
        *(date(2026, 2, each) for each in range(15, 24)),
        *(date(2026, 4, each) for each in (4, 5, 6)),
        *(date(2026, 5, each) for each in range(1, 6)),
        *(date(2026, 6, each) for each in (19, 20, 21)),
        *(date(2026, 9, each) for each in (25, 26, 27)),
        *(date(2026, 10, each) for each in range(1, 8)),
    ],
    "US": [
        *(date(2026, 1, each) for each in (1, 19)),
        date(2026, 2, 16),
        date(2026, 5, 25),
        date(2026, 6, 19),
        *(date(2026, 7, each) for each in (3, 4)),
        date(2026, 9, 7),
        date(2026, 10, 12),
        *(date(2026, 11, each) for each in (11, 26)),
        date(2026, 12, 25),
    ],
}
