"""One day in the play of many loans at once: penalty and fees up to the day, then a payment of each loan.

The tables are temporary: they belong to one connection and hold nothing after the night. What happens here is
`Play.charge_to` and `Play.pay` of the ledger, as SQL."""

from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Subquery,
    Table,
    and_,
    case,
    func,
    null,
    select,
    union_all,
    update,
)

from portal.domain.allocation import Component
from portal.models.functions import days_from
from portal.models.types import Day, Whole
from portal.services.ageing_figures import (
    Amount,
    TermsOfLoans,
    above_zero,
    allowance,
    earlier,
    late_fees,
    penalty_of,
    spread,
    total,
    whole,
)

METADATA = MetaData()
LOANS = Table(
    "aged_loan",
    METADATA,
    Column("loan_id", Whole, primary_key=True, autoincrement=False),
    Column("left_to_rules", Whole, nullable=False),
    Column("card", Whole, nullable=False),
    Column("ppm", Whole, nullable=False),
    Column("denominator", Whole, nullable=False),
    Column("principal_to", Day, nullable=False),
    Column("credit", Whole, nullable=False),
    prefixes=["TEMPORARY"],
)
LINES = Table(
    "aged_line",
    METADATA,
    Column("loan_id", Whole, primary_key=True, autoincrement=False),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("due", Day, nullable=False),
    Column("principal", Whole, nullable=False),
    Column("interest", Whole, nullable=False),
    Column("fees", Whole, nullable=False),
    Column("charges", Whole, nullable=False),  # the interest and fees it asks for in all
    Column("own_fee", Whole, nullable=False),
    Column("counted_to", Day, nullable=False),
    Column("units", Whole, nullable=False),  # the penalty so far: whole minor units, and a rest
    Column("rest", Whole, nullable=False),
    Column("late_fee", Whole),  # None: not charged yet
    Column("penalty_paid", Whole, nullable=False),
    Column("principal_days", Whole, nullable=False),
    prefixes=["TEMPORARY"],
)
EVENTS = Table(
    "aged_event",
    METADATA,
    Column("loan_id", Whole, primary_key=True, autoincrement=False),
    Column("turn", Whole, primary_key=True, autoincrement=False),
    Column("paid_on", Day, nullable=False),
    Column("amount", Whole, nullable=False),
    prefixes=["TEMPORARY"],
)
LOOK = Table(
    "aged_look",
    METADATA,
    Column("loan_id", Whole, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)
UNPAID = LINES.c.principal + LINES.c.interest + LINES.c.fees


def penalty_owed() -> Amount:
    """What a line owes of penalty and late fee, in a statement that joins its loan."""
    charged = penalty_of(LINES.c.units, LINES.c.rest, LOANS.c.denominator) + func.coalesce(
        LINES.c.late_fee, 0
    )
    return above_zero(charged - LINES.c.penalty_paid)


class Round:
    """A day for each of some loans: `days` has loan_id and day."""

    def __init__(self, connection: Connection, terms: TermsOfLoans, days: Subquery) -> None:
        self.connection = connection
        self.terms = terms
        self.days = days

    @property
    def _today(self) -> Any:
        return and_(LINES.c.loan_id == self.days.c.loan_id, LOANS.c.loan_id == LINES.c.loan_id)

    def charge(self) -> None:
        """Bring penalty, late fees and the principal under the cap up to the day."""
        self._accrue()
        self._charge_late_fees()
        self._notice_cap()

    def _accrue(self) -> None:
        today = self.days.c.day
        overdue = above_zero(days_from(LINES.c.counted_to, today))
        units, rest = spread(LINES.c.principal, LOANS.c.ppm, LOANS.c.denominator, overdue)
        outstanding = above_zero(days_from(LOANS.c.principal_to, today))
        self.connection.execute(
            update(LINES)
            .where(self._today)
            .values(
                units=LINES.c.units + units + (LINES.c.rest + rest) // LOANS.c.denominator,
                rest=(LINES.c.rest + rest) % LOANS.c.denominator,
                counted_to=case((LINES.c.counted_to < today, today), else_=LINES.c.counted_to),
                principal_days=LINES.c.principal_days + LINES.c.principal * outstanding,
            )
        )
        later = case((LOANS.c.principal_to < today, today), else_=LOANS.c.principal_to)
        self.connection.execute(
            update(LOANS).where(LOANS.c.loan_id == self.days.c.loan_id).values(principal_to=later)
        )

    def _charge_late_fees(self) -> None:
        rows = (
            select(
                LINES.c.loan_id,
                LINES.c.number,
                LINES.c.due,
                UNPAID.label("unpaid"),
                LINES.c.own_fee,
                self.days.c.day,
            )
            .join(LOANS, LOANS.c.loan_id == LINES.c.loan_id)
            .join(self.days, self.days.c.loan_id == LINES.c.loan_id)
            .where(LOANS.c.card == 1)
            .subquery()
        )
        fees = late_fees(rows, self.terms, rows.c.day)
        self.connection.execute(
            update(LINES)
            .where(
                LINES.c.loan_id == fees.c.loan_id, LINES.c.number == fees.c.number, LINES.c.late_fee.is_(None)
            )
            .values(late_fee=fees.c.fee)
        )

    def _notice_cap(self) -> None:
        """Leave a loan to the rules on whose day more is charged than the cap allows."""
        owed = LINES.c.interest + LINES.c.fees
        claimed = case((LINES.c.due <= self.days.c.day, owed + penalty_owed()), else_=whole(0))
        charged = total(LINES.c.charges - owed + LINES.c.penalty_paid + claimed)
        beyond = (
            select(LINES.c.loan_id)
            .join(LOANS, LOANS.c.loan_id == LINES.c.loan_id)
            .join(self.days, self.days.c.loan_id == LINES.c.loan_id)
            .where(LOANS.c.card == 0)
            .group_by(LINES.c.loan_id)
            .having(charged > allowance(total(LINES.c.principal_days), self.terms.cap_ppm))
        )
        self.connection.execute(update(LOANS).where(LOANS.c.loan_id.in_(beyond)).values(left_to_rules=1))


class PaymentRound(Round):
    """One payment of each loan that has so many: `days` has its amount too."""

    def play(self) -> None:
        self.charge()
        parts = self._parts()
        by_line = self._by_line(parts)
        met = select(parts.c.loan_id, total(parts.c.part).label("met")).group_by(parts.c.loan_id).subquery()
        # The credit first: it is counted from what the lines owed before they are paid.
        self.connection.execute(
            update(LOANS)
            .where(LOANS.c.loan_id == self.days.c.loan_id)
            .values(
                credit=LOANS.c.credit
                + self.days.c.amount
                - func.coalesce(
                    select(met.c.met).where(met.c.loan_id == LOANS.c.loan_id).scalar_subquery(), 0
                )
            )
        )
        self.connection.execute(
            update(LINES)
            .where(LINES.c.loan_id == by_line.c.loan_id, LINES.c.number == by_line.c.number)
            .values(
                principal=LINES.c.principal - by_line.c.principal,
                interest=LINES.c.interest - by_line.c.interest,
                fees=LINES.c.fees - by_line.c.fees,
                penalty_paid=LINES.c.penalty_paid + by_line.c.penalty,
            )
        )

    def _parts(self) -> Subquery:
        """Each component of each line in the order of its turn, with the part of the payment it takes."""
        owed = self._owed()
        turn = (owed.c.in_advance, owed.c.number, owed.c.place)
        until = func.sum(owed.c.amount).over(partition_by=owed.c.loan_id, order_by=turn)
        left = owed.c.payment - (until - owed.c.amount)
        placed = select(
            owed.c.loan_id, owed.c.number, owed.c.component, owed.c.amount, left.label("left")
        ).subquery()
        part = case((placed.c.left <= 0, whole(0)), else_=earlier(placed.c.left, placed.c.amount))
        return select(placed.c.loan_id, placed.c.number, placed.c.component, part.label("part")).subquery()

    def _owed(self) -> Subquery:
        amounts = {
            Component.FEES: LINES.c.fees,
            Component.PENALTY: penalty_owed(),
            Component.INTEREST: LINES.c.interest,
            Component.PRINCIPAL: LINES.c.principal,
        }
        first = self._principal_first()
        order = [Component(name) for name in self.terms.policy.allocation.order]
        selects = []
        for component, amount in amounts.items():
            place = whole(order.index(component))
            if component is Component.PRINCIPAL:
                place = case((LINES.c.loan_id.in_(first), whole(-1)), else_=place)
            selects.append(
                select(
                    LINES.c.loan_id,
                    LINES.c.number,
                    whole(list(amounts).index(component)).label("component"),
                    case((LINES.c.due > self.days.c.day, 1), else_=0).label("in_advance"),
                    place.label("place"),
                    amount.label("amount"),
                    self.days.c.amount.label("payment"),
                )
                .join(LOANS, LOANS.c.loan_id == LINES.c.loan_id)
                .join(self.days, self.days.c.loan_id == LINES.c.loan_id)
                .where(amount > 0)
            )
        return union_all(*selects).subquery()

    def _principal_first(self) -> Any:
        """Cards so long overdue that a payment meets principal before everything else: `Play._order`."""
        since = func.min(case((UNPAID > 0, LINES.c.due), else_=null()), type_=Day())
        first_from = self.terms.policy.allocation.card_principal_first_from_dpd
        return (
            select(LINES.c.loan_id)
            .join(LOANS, LOANS.c.loan_id == LINES.c.loan_id)
            .join(self.days, self.days.c.loan_id == LINES.c.loan_id)
            .where(LOANS.c.card == 1)
            .group_by(LINES.c.loan_id)
            .having(days_from(since, func.max(self.days.c.day, type_=Day())) >= first_from)
        )

    @staticmethod
    def _by_line(parts: Subquery) -> Subquery:
        names = ("fees", "penalty", "interest", "principal")
        return (
            select(
                parts.c.loan_id,
                parts.c.number,
                *(
                    total(case((parts.c.component == place, parts.c.part), else_=whole(0))).label(name)
                    for place, name in enumerate(names)
                ),
            )
            .group_by(parts.c.loan_id, parts.c.number)
            .subquery()
        )
