"""The complaint inbox: what is open, what is due, whose it is."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, joinedload

from portal.domain.actor import Actor
from portal.models import Case, Complaint
from portal.services import scope
from portal.vocabulary import OPEN_COMPLAINT, ComplaintState

PAGE = 25


class Folder(StrEnum):
    OPEN = "open"
    MINE = "mine"
    UNCLAIMED = "unclaimed"
    LATE = "late"
    DECIDED = "decided"


@dataclass(frozen=True)
class Page:
    """One page of complaints, the most urgent first; `next_key` asks for the following one."""

    complaints: list[Complaint]
    next_key: str | None


def count_by_folder(session: Session, *, actor: Actor, today: date, now: datetime) -> dict[Folder, int]:
    """Return how many complaints are in each folder, in one query."""
    visible = scope.complaints(actor, now=now).with_only_columns(Complaint.id)
    columns = [func.count(Complaint.id).filter(_inside(folder, actor, today)) for folder in Folder]
    counts = session.execute(select(*columns).where(Complaint.id.in_(visible))).one()
    return dict(zip(Folder, counts, strict=True))


def page_of(
    session: Session,
    *,
    actor: Actor,
    folder: Folder,
    today: date,
    now: datetime,
    wanted: str = "",
    after: str = "",
) -> Page:
    """Return a page of a folder. `wanted` is a complaint's number; `after` is a `next_key`."""
    query = scope.complaints(actor, now=now).where(_inside(folder, actor, today), _after(after))
    if wanted:
        query = query.where(Complaint.number == wanted.strip().upper())
    query = query.options(joinedload(Complaint.owner), joinedload(Complaint.case).joinedload(Case.borrower))
    found = list(session.scalars(query.order_by(Complaint.decide_by, Complaint.id).limit(PAGE + 1)))
    more = len(found) > PAGE
    last = found[PAGE - 1] if more else None
    return Page(found[:PAGE], f"{last.decide_by.isoformat()}.{last.id}" if last else None)


def _inside(folder: Folder, actor: Actor, today: date) -> ColumnElement[bool]:
    is_open = Complaint.state.in_(OPEN_COMPLAINT)
    match folder:
        case Folder.OPEN:
            return is_open
        case Folder.MINE:
            return and_(is_open, Complaint.owner_id == actor.id)
        case Folder.UNCLAIMED:
            return and_(is_open, Complaint.owner_id.is_(None))
        case Folder.LATE:
            unanswered = and_(Complaint.state == ComplaintState.RECEIVED, Complaint.acknowledge_by < today)
            return and_(is_open, or_(Complaint.decide_by < today, unanswered))
        case Folder.DECIDED:
            return ~is_open


def _after(key: str) -> ColumnElement[bool]:
    day, _, number = key.partition(".")
    if not number.isdigit():
        return true()
    try:
        due = date.fromisoformat(day)
    except ValueError:
        return true()
    return or_(Complaint.decide_by > due, and_(Complaint.decide_by == due, Complaint.id > int(number)))
