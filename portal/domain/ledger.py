"""What each instalment of a loan owes on a day, from its opening balance and what happened after it.

Imported paid figures stand as of a day; only later payments are allocated. Everything is recomputed from
that day, so that a back-dated payment, a reversal or withdrawn relief changes penalty, days past due and
allocation from its own day on (specification 04 section 3)."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from portal.domain import accrual, allocation
from portal.domain.accrual import OverdueSpan
from portal.domain.allocation import DebtParts
from portal.domain.cap import Cap, CapCheck
from portal.domain.dates import Pause, paused_days
from portal.domain.ledger_facts import LateFees, Met, Opening, PrincipalDays, Receipt, Terms
from portal.domain.ledger_play import Play, Playing, net_of_reversals
from portal.domain.relief import Relief, pauses, waivers
from portal.vocabulary import ReliefKind

__all__ = [
    "Cap",
    "LateFees",
    "Line",
    "Met",
    "Opening",
    "PrincipalDays",
    "Receipt",
    "Replay",
    "Standing",
    "Terms",
    "standing",
]


@dataclass(frozen=True, slots=True)
class Line:
    """An instalment on the business date: what it still owes, and how its penalty came about.

    `unpaid` is without what was `waived` and what the cap `reduced` it by. A card's late fee was charged on
    `late_fee_on`, the unpaid minimum, the `late_fee_place`-th in a row."""

    number: int
    due: date
    unpaid: DebtParts
    spans: tuple[OverdueSpan, ...]
    late_fee: int
    late_fee_place: int
    late_fee_on: int
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

    `cap` compares what was charged since disbursement with what was allowed, which follows from
    `principal_days`; None where no cap is counted. `met` says where each payment went, `reopened` what was
    taken back of the opening balance."""

    business_date: date
    lines: tuple[Line, ...]
    credit: int
    cap: CapCheck | None
    stopped: tuple[Pause, ...]
    paused: tuple[Pause, ...]
    met: tuple[Met, ...]
    principal_days: tuple[PrincipalDays, ...]
    reopened: tuple[allocation.Item, ...]

    def next_accrual(self, terms: Terms) -> int:
        """Return what one more day without a payment adds to the penalty, in minor units; a card's late fee
        comes once and is no accrual.

        What is due today starts to cost tomorrow if it stays unpaid."""
        if self.business_date == date.max:
            return 0
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


class Replay:
    """A loan played forward from its opening balance, day by day, as far as one likes; further payments may
    be added on the way. What is asked for a day before the last one played is not defined.

    On one day relief comes before payments, and both after the penalty of the days until then."""

    def __init__(
        self,
        openings: Iterable[Opening],
        receipts: Iterable[Receipt],
        *,
        reliefs: Iterable[Relief] = (),
        as_of: date,
        known_until: date,
        terms: Terms,
    ) -> None:
        """`receipts` count from the day after `as_of` until `known_until`."""
        given = tuple(reliefs)
        known = [each for each in receipts if as_of < each.on <= known_until]
        payments, taken_back = net_of_reversals(known)
        self._play = Play(openings, as_of=as_of, terms=terms, stops=pauses(given, ReliefKind.PENALTY_STOP))
        self._play.reopen(taken_back)
        self._paused = pauses(given, ReliefKind.DELINQUENCY_PAUSE)
        events: list[tuple[date, int, str, Relief | Receipt]] = [
            *(
                (each.first_day, 0, f"{place:06}", each)
                for place, each in enumerate(waivers(given, as_of=as_of, until=date.max))
            ),
            *((each.on, 1, each.number, each) for each in payments),
        ]
        self._ahead = deque(sorted(events, key=lambda event: event[:3]))

    def pay(self, payment: Receipt) -> Met:
        """Play until the day of a further payment and allocate it, after all else that happened that day."""
        self._to(payment.on)
        self._play.pay(payment)
        return self._play.met[-1]

    def standing(self, business_date: date) -> Standing:
        """Play until a day and return how the loan stands on it."""
        play = self._play
        self._to(business_date)
        play.charge_to(business_date)
        beyond, check = play.beyond_cap(business_date)
        return Standing(
            business_date,
            tuple(_line(line, over, play.terms) for line, over in zip(play.lines, beyond, strict=True)),
            play.credit,
            check,
            play.stops,
            self._paused,
            tuple(play.met),
            tuple(play.principal_days),
            tuple(play.reopened),
        )

    def _to(self, day: date) -> None:
        while self._ahead and self._ahead[0][0] <= day:
            happened = self._ahead.popleft()[3]
            if isinstance(happened, Relief):
                self._play.waive(happened)
            else:
                self._play.pay(happened)


def standing(
    openings: Iterable[Opening],
    receipts: Iterable[Receipt],
    *,
    reliefs: Iterable[Relief] = (),
    as_of: date,
    business_date: date,
    terms: Terms,
) -> Standing:
    """Return how a loan stands on the business date after the receipts since `as_of`, and all relief."""
    replay = Replay(openings, receipts, reliefs=reliefs, as_of=as_of, known_until=business_date, terms=terms)
    return replay.standing(business_date)


def _line(line: Playing, over: DebtParts, terms: Terms) -> Line:
    return Line(
        number=line.opening.number,
        due=line.opening.due,
        unpaid=line.owed(terms) - over,
        spans=tuple(line.spans),
        late_fee=line.late_fee or 0,
        late_fee_place=line.late_fee_place,
        late_fee_on=line.late_fee_on,
        penalty_paid=line.penalty_paid,
        waived=line.waived,
        reduced=over,
    )
