"""Business days and public holidays of a country, with the make-up workdays a pack names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Self

import holidays

from portal.domain.policy import BusinessPolicy

_DAY = timedelta(days=1)
_SATURDAY = 5
# There the yearly notice gives stretches of days off: the weekend inside one is part of the holiday.
_STRETCHES = {"CN"}
_PARTS = {"GB": "ENG"}  # the bank holidays of England and Wales
# There the library calls some of the general holidays, such as Good Friday, optional.
_CATEGORIES = {"HK": ("public", "optional")}


@dataclass(frozen=True, kw_only=True)
class BusinessCalendar:
    """Days after `known_until` are computed before the authorities announced them."""

    country: str
    makeup_workdays: frozenset[date]
    known_until: date

    @classmethod
    def of(cls, business: BusinessPolicy) -> Self:
        return cls(
            country=business.calendar,
            makeup_workdays=frozenset(business.makeup_workdays),
            known_until=business.calendar_known_until,
        )

    def is_known(self, day: date) -> bool:
        """Whether the days off around a day are already official."""
        return day <= self.known_until

    def is_business_day(self, day: date) -> bool:
        if day in self.makeup_workdays:
            return True
        return day.weekday() < _SATURDAY and day not in _named_holidays(self.country, day.year)

    def is_public_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday; a make-up workday never is."""
        if day in self.makeup_workdays:
            return False
        if day in _named_holidays(self.country, day.year):
            return True
        return self.country in _STRETCHES and any(
            off in _named_holidays(self.country, off.year) for off in self._days_off_around(day)
        )

    def on_or_after(self, day: date) -> date:
        """The day itself when it is a business day, else the next one."""
        while not self.is_business_day(day):
            day += _DAY
        return day

    def next_business_day(self, day: date) -> date:
        """The first business day after a day."""
        return self.on_or_after(day + _DAY)

    def add_business_days(self, day: date, count: int) -> date:
        """The business day that many business days after a day, which does not count itself."""
        for _ in range(count):
            day = self.next_business_day(day)
        return day

    def _days_off_around(self, day: date) -> Iterator[date]:
        for step in (_DAY, -_DAY):
            off = day
            while not self.is_business_day(off):
                yield off
                off += step


@cache
def _named_holidays(country: str, year: int) -> frozenset[date]:
    named = holidays.country_holidays(
        country,
        subdiv=_PARTS.get(country),
        years=year,
        expand=False,
        categories=_CATEGORIES.get(country),
    )
    return frozenset(named)
