"""The call list of a day, after ageing: the next step of every case that time, ageing or an event moved.

Cases to which nothing has happened yet, nearly all that are new, share a handful of situations: each one is
put to `domain.strategy` once, and its answer is written to all its cases by one statement. Cases with a
history are put to it one by one, in chunks, their facts read together. The cost is that of what changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.policy import Policy
from portal.domain.strategy import CaseFacts, next_step
from portal.infra import tenancy
from portal.models import (
    Agreement,
    Borrower,
    Case,
    Complaint,
    Contact,
    ContactPoint,
    Hold,
    Lender,
    Preference,
    Promise,
    Strategy,
    Visit,
)
from portal.models.functions import refresh_statistics
from portal.models.types import Flag, UtcDateTime, Whole
from portal.services import strategies, strategy_facts
from portal.services.call_list_changes import Which, strategies_of
from portal.services.call_list_tables import (
    ANSWER,
    LOOK,
    METADATA,
    PLAIN,
    SITUATION,
    STANDING,
    WRITTEN,
)
from portal.vocabulary import OPEN_COMPLAINT, CaseState, ContactKind, NextStep

CHUNK = 1000
MANY = 1000  # rows from which the database had better count anew
ROWS = cast(Table, Strategy.__table__)


@dataclass(frozen=True)
class Built:
    """How many cases a night looked at, how many of them one by one, and how many acts are due by kind."""

    looked_at: int
    one_by_one: int
    due: dict[str, int]


def build(session: Session, *, lender: Lender, policy: Policy, business_date: date, now: datetime) -> Built:
    """Bring the strategies of a lender up to a business date. Doing it again changes nothing."""
    session.flush()
    work = _Build(session, lender.id, policy, business_date, moment_of(business_date, policy, now), now)
    with work.tables():
        work.forget_closed()
        looked_at = work.look()
        work.answer_plain()
        one_by_one = work.answer_rest()
    if looked_at >= MANY:
        refresh_statistics(session, Strategy)
    session.expire_all()
    return Built(looked_at, one_by_one, work.due())


def moment_of(business_date: date, policy: Policy, now: datetime) -> datetime:
    """The moment a night plans from: now, or the beginning of a day that is still to come."""
    return max(now, datetime.combine(business_date, time(), tzinfo=ZoneInfo(policy.business.timezone)))


@dataclass(frozen=True)
class _Build:
    session: Session
    lender_id: int
    policy: Policy
    business_date: date
    moment: datetime
    now: datetime

    @contextmanager
    def tables(self) -> Iterator[None]:
        connection = self.session.connection()
        METADATA.create_all(connection, checkfirst=False)
        yield
        METADATA.drop_all(connection, checkfirst=False)  # a night that fails rolls them back

    def forget_closed(self) -> None:
        """A closed case has no next step."""
        closed = select(Case.id).where(Case.lender_id == self.lender_id, Case.closed_at.is_not(None))
        self._execute(delete(ROWS).where(Strategy.lender_id == self.lender_id, Strategy.case_id.in_(closed)))

    def look(self) -> int:
        """Note the cases to look at, and return how many."""
        which = Which(self.lender_id, self.policy, self.business_date)
        self._copy(STANDING, which.standing())
        changed = union(*which.to_look_at())
        self._copy(LOOK, select(changed.subquery().c.case_id))
        return self._count(LOOK)

    def answer_plain(self) -> None:
        """Put each situation of cases without a history to the rules once."""
        self._copy(PLAIN, self._plain())
        situations = self._execute(select(*(PLAIN.c[name] for name in SITUATION)).distinct()).all()
        if situations:
            self._execute(insert(ANSWER), [self._answer(row) for row in situations])
            self._write_plain()

    def _plain(self) -> Select[Any]:
        standing = STANDING.c
        return (
            select(
                Case.id,
                Case.ref,
                func.coalesce(standing.dpd, 0),
                func.coalesce(Borrower.timezone, ""),
                func.coalesce(standing.cards_only, 0),
                func.coalesce(standing.little, 0),
                *(self._reachable_by(kind) for kind in ContactKind),
            )
            .join(LOOK, LOOK.c.case_id == Case.id)
            .join(Borrower, Borrower.id == Case.borrower_id)
            .outerjoin(STANDING, standing.case_id == Case.id)
            .where(Case.lender_id == self.lender_id, Case.state == CaseState.CONFIRMED, ~self._has_history())
        )

    def _has_history(self) -> ColumnElement[bool]:
        happened = [exists().where(each.case_id == Case.id) for each in (Contact, Promise, Agreement, Visit)]
        return or_(
            *happened,
            exists().where(Hold.case_id == Case.id, Hold.ended_at.is_(None)),
            exists().where(Complaint.case_id == Case.id, Complaint.state.in_(OPEN_COMPLAINT)),
            exists().where(Preference.borrower_id == Case.borrower_id),
            exists().where(
                ContactPoint.borrower_id == Case.borrower_id, ContactPoint.undeliverable_since.is_not(None)
            ),
            exists().where(Strategy.case_id == Case.id, Strategy.set_by.is_not(None)),
        )

    def _reachable_by(self, kind: ContactKind) -> Any:
        point = and_(ContactPoint.borrower_id == Case.borrower_id, ContactPoint.kind == kind)
        return case((exists().where(point), 1), else_=0)

    def _answer(self, row: Any) -> dict[str, Any]:
        situation = dict(zip(SITUATION, row, strict=True))
        reachable = frozenset(kind for kind in ContactKind if situation[kind.value])
        little = self.policy.contact.ignored_shortfall
        facts = CaseFacts(
            state=CaseState.CONFIRMED,
            zone=situation["zone"] or None,
            dpd=situation["dpd"],
            overdue_amount=little if situation["little"] else little + 1,
            cards_only=bool(situation["cards_only"]),
            reachable=reachable,
        )
        step = next_step(facts, self.policy, self.moment)
        bucket = self.policy.ageing.bucket(facts.dpd)
        values = strategies.values_of(
            step, bucket=bucket.name if bucket else None, chosen=None, policy=self.policy, now=self.moment
        )
        return situation | {name: values[name] for name in WRITTEN} | {"computed_at": self.now}

    def _write_plain(self) -> None:
        answered = and_(*(ANSWER.c[name] == PLAIN.c[name] for name in SITUATION))
        answers = [ANSWER.c[name] for name in WRITTEN]
        of_lender, at = literal(self.lender_id, Whole), literal(self.now, UtcDateTime())
        rows = (
            select(of_lender, PLAIN.c.ref, at, literal(1, Whole), PLAIN.c.case_id, *answers)
            .join(ANSWER, answered)
            .where(PLAIN.c.case_id > 0)  # SQLite reads ON CONFLICT after a WHERE only
        )
        dialect = postgresql if self.session.get_bind().dialect.name == "postgresql" else sqlite
        columns = ["lender_id", "ref", "created_at", "version", "case_id", *WRITTEN]
        written = dialect.insert(ROWS).from_select(columns, rows)
        changes = {name: written.excluded[name] for name in WRITTEN}
        again = {"version": ROWS.c.version + 1}
        self._execute(written.on_conflict_do_update(index_elements=["case_id"], set_=changes | again))

    def answer_rest(self) -> int:
        """Put the cases with a history to the rules one by one."""
        plain = exists().where(PLAIN.c.case_id == LOOK.c.case_id)
        query = select(LOOK.c.case_id).where(~plain).order_by(LOOK.c.case_id).limit(CHUNK)
        last = count = 0
        while found := list(self._execute(query.where(LOOK.c.case_id > last)).scalars()):
            last, count = found[-1], count + len(found)
            self._write(found)
        return count

    def _write(self, case_ids: Sequence[int]) -> None:
        told = strategy_facts.told_of(self.session, case_ids, policy=self.policy, now=self.moment)
        known = set(self._execute(strategies_of(self.lender_id, Strategy.case_id.in_(case_ids))).scalars())
        rows = [
            {
                "of_case": each.case_id,
                "ref": each.ref,
                **strategies.columns(
                    each, next_step(each.facts, self.policy, self.moment), policy=self.policy, now=self.moment
                ),
                "computed_at": self.now,
            }
            for each in told.values()
        ]
        self._insert([row for row in rows if row["of_case"] not in known])
        for chosen in (True, False):
            self._update([row for row in rows if row["of_case"] in known and ("set_by" not in row) is chosen])

    def _insert(self, rows: Sequence[dict[str, Any]]) -> None:
        common = {"lender_id": self.lender_id, "created_at": self.now, "version": 1}
        written = [
            {name: value for name, value in row.items() if name != "of_case"}
            | common
            | {"case_id": row["of_case"]}
            for row in rows
        ]
        if written:
            tenancy.check_rows(self.session, written)
            self._execute(insert(ROWS), written)

    def _update(self, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        changes: dict[str, Any] = {
            name: bindparam(name) for name in rows[0] if name not in ("of_case", "ref")
        }
        own = and_(ROWS.c.lender_id == self.lender_id, ROWS.c.case_id == bindparam("of_case"))
        self._execute(update(ROWS).where(own).values(changes | {"version": ROWS.c.version + 1}), rows)

    def due(self) -> dict[str, int]:
        """Count the acts that are due, by kind."""
        acts = [each for each in NextStep if each not in (NextStep.WAIT, NextStep.NONE)]
        query = strategies_of(self.lender_id, Strategy.due == literal(True, Flag()), Strategy.step.in_(acts))
        counted = query.with_only_columns(Strategy.step, func.count()).group_by(Strategy.step)
        return {step.value: count for step, count in self._execute(counted.order_by(Strategy.step))}

    def _count(self, table: Table) -> int:
        return self._execute(select(func.count()).select_from(table)).scalar() or 0

    def _copy(self, table: Table, rows: Select[Any]) -> None:
        """Copy rows of the lender, and of no other: every query here says so."""
        self._execute(insert(table).from_select(table.c.keys(), rows))

    def _execute(self, statement: Any, rows: Sequence[dict[str, Any]] | None = None) -> Any:
        connection = self.session.connection()
        return connection.execute(statement, rows) if rows else connection.execute(statement)
