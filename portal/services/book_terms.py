"""How the delay of a loan is charged, and how loans and what happened to them are read for the ledger."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import ledger
from portal.domain.accrual import penalty_rate_ppm
from portal.domain.allocation import Component, DebtParts, Order
from portal.domain.money import rate_from_ppm, rate_to_ppm
from portal.domain.policy import Policy
from portal.domain.relief import Relief as Given
from portal.models import Instalment, Loan, Payment, Relief
from portal.vocabulary import DayCount, Product

BASIS = {DayCount.ACT_365: 365, DayCount.ACT_360: 360, DayCount.THIRTY_360: 360}


def terms_of(loan: Loan, policy: Policy) -> ledger.Terms:
    """The contract's terms; where it is silent, the pack's. No rate goes above the pack's yearly cap."""
    interest = policy.interest
    multiplier = interest.penalty_multiplier
    if loan.penalty_multiplier_ppm is not None:
        multiplier = rate_from_ppm(loan.penalty_multiplier_ppm)
    penalty = min(penalty_rate_ppm(loan.annual_rate_ppm, multiplier), rate_to_ppm(interest.annual_cap))
    card = loan.product is Product.CARD
    fees = ledger.LateFees(interest.card_late_fees, Decimal(interest.card_late_fee_share))
    return ledger.Terms(
        penalty_ppm=0 if card else penalty,
        basis=BASIS.get(loan.day_count, interest.day_basis),
        order=Order(tuple(Component(name) for name in policy.allocation.order)),
        late_fees=fees if card else None,
        principal_first_from=policy.allocation.card_principal_first_from_dpd if card else None,
        cap=None if card else ledger.Cap(rate_to_ppm(interest.annual_cap), loan.start_date),
    )


def openings_of(session: Session, loans: Sequence[Loan]) -> dict[int, list[ledger.Opening]]:
    """The instalments of loans by loan id, in one query."""
    row = Instalment
    columns = (row.loan_id, row.number, row.due_date, row.principal, row.interest, row.fees)
    paid = (row.principal_paid, row.interest_paid, row.fees_paid)
    query = select(*columns, *paid).where(row.loan_id.in_([loan.id for loan in loans]))
    found: dict[int, list[ledger.Opening]] = defaultdict(list)
    for each in session.execute(query.order_by(row.loan_id, row.due_date, row.number)):
        found[each.loan_id].append(
            ledger.Opening(
                each.number,
                each.due_date,
                DebtParts(principal=each.principal, interest=each.interest, fees=each.fees),
                DebtParts(principal=each.principal_paid, interest=each.interest_paid, fees=each.fees_paid),
            )
        )
    return found


def receipts_of(session: Session, loans: Sequence[Loan]) -> dict[int, list[ledger.Receipt]]:
    """The payments of loans by loan id, the whole history, in one query."""
    row = Payment
    columns = (row.loan_id, row.payment_no, row.paid_on, row.amount, row.kind, row.reference)
    query = select(*columns).where(row.loan_id.in_([loan.id for loan in loans]))
    found: dict[int, list[ledger.Receipt]] = defaultdict(list)
    for each in session.execute(query.order_by(row.loan_id, row.paid_on, row.id)):
        found[each.loan_id].append(
            ledger.Receipt(each.payment_no, each.paid_on, each.amount, each.kind, each.reference)
        )
    return found


def reliefs_of(session: Session, loans: Sequence[Loan]) -> dict[int, list[Given]]:
    """The relief in force on loans by loan id, in one query. What was withdrawn is as if never given."""
    row = Relief
    columns = (row.loan_id, row.kind, row.first_day, row.last_day, row.share_ppm, row.amount)
    query = select(*columns).where(row.loan_id.in_([loan.id for loan in loans]), row.withdrawn_at.is_(None))
    return given(session.execute(query.order_by(row.loan_id, row.id)))


def given(rows: Iterable[Any]) -> dict[int, list[Given]]:
    """Relief by loan id, from its rows in their order."""
    found: dict[int, list[Given]] = defaultdict(list)
    for each in rows:
        found[each.loan_id].append(
            Given(
                kind=each.kind,
                first_day=each.first_day,
                last_day=each.last_day,
                share=None if each.share_ppm is None else rate_from_ppm(each.share_ppm),
                amount=each.amount,
            )
        )
    return found
