"""What borrowers say is not so, as lists: disputes by their due day, and contested entries that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.domain import masking
from portal.domain.actor import Actor
from portal.models import Borrower, Case, Contest, Dispute, Loan
from portal.services import scope
from portal.vocabulary import DisputeState

PAGE_LENGTH = 25


class DisputeFolder(StrEnum):
    OPEN = "open"
    LATE = "late"
    ANSWERED = "answered"


@dataclass(frozen=True, kw_only=True)
class DisputeLine:
    """A dispute as the list shows it; the name is masked. `contract_no` None: all loans of the case."""

    dispute: Dispute
    borrower_no: str
    borrower: str
    contract_no: str | None


@dataclass(frozen=True, kw_only=True)
class ContestLine:
    """A contested entry that waits for an answer; the name is masked."""

    contest: Contest
    borrower_no: str
    borrower: str


@dataclass(frozen=True)
class Page:
    """`after` is the reference the next page comes after; None: there is none."""

    lines: Sequence[DisputeLine] | Sequence[ContestLine]
    after: str | None


def disputes(
    session: Session, *, folder: DisputeFolder, after: str | None, today: date, actor: Actor, now: datetime
) -> Page:
    """Return a page of the disputes this person may see: what is due first stands first, and of those that
    were answered the newest."""
    visible = scope.disputes(actor, now=now)
    last = session.scalar(visible.where(Dispute.ref == after)) if after else None
    answered = folder is DisputeFolder.ANSWERED
    query = (
        _with_borrower(visible, Dispute.case_id)
        .outerjoin(Loan, Loan.id == Dispute.loan_id)
        .add_columns(Borrower, Loan.contract_no)
        .where(_inside(folder, today), _after(last, answered=answered))
        .order_by(*([Dispute.id.desc()] if answered else [Dispute.answer_by, Dispute.id]))
    )
    rows = session.execute(query.limit(PAGE_LENGTH + 1)).all()
    lines = [
        DisputeLine(
            dispute=dispute,
            borrower_no=borrower.borrower_no,
            borrower=masking.name(borrower.name),
            contract_no=contract_no,
        )
        for dispute, borrower, contract_no in rows[:PAGE_LENGTH]
    ]
    return Page(lines, lines[-1].dispute.ref if len(rows) > PAGE_LENGTH else None)


def contests(session: Session, *, after: str | None, actor: Actor, now: datetime) -> Page:
    """Return a page of the contested entries that wait for an answer, the oldest first."""
    visible = scope.contests(actor, now=now)
    query = _with_borrower(visible, Contest.case_id).add_columns(Borrower)
    query = query.where(Contest.answered_at.is_(None))
    if after and (last := session.scalar(visible.where(Contest.ref == after))):
        query = query.where(Contest.id > last.id)
    rows = session.execute(query.order_by(Contest.id).limit(PAGE_LENGTH + 1)).all()
    lines = [
        ContestLine(contest=contest, borrower_no=borrower.borrower_no, borrower=masking.name(borrower.name))
        for contest, borrower in rows[:PAGE_LENGTH]
    ]
    return Page(lines, lines[-1].contest.ref if len(rows) > PAGE_LENGTH else None)


def count_disputes(session: Session, *, today: date, actor: Actor, now: datetime) -> tuple[int, int]:
    """Return how many disputes wait for an answer, and how many of those are late."""
    visible = scope.disputes(actor, now=now).with_only_columns(Dispute.id)
    late = func.count(Dispute.id).filter(_inside(DisputeFolder.LATE, today))
    query = select(func.count(Dispute.id), late).where(
        Dispute.id.in_(visible), _inside(DisputeFolder.OPEN, today)
    )
    waiting, overdue = session.execute(query).one()
    return waiting, overdue


def count_contests(session: Session, *, actor: Actor, now: datetime) -> int:
    """Return how many contested entries wait for an answer."""
    visible = scope.contests(actor, now=now).where(Contest.answered_at.is_(None))
    counted = visible.with_only_columns(Contest.id).subquery()
    return session.scalar(select(func.count()).select_from(counted)) or 0


def _with_borrower(query: Select[Any], case_id: InstrumentedAttribute[int]) -> Select[Any]:
    return query.join(Case, Case.id == case_id).join(Borrower, Borrower.id == Case.borrower_id)


def _inside(folder: DisputeFolder, today: date) -> ColumnElement[bool]:
    is_open = Dispute.state == DisputeState.OPEN
    match folder:
        case DisputeFolder.OPEN:
            return is_open
        case DisputeFolder.LATE:
            return and_(is_open, Dispute.answer_by < today)
        case DisputeFolder.ANSWERED:
            return ~is_open


def _after(last: Dispute | None, *, answered: bool) -> ColumnElement[bool]:
    if last is None:
        return true()
    if answered:
        return Dispute.id < last.id
    later = and_(Dispute.answer_by == last.answer_by, Dispute.id > last.id)
    return or_(Dispute.answer_by > last.answer_by, later)
