"""What the strategy of cases is told: read for many cases at once, in the same few queries as for one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from portal.domain import overlay
from portal.domain.contact_history import Contacted
from portal.domain.policy import Policy
from portal.domain.strategy import CaseFacts, Chosen, PlanFacts, PromiseFacts
from portal.models import (
    Agreement,
    Borrower,
    Case,
    CaseLoan,
    CaseMove,
    Complaint,
    Contact,
    ContactPoint,
    Hold,
    Loan,
    Plan,
    Preference,
    Promise,
    Strategy,
    Visit,
)
from portal.services import repayments
from portal.vocabulary import (
    BRAKING_COMPLAINT,
    AgreementState,
    Channel,
    HoldReason,
    NextStep,
    Product,
    VisitState,
)

CALLED_OFF = (VisitState.MOVED, VisitState.CANCELLED, VisitState.REFUSED)
CHOSEN = "chosen"  # under this name the facts of a strategy keep the step a person chose


@dataclass(frozen=True)
class Told:
    """The facts of one case, and what its row is written with. `bucket` is that of the contract."""

    case_id: int
    ref: str
    bucket: str | None
    facts: CaseFacts


def told_of(session: Session, case_ids: Sequence[int], *, policy: Policy, now: datetime) -> dict[int, Told]:
    """Return the facts of open cases by case id, as they are at a moment."""
    return _Reading(session, case_ids, policy, now).all()


class _Reading:
    def __init__(self, session: Session, case_ids: Sequence[int], policy: Policy, now: datetime) -> None:
        self.session, self.case_ids, self.policy, self.now = session, case_ids, policy, now
        self.zone = ZoneInfo(policy.business.timezone)
        self.today = now.astimezone(self.zone).date()

    def all(self) -> dict[int, Told]:
        cases = self._rows(
            select(Case.id, Case.ref, Case.state, Case.borrower_id, Borrower.timezone)
            .join(Borrower, Borrower.id == Case.borrower_id)
            .where(Case.id.in_(self.case_ids))
        )
        debts, holds, contacts = self._debts(), self._holds(), self._contacts()
        promises, plans, chosen = self._promises(), self._plans(), self._chosen()
        moves, visits = self._moves(), self._visits()
        people = {row.borrower_id for row in cases}
        points, wishes = self._points(people), self._wishes(people)
        unreached = self._unreached(people)
        return {
            row.id: Told(
                row.id,
                row.ref,
                self._bucket(debts.get(row.id, {}).get("dpd", 0)),
                CaseFacts(
                    state=row.state,
                    zone=row.timezone,
                    **debts.get(row.id, {}),
                    holds=holds[row.id],
                    reachable=points[row.borrower_id],
                    undeliverable=unreached[row.borrower_id],
                    contacts=tuple(contacts[row.id]),
                    promise=promises.get(row.id),
                    plan=plans.get(row.id),
                    journey_since=moves.get(row.id),
                    visit_on=visits.get(row.id),
                    chosen=chosen.get(row.id),
                    **wishes.get(row.borrower_id, {}),
                ),
            )
            for row in cases
        }

    def _rows(self, query: Any) -> Sequence[Any]:
        return self.session.execute(query).all()

    def _bucket(self, dpd: int) -> str | None:
        found = self.policy.ageing.bucket(dpd)
        return found.name if found else None

    def _debts(self) -> dict[int, dict[str, Any]]:
        query = debts_of_cases().where(CaseLoan.case_id.in_(self.case_ids))
        return {
            row.case_id: {
                "dpd": row.dpd,
                "overdue_since": row.since,
                "overdue_amount": int(row.amount),
                "cards_only": bool(row.cards_only),
            }
            for row in self._rows(query)
        }

    def _holds(self) -> Mapping[int, frozenset[HoldReason]]:
        placed = select(Hold.case_id, Hold.reason).where(
            Hold.case_id.in_(self.case_ids), Hold.ended_at.is_(None)
        )
        found: dict[int, frozenset[HoldReason]] = defaultdict(frozenset)
        for case_id, reason in self._rows(placed):
            found[case_id] |= {reason}
        complained = select(Complaint.case_id).where(
            Complaint.case_id.in_(self.case_ids), Complaint.state.in_(BRAKING_COMPLAINT)
        )
        for (case_id,) in self._rows(complained):
            found[case_id] |= {HoldReason.COMPLAINT}
        return found

    def _contacts(self) -> Mapping[int, list[Contacted]]:
        columns = Contact.channel, Contact.inbound, Contact.at, Contact.outcome, Contact.call_back_at
        query = select(Contact.case_id, *columns).where(
            Contact.case_id.in_(self.case_ids), Contact.at <= self.now
        )
        found: dict[int, list[Contacted]] = defaultdict(list)
        for case_id, *values in self._rows(query.order_by(Contact.at, Contact.id)):
            found[case_id].append(Contacted(*values))
        return found

    def _promises(self) -> dict[int, PromiseFacts]:
        newest = (
            select(func.max(Promise.id)).where(Promise.case_id.in_(self.case_ids)).group_by(Promise.case_id)
        )
        query = select(Promise.case_id, Promise.state, Promise.due_on, Promise.amount, Promise.decided_on)
        rows = self._rows(query.where(Promise.id.in_(newest)))
        return {case_id: PromiseFacts(*values) for case_id, *values in rows}

    def _plans(self) -> dict[int, PlanFacts]:
        """How the newest sealed agreement of each case stands."""
        newest = (
            select(func.max(Agreement.id))
            .where(Agreement.case_id.in_(self.case_ids), Agreement.state == AgreementState.SEALED)
            .group_by(Agreement.case_id)
        )
        query = select(Plan, Agreement.effective_on, Agreement.case_id).join(
            Agreement, Agreement.plan_id == Plan.id
        )
        found = self._rows(query.where(Agreement.id.in_(newest)))
        standings = repayments.standings(
            self.session, [(plan, effective_on) for plan, effective_on, _ in found], today=self.today
        )
        return {case_id: _plan_facts(standings[plan.id]) for plan, _, case_id in found}

    def _chosen(self) -> dict[int, Chosen]:
        query = select(Strategy.case_id, Strategy.facts, Strategy.set_until).where(
            Strategy.case_id.in_(self.case_ids), Strategy.set_until >= self.today
        )
        return {row.case_id: Chosen(NextStep(row.facts[CHOSEN]), row.set_until) for row in self._rows(query)}

    def _moves(self) -> dict[int, date]:
        query = select(CaseMove.case_id, func.max(CaseMove.created_at)).where(
            CaseMove.case_id.in_(self.case_ids)
        )
        rows = self._rows(query.group_by(CaseMove.case_id))
        return {case_id: at.astimezone(self.zone).date() for case_id, at in rows}

    def _visits(self) -> dict[int, date]:
        query = select(Visit.case_id, func.max(Visit.window_start)).where(
            Visit.case_id.in_(self.case_ids), Visit.state.not_in(CALLED_OFF)
        )
        rows = self._rows(query.group_by(Visit.case_id))
        return {case_id: at.astimezone(self.zone).date() for case_id, at in rows}

    def _points(self, people: set[int]) -> Mapping[int, frozenset[Any]]:
        return self._kinds(ContactPoint.borrower_id.in_(people))

    def _unreached(self, people: set[int]) -> Mapping[int, frozenset[Any]]:
        """The kinds of address whose main one messages do not reach."""
        lost = ContactPoint.undeliverable_since.is_not(None)
        return self._kinds(ContactPoint.borrower_id.in_(people), ContactPoint.main.is_(True), lost)

    def _kinds(self, *which: ColumnElement[bool]) -> Mapping[int, frozenset[Any]]:
        query = select(ContactPoint.borrower_id, ContactPoint.kind).where(*which)
        found: dict[int, frozenset[Any]] = defaultdict(frozenset)
        for borrower_id, kind in self._rows(query.distinct()):
            found[borrower_id] |= {kind}
        return found

    def _wishes(self, people: set[int]) -> dict[int, dict[str, Any]]:
        columns = Preference.opted_out, Preference.preferred, Preference.exam_day
        represented = Preference.represented_by_sealed.is_not(None).label("represented")
        query = select(Preference.borrower_id, *columns, represented)
        rows = self._rows(query.where(Preference.borrower_id.in_(people)))
        return {
            row.borrower_id: {
                "opted_out": frozenset(Channel(each) for each in row.opted_out.get("channels", [])),
                "hours": _hours(row.preferred),
                "weekdays": frozenset(row.preferred.get("days", [])),
                "exam_day": row.exam_day,
                "represented": bool(row.represented),
            }
            for row in rows
        }


def debts_of_cases() -> Any:
    """What is overdue in cases, as the last ageing left it; cases with nothing overdue are absent."""
    not_card = case((Loan.product == Product.CARD, 0), else_=1)
    return (
        select(
            CaseLoan.case_id,
            func.max(Loan.dpd).label("dpd"),
            func.min(Loan.overdue_since).label("since"),
            func.sum(Loan.overdue_amount).label("amount"),
            (func.max(not_card) == 0).label("cards_only"),
        )
        .join(Loan, Loan.id == CaseLoan.loan_id)
        .where(CaseLoan.left_at.is_(None))
        .group_by(CaseLoan.case_id)
        .having(func.max(Loan.dpd) > 0)
    )


def _plan_facts(standing: overlay.PlanStanding) -> PlanFacts:
    """Before it is in force nothing of a plan is late."""
    coming = standing.next_payment
    late = [line.due for line in standing.lines if line.unpaid and line.due < standing.business_date]
    dpd = standing.plan_dpd if standing.in_force else 0
    return PlanFacts(dpd, min(late) if dpd and late else None, coming.due if coming else None)


def _hours(preferred: Mapping[str, Any]) -> tuple[time, time] | None:
    opens, closes = preferred.get("from"), preferred.get("until")
    return (time.fromisoformat(opens), time.fromisoformat(closes)) if opens and closes else None
