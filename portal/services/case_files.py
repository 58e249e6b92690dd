"""One case as staff see it: what is overdue, who looks after it, what stops contact, what was handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain import masking
from portal.domain.actor import Actor
from portal.models import Agreement, Case, Hold, Loan, Plan, Proof, Staff, Visit
from portal.services import agreements, cases, plans, reveals, scope, visits


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """The name and every value are masked. What happened on the case is its timeline: see `timelines`."""

    case: Case
    borrower: str
    values: reveals.Values
    owner: str | None
    loans: Sequence[Loan]
    holds: Sequence[Hold]
    visits: Sequence[Visit]
    proofs: Sequence[Proof]
    plans: Sequence[Plan]
    agreements: Sequence[Agreement]

    @property
    def overdue(self) -> int:
        """Minor units of the case's currency, as the last ageing found them."""
        return sum(loan.overdue_amount for loan in self.loans)

    @property
    def dpd(self) -> int:
        return max((loan.dpd for loan in self.loans), default=0)


def open_file(session: Session, *, case: Case, actor: Actor, now: datetime) -> CaseFile:
    """Return everything the page of a case shows."""
    proofs = scope.proofs(actor, now=now).where(Proof.case_id == case.id).order_by(Proof.id.desc())
    return CaseFile(
        case=case,
        borrower=masking.name(case.borrower.name),
        values=reveals.masked(session, borrower=case.borrower),
        owner=_owner(session, case),
        loans=cases.loans_of(session, case),
        holds=cases.holds_of(session, case),
        visits=visits.of_case(session, case=case, actor=actor, now=now),
        proofs=session.scalars(proofs).all(),
        plans=plans.of_case(session, case=case),
        agreements=agreements.of_case(session, case=case),
    )


def _owner(session: Session, case: Case) -> str | None:
    return session.get_one(Staff, case.owner_id).name if case.owner_id else None
