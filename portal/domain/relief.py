"""Relief on a contract: concessions as dated facts that the ledger applies in order, or no longer once they
are withdrawn. The contract itself stays as it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from portal.domain.dates import Pause
from portal.domain.money import CodedError, round_exact
from portal.vocabulary import ReliefKind

WAIVERS = frozenset({ReliefKind.PENALTY_WAIVER, ReliefKind.INTEREST_WAIVER})


class ReliefError(CodedError):
    """Relief that makes no sense: days out of order, a share outside 0 to 1, no amount or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """One concession on one contract, in force from its first day until it is withdrawn.

    A waiver takes a `share` of what is owed on its first day, or an `amount` in minor units, and nothing of
    later days. A stop or pause lasts from its first to its last day, both included, or for good."""

    kind: ReliefKind
    first_day: date
    last_day: date | None = None
    share: Decimal | None = None
    amount: int | None = None

    def __post_init__(self) -> None:
        if self.last_day is not None and self.last_day < self.first_day:
            raise ReliefError(
                "relief_days_out_of_order", f"Relief ends on {self.last_day}, before {self.first_day}."
            )
        if (self.kind in WAIVERS) != ((self.share is None) is not (self.amount is None)):
            raise ReliefError(
                "relief_amount_unclear", "A waiver has a share or an amount, other relief has neither."
            )
        if self.share is not None and not (self.share.is_finite() and 0 < self.share <= 1):
            raise ReliefError(
                "relief_share_out_of_range", "A share is above 0 and at most 1.", share=self.share
            )
        if self.amount is not None and self.amount <= 0:
            raise ReliefError("relief_amount_not_positive", "An amount is above zero.", amount=self.amount)

    def waived_of(self, owed: int) -> int:
        """Return what a waiver takes of an amount owed, minor units, HALF_UP, never more than all of it."""
        if self.share is not None:
            return round_exact(owed * Fraction(self.share))
        return min(owed, self.amount or 0)


def pauses(reliefs: Iterable[Relief], kind: ReliefKind) -> tuple[Pause, ...]:
    """Return the spans of days that relief of one kind covers."""
    return tuple(Pause(each.first_day, each.last_day or date.max) for each in reliefs if each.kind is kind)


def waivers(reliefs: Iterable[Relief], *, as_of: date, until: date) -> tuple[Relief, ...]:
    """Return the waivers to apply until a day, in order.

    An opening balance already lacks the interest that was waived before its day; penalty is no part of it."""
    return tuple(
        sorted(
            (
                each
                for each in reliefs
                if each.kind in WAIVERS
                and each.first_day <= until
                and (each.kind is ReliefKind.PENALTY_WAIVER or each.first_day >= as_of)
            ),
            key=lambda each: (each.first_day, each.kind),
        )
    )
