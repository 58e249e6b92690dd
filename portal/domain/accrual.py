"""How long a loan is overdue, and what penalty interest that has cost: exact integers, rounded once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, TypeVar

from portal.domain.dates import Pause, add_days, days_between
from portal.domain.money import PPM, rate_to_ppm, round_exact

# The longest accrual that 64-bit columns must hold: ten years.
LONGEST_ACCRUAL_DAYS = 3650


class StartsAt(Protocol):
    """A bucket: it begins at a number of days past due and ends where the next one begins."""

    @property
    def first_dpd(self) -> int: ...


AnyBucket = TypeVar("AnyBucket", bound=StartsAt)


def days_past_due(business_date: date, earliest_unpaid_due: date | None, *, paused: int = 0) -> int | None:
    """Return the days since the earliest unpaid instalment fell due: 0 on its due date and before it.

    None when nothing is unpaid. `paused` is how many of the days a delinquency pause covers."""
    if earliest_unpaid_due is None:
        return None
    return max(0, days_between(earliest_unpaid_due, business_date) - paused)


def bucket_of(dpd: int | None, buckets: Iterable[AnyBucket]) -> AnyBucket | None:
    """Return the bucket of a number of days past due, or None below the first one."""
    reached = [bucket for bucket in buckets if dpd is not None and bucket.first_dpd <= dpd]
    return max(reached, key=lambda bucket: bucket.first_dpd, default=None)


@dataclass(frozen=True, slots=True)
class Delinquency:
    """`past_due_days` counts every day; `delinquent_days` leaves out grace and pauses."""

    delinquent_from: date
    past_due_days: int
    delinquent_days: int
    label_days: int

    def bucket(self, buckets: Iterable[AnyBucket]) -> AnyBucket | None:
        """The bucket, kept while a pause runs as it was the day before the pause."""
        return bucket_of(self.label_days, buckets)


def delinquency(
    oldest_unpaid_due: date, as_of: date, *, grace_days: int = 0, pauses: Sequence[Pause] = ()
) -> Delinquency:
    """Count the days of a delinquency that has grace and pauses.

    A pause takes away the days from its first to its last: the first day still counts, unlike in a pause of
    interest."""
    begins = add_days(oldest_unpaid_due, grace_days)
    running = [pause.first_day for pause in pauses if pause.first_day <= as_of <= pause.last_day]
    labelled = add_days(min(running), -1) if running else as_of
    return Delinquency(
        delinquent_from=begins,
        past_due_days=max(0, days_between(oldest_unpaid_due, as_of)),
        delinquent_days=_delinquent_days(begins, as_of, pauses),
        label_days=_delinquent_days(begins, labelled, pauses),
    )


def _delinquent_days(begins: date, as_of: date, pauses: Sequence[Pause]) -> int:
    counted, total = begins, max(0, days_between(begins, as_of))
    for pause in sorted(pauses, key=lambda each: each.first_day):
        first, last = max(counted, pause.first_day), min(as_of, pause.last_day)
        if last > first:
            total -= days_between(first, last)
            counted = last
    return total


@dataclass(frozen=True, slots=True)
class OverdueSpan:
    """Principal (minor units) overdue for whole days at a rate; `paused` days beside them cost nothing."""

    principal: int
    rate_ppm: int
    days: int
    paused: int = 0


def penalty_rate_ppm(contract_rate_ppm: int, multiplier: Decimal) -> int:
    """Return the contract rate times the penalty multiplier, as whole parts per million, HALF_UP."""
    return rate_to_ppm(Fraction(contract_rate_ppm, PPM) * Fraction(multiplier))


def penalty_days(due: date, business_date: date, *, since: date | None = None) -> int:
    """Return the penalty days: from the day after the due date, or after `since` if that is later."""
    from_day = due if since is None else max(due, since)
    return max(0, days_between(from_day, business_date))


def accrued(spans: Iterable[OverdueSpan]) -> int:
    """Return the numerator of the accrual: the sum of principal × rate in ppm × days, unrounded.

    Kept per instalment and added to day by day, it never drifts (specification 04 section 3)."""
    return sum(span.principal * span.rate_ppm * span.days for span in spans)


def penalty_interest(numerator: int, basis: int) -> int:
    """Return the penalty in minor units: the numerator over basis days × 10⁶, rounded once, HALF_UP."""
    return round_exact(Fraction(numerator, basis * PPM))


def fits_accrual(principal: int, rate_ppm: int) -> bool:
    """Say whether ten years of accrual on a principal stay within 64-bit columns."""
    return principal * rate_ppm * LONGEST_ACCRUAL_DAYS < 2**63
