"""One look at a case: what every question about its next step needs, and how the answer is put."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from portal.domain.contact_history import History
from portal.domain.contact_times import Moment, Times, zone_of
from portal.domain.policy import Policy
from portal.domain.policy.message_keys import Cadence
from portal.domain.strategy_facts import CaseFacts, Step
from portal.vocabulary import Initiator, NextStep, StepReason

_DAY = timedelta(days=1)
_RANKS = {
    StepReason.CALLBACK_AGREED: 0,
    StepReason.PROMISE_BROKEN: 1,
    StepReason.FIRST_CONTACT: 2,
    StepReason.INSTALMENT_MISSED: 3,
}
_FIRST_BUCKET = 10


def rank_of(reason: StepReason, bucket: str | None, policy: Policy) -> int:
    """Return the place on the call list: what cannot wait first, then the higher buckets."""
    if reason in _RANKS:
        return _RANKS[reason]
    names = [each.name for each in policy.ageing.buckets]
    return _FIRST_BUCKET + len(names) - (names.index(bucket) + 1 if bucket in names else 0)


def cadence_of(policy: Policy, bucket: str | None) -> Cadence:
    """Return the cadence of a bucket; one the pack does not name has that of the last one named."""
    rows: Sequence[Cadence] = policy.strategy.cadence
    return next((each for each in rows if each.bucket == bucket), rows[-1])


class Look:
    """A case at a moment, which is aware, and its business date, which is a day of the lender's zone."""

    def __init__(self, facts: CaseFacts, policy: Policy, now: datetime) -> None:
        self.facts, self.policy, self.now = facts, policy, now
        self.lender_zone = ZoneInfo(policy.business.timezone)
        self.today = now.astimezone(self.lender_zone).date()
        self.history = History(facts.contacts, zone_of(facts.zone, policy))
        self.times = Times(
            policy=policy,
            history=self.history,
            hours=facts.hours,
            weekdays=facts.weekdays,
            free_days={facts.exam_day} if facts.exam_day else (),
        )

    @cached_property
    def dpd(self) -> int:
        """Days past due that drive contact: the plan's once there is one."""
        return self.facts.plan.dpd if self.facts.plan else self.facts.dpd

    @cached_property
    def bucket(self) -> str | None:
        found = self.policy.ageing.bucket(self.dpd)
        return found.name if found else None

    @cached_property
    def every(self) -> timedelta:
        return timedelta(days=self.cadence.every_days)

    @cached_property
    def cadence(self) -> Cadence:
        return cadence_of(self.policy, self.bucket)

    def act(
        self,
        step: NextStep,
        reason: StepReason,
        first: Moment,
        recheck_on: date | None = None,
        **facts: object,
    ) -> Step:
        """An act for today; one for a later day is waited for, and says what it waits for.

        On a day off it is due on the next business day, as what was not done on the day before."""
        day = first.at.astimezone(self.lender_zone).date()
        wanted = first.day_off or day
        if wanted > self.today:
            return self.wait(first.because or reason, until=wanted, at=first.at, **facts)
        later = day if day > self.today else None
        dates = [each for each in (later, recheck_on, *self._looks_again_on) if each]
        return Step(
            step=step,
            reason=reason,
            facts=facts,
            earliest_at=first.at,
            rank=rank_of(reason, self.bucket, self.policy),
            recheck_on=min(dates, default=None),
        )

    def wait(
        self, reason: StepReason, *, until: date | None, at: datetime | None = None, **facts: object
    ) -> Step:
        if at is None and until is not None:
            at = datetime.combine(until, datetime.min.time(), tzinfo=self.lender_zone)
        plain = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()
        }
        dates = [each for each in (until, *self._looks_again_on) if each]
        return Step(
            step=NextStep.WAIT,
            reason=reason,
            facts=plain,
            earliest_at=at,
            rank=rank_of(reason, self.bucket, self.policy),
            recheck_on=min(dates, default=None),
        )

    def nothing(self, reason: StepReason, **facts: object) -> Step:
        return Step(step=NextStep.NONE, reason=reason, facts=facts)

    @property
    def _looks_again_on(self) -> tuple[date | None, ...]:
        """What is late of a plan is looked at every day: money for it may have come in. So is somebody who
        prefers hours and days."""
        facts = self.facts
        daily = (facts.plan and facts.plan.dpd) or facts.hours or facts.weekdays or facts.exam_day
        watched = self.today + _DAY if daily else None
        return self._next_bucket_on, self._visit_possible_on, watched

    @property
    def _next_bucket_on(self) -> date | None:
        """The day on which the delay grows into the next bucket."""
        later = [each.first_dpd for each in self.policy.ageing.buckets if each.first_dpd > self.dpd]
        return self.today + (min(later) - self.dpd) * _DAY if later and self.dpd else None

    @property
    def _visit_possible_on(self) -> date | None:
        """The day from which a visit may be proposed, when only time stands in its way."""
        visit = self.policy.visit
        if Initiator.LENDER not in visit.initiated_by or not self.history.silent:
            return None
        days = max(1, visit.lender_min_dpd - self.dpd)
        tried_all = self.history.failed_channels >= {*visit.requires_failed_channels}
        return self.today + days * _DAY if tried_all else None
