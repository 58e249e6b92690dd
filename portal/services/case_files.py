"""One case as staff see it: what is overdue, who looks after it, what stops contact, what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import masking
from portal.domain.actor import Actor, ActorKind
from portal.models import Agreement, Case, Hold, Loan, Plan, Proof, Staff, Visit
from portal.services import agreements, audit, cases, plans, reveals, scope, visits

NEWEST = 100


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """The name and every value are masked. `names` gives the people of the timeline by actor."""

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
    events: Sequence[audit.Event]
    names: Mapping[str, str]

    @property
    def overdue(self) -> int:
        """Minor units of the case's currency, as the last ageing found them."""
        return sum(loan.overdue_amount for loan in self.loans)

    @property
    def dpd(self) -> int:
        return max((loan.dpd for loan in self.loans), default=0)


def open_file(session: Session, *, case: Case, actor: Actor, now: datetime) -> CaseFile:
    """Return everything the page of a case shows."""
    events = audit.timeline(session, case=case, limit=NEWEST)
    staff = _staff(session, case, events)
    proofs = scope.proofs(actor, now=now).where(Proof.case_id == case.id).order_by(Proof.id.desc())
    return CaseFile(
        case=case,
        borrower=masking.name(case.borrower.name),
        values=reveals.masked(session, borrower=case.borrower),
        owner=next((person.name for person in staff if person.id == case.owner_id), None),
        loans=cases.loans_of(session, case),
        holds=cases.holds_of(session, case),
        visits=visits.of_case(session, case=case, actor=actor, now=now),
        proofs=session.scalars(proofs).all(),
        plans=plans.of_case(session, case=case),
        agreements=agreements.of_case(session, case=case),
        events=events,
        names={f"{ActorKind.STAFF}:{person.ref}": person.name for person in staff},
    )


def _staff(session: Session, case: Case, events: Sequence[audit.Event]) -> Sequence[Staff]:
    """The owner, and everyone of the staff who did something on the case."""
    refs = {event.actor.removeprefix(f"{ActorKind.STAFF}:") for event in events}
    query = select(Staff).where(
        Staff.lender_id == case.lender_id, Staff.ref.in_(refs) | (Staff.id == case.owner_id)
    )
    return session.scalars(query).all()
