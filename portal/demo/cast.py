"""Who is in the demo: every lender has borrowers at several steps of the journey."""

from collections.abc import Callable
from dataclasses import dataclass

from portal.demo import calling, journeys, meetings
from portal.demo.journeys import Scene
from portal.demo.stage import Story
from portal.vocabulary import Locale, Product

BANK, PUHUI, SPDB = "pingan-bank", "pingan-puhui", "spdb-puhui"
LOAN, CARD = Product.CONSUMER_LOAN, Product.CARD
HANT, HANS, EN = Locale.ZH_HANT, Locale.ZH_HANS, Locale.EN


@dataclass(frozen=True, kw_only=True)
class Part:
    """One borrower of the demo. `known`: how many days ago the lender sent their loans; `late`: for how long
    these were unpaid by then. `shows`: what a newcomer finds there; empty for those in the background."""

    house: str
    story: Callable[[Scene], Story]
    locale: Locale
    known: int
    late: int
    products: tuple[Product, ...] = (LOAN,)
    shows: str = ""


CAST: tuple[Part, ...] = (
    Part(
        house=BANK, story=journeys.fresh, locale=HANT, known=14, late=33, products=(LOAN, CARD),
        shows="a loan and a card overdue, nothing done yet: agree, hand in documents, book",
    ),
    Part(
        house=PUHUI, story=journeys.consented, locale=HANS, known=14, late=52,
        shows="agreed to the visit service: a visit can be booked, documents may come along",
    ),
    Part(
        house=SPDB, story=journeys.fresh, locale=EN, known=14, late=20, products=(CARD,),
        shows="a card overdue, nothing done yet",
    ),
    Part(
        house=BANK, story=meetings.under_way, locale=HANT, known=35, late=47,
        shows="the crew is here: who they are; budget, plan and signature follow at the table",
    ),
    Part(house=PUHUI, story=journeys.visit_today, locale=HANT, known=35, late=61),
    Part(house=SPDB, story=journeys.visit_today, locale=HANS, known=35, late=58),
    Part(
        house=BANK, story=journeys.ready_to_book, locale=EN, known=14, late=40,
        shows="documents accepted: choose place and time of the visit",
    ),
    Part(
        house=BANK, story=journeys.visit_today, locale=HANS, known=35, late=36,
        shows="a visit announced: who is coming, and the code to compare at the door",
    ),
    Part(
        house=BANK, story=meetings.agreement_offered, locale=HANT, known=35, late=75,
        shows="an agreement to read and sign",
    ),
    Part(house=BANK, story=meetings.plan_waiting, locale=HANS, known=35, late=66),
    Part(
        house=BANK, story=meetings.repaying_long, locale=HANT, known=90, late=44,
        shows="a sealed agreement, in repayment",
    ),
    Part(
        house=BANK, story=journeys.complaint_due_soon, locale=EN, known=35, late=25,
        shows="a complaint that is looked into",
    ),
    Part(house=PUHUI, story=journeys.complaint_late, locale=HANS, known=35, late=31, products=(CARD,)),
    Part(
        house=PUHUI, story=journeys.booked, locale=EN, known=35, late=48,
        shows="a visit booked for one of the next days: it can be moved or cancelled",
    ),
    Part(house=PUHUI, story=meetings.plan_waiting, locale=HANT, known=35, late=82),
    Part(house=PUHUI, story=meetings.repaying, locale=HANS, known=90, late=37),
    Part(house=SPDB, story=meetings.cured, locale=HANT, known=14, late=12),
    Part(
        house=SPDB, story=meetings.agreement_offered, locale=EN, known=35, late=70,
        shows="an agreement to read and sign",
    ),
    Part(house=SPDB, story=meetings.repaying_with_complaint, locale=HANT, known=90, late=41),
    Part(house=SPDB, story=journeys.complaint_decided, locale=HANS, known=14, late=29),
    Part(house=BANK, story=journeys.one_sent_back, locale=HANS, known=14, late=35, products=(CARD,)),
    Part(house=BANK, story=journeys.visit_today, locale=HANT, known=35, late=90, products=(LOAN, LOAN)),
    Part(house=PUHUI, story=journeys.visit_today, locale=HANS, known=35, late=55),
    Part(house=SPDB, story=journeys.visit_today, locale=HANT, known=35, late=45),
    Part(house=SPDB, story=calling.not_reached, locale=HANS, known=14, late=22),
    Part(
        house=SPDB, story=calling.promised, locale=HANT, known=14, late=26,
        shows="a promise to pay that is not due yet",
    ),
    Part(house=SPDB, story=calling.promise_broken, locale=EN, known=35, late=30),
    Part(house=BANK, story=calling.disputed, locale=EN, known=14, late=28),
    Part(
        house=PUHUI, story=calling.contested, locale=HANS, known=14, late=38,
        shows="calls on the timeline, one entry contested",
    ),
    Part(house=PUHUI, story=calling.exception_asked, locale=HANT, known=14, late=44),
)  # fmt: skip
# Whoever comes on top of the cast; none of these takes an hour of a crew.
CROWD = (
    journeys.fresh,
    journeys.consented,
    journeys.one_sent_back,
    journeys.ready_to_book,
    journeys.complaint_due_soon,
    meetings.cured,
)
SHOWN = tuple((index, part) for index, part in enumerate(CAST, start=1) if part.shows)


def parts(count: int) -> list[Part]:
    """Return the first borrowers of the cast, and as many more of the crowd as are asked for."""
    houses, locales = (BANK, PUHUI, SPDB), (HANT, HANS, EN)
    crowd = [
        Part(
            house=houses[place % len(houses)],
            story=CROWD[place % len(CROWD)],
            locale=locales[place // len(houses) % len(locales)],
            known=14,
            late=5 + place * 7 % 90,
            products=(CARD,) if place % 4 == 0 else (LOAN,),
        )
        for place in range(count - len(CAST))
    ]
    return [*CAST[:count], *crowd]
