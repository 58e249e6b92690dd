"""What was tried on a case and what came of it, counted as the contact gate counts: in the borrower's zone.

A window of n days is the day and the n - 1 days before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from portal.vocabulary import Channel, ContactOutcome

NOT_ANSWERED = (ContactOutcome.NO_ANSWER, ContactOutcome.BUSY, ContactOutcome.WRONG_NUMBER)


@dataclass(frozen=True, slots=True)
class Contacted:
    """One attempt, in or out; `at` is aware."""

    channel: Channel
    inbound: bool
    at: datetime
    outcome: str
    call_back_at: datetime | None = None

    @property
    def is_call(self) -> bool:
        return self.channel is Channel.PHONE and not self.inbound

    @property
    def is_conversation(self) -> bool:
        return self.channel is Channel.PHONE and self.outcome == ContactOutcome.REACHED

    @property
    def is_unanswered_call(self) -> bool:
        return self.is_call and self.outcome in NOT_ANSWERED


@dataclass(frozen=True)
class History:
    """The contacts of a case, oldest first, and the borrower's zone."""

    contacts: Sequence[Contacted]
    zone: ZoneInfo

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    @cached_property
    def call_days(self) -> list[date]:
        return [self.day_of(each.at) for each in self.contacts if each.is_call]

    @cached_property
    def conversation_days(self) -> list[date]:
        return [self.day_of(each.at) for each in self.contacts if each.is_call and each.is_conversation]

    @cached_property
    def last_conversation_at(self) -> datetime | None:
        return max((each.at for each in self.contacts if each.is_conversation), default=None)

    @cached_property
    def silent(self) -> Sequence[Contacted]:
        """What was tried since the borrower was last heard, oldest first."""
        heard = [place for place, each in enumerate(self.contacts) if each.inbound or each.is_conversation]
        since = self.contacts[heard[-1] + 1 :] if heard else self.contacts
        tried = (*NOT_ANSWERED, ContactOutcome.SENT)
        return [each for each in since if each.outcome in tried]

    @cached_property
    def unanswered_days(self) -> frozenset[date]:
        """The days with calls of which none was answered, since the borrower was last heard."""
        return frozenset(self.day_of(each.at) for each in self.silent if each.is_unanswered_call)

    def failed_calls_on(self, day: date) -> int:
        return sum(each.is_unanswered_call and self.day_of(each.at) == day for each in self.silent)

    @cached_property
    def failed_channels(self) -> frozenset[Channel]:
        return frozenset(each.channel for each in self.silent)

    @cached_property
    def number_is_wrong(self) -> bool:
        """Whether the newest call went to a number that is not the borrower's."""
        calls = [each for each in self.contacts if each.is_call]
        return bool(calls) and calls[-1].outcome == ContactOutcome.WRONG_NUMBER

    @cached_property
    def agreed_callback(self) -> datetime | None:
        """When to call back, as agreed in the newest contact; None once it was tried after that moment."""
        asked = next((each for each in reversed(self.contacts) if each.call_back_at), None)
        if asked is None or asked.call_back_at is None:
            return None
        later = (each for each in self.contacts if each.is_call and each.at > asked.at)
        done = any(each.is_conversation or each.at >= asked.call_back_at for each in later)
        return None if done else asked.call_back_at


def within(days: Sequence[date], last: date, length: int) -> int:
    """How many of some days lie in the window of a length that ends on a day."""
    first = last - timedelta(days=length - 1)
    return sum(first <= each <= last for each in days)
