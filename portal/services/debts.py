"""What a case owes on a day, part by part, with the rows from which every figure was computed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from portal.domain import ledger
from portal.domain.allocation import DebtParts
from portal.domain.cap import CapCheck
from portal.domain.policy import Policy
from portal.domain.relief import Relief
from portal.models import Case, Loan
from portal.services import book_terms, cases


@dataclass(frozen=True)
class LoanDebt:
    """One loan of the debt, in minor units. `lines` are its instalments, oldest first, each with what it owes
    and the spans of its penalty; `openings` are the same instalments as imported, `receipts` the whole
    history, `reliefs` what was given and not withdrawn; `daily` is the next day's penalty."""

    loan: Loan
    business_date: date
    overdue: DebtParts
    not_yet_due: DebtParts
    dpd: int
    overdue_since: date | None
    daily: int
    terms: ledger.Terms
    lines: tuple[ledger.Line, ...]
    openings: tuple[ledger.Opening, ...]
    receipts: tuple[ledger.Receipt, ...]
    reliefs: tuple[Relief, ...]
    cap: CapCheck | None
    credit: int

    @property
    def total(self) -> DebtParts:
        return self.overdue + self.not_yet_due

    @property
    def due_lines(self) -> tuple[ledger.Line, ...]:
        """The instalments whose unpaid sum is the overdue part. Nothing is overdue on its due date itself."""
        return tuple(line for line in self.lines if line.unpaid.total and line.due < self.business_date)

    @property
    def later_lines(self) -> tuple[ledger.Line, ...]:
        """The instalments whose unpaid sum is the part not yet due."""
        return tuple(line for line in self.lines if line.unpaid.total and line.due >= self.business_date)


@dataclass(frozen=True)
class Debt:
    """What the loans of a case owe together on a business date, in minor units of one currency."""

    business_date: date
    currency: str
    loans: tuple[LoanDebt, ...]

    @property
    def overdue(self) -> DebtParts:
        return _sum(each.overdue for each in self.loans)

    @property
    def not_yet_due(self) -> DebtParts:
        return _sum(each.not_yet_due for each in self.loans)

    @property
    def total(self) -> DebtParts:
        return self.overdue + self.not_yet_due

    @property
    def daily(self) -> int:
        return sum(each.daily for each in self.loans)

    @property
    def credit(self) -> int:
        return sum(each.credit for each in self.loans)

    @property
    def dpd(self) -> int:
        return max((each.dpd for each in self.loans), default=0)

    def of(self, loan_ref: str) -> LoanDebt | None:
        """Return the part of one loan by its reference."""
        return next((each for each in self.loans if each.loan.ref == loan_ref), None)


def debt_of(session: Session, *, case: Case, policy: Policy, business_date: date) -> Debt:
    """Return what a case owes on a day. The sums of the rows are the figures, to the cent.

    Four queries, whatever the number of loans."""
    loans = cases.loans_of(session, case)
    openings = book_terms.openings_of(session, loans)
    receipts = book_terms.receipts_of(session, loans)
    reliefs = book_terms.reliefs_of(session, loans)
    return Debt(
        business_date,
        case.currency,
        tuple(
            loan_debt(
                loan,
                policy,
                business_date,
                openings=openings.get(loan.id, []),
                receipts=receipts.get(loan.id, []),
                reliefs=reliefs.get(loan.id, []),
            )
            for loan in loans
        ),
    )


def loan_debt(
    loan: Loan,
    policy: Policy,
    business_date: date,
    *,
    openings: list[ledger.Opening],
    receipts: list[ledger.Receipt],
    reliefs: list[Relief],
) -> LoanDebt:
    """Return what one loan owes on a day, from what was read of it."""
    terms = book_terms.terms_of(loan, policy)
    found = ledger.standing(
        openings, receipts, reliefs=reliefs, as_of=loan.as_of, business_date=business_date, terms=terms
    )
    debt = found.debt
    return LoanDebt(
        loan=loan,
        business_date=business_date,
        overdue=debt.overdue,
        not_yet_due=debt.not_yet_due,
        dpd=found.dpd,
        overdue_since=found.overdue_since,
        daily=found.next_accrual(terms),
        terms=terms,
        lines=found.lines,
        openings=tuple(openings),
        receipts=tuple(receipts),
        reliefs=tuple(reliefs),
        cap=found.cap,
        credit=found.credit,
    )


def _sum(parts: Iterable[DebtParts]) -> DebtParts:
    return sum(parts, DebtParts())
