"""The telephones of a borrower: which of them may be called now, and why another may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from portal.domain.contact_decision import Decision as Judgement
from portal.models import Case, Contact, ContactPoint, Decision
from portal.services import gate
from portal.services.gate_visits import Question
from portal.vocabulary import CallResult, ContactKind, ContactOutcome

# A number that belongs to somebody else is not rung again.
NOT_THEIRS = (ContactOutcome.WRONG_NUMBER, ContactOutcome.WRONG_PERSON)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A telephone, and what the gate says of a call to it now."""

    point: ContactPoint
    judgement: Judgement


def of_borrower(session: Session, *, case: Case) -> Sequence[ContactPoint]:
    """Return every telephone on file, the main one first."""
    query = select(ContactPoint).where(
        ContactPoint.lender_id == case.lender_id,
        ContactPoint.borrower_id == case.borrower_id,
        ContactPoint.kind == ContactKind.PHONE,
    )
    return session.scalars(query.order_by(ContactPoint.main.desc(), ContactPoint.id)).all()


def find(session: Session, *, case: Case, ref: str) -> ContactPoint | None:
    """Return the borrower's telephone of that reference; None: there is none."""
    return next((each for each in of_borrower(session, case=case) if each.ref == ref), None)


def number_to_call(session: Session, *, case: Case) -> ContactPoint | None:
    """Return the first telephone that did not prove to be somebody else's and where nobody asked for no more
    calls; None: there is none."""
    closed = select(Contact.id).where(
        Contact.lender_id == case.lender_id,
        Contact.contact_point_id == ContactPoint.id,
        or_(
            Contact.outcome.in_(NOT_THEIRS),
            and_(Contact.outcome == ContactOutcome.THIRD_PARTY, Contact.result == CallResult.REFUSES),
        ),
    )
    query = select(ContactPoint).where(
        ContactPoint.lender_id == case.lender_id,
        ContactPoint.borrower_id == case.borrower_id,
        ContactPoint.kind == ContactKind.PHONE,
        ~exists(closed),
    )
    query = query.order_by(ContactPoint.main.desc(), ContactPoint.id)
    return session.scalars(query.limit(1)).first()


def judge(session: Session, points: Sequence[ContactPoint], **question: Unpack[Question]) -> list[Judged]:
    """Say of each telephone whether it may be called. What the numbers share is read once; nothing is
    stored."""
    return [
        Judged(point=point, judgement=each)
        for point, each in zip(
            points, gate.judge_numbers(session, [point.id for point in points], **question), strict=True
        )
    ]


def of_call(session: Session, *, decision: Decision) -> ContactPoint | None:
    """Return the telephone that the gate was asked about; None: the borrower called."""
    number = (decision.facts or {}).get("number")
    return session.get(ContactPoint, number) if isinstance(number, int) else None
