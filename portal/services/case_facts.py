"""The confirmed facts of a case as plain data: states, sources, amounts as decimal text. Nothing personal."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.domain.allocation import DebtParts
from portal.domain.money import amount_text
from portal.models import BookImport, Case, Lender
from portal.services import audit, cases, debts, lenders, policies, scope
from portal.services.debts import LoanDebt

Facts = dict[str, Any]


def by_ref(session: Session, ref: str, *, now: datetime) -> Facts | None:
    """Enter the lender whose case it is and return the case's facts: for the operator of the installation."""
    for lender in lenders.all_lenders(session):
        lenders.enter(session, lender)
        case = cases.find(session, ref, actor=system(lender.id, "operator"), now=now)
        if case is not None:
            return _facts(session, case, lender, now)
    return None


def _facts(session: Session, case: Case, lender: Lender, now: datetime) -> Facts:
    policy = policies.of(lender, now)
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    debt = debts.debt_of(session, case=case, policy=policy, business_date=today)
    imports = _imports(session, lender, debt)
    return {
        "case": case.ref,
        "lender": lender.code,
        "borrower_no": case.borrower.borrower_no,
        "state": case.state.value,
        "confirmed_on": case.confirmed_on.isoformat(),
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "pack": policy.version_id,
        "business_date": today.isoformat(),
        "currency": debt.currency,
        "overdue": _amounts(debt.overdue, debt.currency),
        "total": _amounts(debt.total, debt.currency),
        "holds": [hold.reason.value for hold in cases.holds_of(session, case)],
        "loans": [_loan(part, debt.currency, imports, lender.aged_on) for part in debt.loans],
        "events": [
            {"at": event.at.isoformat(), "action": event.action, "actor": event.actor}
            for event in audit.timeline(session, case=case)
        ],
    }


def _imports(session: Session, lender: Lender, debt: debts.Debt) -> dict[int, BookImport]:
    wanted = {part.loan.import_id for part in debt.loans}
    actor = system(lender.id, "operator")
    query = scope.of_lender(BookImport, actor).where(BookImport.id.in_(wanted))
    return {found.id: found for found in session.scalars(query)}


def _loan(part: LoanDebt, currency: str, imports: dict[int, BookImport], aged_on: date | None) -> Facts:
    loan = part.loan
    brought = imports.get(loan.import_id) if loan.import_id else None
    return {
        "loan": loan.ref,
        "contract_no": loan.contract_no,
        "product": loan.product.value,
        "principal": amount_text(loan.principal, currency),
        "annual_rate_ppm": loan.annual_rate_ppm,
        "periods": loan.periods,
        "dpd": part.dpd,
        "overdue_since": part.overdue_since.isoformat() if part.overdue_since else None,
        "bucket": loan.bucket,
        "overdue": _amounts(part.overdue, currency),
        "total": _amounts(part.total, currency),
        "payments": len(part.receipts),
        "source": {
            "as_of": loan.as_of.isoformat(),
            "imported_at": brought.created_at.isoformat() if brought else None,
            "digest": brought.digest if brought else None,
            "aged_on": aged_on.isoformat() if aged_on else None,
        },
    }


def _amounts(parts: DebtParts, currency: str) -> dict[str, str]:
    named = asdict(parts) | {"total": parts.total}
    return {name: amount_text(minor, currency) for name, minor in named.items()}
