"""The first moment at which the rules that go by time allow a contact: hours, days, counts, cool-off.

It looks for the moment the contact gate would be asked at; the gate itself decides when the act is done."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from portal.domain.calendar import BusinessCalendar
from portal.domain.contact_history import History, within
from portal.domain.policy import BusinessPolicy, Policy
from portal.vocabulary import StepReason

_DAY = timedelta(days=1)
_MOST_STEPS = 400  # more than a year of days: no pack forbids as long


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When, and which limit put it off; None: no limit that is worth a sentence. `day_off`: the day it was
    wanted on, where that is no business day and nothing else stood in its way."""

    at: datetime
    because: StepReason | None = None
    day_off: date | None = None


@dataclass(frozen=True, kw_only=True)
class Times:
    """The times of one borrower. `hours`: the part of the day the borrower prefers, `weekdays` the days (0 is
    Monday); empty: any. `free_days`: days on which nobody contacts them."""

    policy: Policy
    history: History
    hours: tuple[time, time] | None = None
    weekdays: Collection[int] = ()
    free_days: Collection[date] = ()

    def first(self, after: datetime, *, calls: bool, counted: bool = True, workdays: bool = True) -> Moment:
        """Return the first moment from `after` on.

        `calls`: attempts are counted. `counted`: conversations and cool-off are; a callback that the borrower
        asked for is not put off by them. `workdays`: on the lender's business days only."""
        moment, because = after, None
        wanted = self.history.day_of(after)
        day_off = wanted if workdays and not is_business_day(self.policy, wanted) else None
        for _ in range(_MOST_STEPS):
            later, why = self._put_off(moment, calls=calls, counted=counted, workdays=workdays)
            if later <= moment:
                break
            day_off = day_off if why is None else None
            moment, because = later, why or because
        return Moment(at=moment, because=because, day_off=day_off)

    def _put_off(
        self, moment: datetime, *, calls: bool, counted: bool, workdays: bool
    ) -> tuple[datetime, StepReason | None]:
        day = self.history.day_of(moment)
        if counted and moment < self._cooled_down_at:
            return self._cooled_down_at, StepReason.COOLING_OFF
        if calls and self._attempts_used(day):
            return self._opening(day + _DAY), StepReason.ATTEMPTS_USED
        if counted and self._conversations_used(day):
            return self._opening(day + _DAY), StepReason.COOLING_OFF
        if not self._is_open_on(day, workdays):
            return self._opening(day + _DAY), None
        return self._in_hours(moment, day), None

    @cached_property
    def _cooled_down_at(self) -> datetime:
        last = self.history.last_conversation_at
        rest = timedelta(hours=self.policy.contact.cooldown_after_conversation_hours)
        return last + rest if last else datetime.min.replace(tzinfo=self.history.zone)

    def _attempts_used(self, day: date) -> bool:
        contact, days = self.policy.contact, self.history.call_days
        return (
            within(days, day, 1) >= contact.phone_attempts_per_day
            or within(days, day, 7) >= contact.phone_attempts_per_week
        )

    def _conversations_used(self, day: date) -> bool:
        contact, days = self.policy.contact, self.history.conversation_days
        return (
            within(days, day, 1) >= contact.phone_conversations_per_day
            or within(days, day, 7) >= contact.per_week
            or within(days, day, 30) >= contact.per_month
        )

    def _is_open_on(self, day: date, workdays: bool) -> bool:
        if day in self.free_days or (self.weekdays and day.weekday() not in self.weekdays):
            return False
        return is_business_day(self.policy, day) if workdays else may_be_called_on(self.policy, day)

    @cached_property
    def _hours(self) -> tuple[time, time]:
        """The part of the pack's window that the borrower prefers; the window itself where none is left."""
        window = self.policy.contact.window
        if self.hours:
            opens, closes = max(window.opens, self.hours[0]), min(window.closes, self.hours[1])
            if opens < closes:
                return opens, closes
        return window.opens, window.closes

    def _opening(self, day: date) -> datetime:
        return datetime.combine(day, self._hours[0], tzinfo=self.history.zone)

    def _in_hours(self, moment: datetime, day: date) -> datetime:
        opens, closes = self._hours
        local = moment.astimezone(self.history.zone).time()
        if local >= closes:
            return self._opening(day + _DAY)
        return moment if local >= opens else self._opening(day)


def is_business_day(policy: Policy, day: date) -> bool:
    """Whether the lender works on a day: what it plans by itself, it plans for such a day."""
    return _calendar_of(policy.business).is_business_day(day)


def may_be_called_on(policy: Policy, day: date) -> bool:
    """Whether the pack lets a borrower be called on a day because they asked for it."""
    return policy.contact.on_public_holidays or not _calendar_of(policy.business).is_public_holiday(day)


@cache
def _calendar_of(business: BusinessPolicy) -> BusinessCalendar:
    return BusinessCalendar.of(business)


def zone_of(name: str | None, policy: Policy) -> ZoneInfo:
    """The zone of a borrower: their own, else the lender's."""
    return ZoneInfo(name or policy.business.timezone)
