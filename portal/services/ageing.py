"""Nightly ageing: how long every loan is overdue, and how much of it, set-based.

The same rules as `domain.ledger`. Loans that nobody paid since their opening balance, nearly all, are aged by
one statement; those with later payments are played one by one, in chunks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Subquery, and_, case, exists, func, literal, null, select, update
from sqlalchemy.orm import Session

from portal.domain import ledger
from portal.domain.policy import Policy
from portal.models import Instalment, Lender, Loan, Payment
from portal.models.functions import days_from, refresh_statistics
from portal.models.types import Day
from portal.services import book_terms

CHUNK = 1000


def age_loans(session: Session, *, lender: Lender, policy: Policy, business_date: date) -> None:
    """Set days past due, bucket and amounts of all loans of a lender for a day."""
    session.flush()
    found = _standing(lender, business_date)
    overdue = found.c.since < business_date
    session.execute(
        update(Loan)
        .where(Loan.id == found.c.loan_id, Loan.lender_id == lender.id)
        .values(
            aged_on=business_date,
            dpd=case((overdue, days_from(found.c.since, literal(business_date, Day))), else_=0),
            bucket=_bucket(found.c.since, policy, business_date),
            overdue_since=case((overdue, found.c.since), else_=null()),
            overdue_amount=found.c.overdue_amount,
            outstanding=found.c.outstanding,
        )
        .execution_options(synchronize_session=False)
    )
    for loans in _paid_later(session, lender, business_date):
        _play(session, loans, policy, business_date)
    refresh_statistics(session, Loan)
    session.expire_all()


def _standing(lender: Lender, business_date: date) -> Subquery:
    """Per loan: its earliest unpaid due date, what is unpaid, and what of it was due before the day."""
    row = Instalment
    unpaid = (row.principal - row.principal_paid) + (row.interest - row.interest_paid)
    unpaid = unpaid + (row.fees - row.fees_paid)
    is_unpaid = unpaid > 0
    return (
        select(
            Loan.id.label("loan_id"),
            func.min(case((is_unpaid, row.due_date)), type_=Day()).label("since"),
            _total(case((is_unpaid & (row.due_date < business_date), unpaid), else_=0), "overdue_amount"),
            _total(case((is_unpaid, unpaid), else_=0), "outstanding"),
        )
        # By the loan alone: its instalments have its lender, and that index is the narrow one.
        .outerjoin(row, row.loan_id == Loan.id)
        .where(Loan.lender_id == lender.id)
        .group_by(Loan.id)
        .subquery()
    )


def _total(amount: ColumnElement[int], name: str) -> ColumnElement[int]:
    # PostgreSQL adds 64-bit columns up to a numeric; the column it goes to has 64 bits again.
    return func.coalesce(func.sum(amount), 0).label(name)


def _bucket(since: ColumnElement[date], policy: Policy, business_date: date) -> ColumnElement[str | None]:
    """The pack's bucket by the earliest unpaid due date: dates compare alike on both databases."""
    buckets = sorted(policy.ageing.buckets, key=lambda each: each.first_dpd, reverse=True)
    reached = [(since <= business_date - timedelta(days=each.first_dpd), each.name) for each in buckets]
    return case(*reached, else_=null())


def _paid_later(session: Session, lender: Lender, business_date: date) -> Iterator[list[Loan]]:
    """The loans with payments after their opening balance, in chunks."""
    later = exists().where(
        Payment.loan_id == Loan.id,
        Payment.paid_on > Loan.as_of,
        Payment.paid_on <= business_date,
    )
    last = 0
    query = select(Loan).where(Loan.lender_id == lender.id, later).order_by(Loan.id).limit(CHUNK)
    query = query.execution_options(populate_existing=True)  # the statement before changed them
    while loans := list(session.scalars(query.where(Loan.id > last))):
        last = loans[-1].id
        yield loans
        session.flush()


def _play(session: Session, loans: Sequence[Loan], policy: Policy, business_date: date) -> None:
    openings = book_terms.openings_of(session, loans)
    receipts = book_terms.receipts_of(session, loans)
    for loan in loans:
        found = ledger.standing(
            openings[loan.id],
            receipts[loan.id],
            as_of=loan.as_of,
            business_date=business_date,
            terms=book_terms.terms_of(loan, policy),
        )
        bucket = policy.ageing.bucket(found.dpd)
        loan.dpd, loan.overdue_since = found.dpd, found.overdue_since
        loan.bucket = bucket.name if bucket else None
        loan.overdue_amount, loan.outstanding = found.overdue_amount, found.outstanding


@dataclass(frozen=True)
class Summary:
    """A lender's book after ageing: loans by days past due and by bucket, amounts by currency."""

    loans: int
    overdue: int
    borrowers_overdue: int
    by_dpd: dict[int, int]
    by_bucket: dict[str, int]
    overdue_amount: dict[str, int]
    outstanding: dict[str, int]


def summary(session: Session, *, lender: Lender, policy: Policy) -> Summary:
    """Count a lender's loans as the last ageing left them."""
    of_lender = Loan.lender_id == lender.id
    late = and_(of_lender, Loan.dpd > 0)
    by_dpd = select(Loan.dpd, func.count()).where(late).group_by(Loan.dpd).order_by(Loan.dpd)
    by_bucket = select(Loan.bucket, func.count()).where(late).group_by(Loan.bucket)
    sums = select(Loan.currency, func.sum(Loan.overdue_amount), func.sum(Loan.outstanding))
    money = session.execute(sums.where(of_lender).group_by(Loan.currency)).all()
    days = {row[0]: row[1] for row in session.execute(by_dpd)}
    buckets = {row[0]: row[1] for row in session.execute(by_bucket)}
    return Summary(
        loans=session.scalar(select(func.count(Loan.id)).where(of_lender)) or 0,
        overdue=sum(days.values()),
        borrowers_overdue=session.scalar(select(func.count(Loan.borrower_id.distinct())).where(late)) or 0,
        by_dpd=days,
        by_bucket={each.name: buckets.get(each.name, 0) for each in policy.ageing.buckets},
        overdue_amount={row[0]: int(row[1]) for row in money},
        outstanding={row[0]: int(row[2]) for row in money},
    )
