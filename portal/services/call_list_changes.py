"""Which cases a night looks at for the call list: those whose next step may be another than yesterday."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, null, or_, select

from portal.domain.policy import Policy
from portal.models import Case, CaseLoan, ContactPoint, Hold, Payment, Promise, Strategy
from portal.services import strategy_facts
from portal.services.call_list_tables import STANDING
from portal.vocabulary import StepReason


def strategies_of(lender_id: int, *which: ColumnElement[bool]) -> Select[Any]:
    """The cases of a lender whose strategies are of a kind."""
    return select(Strategy.case_id).where(Strategy.lender_id == lender_id, *which)


@dataclass(frozen=True)
class Which:
    """The queries of a lender's night; each names the lender."""

    lender_id: int
    policy: Policy
    business_date: date

    def to_look_at(self) -> tuple[Select[Any], ...]:
        """Queries for the cases to look at: together they name each case that may have changed."""
        return self._new(), self._timely(), self._in_another_bucket(), *self._moved_by_events()

    def standing(self) -> Select[Any]:
        """What is overdue in each case."""
        debts = strategy_facts.debts_of_cases().where(CaseLoan.lender_id == self.lender_id).subquery().c
        buckets = sorted(self.policy.ageing.buckets, key=lambda each: each.first_dpd, reverse=True)
        named = case(*((debts.dpd >= each.first_dpd, each.name) for each in buckets), else_=null())
        little = case((debts.amount <= self.policy.contact.ignored_shortfall, 1), else_=0)
        return select(debts.case_id, debts.dpd, case((debts.cards_only, 1), else_=0), little, named)

    def _new(self) -> Select[Any]:
        known = exists().where(Strategy.case_id == Case.id)
        return select(Case.id.label("case_id")).where(
            Case.lender_id == self.lender_id, Case.closed_at.is_(None), ~known
        )

    def _timely(self) -> Select[Any]:
        """Those of which time alone may have changed the answer."""
        return strategies_of(self.lender_id, Strategy.recheck_on <= self.business_date)

    def _in_another_bucket(self) -> Select[Any]:
        """Those that ageing moved, up or down: after a partial payment, too."""
        query = strategies_of(self.lender_id, Strategy.bucket.is_distinct_from(STANDING.c.bucket))
        return query.outerjoin(STANDING, STANDING.c.case_id == Strategy.case_id)

    def _moved_by_events(self) -> tuple[Select[Any], ...]:
        """Those to which something happened that no page tells the strategy of."""
        since = Strategy.computed_at
        held = strategies_of(self.lender_id, or_(Hold.created_at >= since, Hold.ended_at >= since)).join(
            Hold, Hold.case_id == Strategy.case_id
        )
        decided = strategies_of(self.lender_id, Promise.decided_on == self.business_date).join(
            Promise, Promise.case_id == Strategy.case_id
        )
        # Money for a plan that was kept, or taken back from it.
        paid = (
            strategies_of(
                self.lender_id, Strategy.reason == StepReason.AGREEMENT_KEPT, Payment.created_at >= since
            )
            .join(CaseLoan, CaseLoan.case_id == Strategy.case_id)
            .join(Payment, Payment.loan_id == CaseLoan.loan_id)
        )
        found_again = (
            strategies_of(
                self.lender_id,
                Strategy.reason == StepReason.NO_CHANNEL,
                or_(ContactPoint.created_at >= since, ContactPoint.main_since >= since),
            )
            .join(Case, Case.id == Strategy.case_id)
            .join(ContactPoint, ContactPoint.borrower_id == Case.borrower_id)
        )
        return held, decided.where(Promise.lender_id == self.lender_id), paid, found_again

    def _waiting_for(self, reason: StepReason, happened: ColumnElement[bool]) -> Select[Any]:
        return strategies_of(self.lender_id, Strategy.reason == reason, happened)
