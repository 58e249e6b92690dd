"""The next best action of a case: what, from when, and why (specification 02 A5 and B5, 04 section 5).

From the bucket, the outcomes so far, promise, callback, preference, holds, agreement and cool-off. The phone
comes first, a message when the phone has failed, a visit when both have. What is proposed here the contact
gate still judges when it is done."""

from datetime import date, datetime, timedelta
from functools import cached_property

from portal.domain.contact_history import Contacted
from portal.domain.policy import Policy
from portal.domain.strategy_facts import CaseFacts, Chosen, PlanFacts, PromiseFacts, Step
from portal.domain.strategy_look import Look, rank_of
from portal.vocabulary import (
    CaseState,
    Channel,
    ContactKind,
    HoldReason,
    Initiator,
    NextStep,
    PromiseState,
    StepReason,
)

__all__ = ["CaseFacts", "Chosen", "PlanFacts", "PromiseFacts", "Step", "next_step", "rank_of"]

_DAY = timedelta(days=1)
RETRY_AFTER = timedelta(hours=2)  # nobody who did not answer is rung again at once
BETWEEN_PROPOSALS = timedelta(days=30)  # a visit that came to nothing is not proposed anew before
_STEPS = {
    Channel.PHONE: NextStep.CALL,
    Channel.SMS: NextStep.SMS,
    Channel.EMAIL: NextStep.EMAIL,
    Channel.LETTER: NextStep.LETTER,
}
_KINDS = {
    Channel.PHONE: ContactKind.PHONE,
    Channel.SMS: ContactKind.PHONE,
    Channel.EMAIL: ContactKind.EMAIL,
    Channel.LETTER: ContactKind.ADDRESS,
}
_ENDED = (CaseState.SETTLED, CaseState.ARCHIVED, CaseState.CURED)
_ON_THE_WAY = (
    CaseState.REGISTERED,
    CaseState.DOCUMENTS,
    CaseState.BOOKED,
    CaseState.VISITED,
    CaseState.PLANNING,
)
_ALWAYS_HELD = {HoldReason.COMPLAINT, HoldReason.DISPUTE, HoldReason.CRISIS}


def next_step(facts: CaseFacts, policy: Policy, now: datetime) -> Step:
    """Return what comes next on a case. `now` is aware."""
    return _Decision(facts, policy, now).step()


def days_before_contact(policy: Policy, *, cards_only: bool) -> int:
    """Return the days past due from which the lender makes contact."""
    return policy.contact.card_first_after_dpd if cards_only else policy.contact.first_after_dpd


