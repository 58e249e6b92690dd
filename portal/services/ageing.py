"""Nightly ageing: how long every loan is overdue, with how much, and what the delay has cost. Set-based.

The same rules as `domain.ledger`, and proven equal to it. Loans to which nothing happened since their opening
balance, nearly all, are aged by one statement for each range of them; loans that were paid since, payment by
payment, all of them at once (`ageing_payments`). What remains, relief, reversals and the cap, is decided loan
by loan by the ledger itself, in chunks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Subquery, and_, func, select, update
from sqlalchemy.orm import Session

from portal.domain import ledger
from portal.domain.policy import Policy
from portal.models import Instalment, Lender, Loan
from portal.models.functions import refresh_statistics
from portal.services import ageing_openings as openings
from portal.services import ageing_payments, book_terms
from portal.services.ageing_figures import (
    TermsOfLoans,
    day,
    late_fees,
    total,
)
from portal.services.ageing_payments import Touched
from portal.services.ageing_rounds import LOOK

RANGE = 100_000
CHUNK = 1000
Progress = Callable[[int, int], None]


def quiet(_done: int, _total: int) -> None:
    """Nobody watches."""


def age_loans(
    session: Session,
    *,
    lender: Lender,
    policy: Policy,
    business_date: date,
    progress: Progress = quiet,
) -> None:
    """Set days past due, bucket, overdue parts, penalty and credit of all loans of a lender for a day.

    `progress` is told how many loans of how many were aged. Doing it again changes nothing."""
    session.flush()
    night = _Night(session, lender, TermsOfLoans(policy, business_date))
    with ageing_payments.touched(session, lender=lender, terms=night.terms) as touched:
        night.age_untouched(touched, progress)
        touched.play()
        night.apply(touched.found(), from_opening=False)
        for loans in night.left_to_rules(touched):
            night.decide(loans)
    lender.aged_on = business_date
    session.flush()
    refresh_statistics(session, Loan)
    session.expire_all()


@dataclass(frozen=True)
class _Night:
    session: Session
    lender: Lender
    terms: TermsOfLoans

    @property
    def of_lender(self) -> ColumnElement[bool]:
        return Loan.lender_id == self.lender.id

    def age_untouched(self, touched: Touched, progress: Progress) -> None:
        """Age the loans to which nothing happened, range by range. Those the cap reduces are left over."""
        aged_on = self.lender.aged_on
        back_in_time = aged_on is None or self.terms.business_date < aged_on
        done, loans = 0, touched.look_at(at_all=back_in_time)
        for low, high, count in self._ranges():
            in_range = and_(LOOK.c.loan_id > low, LOOK.c.loan_id <= high)
            chosen = openings.loans(self.terms).join(LOOK, LOOK.c.loan_id == Loan.id)
            self.apply(openings.found(chosen.where(self.of_lender, in_range), self.terms), from_opening=True)
            self._charge_late_fees(Loan.id.in_(select(LOOK.c.loan_id).where(in_range)))
            done += count
            progress(done, loans)
        touched.leave_to_rules(select(Loan.id).where(self.of_lender, Loan.reduced_by_cap > 0))

    def _ranges(self) -> Iterator[tuple[int, int, int]]:
        """Ranges of the loans to look at, each with how many it holds."""
        low, loan_id = 0, LOOK.c.loan_id
        while True:
            some = select(loan_id).where(loan_id > low).order_by(loan_id).limit(RANGE).subquery()
            high, count = self.session.execute(select(func.max(some.c.loan_id), func.count())).one()
            if high is None:
                return
            yield low, high, count
            low = high

    def apply(self, found: Subquery, *, from_opening: bool) -> None:
        """Write what was found on its loans."""
        self.session.execute(
            update(Loan)
            .where(self.of_lender, Loan.id == found.c.loan_id)
            .values(self.terms.values(found, from_opening=from_opening))
            .execution_options(synchronize_session=False)
        )

    def _charge_late_fees(self, chosen: ColumnElement[bool]) -> None:
        """Cards: once for each minimum that was not paid, by how many in a row they are."""
        row = Instalment
        rows = (
            select(
                row.loan_id,
                row.due_date.label("due"),
                row.number,
                (
                    row.principal
                    - row.principal_paid
                    + row.interest
                    - row.interest_paid
                    + row.fees
                    - row.fees_paid
                ).label("unpaid"),
                row.fees.label("own_fee"),
            )
            .join(Loan, row.loan_id == Loan.id)
            .where(self.of_lender, chosen, self.terms.is_card, Loan.overdue_amount > 0)
        )
        fees = late_fees(rows.subquery(), self.terms, day(self.terms.business_date))
        found = select(fees.c.loan_id, total(fees.c.fee).label("fee")).group_by(fees.c.loan_id).subquery()
        self.session.execute(
            update(Loan)
            .where(self.of_lender, Loan.id == found.c.loan_id)
            .values(penalty=found.c.fee)
            .execution_options(synchronize_session=False)
        )

    def left_to_rules(self, touched: Touched) -> Iterator[list[Loan]]:
        """The loans that are decided one by one, in chunks."""
        last = 0
        query = select(Loan).where(self.of_lender, touched.is_left_to_rules).order_by(Loan.id).limit(CHUNK)
        query = query.execution_options(populate_existing=True)  # the statements before changed them
        while loans := list(self.session.scalars(query.where(Loan.id > last))):
            last = loans[-1].id
            yield loans
            self.session.flush()

    def decide(self, loans: Sequence[Loan]) -> None:
        """Let the ledger say what the loans owe."""
        openings = book_terms.openings_of(self.session, loans)
        receipts = book_terms.receipts_of(self.session, loans)
        reliefs = book_terms.reliefs_of(self.session, loans)
        for loan in loans:
            found = ledger.standing(
                openings[loan.id],
                receipts[loan.id],
                reliefs=reliefs[loan.id],
                as_of=loan.as_of,
                business_date=self.terms.business_date,
                terms=book_terms.terms_of(loan, self.terms.policy),
            )
            _write(loan, found, self.terms.policy)


def _write(loan: Loan, found: ledger.Standing, policy: Policy) -> None:
    overdue = found.debt.overdue
    bucket = policy.ageing.bucket(found.dpd)
    loan.dpd, loan.overdue_since = found.dpd, found.overdue_since
    loan.bucket = bucket.name if bucket else None
    loan.overdue_principal, loan.overdue_interest = overdue.principal, overdue.interest
    loan.overdue_fees, loan.overdue_amount = overdue.fees, found.overdue_amount
    loan.penalty = sum(line.unpaid.penalty for line in found.lines)
    loan.reduced_by_cap = sum(line.reduced.total for line in found.lines)
    loan.outstanding, loan.credit = found.outstanding, found.credit
    loan.from_opening = False


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
