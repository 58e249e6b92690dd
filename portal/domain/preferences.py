"""How a borrower wants to be reached, and what they told us to mind.

None of it stops a service message: a code, a receipt or a statutory notice comes all the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from portal.domain.refusals import Refused
from portal.vocabulary import Channel, Locale

# Ways in which collection may come, each of which a borrower may close.
CHANNELS = (Channel.PHONE, Channel.SMS, Channel.EMAIL, Channel.LETTER)
WEEKDAYS = tuple(range(7))  # Monday is 0
LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Hours of the borrower's own day, `opens` included and `closes` not, on days of the week."""

    days: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """`opted_out`: channels that carry no collection any more. `represented_by`: somebody to talk to instead.
    `exam_day`: a day on which no collection comes."""

    locale: Locale
    opted_out: frozenset[Channel] = frozenset()
    hours: Hours | None = None
    nobody_at_home_knows: bool = False
    represented_by: str | None = None
    exam_day: date | None = None

    def check(self, *, today: date) -> None:
        """Refused: hours that hold nothing, a channel that nobody may close, an exam that is over."""
        if self.opted_out - set(CHANNELS):
            raise Refused("preference_channel")
        if self.hours and (not self.hours.days or self.hours.days - set(WEEKDAYS)):
            raise Refused("preference_days")
        if self.hours and self.hours.opens >= self.hours.closes:
            raise Refused("preference_hours")
        if self.exam_day and self.exam_day < today:
            raise Refused("preference_exam_day")

    def preferred(self) -> dict[str, object]:
        """The hours as they are stored: `{"days": [0, 1], "from": "09:00", "until": "12:00"}`."""
        if self.hours is None:
            return {}
        return {
            "days": sorted(self.hours.days),
            "from": self.hours.opens.isoformat("minutes"),
            "until": self.hours.closes.isoformat("minutes"),
        }


def hours_from(stored: Mapping[str, object]) -> Hours | None:
    """Read hours as `Wishes.preferred` wrote them."""
    if not stored:
        return None
    days = stored["days"]
    assert isinstance(days, list)
    return Hours(
        days=frozenset(days),
        opens=time.fromisoformat(str(stored["from"])),
        closes=time.fromisoformat(str(stored["until"])),
    )


def channels_from(stored: Mapping[str, object]) -> frozenset[Channel]:
    """Read the closed channels as they are stored: `{"channels": ["sms"]}`."""
    channels = stored.get("channels", [])
    assert isinstance(channels, list)
    return frozenset(Channel(each) for each in channels)
