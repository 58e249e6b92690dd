"""The weeks before today, lived through once: acts of many people, through the services, in order of time."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.calendar import BusinessCalendar
from portal.domain.policy import Policy
from portal.infra.delivery import Letter
from portal.infra.files import FileStore
from portal.models import Lender, Staff
from portal.services import accounts, outbox

Story = Iterator[datetime]
"""Says when its next act is due, and does it when asked again."""


@dataclass
class Stage:
    """One lender from the day it came to the portal until now. `clock` is the time of the act being done."""

    session: Session
    lender: Lender
    policy: Policy
    staff: dict[str, Staff]
    folder: FileStore
    now: datetime
    clock: datetime
    letters: list[Letter] = field(default_factory=list)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy.business.timezone)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def day(self) -> date:
        """The business date of the act being done."""
        return self.clock.astimezone(self.zone).date()

    @property
    def calendar(self) -> BusinessCalendar:
        return BusinessCalendar.of(self.policy.business)

    def ago(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """A moment some days before today, in the lender's zone."""
        return self.at(self.today - timedelta(days=days), hour, minute)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """A moment of a day, but never one that lies ahead."""
        return min(datetime.combine(day, time(hour, minute), self.zone), self.now)

    def visiting_day(self, wanted: date, *, step: int) -> date:
        """A day on which visits take place: the wanted one, or the next one in a direction."""
        while self.calendar.is_public_holiday(wanted):
            wanted += timedelta(days=step)
        return wanted

    def actor(self, post: str) -> Actor:
        return accounts.staff_actor(self.staff[post])

    def play(self, stories: Iterable[Story]) -> None:
        """Let every act happen at its time, the earliest first, and every message leave at once."""
        waiting = [(next(story), order, story) for order, story in enumerate(stories)]
        heapq.heapify(waiting)
        while waiting:
            due, order, story = heapq.heappop(waiting)
            assert due <= self.now
            self.clock = max(self.clock, due)
            following = next(story, None)
            self._send()
            if following is not None:
                heapq.heappush(waiting, (following, order, story))

    def _send(self) -> None:
        """Note what leaves; the letters themselves are handed over once all of this is committed."""
        for letter in outbox.claim(self.session, now=self.clock):
            outbox.sent(self.session, letter=letter, now=self.clock)
            self.letters.append(letter)
