"""What happens to a contract after it was made, each a fact of one day.

The contract stays as it is: a schedule is its terms and the facts applied to them in the order of their days,
those of one day as they were given. A fact that cannot be is a ScheduleError with a code and a sentence."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from portal.domain.contract import check_periods, check_rate
from portal.domain.dates import Pause
from portal.domain.instalments import ScheduleError
from portal.vocabulary import Method


class EarlyEffect(StrEnum):
    """What an early repayment changes: how long instalments are paid, or how large the later ones are."""

    SHORTEN_TERM = "shorten_term"
    LOWER_INSTALMENT = "lower_instalment"


class OwedInterest(StrEnum):
    """What becomes of the interest an overdue debt has gathered when it is planned anew.

    `keep`: collected with the first instalment. `waive`: given up. `spread`: shared evenly among the
    instalments, and no new interest arises."""

    KEEP = "keep"
    WAIVE = "waive"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that holds from a day on; it changes the period that the day belongs to and later ones."""

    day: date


@dataclass(frozen=True, slots=True)
class InterestPause(Fact):
    """No interest arises from `day` to `last_day`, both included; the last instalment becomes smaller."""

    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.day:
            raise ScheduleError(
                "pause_out_of_order",
                f"A pause cannot end on {self.last_day}, before it begins on {self.day}.",
                first_day=self.day,
                last_day=self.last_day,
            )

    @property
    def span(self) -> Pause:
        return Pause(self.day, self.last_day)


@dataclass(frozen=True, slots=True)
class RateChange(Fact):
    """Another yearly rate (a fraction of one) from `day` on, that day included.

    The instalment is found anew for the period of that day and those after it, unless somebody named it. Of
    two changes on one day the later given holds."""

    annual_rate: Decimal

    def __post_init__(self) -> None:
        check_rate(self.annual_rate)


@dataclass(frozen=True, slots=True)
class PaymentHoliday(Fact):
    """From `day` on the next due dates come whole periods later; interest runs on.

    The instalment stays: the interest of the longer period is made up for by the last one."""

    periods: int

    def __post_init__(self) -> None:
        check_periods(self.periods)


@dataclass(frozen=True, slots=True)
class TermExtension(Fact):
    """From `day` on, what is left is repaid in that many more instalments, which are found anew."""

    periods: int

    def __post_init__(self) -> None:
        check_periods(self.periods)


@dataclass(frozen=True, slots=True)
class DueDateChange(Fact):
    """The first instalment due from `day` on falls due on another day, and later ones follow it."""

    due_date: date


@dataclass(frozen=True, slots=True)
class EarlyRepayment(Fact):
    """Principal paid back on `day` besides the instalments; from the day after it bears no interest."""

    amount: int
    effect: EarlyEffect = EarlyEffect.SHORTEN_TERM

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ScheduleError(
                "repayment_not_positive", "An early repayment is above zero.", amount=self.amount
            )


@dataclass(frozen=True, slots=True)
class InterestWaiver(Fact):
    """Interest given up of the first instalment due from `day` on: minor units, or a share (0.5 is half).

    Its principal stays as it was, its total falls by what is given up."""

    amount: int | None = None
    share: Decimal | None = None

    def __post_init__(self) -> None:
        valid_share = self.share is None or (self.share.is_finite() and 0 < self.share <= 1)
        valid_amount = self.amount is None or self.amount > 0
        if (self.amount is None) == (self.share is None) or not valid_share or not valid_amount:
            raise ScheduleError(
                "waiver_invalid", "A waiver is an amount above zero, or a share above zero and at most one."
            )


@dataclass(frozen=True, slots=True)
class UnpaidInstalment(Fact):
    """The instalment due on `day` was not paid: its principal bears the contract's interest until a day.

    Interest on it joins that of later instalments; unpaid interest bears none."""

    until: date

    def __post_init__(self) -> None:
        if self.until < self.day:
            raise ScheduleError(
                "unpaid_out_of_order", f"An instalment due on {self.day} is not unpaid until {self.until}."
            )


@dataclass(frozen=True, slots=True)
class Replan(Fact):
    """On `day` what is left is divided into new instalments.

    `oldest_unpaid` is the due date of the oldest instalment that is still owed, where there is one: that
    instalment and the ones after it are replaced, and its interest is kept, waived or spread. Without a
    `method` or an `annual_rate` those of the contract go on."""

    periods: int
    first_due: date
    interest: OwedInterest = field(default=OwedInterest.KEEP, kw_only=True)
    oldest_unpaid: date | None = field(default=None, kw_only=True)
    method: Method | None = field(default=None, kw_only=True)
    annual_rate: Decimal | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        check_periods(self.periods)
        if self.annual_rate is not None:
            check_rate(self.annual_rate)
        if self.first_due <= self.day:
            raise ScheduleError(
                "first_due_not_after_start",
                f"The first due date {self.first_due} is not after the new plan's day {self.day}.",
            )
        if self.oldest_unpaid is not None and self.oldest_unpaid > self.day:
            raise ScheduleError(
                "unpaid_out_of_order",
                f"An instalment due on {self.oldest_unpaid} is not unpaid on {self.day}.",
            )
