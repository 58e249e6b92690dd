"""What confirms that a case is overdue, loan by loan: contract, instalments, payments, days late and amount,
each with where it comes from. Without a confirmed overdue the contact gate lets nobody be contacted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain import masking
from portal.domain.ledger_facts import Receipt
from portal.domain.policy import Policy
from portal.models import BookImport, Case, Lender, Loan, Party
from portal.services import debts
from portal.vocabulary import PartyRole


@dataclass(frozen=True, kw_only=True)
class PartyLine:
    """Somebody else in the contract; the name is masked."""

    name: str
    role: PartyRole
    scope: str
    consent: bool
    signs: bool


@dataclass(frozen=True, kw_only=True)
class LoanConfirmation:
    """One loan. Instalments are counted on the confirmation's business date: `met` are paid in full, `late`
    are not though due before it, `ahead` are the others. `payments` is the whole history, oldest first;
    `dpd`, `overdue_since` and `overdue` (minor units) are what the nightly check found. `book` is the import
    that the contract and its records came with; None: it did not come by an import."""

    loan: Loan
    met: int
    late: int
    ahead: int
    payments: Sequence[Receipt]
    dpd: int
    overdue_since: date | None
    overdue: int
    book: BookImport | None
    parties: Sequence[PartyLine]

    @property
    def newest_payment(self) -> Receipt | None:
        return max(self.payments, key=lambda each: each.on, default=None)


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """A case on a business date. `confirmed` is what the contact gate asks for. `checked_on` and `checked_at`
    are the nightly check's day and when it was done; None: there was none yet."""

    loans: Sequence[LoanConfirmation]
    business_date: date
    checked_on: date | None
    checked_at: datetime | None
    confirmed: bool


def of_case(
    session: Session,
    *,
    case: Case,
    lender: Lender,
    policy: Policy,
    today: date,
    read: debts.Loans | None = None,
) -> Confirmation:
    """Return what confirms a case, in four queries, whatever the number of its loans; `read`: its loans.

    The day is the one of the nightly check, whose figures are shown; `today` before there was one."""
    day = lender.aged_on or today
    debt = debts.debt_of(session, case=case, policy=policy, business_date=day, read=read)
    sources = debts.sources_of(session, debt, lender=lender)
    parties = _parties(sources.parties)
    return Confirmation(
        loans=[_loan(part, sources, parties.get(part.loan.id, [])) for part in debt.loans],
        business_date=day,
        checked_on=sources.checked_on,
        checked_at=sources.checked_at,
        confirmed=case.closed_at is None and any(part.loan.dpd > 0 for part in debt.loans),
    )


def _loan(part: debts.LoanDebt, sources: debts.Sources, parties: Sequence[PartyLine]) -> LoanConfirmation:
    met = sum(not line.unpaid.total for line in part.lines)
    late = len(part.due_lines)
    book = part.loan.import_id
    return LoanConfirmation(
        loan=part.loan,
        met=met,
        late=late,
        ahead=len(part.lines) - met - late,
        payments=part.receipts,
        dpd=part.loan.dpd,
        overdue_since=part.loan.overdue_since,
        overdue=part.loan.overdue_amount,
        book=sources.imports.get(book) if book else None,
        parties=parties,
    )


def _parties(rows: Sequence[Party]) -> Mapping[int, Sequence[PartyLine]]:
    found: dict[int, list[PartyLine]] = {}
    for row in rows:
        line = PartyLine(
            name=masking.name(row.name),
            role=row.role,
            scope=row.scope,
            consent=row.consent,
            signs=row.signs,
        )
        found.setdefault(row.loan_id, []).append(line)
    return found
