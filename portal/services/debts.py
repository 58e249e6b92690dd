"""What a case owes on a day, part by part, with the rows from which every figure was computed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain import accrual, ledger
from portal.domain.accrual import OverdueSpan
from portal.domain.allocation import Component, DebtParts, Item
from portal.domain.cap import CapCheck
from portal.domain.dates import paused_days
from portal.domain.policy import Policy
from portal.domain.relief import Relief
from portal.models import BookImport, Case, CaseLoan, JobRun, Lender, Loan, Party
from portal.models import Relief as ReliefRow
from portal.services import at_once, book_terms

NIGHTLY = "nightly"  # the job whose runs check the loan book


@dataclass(frozen=True)
class LoanDebt:
    """One loan of the debt, in minor units. `lines` are its instalments, oldest first, each with what it owes
    and the spans of its penalty; `openings` are the same instalments as imported, `receipts` the whole
    history, `reliefs` what was given and not withdrawn, `standing` what came of them all; `daily` is the next
    day's penalty."""

    loan: Loan
    business_date: date
    overdue: DebtParts
    not_yet_due: DebtParts
    dpd: int
    overdue_since: date | None
    daily: int
    terms: ledger.Terms
    standing: ledger.Standing
    openings: tuple[ledger.Opening, ...]
    receipts: tuple[ledger.Receipt, ...]
    reliefs: tuple[Relief, ...]

    @property
    def total(self) -> DebtParts:
        return self.overdue + self.not_yet_due

    @property
    def lines(self) -> tuple[ledger.Line, ...]:
        return self.standing.lines

    @property
    def cap(self) -> CapCheck | None:
        return self.standing.cap

    @property
    def credit(self) -> int:
        return self.standing.credit

    @property
    def bearing(self) -> int:
        """The principal that costs penalty tomorrow: due by today and unpaid."""
        return sum(line.unpaid.principal for line in self.lines if line.due <= self.business_date)

    @property
    def stopped_tomorrow(self) -> bool:
        """Whether relief keeps tomorrow from costing anything."""
        tomorrow = self.business_date + timedelta(days=1)
        return bool(paused_days(self.business_date, tomorrow, self.standing.stopped))

    @property
    def charges_open(self) -> int:
        """Interest, fees and penalty of what was due by today and is unpaid, before the cap took any off."""
        due = (line.unpaid + line.reduced for line in self.lines if line.due <= self.business_date)
        return sum(each.interest + each.fees + each.penalty for each in due)

    @property
    def instalments(self) -> "tuple[InstalmentRows, ...]":
        """Each instalment with the rows behind what it owes, oldest first."""
        by_number = {each.number: each for each in self.openings}
        return tuple(_rows(self, line, by_number[line.number]) for line in self.lines)

    def met_by(self, receipt: ledger.Receipt) -> ledger.Met | None:
        """Where a payment after the opening balance went; None for any other row, or if all was reversed."""
        return next((met for met in self.standing.met if met.number == receipt.number), None)

    @property
    def due_lines(self) -> tuple[ledger.Line, ...]:
        """The instalments whose unpaid sum is the overdue part. Nothing is overdue on its due date itself."""
        return tuple(line for line in self.lines if line.unpaid.total and line.due < self.business_date)

    @property
    def later_lines(self) -> tuple[ledger.Line, ...]:
        """The instalments whose unpaid sum is the part not yet due."""
        return tuple(line for line in self.lines if line.unpaid.total and line.due >= self.business_date)


@dataclass(frozen=True)
class PartRow:
    """How one part of an instalment came to what is owed of it, in minor units: `asked` − `paid_before` (in
    the opening balance) + `taken_back` (of that) − `paid_since` − `waived` − `reduced` (by the cap) is
    `unpaid`. What is asked as penalty follows from the spans and the late fee."""

    component: Component
    asked: int
    paid_before: int
    taken_back: int
    paid_since: int
    waived: int
    reduced: int
    unpaid: int


@dataclass(frozen=True)
class SpanRow:
    """A span of penalty with its first and its last day."""

    span: OverdueSpan
    first_day: date
    last_day: date


@dataclass(frozen=True)
class InstalmentRows:
    line: ledger.Line
    parts: tuple[PartRow, ...]
    spans: tuple[SpanRow, ...]
    ahead: bool  # not due yet, and nothing happened to it

    @property
    def settled_before(self) -> bool:
        """Paid in full in the opening balance, and nothing happened to it since."""
        return not any(row.unpaid or row.paid_since or row.waived or row.reduced for row in self.parts)


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

    def dpd_of(self, loans: Iterable[Loan]) -> int:
        """Return the most days that one of some loans is past due by its contract."""
        named = {loan.id for loan in loans}
        return max((each.dpd for each in self.loans if each.loan.id in named), default=0)

    def of(self, loan_ref: str) -> LoanDebt | None:
        """Return the part of one loan by its reference."""
        return next((each for each in self.loans if each.loan.ref == loan_ref), None)


