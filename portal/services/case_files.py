"""One case as staff see it: what is overdue, who looks after it, what stops contact, what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import masking
from portal.domain.actor import Actor, ActorKind
from portal.models import Case, ContactPoint, Hold, Loan, Staff, Visit
from portal.services import audit, cases, visits
from portal.vocabulary import ContactKind

NEWEST = 100


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """Name, telephone and identity number are masked. `names` gives the people of the timeline by actor."""

    case: Case
    borrower: str
    phone: str
    id_no: str
    owner: str | None
    loans: Sequence[Loan]
    holds: Sequence[Hold]
    visits: Sequence[Visit]
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
    return CaseFile(
        case=case,
        borrower=masking.name(case.borrower.name),
        phone=_phone(session, case),
        id_no=masking.number(case.borrower.id_no) if case.borrower.id_no else "",
        owner=next((person.name for person in staff if person.id == case.owner_id), None),
        loans=cases.loans_of(session, case),
        holds=cases.holds_of(session, case),
        visits=visits.of_case(session, case=case, actor=actor, now=now),
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


def _phone(session: Session, case: Case) -> str:
    query = select(ContactPoint).where(
        ContactPoint.lender_id == case.lender_id,
        ContactPoint.borrower_id == case.borrower_id,
        ContactPoint.kind == ContactKind.PHONE,
        ContactPoint.main.is_(True),
    )
    point = session.scalars(query).first()
    return masking.number(point.value) if point else ""
