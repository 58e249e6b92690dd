"""How one value of a pack is read: what is taken, what is not, and in which words it is told."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

import pytest

from portal.domain.policy import readers
from portal.domain.policy.readers import Hours


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Range:
    name: str
    least: int = 0


TAKEN = [
    (readers.whole(1, 6), 1, 1),
    (readers.whole(1, 6), 6, 6),
    (readers.share("0", "0.36"), 0, Decimal(0)),
    (readers.share("0", "0.36"), Decimal("0.36"), Decimal("0.36")),
    (readers.amount("0", "10"), Decimal("9.99"), 999),
    (readers.amount("0", "10"), 10, 1000),
    (readers.yes_no(), False, False),
    (readers.yes_no(), True, True),
    (readers.words(3), " ab", "ab"),
    (readers.words(), "a" * 200, "a" * 200),
    (readers.one_of("red", "blue"), "blue", "blue"),
    (readers.whole_of(360, 365), 365, 365),
    (readers.zone(), "Asia/Taipei", "Asia/Taipei"),
    (readers.member(Colour), "red", Colour.RED),
    (readers.day(), date(2026, 1, 31), date(2026, 1, 31)),
    (readers.hours(), ["08:00", "22:30"], Hours(time(8), time(22, 30))),
    (readers.list_of(readers.whole(1, 9)), [], ()),
    (readers.list_of(readers.whole(1, 9), least=2, most=2), [9, 1], (9, 1)),
    (readers.list_of(readers.whole(1, 999)), list(range(1, 401)), tuple(range(1, 401))),
    (
        readers.table(Range, name=readers.words(), least=readers.whole(1, 9)),
        {"name": "a", "least": 3},
        Range("a", 3),
    ),
    (
        readers.table(Range, {"least": 2}, name=readers.words(), least=readers.whole(1, 9)),
        {"name": "a"},
        Range("a", 2),
    ),
]


@pytest.mark.parametrize(("reader", "raw", "read"), TAKEN)
def test_a_value_in_its_range_is_read(reader, raw, read):
    found = reader.convert(raw)

    assert (found, type(found)) == (read, type(read))


ANYTHING_ELSE = ([], {}, None, 1.5, "x")
REFUSED = [
    (lambda: readers.whole(1, 6), (0, 7, True, Decimal(2), *ANYTHING_ELSE)),
    (lambda: readers.share("0.1", "0.36"), (Decimal("0.09"), Decimal("0.37"), True, *ANYTHING_ELSE)),
    (
        lambda: readers.amount("1", "10"),
        (Decimal("0.99"), Decimal("10.01"), Decimal("9.999"), *ANYTHING_ELSE),
    ),
    (readers.yes_no, (1, 0, "true", *ANYTHING_ELSE)),
    (lambda: readers.words(3), ("abcd", 3, None, ["a"])),
    (readers.words, ("a" * 201,)),
    (lambda: readers.one_of("red", "blue"), ("green", "", 1, None, ["red"])),
    (lambda: readers.whole_of(0, 1, 365), (2, True, False, Decimal(365), *ANYTHING_ELSE)),
    (readers.zone, ("Asia/Nowhere", "", "/etc/passwd", 8)),
    (lambda: readers.member(Colour), ("green", "RED", 1, None)),
    (readers.day, ("2026-01-31", datetime(2026, 1, 31), 20260131, None)),
    (
        readers.hours,
        (
            ["22:00", "08:00"],
            ["08:00", "08:00"],
            ["08:00"],
            ["8", "x"],
            [8, 22],
            "08:00",
            ["08:00", "09:00", "10:00"],
        ),
    ),
    (
        lambda: readers.list_of(readers.whole(1, 9), least=1, most=2),
        ([], [1, 2, 3], [1, 1], [10], "12", (1, 2)),
    ),
    (lambda: readers.list_of(readers.whole(1, 999)), (list(range(1, 402)),)),
    (
        lambda: readers.table(Range, name=readers.words(), least=readers.whole(1, 9)),
        ({"name": "a"}, {"name": "a", "least": 0}, {"name": "a", "least": 1, "most": 2}, [], "a"),
    ),
]


@pytest.mark.parametrize(("make", "raw"), [(make, raw) for make, raws in REFUSED for raw in raws])
def test_a_value_of_another_kind_or_out_of_range_is_refused_with_a_reason(make, raw):
    with pytest.raises(ValueError, match=r"\S"):
        make().convert(raw)


REASONS = [
    (readers.whole(1, 6), 7, "7 is out of range"),
    (readers.whole(1, 6), "7", "'7' is not a whole number"),
    (readers.share("0", "1"), "a", "'a' is not a number"),
    (readers.amount("0", "1"), Decimal("0.001"), "0.001 has more than two decimals"),
    (readers.yes_no(), "no", "'no' is neither true nor false"),
    (readers.words(1), "ab", "is 2 characters long"),
    (readers.words(1), 1, "1 is not a text"),
    (readers.one_of("a"), "b", "'b' is not known"),
    (readers.whole_of(1), 2, "2 is not known"),
    (readers.zone(), "Moon", "'Moon' is no time zone"),
    (readers.member(Colour), "green", "'green' is not known"),
    (readers.day(), "now", "'now' is not a date"),
    (readers.hours(), "now", "'now' is not a pair of times"),
    (readers.hours(), ["09:00", "08:00"], "09:00 is not before 08:00"),
    (readers.list_of(readers.words()), "a", "'a' is not a list"),
    (readers.list_of(readers.words()), ["a", "a"], "names something twice"),
    (readers.list_of(readers.words(), least=1), [], "has 0 entries"),
    (readers.table(Range, name=readers.words()), [], "[] is not a table"),
    (readers.table(Range, name=readers.words()), {"name": "a", "c": 1, "b": 1}, "b is not known"),
    (
        readers.table(Range, {"least": 1}, name=readers.words(), least=readers.whole(1, 9)),
        {},
        "name is missing",
    ),
]


@pytest.mark.parametrize(("reader", "raw", "reason"), REASONS)
def test_the_reason_names_the_value_and_what_is_wrong_with_it(reader, raw, reason):
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        reader.convert(raw)


def test_what_is_allowed_is_said_in_words():
    one = readers.whole(1, 6)

    assert one.allowed == "a whole number from 1 to 6"
    assert readers.share("0", "1").allowed == "a decimal from 0 to 1"
    assert readers.amount("0", "1").allowed == "an amount from 0 to 1 with at most two decimals"
    assert readers.yes_no().allowed == "true or false"
    assert readers.words(3).allowed == "a text of at most 3 characters"
    assert readers.one_of("a", "b").allowed == "one of a, b"
    assert readers.whole_of(1, 2).allowed == "one of 1, 2"
    assert readers.zone().allowed == "a time zone name such as Asia/Taipei"
    assert readers.member(Colour).allowed == "one of red, blue"
    assert readers.day().allowed == "a date such as 2026-01-31, without quotes"
    assert readers.hours().allowed.endswith('such as ["08:00", "22:00"]')
    assert (
        readers.list_of(one, least=1, most=2).allowed == "a list of 1 to 2, each a whole number from 1 to 6"
    )
    assert readers.list_of(one).allowed.startswith("a list of 0 to 400,")
    assert readers.table(Range, name=one, least=one).allowed == (
        "a table of name (a whole number from 1 to 6), least (a whole number from 1 to 6)"
    )


@pytest.mark.parametrize(
    ("moment", "held"), [(time(7, 59), False), (time(8), True), (time(21, 59), True), (time(22), False)]
)
def test_hours_hold_their_first_minute_and_not_their_last(moment, held):
    assert Hours(time(8), time(22)).holds(moment) == held


@pytest.mark.parametrize(
    ("opens", "closes", "inside"),
    [(8, 22, True), (9, 20, True), (7, 22, False), (8, 23, False), (7, 23, False)],
)
def test_hours_lie_within_others_when_both_ends_do(opens, closes, inside):
    assert Hours(time(opens), time(closes)).within(Hours(time(8), time(22))) == inside
