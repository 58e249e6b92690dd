"""What has passed between a lender and a borrower, counted as the contact gate counts it at any moment."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from portal.domain.contact_facts import Facts
from portal.vocabulary import CallResult, Channel, ContactOutcome

NOT_ANSWERED = frozenset({ContactOutcome.NO_ANSWER, ContactOutcome.BUSY})
BEGUN = "begun"  # a call that the gate allowed and whose outcome nobody has written down
NOT_THEIR_NUMBER = frozenset({ContactOutcome.WRONG_NUMBER, ContactOutcome.WRONG_PERSON})


@dataclass(frozen=True, kw_only=True)
class Event:
    """One contact, or a call that was begun, aware `at`. `number`: which one was called, where that is known.
    `third_party`: somebody else was asked for. `of_case`: it belongs to the case that is asked about, not to
    another of the borrower; `earlier_cycle`: to a collection of the same product that has ended."""

    at: datetime
    channel: Channel
    outcome: str
    inbound: bool = False
    result: CallResult | None = None
    number: int | None = None
    third_party: bool = False
    of_case: bool = True
    earlier_cycle: bool = False

    @property
    def is_call(self) -> bool:
        """Whether the lender called the borrower."""
        return self.channel is Channel.PHONE and not self.inbound and not self.third_party

    @property
    def has_outcome(self) -> bool:
        return self.outcome != BEGUN

    @property
    def spoken(self) -> bool:
        """Whether the borrower was spoken with, whoever called."""
        by_phone = self.channel is Channel.PHONE and not self.third_party
        return by_phone and self.outcome == ContactOutcome.REACHED

    @property
    def somebody_else_said_stop(self) -> bool:
        """Whether somebody else, asked for the borrower or picking up the borrower's telephone, wants no more
        calls."""
        else_spoke = self.third_party or self.outcome == ContactOutcome.THIRD_PARTY
        return else_spoke and self.result is CallResult.REFUSES

    @property
    def closes_number(self) -> bool:
        return self.outcome in NOT_THEIR_NUMBER or self.somebody_else_said_stop


@dataclass(frozen=True)
class Log:
    """The contacts of a borrower, oldest first, in the borrower's zone. A window of n days is today and the
    n - 1 days before it; days are those of the zone. `number`: the one that would be called now."""

    events: tuple[Event, ...]
    zone: str
    number: int | None = None

    def told(self, facts: Facts, now: datetime) -> Facts:
        """Return the facts with every count as it stands at a moment, if nothing happens until then."""
        today = now.astimezone(self._zone).date()
        return replace(
            facts,
            attempts_today=_within(self._attempts, today, 1),
            attempts_this_week=_within(self._attempts, today, 7),
            unanswered_on_number_today=_within(self._unanswered_on_number, today, 1),
            failed_calls_today=_within(self._failed_calls, today, 1),
            unanswered_days=len(set(self._failed_calls)),
            failed_channels=self._failed_channels,
            conversations_today=_within(self._conversations, today, 1),
            conversations_this_week=_within(self._conversations, today, 7),
            conversations_this_month=_within(self._conversations, today, 30),
            last_conversation_at=max((each.at for each in self._case if each.spoken), default=None),
            last_cycle_contact_at=max((each.at for each in self._earlier_cycle), default=None),
            number_invalid=self._is_somebody_elses([each for each in self._case if each.is_call]),
            third_party_calls=len([each for each in self._case if each.third_party]),
            third_party_said_stop=any(each.somebody_else_said_stop for each in self.events),
        )

    @property
    def number_is_somebody_elses(self) -> bool:
        """Whether the number that would be called proved to be a stranger's or to lead nowhere, or whoever
        answers it asked not to be called, and the borrower was not reached on it since."""
        if self.number is None:
            return False
        calls = [each for each in self.events if each.is_call and each.number == self.number]
        decisive = [each.closes_number for each in calls if each.closes_number or each.spoken]
        return bool(decisive) and decisive[-1]

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _case(self) -> list[Event]:
        return [each for each in self.events if each.of_case]

    @cached_property
    def _attempts(self) -> list[date]:
        """The days of all calls of the case, to the borrower or asking somebody else for them."""
        return self._days(each for each in self._case if each.channel is Channel.PHONE and not each.inbound)

    @cached_property
    def _conversations(self) -> list[date]:
        return self._days(each for each in self._case if each.is_call and each.spoken)

    @cached_property
    def _unheard(self) -> list[Event]:
        """What the lender tried since the borrower was last heard."""
        heard = [place for place, each in enumerate(self._case) if each.spoken or each.inbound]
        since = self._case[heard[-1] + 1 :] if heard else self._case
        return [each for each in since if each.has_outcome and not each.third_party]

    @cached_property
    def _failed_calls(self) -> list[date]:
        return self._days(each for each in self._unheard if each.is_call)

    @cached_property
    def _failed_channels(self) -> frozenset[Channel]:
        return frozenset(each.channel for each in self._unheard)

    @cached_property
    def _unanswered_on_number(self) -> list[date]:
        """Over every case of the borrower: a telephone rings, whatever it rings for."""
        return self._days(
            each
            for each in self.events
            if each.is_call
            and each.outcome in NOT_ANSWERED
            and (each.number is None or self.number is None or each.number == self.number)
        )

    @cached_property
    def _earlier_cycle(self) -> list[Event]:
        return [each for each in self.events if each.earlier_cycle and not each.inbound]

    @staticmethod
    def _is_somebody_elses(calls: list[Event]) -> bool:
        """Whether the newest of some calls says so."""
        outcomes = [each.outcome for each in calls if each.has_outcome]
        return bool(outcomes) and outcomes[-1] in NOT_THEIR_NUMBER

    def _days(self, events: Iterable[Event]) -> list[date]:
        return [each.at.astimezone(self._zone).date() for each in events]


def _within(days: list[date], today: date, length: int) -> int:
    first = today - timedelta(days=length - 1)
    return len([each for each in days if first <= each <= today])
