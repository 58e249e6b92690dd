"""Contests: the borrower's word against one entry of the timeline. It stands beside the entry, with the
lender's answer; the entry itself is never changed."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Case
from portal.models import Contest as Contest
from portal.services import audit, audit_trail, notifications, scope
from portal.services.audit_trail import AuditEntry
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Role

ANSWERING = (Role.LEAD, Role.MANAGER)


@in_savepoint
def raise_(
    session: Session, *, case: Case, sequence: int, words: str, actor: Actor, now: datetime
) -> Contest:
    """Contest an entry of a case's timeline, named by its number in the chain. Refused: not the borrower, or
    contested before."""
    if not actor.is_borrower:
        raise Refused("contest_not_yours")
    entry = _entry(session, case, sequence)
    if of_entries(session, case=case, sequences=[sequence]):
        raise Refused("contested_already")
    contest = Contest(
        lender_id=case.lender_id, created_at=now, case_id=case.id, entry=entry.sequence, words=words
    )
    session.add(contest)
    audit.record(
        session,
        actor=actor,
        action="entry_contested",
        subject=contest,
        case=case,
        now=now,
        entry=sequence,
        about=entry.action,
    )
    return contest


@in_savepoint
def answer(session: Session, *, contest: Contest, words: str, actor: Actor, now: datetime) -> None:
    """Answer a contest; the borrower is told. Refused: not a lead or manager, one's own entry, answered."""
    if not actor.has(*ANSWERING):
        raise Refused("contest_not_yours")
    if contest.answered_at is not None:
        raise Refused("contest_answered_already")
    case = case_of(session, contest)
    if entry_of(session, contest).actor == str(actor):
        raise Refused("contest_of_your_own")
    contest.answer, contest.answered_by, contest.answered_at = words, actor.id, now
    audit.record(
        session,
        actor=actor,
        action="contest_answered",
        subject=contest,
        case=case,
        now=now,
        entry=contest.entry,
    )
    notifications.notify(
        session, borrower=case.borrower, template="contest_answered", case=case, now=now, answer=words
    )


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Contest | None:
    """Return a contest if this person may see its case."""
    return session.scalar(scope.contests(actor, now=now).where(Contest.ref == ref))


def of_entries(session: Session, *, case: Case, sequences: Iterable[int]) -> Mapping[int, Contest]:
    """Return the contests of some entries of a case, by the entry's number."""
    query = select(Contest).where(
        Contest.lender_id == case.lender_id, Contest.case_id == case.id, Contest.entry.in_(list(sequences))
    )
    return {contest.entry: contest for contest in session.scalars(query)}


def case_of(session: Session, contest: Contest) -> Case:
    return session.get_one(Case, contest.case_id)


def entry_of(session: Session, contest: Contest) -> AuditEntry:
    """Return the entry that is contested."""
    return _entry(session, case_of(session, contest), contest.entry)


def _entry(session: Session, case: Case, sequence: int) -> AuditEntry:
    return audit_trail.entry_of(session, case=case, sequence=sequence)
