"""Reading the audit log: filtered, page by page or as a whole, the newest entry first."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, lazyload

from portal.domain.actor import Actor, ActorKind
from portal.domain.audit_chain import Entry
from portal.models import Case, Complaint, Staff
from portal.models.audit_entry import AuditEntry as AuditEntry
from portal.services import audit, scope

PAGE_LENGTH = 25
AT_A_TIME = 500
COMPLAINTS = "complaint/"
Query = Select[int, datetime, str, str, str, str | None, dict[str, object], bytes, bytes]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """`actor` is a person (`staff:<ref>`) or kind (`borrower`); `about` a reference; `end` past the last."""

    actor: str = ""
    action: str = ""
    about: str = ""
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Page:
    """`after` is the number of the entry the next page comes after; None: there is none."""

    entries: list[Entry] = field(default_factory=list)
    after: int | None = None


def page_of(session: Session, *, filters: Filters, after: int | None, actor: Actor, now: datetime) -> Page:
    """Return a page of the entries of the lender that this person may read, the newest first."""
    query = _readable(filters, actor, now)
    if after:
        query = query.where(AuditEntry.sequence < after)
    found = [Entry(*row) for row in session.execute(query.limit(PAGE_LENGTH + 1))]
    shown = found[:PAGE_LENGTH]
    return Page(shown, shown[-1].sequence if len(found) > PAGE_LENGTH else None)


def every(session: Session, *, filters: Filters, actor: Actor, now: datetime) -> Iterator[Entry]:
    """Read all the entries that fit, the newest first, without holding them."""
    query = _readable(filters, actor, now).execution_options(yield_per=AT_A_TIME)
    with closing(session.execute(query)) as rows:
        for row in rows:
            yield Entry(*row)


def of_case(
    session: Session, *, case: Case, actions: Iterable[str] | None = None, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """Return entries of a case, the newest first: of some actions or all, before a number in the chain."""
    query = _of_case(case, actions)
    if before is not None:
        query = query.where(AuditEntry.sequence < before)
    return session.scalars(query.order_by(AuditEntry.sequence.desc()).limit(limit)).all()


def sequence_of(
    session: Session, *, case: Case, digest: bytes, actions: Iterable[str] | None = None
) -> int | None:
    """Return the number in the chain of the entry of a case that has this hash."""
    query = _of_case(case, actions).where(AuditEntry.hash == digest)
    return session.scalar(query.with_only_columns(AuditEntry.sequence))


def entry_of(session: Session, *, case: Case, sequence: int) -> AuditEntry:
    """Return the entry of a case with this number in the chain. Raises NoResultFound."""
    return session.scalars(_of_case(case, None).where(AuditEntry.sequence == sequence)).one()


def following(
    session: Session,
    *,
    lender_id: int,
    after: int,
    until: int,
    since: datetime,
    actions: Iterable[str],
    limit: int,
) -> Sequence[AuditEntry]:
    """Return the entries of a lender after one number in the chain and up to another, in order."""
    query = select(AuditEntry).where(
        AuditEntry.lender_id == lender_id,
        AuditEntry.sequence > after,
        AuditEntry.sequence <= until,
        AuditEntry.action.in_(sorted(actions)),
        AuditEntry.at >= since,
    )
    return session.scalars(query.order_by(AuditEntry.sequence).limit(limit)).all()


def _of_case(case: Case, actions: Iterable[str] | None) -> Select[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.lender_id == case.lender_id, AuditEntry.case_ref == case.ref)
    return query if actions is None else query.where(AuditEntry.action.in_(sorted(actions)))


def subjects_of(
    session: Session,
    *,
    actor: Actor,
    action: str,
    case_refs: Collection[str],
    since: datetime,
    until: datetime,
) -> frozenset[str]:
    """Return what of some cases a person did something about, as `visit/<ref>`; `until` is not included."""
    query = select(AuditEntry.subject).where(
        AuditEntry.lender_id == actor.lender_id,
        AuditEntry.case_ref.in_(case_refs),
        AuditEntry.actor == str(actor),
        AuditEntry.action == action,
        AuditEntry.at >= since,
        AuditEntry.at < until,
    )
    return frozenset(session.scalars(query))


def staff_names(session: Session, *, actor: Actor) -> Mapping[str, str]:
    """Return the name of everyone of the lender's staff, as the entries name them (`staff:<ref>`)."""
    query = select(Staff).where(Staff.lender_id == actor.lender_id).order_by(Staff.number)
    query = query.options(lazyload(Staff.roles))
    return {f"{ActorKind.STAFF}:{each.ref}": each.name for each in session.scalars(query)}


def _readable(filters: Filters, actor: Actor, now: datetime) -> Query:
    """The entries of the actor's lender that fit. Who may not see a complaint does not read about it here."""
    visible = scope.complaints(actor, now=now).where(
        Complaint.ref == func.substr(AuditEntry.subject, len(COMPLAINTS) + 1)
    )
    hidden = AuditEntry.subject.startswith(COMPLAINTS) & ~visible.correlate(AuditEntry).exists()
    query = select(*audit.COLUMNS).where(AuditEntry.lender_id == actor.lender_id, ~hidden)
    for condition in _conditions(filters):
        query = query.where(condition)
    return query.order_by(AuditEntry.sequence.desc())


def _conditions(filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.actor:
        kind_alone = ":" not in filters.actor
        one = AuditEntry.actor == filters.actor
        yield AuditEntry.actor.startswith(f"{filters.actor}:", autoescape=True) if kind_alone else one
    if filters.action:
        yield AuditEntry.action == filters.action
    if filters.about:
        named = AuditEntry.subject.endswith(f"/{filters.about}", autoescape=True)
        yield or_(AuditEntry.case_ref == filters.about, AuditEntry.subject == filters.about, named)
    if filters.begin:
        yield AuditEntry.at >= filters.begin
    if filters.end:
        yield AuditEntry.at < filters.end
