"""What each instalment of a loan owes on a day, from its opening balance and what happened after it.

Imported paid figures stand as of a day; only later payments are allocated. Everything is recomputed from
that day, so that a back-dated payment, a reversal or withdrawn relief changes penalty, days past due and
allocation from its own day on (specification 04 section 3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from portal.domain import accrual, allocation
from portal.domain.accrual import OverdueSpan
from portal.domain.allocation import DebtParts
from portal.domain.cap import Cap, CapCheck
from portal.domain.dates import Pause, paused_days
from portal.domain.ledger_facts import LateFees, Opening, Receipt, Terms
from portal.domain.ledger_play import Play, Playing, net_of_reversals
from portal.domain.relief import Relief, pauses, waivers
from portal.vocabulary import ReliefKind

__all__ = ["Cap", "LateFees", "Line", "Opening", "Receipt", "Standing", "Terms", "standing"]


@dataclass(frozen=True, slots=True)
class Line:
    """An instalment on the business date: what it still owes, and how its penalty came about.

    `unpaid` is without what was `waived` and what the cap `reduced` it by."""

    number: int
    due: date
    unpaid: DebtParts
    spans: tuple[OverdueSpan, ...]
    late_fee: int
    penalty_paid: int
    waived: DebtParts
    reduced: DebtParts

    @property
    def contract_unpaid(self) -> int:
        """What the contract asks for and was not paid; penalty is not part of it."""
        return self.unpaid.principal + self.unpaid.interest + self.unpaid.fees


@dataclass(frozen=True, slots=True)
class Standing:
    """A loan on a business date. `credit` is money nothing is owed for; below zero: too much reversed.

    `cap` compares what was charged since disbursement with what was allowed; None where no cap is counted."""

    business_date: date
    lines: tuple[Line, ...]
    credit: int
    cap: CapCheck | None
    stopped: tuple[Pause, ...]
    paused: tuple[Pause, ...]

    def next_accrual(self, terms: Terms) -> int:
        """Return what one more day without a payment adds to the penalty, in minor units; a card's late fee
        comes once and is no accrual.

        What is due today starts to cost tomorrow if it stays unpaid."""
        tomorrow = self.business_date + timedelta(days=1)
        if terms.late_fees is not None or paused_days(self.business_date, tomorrow, self.stopped):
            return 0
        bearing = sum(line.unpaid.principal for line in self.lines if line.due <= self.business_date)
        added = accrual.penalty_interest(
            accrual.accrued([OverdueSpan(bearing, terms.penalty_ppm, 1)]), terms.basis
        )
        return added if self.cap is None else max(0, self.cap.next_day(added))

    @property
    def debt(self) -> allocation.Debt:
        return allocation.debt_on(
            self.business_date,
            (item for line in self.lines for item in allocation.items_of(line.number, line.due, line.unpaid)),
        )

    @property
    def overdue_since(self) -> date | None:
        """The due date from which days past due count."""
        unpaid = (line.due for line in self.lines if line.contract_unpaid and line.due < self.business_date)
        return min(unpaid, default=None)

    @property
    def dpd(self) -> int:
        """Days past due, without those that a pause of delinquency covers, its first and last included."""
        since = self.overdue_since
        if since is None:
            return 0
        paused = paused_days(since, self.business_date, self.paused)
        return accrual.days_past_due(self.business_date, since, paused=paused) or 0

    @property
    def overdue_amount(self) -> int:
        return sum(line.contract_unpaid for line in self.lines if line.due < self.business_date)

    @property
    def outstanding(self) -> int:
        return sum(line.contract_unpaid for line in self.lines)


def standing(
    openings: Iterable[Opening],
    receipts: Iterable[Receipt],
    *,
    reliefs: Iterable[Relief] = (),
    as_of: date,
    business_date: date,
    terms: Terms,
) -> Standing:
    """Play the receipts after `as_of`, and all relief, until the business date on the opening balance.

    On one day relief comes before payments, and both after the penalty of the days until then."""
    given = tuple(reliefs)
    payments, taken_back = net_of_reversals([each for each in receipts if as_of < each.on <= business_date])
    play = Play(openings, as_of=as_of, terms=terms, stops=pauses(given, ReliefKind.PENALTY_STOP))
    play.reopen(taken_back)
    events: list[tuple[date, int, str, Relief | Receipt]] = [
        *(
            (each.first_day, 0, f"{place:06}", each)
            for place, each in enumerate(waivers(given, as_of=as_of, until=business_date))
        ),
        *((each.on, 1, each.number, each) for each in payments),
    ]
    for _, _, _, happened in sorted(events, key=lambda event: event[:3]):
        if isinstance(happened, Relief):
            play.waive(happened)
        else:
            play.pay(happened)
    play.charge_to(business_date)
    beyond, check = play.beyond_cap(business_date)
    return Standing(
        business_date,
        tuple(_line(line, over, terms) for line, over in zip(play.lines, beyond, strict=True)),
        play.credit,
        check,
        play.stops,
        pauses(given, ReliefKind.DELINQUENCY_PAUSE),
    )


def _line(line: Playing, over: DebtParts, terms: Terms) -> Line:
    return Line(
        number=line.opening.number,
        due=line.opening.due,
        unpaid=line.owed(terms) - over,
        spans=tuple(line.spans),
        late_fee=line.late_fee or 0,
        penalty_paid=line.penalty_paid,
        waived=line.waived,
        reduced=over,
    )
