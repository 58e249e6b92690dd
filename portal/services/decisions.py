"""What the contact gate said about a case: read again, with every rule as it was at the time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor, ActorKind
from portal.models import Case, Decision, Staff
from portal.services import scope
from portal.vocabulary import Action

PAGE_LENGTH = 25


@dataclass(frozen=True)
class Page:
    """`after` is the reference the next page comes after; None: there is none."""

    decisions: list[Decision]
    after: str | None


def page_of(
    session: Session, *, case: Case, allowed: bool | None, action: Action | None, after: str | None
) -> Page:
    """Return a page of the decisions about a case, the newest first."""
    query = _of(case)
    if allowed is not None:
        query = query.where(Decision.allowed.is_(allowed))
    if action is not None:
        query = query.where(Decision.action == action)
    if after:
        last = _of(case).where(Decision.ref == after).with_only_columns(Decision.id)
        query = query.where(Decision.id < last.scalar_subquery())
    found = list(session.scalars(query.order_by(Decision.id.desc()).limit(PAGE_LENGTH + 1)))
    shown = found[:PAGE_LENGTH]
    return Page(shown, shown[-1].ref if len(found) > PAGE_LENGTH else None)


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> tuple[Decision, Case] | None:
    """Return a decision about a case this person may see, and that case."""
    query = select(Decision, Case).join(Case, Case.id == Decision.case_id)
    mine = query.where(Decision.lender_id == actor.lender_id, scope.sees_case(actor, now))
    found = session.execute(mine.where(Decision.ref == ref)).one_or_none()
    return (found[0], found[1]) if found else None


def asked_by(session: Session, decision: Decision, *, actor: Actor) -> str | None:
    """Return the name of the member of staff who would have acted; None: somebody else, or the portal."""
    kind, _, ref = decision.actor.partition(":")
    if kind != ActorKind.STAFF:
        return None
    query = scope.of_lender(Staff, actor).where(Staff.ref == ref)
    found = session.scalar(query)
    return found.name if found else None


def _of(case: Case) -> Select[Decision]:
    return select(Decision).where(Decision.lender_id == case.lender_id, Decision.case_id == case.id)
