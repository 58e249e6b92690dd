"""How a visit goes from state to state: a row with who and when for each move, and the time it takes."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.models import Visit, VisitCell, VisitMove
from portal.vocabulary import VisitState


def to(
    session: Session,
    visit: Visit,
    state: VisitState,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    note: str = "",
    position: str = "",
) -> None:
    """Move a visit to another state. Refused: the table of moves does not have it."""
    transitions.check("visit", visit.state, state)
    before = visit.state
    log(session, visit, before, state, actor=actor, now=now, reason=reason, note=note, position=position)
    visit.state = state
    session.flush()


def log(
    session: Session,
    visit: Visit,
    before: VisitState | None,
    after: VisitState,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    note: str = "",
    position: str = "",
) -> None:
    """Write down a move; `before` is None for a new visit."""
    session.add(
        VisitMove(
            lender_id=visit.lender_id,
            created_at=now,
            visit_id=visit.id,
            from_state=before,
            to_state=after,
            actor=str(actor),
            reason=reason,
            note=note,
            position=position,
        )
    )


def free(session: Session, visit: Visit) -> None:
    """Give back the time of the crew."""
    session.execute(
        delete(VisitCell).where(VisitCell.lender_id == visit.lender_id, VisitCell.visit_id == visit.id)
    )
