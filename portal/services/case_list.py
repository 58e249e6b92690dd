"""The list of cases: filtered, page by page, in an order that stands still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.domain import masking
from portal.domain.actor import Actor
from portal.models import Borrower, Case, CaseLoan, Loan, Staff
from portal.services import scope
from portal.vocabulary import CaseState

PAGE_LENGTH = 25


@dataclass(frozen=True, kw_only=True)
class Filters:
    """`search` is the beginning of a contract number or a borrower number; names are not searched."""

    state: CaseState | None = None
    bucket: str = ""
    search: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A case as the list shows it. `overdue` is in minor units of the case's currency; the name is masked."""

    case: Case
    borrower: str
    owner: str | None
    loans: int = 0
    dpd: int = 0
    overdue: int = 0


@dataclass(frozen=True)
class Page:
    """`after` is the reference the next page comes after; None: there is none."""

    lines: Sequence[Line]
    after: str | None


def page_of(session: Session, *, filters: Filters, after: str | None, actor: Actor, now: datetime) -> Page:
    """Return a page of the cases this person may see, the newest first."""
    query = _filtered(scope.cases(actor, now=now), filters, actor)
    if after:
        last = scope.cases(actor, now=now).where(Case.ref == after).with_only_columns(Case.id)
        query = query.where(Case.id < last.scalar_subquery())
    query = query.options(joinedload(Case.borrower)).order_by(Case.id.desc()).limit(PAGE_LENGTH + 1)
    found = list(session.scalars(query))
    shown, more = found[:PAGE_LENGTH], len(found) > PAGE_LENGTH
    return Page(_lines(session, shown, actor), shown[-1].ref if more else None)


def _filtered(query: Select[Case], filters: Filters, actor: Actor) -> Select[Case]:
    if filters.state:
        query = query.where(Case.state == filters.state)
    if filters.bucket:
        query = query.where(Case.id.in_(_with_loan(actor, Loan.bucket == filters.bucket)))
    if search := filters.search.strip():
        query = query.where(matches(search, actor))
    return query


def matches(search: str, actor: Actor) -> ColumnElement[bool]:
    """Whether a case is a borrower's whose number begins so, or has a loan whose contract number does."""
    borrower = select(Borrower.id).where(
        Borrower.lender_id == actor.lender_id,
        Borrower.borrower_no.istartswith(search, autoescape=True),
    )
    contract = _with_loan(actor, Loan.contract_no.istartswith(search, autoescape=True))
    return or_(Case.borrower_id.in_(borrower), Case.id.in_(contract))


def _with_loan(actor: Actor, which: Any) -> Select[Any]:
    joined = select(CaseLoan.case_id).join(Loan, Loan.id == CaseLoan.loan_id)
    return joined.where(CaseLoan.lender_id == actor.lender_id, CaseLoan.left_at.is_(None), which)


def _lines(session: Session, cases: Sequence[Case], actor: Actor) -> list[Line]:
    found = sums(session, [case.id for case in cases], actor)
    of_cases = {case.owner_id for case in cases if case.owner_id}
    owners = names_of_staff(session, of_cases, actor) if of_cases else {}
    return [
        Line(
            case=case,
            borrower=masking.name(case.borrower.name),
            owner=owners.get(case.owner_id) if case.owner_id else None,
            **found.get(case.id, {}),
        )
        for case in cases
    ]


def sums(session: Session, ids: Sequence[int], actor: Actor) -> dict[int, dict[str, Any]]:
    """Return how many loans each case has, the longest delay and what is overdue together (minor units)."""
    query = (
        select(
            CaseLoan.case_id,
            func.count(Loan.id),
            func.max(Loan.dpd),
            func.sum(Loan.overdue_amount),
        )
        .join(Loan, Loan.id == CaseLoan.loan_id)
        .where(CaseLoan.lender_id == actor.lender_id, CaseLoan.case_id.in_(ids), CaseLoan.left_at.is_(None))
        .group_by(CaseLoan.case_id)
    )
    return {
        case_id: {"loans": loans, "dpd": dpd, "overdue": int(overdue)}
        for case_id, loans, dpd, overdue in session.execute(query)
    }


def names_of_staff(session: Session, ids: set[int], actor: Actor) -> dict[int, str]:
    query = scope.of_lender(Staff, actor).where(Staff.id.in_(ids))
    return {person.id: person.name for person in session.scalars(query)}
