"""What became of promises, seen at night from the payments of all of them at once (specification 02 B6).

Money counts that came in after the promise was made and by its day, on the loans of the case; what was taken
back of it counts no more. A promise whose day is over is broken once the book knows that day. Where the book
is older, payments are looked for until the second day after."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.domain.promises import Paid, outcome, paid_for
from portal.models import Case, CaseLoan, Lender, Loan, Payment, Promise
from portal.services import audit
from portal.services.audit import Occurrence
from portal.vocabulary import PromiseState

CHUNK = 1000
CORRECTED_FOR = timedelta(days=14)  # so long a payment that becomes known later mends a promise called broken
ROWS = cast(Table, Promise.__table__)
ACTIONS = {
    PromiseState.KEPT: "promise_kept",
    PromiseState.BROKEN: "promise_broken",
    PromiseState.VERIFYING: "promise_verifying",
}


@dataclass(frozen=True)
class Evaluated:
    """How many promises a night found kept and broken, and of how many it cannot know yet."""

    kept: int = 0
    broken: int = 0
    verifying: int = 0


def evaluate_due(
    session: Session, *, lender: Lender, policy: Policy, business_date: date, actor: Actor, now: datetime
) -> Evaluated:
    """Decide the promises of a lender for a business date. Doing it again changes nothing."""
    session.flush()
    night = _Night(session, lender.id, ZoneInfo(policy.business.timezone), business_date, actor, now)
    counts = night.decide_all()
    session.expire_all()
    return Evaluated(**{state.value: counts.get(state, 0) for state in ACTIONS})


@dataclass(frozen=True)
class _Night:
    session: Session
    lender_id: int
    zone: ZoneInfo
    business_date: date
    actor: Actor
    now: datetime

    def decide_all(self) -> Mapping[PromiseState, int]:
        counts: dict[PromiseState, int] = defaultdict(int)
        for promises in self._chunks():
            for state, decided in self._decide(promises).items():
                self._write(state, decided)
                counts[state] += len(decided)
        return counts

    def _chunks(self) -> Iterator[Sequence[Any]]:
        """Those that run, and those called broken of late, each with its case and how new its book is."""
        running = Promise.state.in_([PromiseState.ACTIVE, PromiseState.VERIFYING])
        of_late = and_(
            Promise.state == PromiseState.BROKEN, Promise.due_on >= self.business_date - CORRECTED_FOR
        )
        columns = Promise.id, Promise.ref, Promise.case_id, Promise.amount, Promise.due_on, Promise.state
        book = (
            select(func.max(Loan.as_of))
            .join(CaseLoan, CaseLoan.loan_id == Loan.id)
            .where(CaseLoan.case_id == Promise.case_id)
            .scalar_subquery()
        )
        query = (
            select(
                *columns,
                Promise.created_at,
                Promise.currency,
                Case.ref.label("case_ref"),
                book.label("as_of"),
            )
            .join(Case, Case.id == Promise.case_id)
            .where(Promise.lender_id == self.lender_id, or_(running, of_late), Case.closed_at.is_(None))
            .order_by(Promise.id)
            .limit(CHUNK)
        )
        last = 0
        while rows := self.session.execute(query.where(Promise.id > last)).all():
            yield rows
            last = rows[-1].id

    def _decide(self, promises: Sequence[Any]) -> Mapping[PromiseState, list[dict[str, Any]]]:
        payments = self._payments(promises)
        decided: dict[PromiseState, list[dict[str, Any]]] = defaultdict(list)
        for row in promises:
            made_on = row.created_at.astimezone(self.zone).date()
            paid = paid_for(payments[row.case_id], made_at=row.created_at, made_on=made_on, due_on=row.due_on)
            state = outcome(
                row.state,
                paid=paid,
                amount=row.amount,
                due_on=row.due_on,
                book_of=row.as_of,
                business_date=self.business_date,
            )
            if state is not row.state:
                transitions.check("promise", row.state, state)
                decided[state].append(
                    {"promise": row.id, "came_in": paid, "ref": row.ref, "case_ref": row.case_ref}
                )
        return decided

    def _payments(self, promises: Sequence[Any]) -> Mapping[int, list[Paid]]:
        """What moved on the loans of the cases since the oldest of the promises, by case."""
        since = min(row.created_at for row in promises).astimezone(self.zone).date()
        columns = Payment.payment_no, Payment.kind, Payment.paid_on, Payment.created_at, Payment.amount
        query = (
            select(CaseLoan.case_id, *columns, Payment.reference)
            .join(Payment, Payment.loan_id == CaseLoan.loan_id)
            .where(
                CaseLoan.lender_id == self.lender_id,
                CaseLoan.case_id.in_([row.case_id for row in promises]),
                Payment.paid_on >= since,
                Payment.paid_on <= self.business_date,
            )
        )
        found: dict[int, list[Paid]] = defaultdict(list)
        for row in self.session.execute(query):
            found[row.case_id].append(Paid(*row[1:]))
        return found

    def _write(self, state: PromiseState, decided: Sequence[dict[str, Any]]) -> None:
        final = state is not PromiseState.VERIFYING
        changes: dict[str, Any] = {"state": state, "paid": bindparam("came_in") if final else None}
        own = and_(ROWS.c.lender_id == self.lender_id, ROWS.c.id == bindparam("promise"))
        statement = (
            update(ROWS).where(own).values(changes | {"decided_on": self.business_date if final else None})
        )
        rows = [
            {"promise": each["promise"], **({"came_in": each["came_in"]} if final else {})}
            for each in decided
        ]
        self.session.connection().execute(statement, rows)
        audit.record_many(
            self.session,
            actor=self.actor,
            action=ACTIONS[state],
            occurrences=[
                Occurrence(f"promise/{each['ref']}", each["case_ref"], {"paid": each["came_in"]})
                for each in decided
            ],
            now=self.now,
        )
