"""The all-in cap: what a loan may have cost since its disbursement, and what is charged beyond it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from portal.domain.money import PPM, Rounding, round_exact

CAP_BASIS = 365


@dataclass(frozen=True, slots=True)
class Cap:
    """The most a loan may cost a year, all in, from the day it was paid out."""

    rate_ppm: int
    disbursed_on: date

    def allowance(self, principal_days: int) -> int:
        """Return what may have been charged on a sum of principal (minor units) × days; never rounded up."""
        return round_exact(Fraction(principal_days * self.rate_ppm, CAP_BASIS * PPM), Rounding.DOWN)


@dataclass(frozen=True, slots=True)
class CapCheck:
    """Interest, penalty and fees charged until a day, and what was allowed, in minor units.

    `allowed_tomorrow` is what will be allowed a day later if nothing is paid until then."""

    allowance: int
    charged: int
    allowed_tomorrow: int

    @property
    def reduced(self) -> int:
        return max(0, self.charged - self.allowance)

    def next_day(self, accrual: int) -> int:
        """Return how much of another day's accrual may be charged."""
        return min(self.charged + accrual, self.allowed_tomorrow) - min(self.charged, self.allowance)


def within(room: int, amounts: Iterable[int]) -> list[int]:
    """Return what is left of amounts that together may not exceed the room, the first served first."""
    left, kept = max(0, room), []
    for amount in amounts:
        part = min(left, amount)
        left -= part
        kept.append(part)
    return kept
