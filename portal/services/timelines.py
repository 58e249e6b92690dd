"""The timeline of a case, page by page: the same entries for the borrower and for staff.

The audit chain says what happened and when; what was said, promised and contested is joined to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import ActorKind
from portal.models import Case, Contact, Contest, Message, Promise, Staff
from portal.services import audit_trail, contests
from portal.services.audit_trail import AuditEntry

PAGE_LENGTH = 25
LEFT = "message_sent"  # a collection message becomes a contact when it leaves


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry. `name` is what an address calls it: its hash in the chain, which tells nothing else.

    `contact` is the contact it tells of, `promise` the promise, `contest` the borrower's word against it."""

    name: str
    at: datetime
    actor: str
    action: str
    facts: Mapping[str, object]
    contact: Contact | None
    promise: Promise | None
    contest: Contest | None


@dataclass(frozen=True, kw_only=True)
class Person:
    """A member of staff as a timeline names them."""

    name: str
    number: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """`after` is the name of the entry the next page comes after; None: there is none. `people` gives the
    staff by actor and by id."""

    entries: Sequence[Entry]
    after: str | None
    people: Mapping[str | int, Person]


def page_of(
    session: Session,
    *,
    case: Case,
    actions: Iterable[str] | None = None,
    after: str | None = None,
    length: int = PAGE_LENGTH,
) -> Page:
    """Return a page of what happened on a case, the newest first, in at most six queries.

    `actions` are those to tell, None all; `after` is the name of an entry of the case."""
    last = find(session, case=case, name=after) if after is not None else None
    rows = audit_trail.of_case(session, case=case, actions=actions, before=last, limit=length + 1)
    shown = rows[:length]
    entries = _joined(session, case, shown)
    return Page(
        entries=entries,
        after=entries[-1].name if len(rows) > length else None,
        people=_people(session, case, entries),
    )


def find(session: Session, *, case: Case, name: str, actions: Iterable[str] | None = None) -> int | None:
    """Return the number in the chain of an entry of a case, by its name; None: there is no such entry."""
    try:
        digest = bytes.fromhex(name)
    except ValueError:
        return None
    return audit_trail.sequence_of(session, case=case, digest=digest, actions=actions)


def entry(session: Session, *, case: Case, sequence: int) -> Page:
    """Return one entry of a case by its number in the chain, as a page of its own."""
    entries = _joined(session, case, [audit_trail.entry_of(session, case=case, sequence=sequence)])
    return Page(entries=entries, after=None, people=_people(session, case, entries))


def _joined(session: Session, case: Case, rows: Sequence[AuditEntry]) -> list[Entry]:
    contacts = _contacts(session, case, rows)
    promises = _promises(session, case, rows)
    contested = contests.of_entries(session, case=case, sequences=[row.sequence for row in rows])
    return [
        Entry(
            name=row.hash.hex(),
            at=row.at,
            actor=row.actor,
            action=row.action,
            facts=row.facts,
            contact=contacts.get(row.subject) if _tells_of_contact(row) else None,
            promise=promises.get(row.subject),
            contest=contested.get(row.sequence),
        )
        for row in rows
    ]


def _tells_of_contact(row: AuditEntry) -> bool:
    """Whether an entry is the contact itself, and not what became of its message later."""
    return row.action == LEFT or row.subject.startswith("contact/")


def _contacts(session: Session, case: Case, rows: Sequence[AuditEntry]) -> dict[str, Contact]:
    """The contacts that entries are about: themselves, or the message they left with."""
    left = [row for row in rows if row.action == LEFT]
    refs, messages = _refs(rows, "contact"), _refs(left, "message")
    if not refs and not messages:
        return {}
    query = (
        select(Contact, Message.ref)
        .outerjoin(Message, Message.id == Contact.message_id)
        .where(
            Contact.lender_id == case.lender_id,
            Contact.case_id == case.id,
            Contact.ref.in_(refs) | Message.ref.in_(messages),
        )
    )
    found: dict[str, Contact] = {}
    for contact, message in session.execute(query):
        found[f"contact/{contact.ref}"] = contact
        if message:
            found[f"message/{message}"] = contact
    return found


def _promises(session: Session, case: Case, rows: Sequence[AuditEntry]) -> dict[str, Promise]:
    refs = _refs(rows, "promise")
    if not refs:
        return {}
    query = select(Promise).where(
        Promise.lender_id == case.lender_id, Promise.case_id == case.id, Promise.ref.in_(refs)
    )
    return {f"promise/{promise.ref}": promise for promise in session.scalars(query)}


def _refs(rows: Sequence[AuditEntry], kind: str) -> list[str]:
    return [row.subject.removeprefix(f"{kind}/") for row in rows if row.subject.startswith(f"{kind}/")]


def _people(session: Session, case: Case, entries: Sequence[Entry]) -> dict[str | int, Person]:
    """Everyone of the staff who did something, or answered."""
    prefix = f"{ActorKind.STAFF}:"
    refs = {each.actor.removeprefix(prefix) for each in entries if each.actor.startswith(prefix)}
    ids = {each.contest.answered_by for each in entries if each.contest and each.contest.answered_by}
    if not refs and not ids:
        return {}
    query = select(Staff).where(Staff.lender_id == case.lender_id, Staff.ref.in_(refs) | Staff.id.in_(ids))
    found: dict[str | int, Person] = {}
    for person in session.scalars(query):
        found[f"{prefix}{person.ref}"] = found[person.id] = Person(name=person.name, number=person.number)
    return found