Loans = tuple[list[Loan], dict[int, list[Relief]]]  # those of a case, the longest overdue first


def queries_of(case: Case) -> tuple[Select[Loan], Select[ReliefRow]]:
    """Ask for the loans of a case and the relief in force on them; `arranged` takes what comes."""
    joined = select(CaseLoan.loan_id).where(CaseLoan.case_id == case.id, CaseLoan.left_at.is_(None))
    return (
        select(Loan).where(Loan.lender_id == case.lender_id, Loan.id.in_(joined)),
        select(ReliefRow).where(
            ReliefRow.lender_id == case.lender_id,
            ReliefRow.loan_id.in_(joined),
            ReliefRow.withdrawn_at.is_(None),
        ),
    )


def arranged(loans: Iterable[Loan], reliefs: Iterable[ReliefRow]) -> Loans:
    return (
        sorted(loans, key=lambda each: (-each.dpd, each.id)),
        book_terms.given(sorted(reliefs, key=lambda each: (each.loan_id, each.id))),
    )


def loans_of(session: Session, case: Case) -> Loans:
    """Return the loans of a case and the relief in force on them, in one query."""
    return arranged(*at_once.read(session, *queries_of(case)))


def debt_of(
    session: Session, *, case: Case, policy: Policy, business_date: date, read: Loans | None = None
) -> Debt:
    """Return what a case owes on a day. The sums of the rows are the figures, to the cent.

    Three queries, whatever the number of loans; two where the loans and their relief were read before."""
    loans, reliefs = read or loans_of(session, case)
    openings = book_terms.openings_of(session, loans)
    receipts = book_terms.receipts_of(session, loans)
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


@dataclass(frozen=True)
class Sources:
    """Where the figures of a debt come from: imports of the loan book by their id, and when the nightly run
    last checked them (None: it has not yet); and who else is in the contracts."""

    imports: dict[int, BookImport]
    checked_on: date | None
    checked_at: datetime | None
    parties: list[Party]


def sources_of(session: Session, debt: Debt, *, lender: Lender) -> Sources:
    """Return what confirms a debt. One query, whatever the number of loans."""
    wanted = {part.loan.import_id for part in debt.loans}
    imports = select(BookImport).where(BookImport.lender_id == lender.id, BookImport.id.in_(wanted))
    runs = select(JobRun).where(
        JobRun.lender_id == lender.id,
        JobRun.job == NIGHTLY,
        JobRun.slot == (lender.aged_on.isoformat() if lender.aged_on else None),
    )
    parties = select(Party).where(
        Party.lender_id == lender.id, Party.loan_id.in_([part.loan.id for part in debt.loans])
    )
    books, checks, others = at_once.read(session, imports, runs, parties)
    return Sources(
        imports={each.id: each for each in books},
        checked_on=lender.aged_on,
        checked_at=checks[0].finished_at if checks else None,
        parties=sorted(others, key=lambda each: each.id),
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
        standing=found,
        openings=tuple(openings),
        receipts=tuple(receipts),
        reliefs=tuple(reliefs),
    )


_ALWAYS = (Component.PRINCIPAL, Component.INTEREST)


def _rows(debt: LoanDebt, line: ledger.Line, opening: ledger.Opening) -> InstalmentRows:
    paid = [item for met in debt.standing.met for item in met.items]
    asked = {component: opening.owed.part(component) for component in (*_ALWAYS, Component.FEES)}
    asked[Component.PENALTY] = _charged(line, debt.terms)
    parts = tuple(
        PartRow(
            component,
            asked=amount,
            paid_before=opening.paid.part(component),
            taken_back=_of(debt.standing.reopened, line, component),
            paid_since=_of(paid, line, component),
            waived=line.waived.part(component),
            reduced=line.reduced.part(component),
            unpaid=line.unpaid.part(component),
        )
        for component, amount in asked.items()
        if amount or component in _ALWAYS
    )
    touched = any(row.paid_since or row.waived or row.taken_back for row in parts)
    ahead = line.due > debt.business_date and line.unpaid.total > 0 and not touched
    return InstalmentRows(line, parts, tuple(_dated(line)), ahead)


def _charged(line: ledger.Line, terms: ledger.Terms) -> int:
    return accrual.penalty_interest(accrual.accrued(line.spans), terms.basis) + line.late_fee


def _of(items: Iterable[Item], line: ledger.Line, component: Component) -> int:
    return sum(item.amount for item in items if (item.instalment, item.component) == (line.number, component))


def _dated(line: ledger.Line) -> Iterable[SpanRow]:
    """Spans follow one another without a gap from the day after the due date."""
    day = line.due
    for span in line.spans:
        first, day = day + timedelta(days=1), day + timedelta(days=span.days + span.paused)
        yield SpanRow(span, first, day)


def _sum(parts: Iterable[DebtParts]) -> DebtParts:
    return sum(parts, DebtParts())
