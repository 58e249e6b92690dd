"""The ledger's arithmetic as SQL: how delay is charged and what a loan comes to, for all loans at once.

No product of money, rate and days goes beyond 64 bits: what is multiplied by days is divided before."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Label, Subquery, case, cast, func, literal, null, select

from portal.domain.money import PPM, rate_to_ppm
from portal.domain.policy import Policy
from portal.models import Loan
from portal.models.functions import days_from
from portal.models.types import Day, Flag, Whole
from portal.services.book_terms import BASIS
from portal.vocabulary import Product

Amount = ColumnElement[int]


def whole(number: int) -> Amount:
    """A number with 64 bits on both databases."""
    return literal(number, Whole)


def day(value: date) -> ColumnElement[date]:
    return literal(value, Day())


def total(amount: Amount) -> Amount:
    # PostgreSQL adds 64-bit columns up to a numeric, which it would divide with decimals.
    return cast(func.coalesce(func.sum(amount), 0), Whole)


def earlier(one: Any, other: Any) -> Any:
    return case((one < other, one), else_=other)


def above_zero(amount: Amount) -> Amount:
    return case((amount > 0, amount), else_=whole(0))


def half_up(numerator: Amount, denominator: Amount) -> Amount:
    """A fraction of amounts not below zero, rounded HALF_UP."""
    return (numerator * 2 + denominator) // (denominator * 2)


def spread(principal: Amount, ppm: Amount, denominator: Amount, days: Any) -> tuple[Amount, Amount]:
    """Principal × ppm × days as minor units and a rest, which is still to be divided by the denominator."""
    daily = principal * ppm
    rest = (daily % denominator) * days
    return (daily // denominator) * days + rest // denominator, rest % denominator


def penalty_of(units: Amount, rest: Amount, denominator: Amount) -> Amount:
    """Round an accrual once, HALF_UP: `accrual.penalty_interest`."""
    return units + case((rest * 2 >= denominator, 1), else_=0)


def allowance(principal_days: Amount, cap_ppm: int) -> Amount:
    """What may have been charged: `Cap.allowance`."""
    year = whole(365 * PPM)
    return (principal_days // year) * cap_ppm + ((principal_days % year) * cap_ppm) // year


@dataclass(frozen=True)
class Line:
    """The columns of an instalment: when it was due, what it still owes, and the penalty it has cost."""

    due: Any
    principal: Amount
    interest: Amount
    fees: Amount
    penalty: Amount

    @property
    def unpaid(self) -> Amount:
        return self.principal + self.interest + self.fees


def figures(line: Line, business_date: date) -> list[Label[Any]]:
    """What the instalments of a loan come to; for a query that is grouped by loan."""
    late = line.due < day(business_date)

    def of_late(amount: Amount, name: str) -> Label[Any]:
        return total(case((late, amount), else_=whole(0))).label(name)

    return [
        func.min(case((line.unpaid > 0, line.due)), type_=Day()).label("since"),
        of_late(line.principal, "overdue_principal"),
        of_late(line.interest, "overdue_interest"),
        of_late(line.fees, "overdue_fees"),
        of_late(line.penalty, "penalty"),
        total(line.unpaid).label("outstanding"),
    ]


def late_fees(rows: Subquery, terms: "TermsOfLoans", on: Any) -> Subquery:
    """What each minimum of a card costs that was unpaid before a day, by how many in a row: `Play.charge_to`.

    `rows` have loan_id, number, due, unpaid and own_fee (what the core system charged itself)."""
    ends_row = (rows.c.due >= on) | (rows.c.unpaid <= 0)
    place = func.row_number().over(partition_by=rows.c.loan_id, order_by=(rows.c.due, rows.c.number))
    placed = select(*rows.c, ends_row.label("ends_row"), place.label("place")).subquery()
    last_end = func.max(case((placed.c.ends_row, placed.c.place))).over(
        partition_by=placed.c.loan_id, order_by=placed.c.place
    )
    in_a_row = placed.c.place - func.coalesce(last_end, 0)
    counted = select(*placed.c, in_a_row.label("in_a_row")).subquery()
    fee = case((counted.c.own_fee > 0, whole(0)), else_=terms.late_fee(counted.c.in_a_row, counted.c.unpaid))
    return select(counted.c.loan_id, counted.c.number, fee.label("fee")).where(~counted.c.ends_row).subquery()


@dataclass(frozen=True)
class TermsOfLoans:
    """What a pack and the contracts say, as columns of the loan: `book_terms.terms_of`."""

    policy: Policy
    business_date: date

    @property
    def is_card(self) -> ColumnElement[bool]:
        return Loan.product == Product.CARD

    @property
    def cap_ppm(self) -> int:
        return rate_to_ppm(self.policy.interest.annual_cap)

    @property
    def penalty_ppm(self) -> Amount:
        """The contract's rate times its multiplier, or the pack's; never above the pack's yearly cap."""
        own = half_up(Loan.annual_rate_ppm * Loan.penalty_multiplier_ppm, whole(PPM))
        multiplier = Fraction(self.policy.interest.penalty_multiplier)
        pack = half_up(Loan.annual_rate_ppm * multiplier.numerator, whole(multiplier.denominator))
        asked = case((Loan.penalty_multiplier_ppm.is_(None), pack), else_=own)
        return case((self.is_card, whole(0)), else_=earlier(asked, whole(self.cap_ppm)))

    @property
    def denominator(self) -> Amount:
        """What a sum of principal × ppm × days is divided by: days of the year × 10⁶."""
        known = [(Loan.day_count == count, whole(basis * PPM)) for count, basis in BASIS.items()]
        return case(*known, else_=whole(self.policy.interest.day_basis * PPM))

    def late_fee(self, in_a_row: Amount, unpaid: Amount) -> Amount:
        """A card's fee for an unpaid minimum: `LateFees.fee`."""
        fixed, share = self.policy.interest.card_late_fees, Fraction(self.policy.interest.card_late_fee_share)
        if fixed:
            return case(
                *((in_a_row == place, whole(fee)) for place, fee in enumerate(fixed, 1)), else_=whole(0)
            )
        return half_up(unpaid * share.numerator, whole(share.denominator))

    def bucket(self, since: ColumnElement[date]) -> ColumnElement[str | None]:
        """The pack's bucket by the earliest unpaid due date: dates compare alike on both databases."""
        buckets = sorted(self.policy.ageing.buckets, key=lambda each: each.first_dpd, reverse=True)
        first_days = ((self.business_date - timedelta(days=each.first_dpd), each.name) for each in buckets)
        return case(*((since <= day(first), name) for first, name in first_days), else_=null())

    def values(self, found: FromClause, *, from_opening: bool) -> dict[str, Any]:
        """What a loan's columns become, from the figures found for it."""
        overdue = found.c.since < day(self.business_date)
        dpd = case((overdue, days_from(found.c.since, day(self.business_date))), else_=0)
        parts = found.c.overdue_principal + found.c.overdue_interest + found.c.overdue_fees
        return {
            "dpd": dpd,
            "bucket": self.bucket(found.c.since),
            "overdue_since": case((overdue, found.c.since), else_=null()),
            "overdue_amount": parts,
            "overdue_principal": found.c.overdue_principal,
            "overdue_interest": found.c.overdue_interest,
            "overdue_fees": found.c.overdue_fees,
            "penalty": found.c.penalty,
            "reduced_by_cap": found.c.beyond_cap,
            "outstanding": found.c.outstanding,
            "credit": found.c.credit,
            "from_opening": literal(from_opening, Flag()),
        }
