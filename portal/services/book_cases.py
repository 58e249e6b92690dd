"""Which borrowers become cases after ageing, which loans join one, whose case is cured and whose ends: in
bulk (specification 04 section 8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, insert, select, update
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.infra import ids, tenancy
from portal.models import Case, CaseLoan, CaseMove, Lender, Loan
from portal.models.functions import refresh_statistics
from portal.services import audit, cured_cases
from portal.services.audit import Occurrence
from portal.vocabulary import CaseState

CHUNK = 1000
NOT_CURED_FROM = (CaseState.CURED, CaseState.SETTLED, CaseState.ARCHIVED)


@dataclass(frozen=True)
class Changes:
    """How many cases a night opened, reopened, cured and closed, and how many loans joined open cases."""

    opened: int
    joined: int
    reopened: int
    cured: int
    closed: int = 0


def follow_ageing(
    session: Session, *, lender: Lender, policy: Policy, business_date: date, actor: Actor, now: datetime
) -> Changes:
    """Open, extend, cure and close cases by what is overdue now. Doing it twice changes nothing more."""
    session.flush()
    night = _Night(session, lender.id, policy, business_date, actor, now)
    changes = Changes(
        joined=night.join(),
        opened=night.open(),
        reopened=night.reopen(),
        cured=night.cure(),
        closed=night.close(),
    )
    session.expire_all()
    return changes


@dataclass(frozen=True)
class _Night:
    session: Session
    lender_id: int
    policy: Policy
    business_date: date
    actor: Actor
    now: datetime

    def join(self) -> int:
        """Let loans newly overdue join the open case of their borrower and currency."""
        known = exists().where(CaseLoan.case_id == Case.id, CaseLoan.loan_id == Loan.id)
        query = (
            select(Loan.id, Loan.ref, Case.id.label("case_id"), Case.ref.label("case_ref"))
            .join(Case, _same_debt())
            .where(*self._overdue(), Case.closed_at.is_(None), ~known)
        )
        count = 0
        for rows in self._chunks(query, Loan.id):
            self._add_loans([(row.case_id, row.id) for row in rows])
            self._record(
                "loan_joined_case",
                [Occurrence(f"loan/{row.ref}", row.case_ref, {}) for row in rows],
            )
            count += len(rows)
        return count

    def open(self) -> int:
        """Open a case for every borrower and currency with something overdue and no open case."""
        has_case = exists().where(_same_debt(), Case.closed_at.is_(None))
        previous = select(func.max(Case.id)).where(_same_debt()).scalar_subquery()
        query = (
            select(
                Loan.borrower_id, Loan.currency, func.count().label("loans"), previous.label("previous_id")
            )
            .where(*self._overdue(), ~has_case)
            .group_by(Loan.lender_id, Loan.borrower_id, Loan.currency)
        )
        count = 0
        for rows in self._chunks(query, Loan.borrower_id):
            self._open(rows)
            count += len(rows)
        if count:
            refresh_statistics(self.session, Case, CaseLoan)
        return count

    def _open(self, rows: Sequence[Any]) -> None:
        cases = [
            self._new_row()
            | {
                "borrower_id": row.borrower_id,
                "currency": row.currency,
                "state": CaseState.CONFIRMED,
                "previous_id": row.previous_id,
                "confirmed_on": self.business_date,
                "version": 1,
            }
            for row in rows
        ]
        self._insert(Case, cases)
        opened = [case["ref"] for case in cases]
        pairs = (
            select(Case.id, Loan.id).join(Loan, _same_debt()).where(*self._overdue(), Case.ref.in_(opened))
        )
        self._add_loans([(case_id, loan_id) for case_id, loan_id in self.session.execute(pairs)])
        self._record(
            "case_opened",
            [
                Occurrence(f"case/{ref}", ref, {"loans": row.loans})
                for ref, row in zip(opened, rows, strict=True)
            ],
        )

    def reopen(self) -> int:
        """Start cured cases again in which something is overdue once more."""
        which = Case.state == CaseState.CURED, self._something_overdue()
        return self._move(*which, to=CaseState.CONFIRMED, cured_on=None)

    def cure(self) -> int:
        """Move cases in which nothing is overdue to cured, and end what was under way on them."""
        which = Case.state.not_in(NOT_CURED_FROM), ~self._something_overdue()
        return self._move(*which, to=CaseState.CURED, cured_on=self.business_date)

    def close(self) -> int:
        """Close cured cases after their clean days. One that falls overdue later is a new case."""
        clean = timedelta(days=self.policy.case.cured_closes_after_days)
        which = Case.state == CaseState.CURED, Case.cured_on <= self.business_date - clean
        return self._move(*which, to=CaseState.ARCHIVED, closed_at=self.now)

    def _move(self, *which: ColumnElement[bool], to: CaseState, **changes: object) -> int:
        query = select(Case.id, Case.ref, Case.state).where(
            Case.lender_id == self.lender_id, Case.closed_at.is_(None), *which
        )
        count = 0
        for rows in self._chunks(query, Case.id):
            for row in rows:
                transitions.check("case", row.state, to)
            moves = [
                self._new_row()
                | {"case_id": row.id, "from_state": row.state, "to_state": to, "actor": str(self.actor)}
                for row in rows
            ]
            self._insert(CaseMove, moves)
            self.session.execute(
                update(Case)
                .where(Case.id.in_([row.id for row in rows]))
                .values(state=to, version=Case.version + 1, **changes)
                .execution_options(synchronize_session=False)
            )
            self._record(
                "case_moved",
                [Occurrence(f"case/{row.ref}", row.ref, {"before": row.state, "after": to}) for row in rows],
            )
            if to is CaseState.CURED:
                self._cancel_what_is_open([row.id for row in rows])
            count += len(rows)
        return count

    def _cancel_what_is_open(self, cured: Sequence[int]) -> None:
        cured_cases.cancel_what_is_open(
            self.session, case_ids=cured, policy=self.policy, actor=self.actor, now=self.now
        )
        self.session.flush()

    def _overdue(self) -> tuple[ColumnElement[bool], ...]:
        return (Loan.lender_id == self.lender_id, Loan.dpd > 0)

    def _something_overdue(self) -> ColumnElement[bool]:
        """Not as a list of who is overdue: PostgreSQL searches a long one anew for every case."""
        return exists().where(*self._overdue(), _same_debt())

    def _add_loans(self, pairs: Sequence[tuple[int, int]]) -> None:
        rows = [self._new_row() | {"case_id": case_id, "loan_id": loan_id} for case_id, loan_id in pairs]
        self._insert(CaseLoan, rows)

    def _new_row(self) -> dict[str, Any]:
        return {"lender_id": self.lender_id, "created_at": self.now, "ref": ids.new_ref()}

    def _insert(self, model: Any, rows: Sequence[dict[str, Any]]) -> None:
        tenancy.check_rows(self.session, rows)
        self.session.connection().execute(insert(model.__table__), rows)

    def _record(self, action: str, occurrences: Sequence[Occurrence]) -> None:
        audit.record_many(
            self.session, actor=self.actor, action=action, occurrences=occurrences, now=self.now
        )

    def _chunks(self, query: Any, along: Any) -> Iterator[Sequence[Any]]:
        """Go through the rows in chunks; the work on a chunk takes its rows out of the query."""
        last = 0
        while rows := self.session.execute(query.where(along >= last).order_by(along).limit(CHUNK)).all():
            yield rows
            last = getattr(rows[-1], along.key)


def _same_debt() -> ColumnElement[bool]:
    return and_(
        Case.lender_id == Loan.lender_id,
        Case.borrower_id == Loan.borrower_id,
        Case.currency == Loan.currency,
    )