class _Decision(Look):
    """One look at a case, and what follows from it."""

    def step(self) -> Step:
        """The first of these that has something to say, from what forbids any contact to the usual one."""
        return (
            self._stopped()
            or self._set_by_person()
            or self._settling()
            or self._callback()
            or self._promise()
            or self._not_yet()
            or self._contact()
        )

    def _stopped(self) -> Step | None:
        if self.facts.state in _ENDED:
            return self.nothing(StepReason.NOT_OVERDUE)
        if self.facts.state is CaseState.LEGAL:
            return self.nothing(StepReason.LEGAL)
        if held := self.facts.holds & ({*self.policy.contact.blocked_during} | _ALWAYS_HELD):
            asked_for = self._callback() if held == {HoldReason.HARDSHIP} else None
            return asked_for or self.nothing(StepReason.ON_HOLD, holds=sorted(held))
        return None

    def _settling(self) -> Step | None:
        """Nothing is late, by the plan where there is one."""
        if self.facts.plan and not self.facts.plan.dpd:
            due = self.facts.plan.next_due
            return self.wait(StepReason.AGREEMENT_KEPT, until=due + _DAY if due else None, due_on=due)
        return None if self.dpd else self.nothing(StepReason.NOT_OVERDUE)

    def _callback(self) -> Step | None:
        """A callback that was agreed comes before everything: the borrower asked for it."""
        if (at := self.history.agreed_callback) is None:
            return None
        first = self.times.first(max(at, self.now), calls=True, counted=False, workdays=False)
        return self.act(NextStep.CALL, StepReason.CALLBACK_AGREED, first, agreed=at.isoformat())

    def _promise(self) -> Step | None:
        """A promise runs until its day is over and what came in is known."""
        promise = self.facts.promise
        if promise is None or promise.state not in (PromiseState.ACTIVE, PromiseState.VERIFYING):
            return None
        after = max(promise.due_on, self.today) + _DAY
        return self.wait(
            StepReason.PROMISE_RUNNING, until=after, due_on=promise.due_on, amount=promise.amount
        )

    def _not_yet(self) -> Step | None:
        """What is too early or too little to call about, and what the borrower is at work on."""
        facts, needed = self.facts, days_before_contact(self.policy, cards_only=self.facts.cards_only)
        if facts.plan is None and self.dpd < needed:
            return self.wait(StepReason.TOO_EARLY, until=self.today + (needed - self.dpd) * _DAY)
        little = facts.overdue_amount <= self.policy.contact.ignored_shortfall
        if facts.plan is None and facts.cards_only and little:
            return self.wait(StepReason.TOO_EARLY, until=self.today + _DAY)
        if facts.state in _ON_THE_WAY:
            return self._with_the_borrower()
        return None

    def _with_the_borrower(self) -> Step | None:
        """The next step towards a plan is the borrower's: no calls until the usual time has passed."""
        since = self.facts.journey_since
        ends = [since + self.every] if since else []
        if self.facts.visit_on and self.facts.visit_on >= self.today:
            ends.append(self.facts.visit_on + _DAY)
        until = max(ends, default=self.today)
        if until <= self.today:
            return None
        return self.wait(StepReason.WITH_THE_BORROWER, until=until)

    def _contact(self) -> Step:
        """The phone first; a message when it has failed; a visit when both have."""
        channels = self._channels()
        if not channels:
            return self._visit() or self.nothing(StepReason.NO_CHANNEL)
        if Channel.PHONE not in channels:
            return self._message(channels)
        return self._visit() or self._after_failed_calls(channels) or self._call()

    def _channels(self) -> list[Channel]:
        """The channels that lead to the borrower and that the pack lets be used now, the first first."""
        first = [each for step in self.policy.contact.first_channels for each in step]
        wanted = [*self.cadence.channels, *(each for each in first if each not in self.cadence.channels)]
        return [each for each in wanted if self._leads_to_borrower(each) and self._in_turn(each)]

    def _leads_to_borrower(self, channel: Channel) -> bool:
        kind = _KINDS.get(channel)
        lost = kind is ContactKind.PHONE and self.history.number_is_wrong
        if channel is not Channel.PHONE and kind in self.facts.undeliverable:
            return False
        return kind in self.facts.reachable and channel not in self.facts.opted_out and not lost

    def _in_turn(self, channel: Channel) -> bool:
        """Whether a channel of a later step has its turn: the phone has failed, or people have talked."""
        steps = self.policy.contact.first_channels
        later = {each for step in steps[1:] for each in step}
        return channel not in later or self.history.last_conversation_at is not None or self._phone_failed

    @cached_property
    def _phone_failed(self) -> bool:
        today = self.history.failed_calls_on(self.history.day_of(self.now))
        return self._failed_for_days or today >= self.policy.contact.sms_after_failed_calls

    @cached_property
    def _failed_for_days(self) -> bool:
        return len(self.history.unanswered_days) >= self.policy.contact.sms_after_unanswered_days

    @property
    def _unanswered(self) -> int:
        return sum(each.is_unanswered_call for each in self.history.silent)

    def _visit(self) -> Step | None:
        """A visit may be proposed where the lender may begin one, the debt is old, and all else was tried."""
        visit, history, facts = self.policy.visit, self.history, self.facts
        if Initiator.LENDER not in visit.initiated_by or facts.plan or facts.represented:
            return None
        if facts.visit_on and facts.visit_on + BETWEEN_PROPOSALS > self.today:
            return None
        if self.dpd < visit.lender_min_dpd or not history.failed_channels >= {
            *visit.requires_failed_channels
        }:
            return None
        if not history.silent or history.day_of(history.silent[-1].at) >= history.day_of(self.now):
            return None  # what was sent today may still be answered
        first = self.times.first(self.now, calls=False, counted=False)
        return self.act(
            NextStep.VISIT_PROPOSAL, StepReason.PHONE_AND_SMS_FAILED, first, self.today + _DAY, days=self.dpd
        )

    def _after_failed_calls(self, channels: list[Channel]) -> Step | None:
        """The message that follows calls nobody answered, once for each row of them."""
        if not self._phone_failed or not self.history.silent[-1].is_call:
            return None
        channel = next((each for each in channels if each is not Channel.PHONE), None)
        if channel is None:
            return None
        first = self.times.first(self.now, calls=False)
        if not self._failed_for_days and self.history.day_of(first.at) != self.history.day_of(self.now):
            return None  # tomorrow is another day of calls
        again = None if self._failed_for_days else self.today + _DAY
        return self.act(_STEPS[channel], StepReason.PHONE_FAILED, first, again, calls=self._unanswered)

    def _call(self) -> Step:
        silent = self.history.silent
        if not self._tried:
            return self._first(NextStep.CALL)
        if silent and silent[-1].is_call and not self._failed_for_days:
            first = self.times.first(max(self.now, silent[-1].at + RETRY_AFTER), calls=True)
        else:
            first = self.times.first(self._turn_comes_at(), calls=True)
        usual = StepReason.NO_ANSWER_YET if self._unanswered else StepReason.REGULAR
        return self.act(NextStep.CALL, self._reason(usual), first, calls=self._unanswered)

    def _message(self, channels: list[Channel]) -> Step:
        """Nobody can be called: the next channel takes the turn of the phone."""
        channel = channels[0]
        if not self._tried:
            return self._first(_STEPS[channel])
        first = self.times.first(self._turn_comes_at(), calls=False, counted=channel is not Channel.LETTER)
        return self.act(_STEPS[channel], self._reason(StepReason.REGULAR), first)

    def _first(self, step: NextStep) -> Step:
        """The first contact: on a business day, in the morning of the day it is known or of the next."""
        first = self.times.first(self.now, calls=step is NextStep.CALL)
        return self.act(step, self._reason(StepReason.FIRST_CONTACT), first)

    @property
    def _tried(self) -> list[Contacted]:
        return [each for each in self.facts.contacts if not each.inbound]

    def _reason(self, usual: StepReason) -> StepReason:
        """What happened since the last conversation and cannot wait comes before the usual reason."""
        if self.facts.plan and self.facts.plan.dpd:
            return StepReason.INSTALMENT_MISSED
        return StepReason.PROMISE_BROKEN if self._promise_was_broken else usual

    @cached_property
    def _promise_was_broken(self) -> bool:
        """Whether the newest promise was broken and nobody was talked to about it since."""
        promise, talked = self.facts.promise, self.history.last_conversation_at
        if promise is None or promise.state is not PromiseState.BROKEN:
            return False
        decided = promise.decided_on or promise.due_on
        return talked is None or self.history.day_of(talked) < decided

    def _turn_comes_at(self) -> datetime:
        """When the bucket's turn comes again; at once when something cannot wait."""
        last = max(each.at for each in self._tried)
        if self._promise_was_broken and self.history.day_of(last) < self._broken_on:
            return self.now
        late_since = self.facts.plan.late_since if self.facts.plan and self.facts.plan.dpd else None
        if late_since and self.history.day_of(last) <= late_since:
            return self.now
        turn = self.history.day_of(last) + self.every
        return max(self.now, datetime.combine(turn, datetime.min.time(), tzinfo=self.history.zone))

    @property
    def _broken_on(self) -> date:
        promise = self.facts.promise
        assert promise is not None
        return promise.decided_on or promise.due_on

    def _set_by_person(self) -> Step | None:
        chosen = self.facts.chosen
        if chosen is None or chosen.until < self.today:
            return None
        after, until = chosen.until + _DAY, chosen.until.isoformat()
        if chosen.step in (NextStep.WAIT, NextStep.NONE):
            return self.wait(StepReason.SET_BY_PERSON, until=after)
        first = self.times.first(
            self.now, calls=chosen.step is NextStep.CALL, counted=chosen.step is not NextStep.LETTER
        )
        day = first.at.astimezone(self.lender_zone).date()
        return Step(
            step=chosen.step,
            reason=StepReason.SET_BY_PERSON,
            facts={"until": until},
            earliest_at=first.at,
            rank=rank_of(StepReason.SET_BY_PERSON, self.bucket, self.policy),
            recheck_on=min(after, day) if day > self.today else after,
        )
