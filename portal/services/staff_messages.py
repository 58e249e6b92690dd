"""Messages to staff: written to the outbox in the transaction they tell about. They name no borrower."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.infra import texts
from portal.models import Message, Staff, StaffRole
from portal.vocabulary import ActionClass, Channel, MessageState, Role


def notify_role(
    session: Session, *, lender_id: int, role: Role, template: str, now: datetime, **facts: object
) -> list[Message]:
    """Queue an e-mail, in their own language, to everybody of the lender who has a role."""
    having = select(StaffRole.staff_id).where(StaffRole.lender_id == lender_id, StaffRole.role == role)
    query = select(Staff).where(
        Staff.lender_id == lender_id, Staff.id.in_(having), Staff.disabled_at.is_(None)
    )
    queued = [_message(each, template, now, facts) for each in session.scalars(query.order_by(Staff.id))]
    session.add_all(queued)
    session.flush()
    return queued


def _message(staff: Staff, template: str, now: datetime, facts: dict[str, object]) -> Message:
    written = texts.render(f"messages/{template}.email.txt", locale=staff.locale, **facts).strip()
    subject, _, body = written.partition("\n")
    return Message(
        lender_id=staff.lender_id,
        created_at=now,
        action_class=ActionClass.SERVICE,
        channel=Channel.EMAIL,
        locale=staff.locale,
        template=template,
        recipient=staff.email,
        subject=subject,
        body=body.strip(),
        state=MessageState.WAITING,
        not_before=now,
        attempts=0,
    )
