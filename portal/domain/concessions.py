"""What concessions do to an overdue debt, and whose yes they need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from portal.domain.allocation import DebtParts
from portal.domain.dates import Pause, Step, StepUnit, add_months, period_dates, step_of
from portal.domain.money import round_exact
from portal.domain.refusals import Refused
from portal.vocabulary import ConcessionKind, Frequency, Tier

SHARES = frozenset(
    {ConcessionKind.PENALTY_WAIVER, ConcessionKind.INTEREST_WAIVER, ConcessionKind.INTEREST_REDUCTION}
)
MONTHS = frozenset({ConcessionKind.GRACE, ConcessionKind.PAUSE, ConcessionKind.EXTENSION})
TIERS = (Tier.AGENT, Tier.LEAD, Tier.MANAGER)


class ConcessionRefused(Refused):
    """A concession that no tier may give, or that makes no sense.

    Codes: `concession_beyond_limits`, `concession_share_invalid`, `concession_months_invalid`."""


class TierLimit(Protocol):
    """How far one tier's yes goes; a policy's table of tiers has one for each."""

    @property
    def tier(self) -> Tier: ...

    def covers(self, kind: ConcessionKind, share: Decimal, months: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Concession:
    """One thing the lender gives up: a share (0.1 for 10 %) of money, or a number of months."""

    kind: ConcessionKind
    share: Decimal = Decimal(0)
    months: int = 0

    def __post_init__(self) -> None:
        valid_share = self.share.is_finite() and 0 < self.share <= 1
        if self.kind in SHARES and not valid_share:
            raise ConcessionRefused("concession_share_invalid", kind=self.kind, share=self.share)
        if self.kind in MONTHS and self.months < 1:
            raise ConcessionRefused("concession_months_invalid", kind=self.kind, months=self.months)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a plan starts from once its concessions are given; amounts in minor units.

    `first_due` and `anchor_day` are for `build_schedule`; so are `interest_pauses`, both days included."""

    principal: int
    waived: DebtParts
    annual_rate: Decimal
    first_due: date
    anchor_day: int
    interest_pauses: tuple[Pause, ...]


def tier_needed(concessions: Iterable[Concession], limits: Sequence[TierLimit]) -> Tier:
    """Return the lowest tier whose yes is final for all of them together; raise ConcessionRefused if none is.

    Concessions of one kind add up first, so that two small ones cannot pass for less than they are. Without
    any concession an agent's yes will do; the reward for early settlement is the policy's own."""
    needed = Tier.AGENT
    for kind, (share, months) in _sums(concessions).items():
        if kind is not ConcessionKind.EARLY_SETTLEMENT_REWARD:
            needed = max(needed, _lowest(kind, share, months, limits), key=TIERS.index)
    return needed


def _lowest(kind: ConcessionKind, share: Decimal, months: int, limits: Sequence[TierLimit]) -> Tier:
    allowed = [limit.tier for limit in limits if limit.covers(kind, share, months)]
    if share > 1 or not allowed:
        raise ConcessionRefused("concession_beyond_limits", kind=kind, share=share, months=months)
    return min(allowed, key=TIERS.index)


def _sums(concessions: Iterable[Concession]) -> dict[ConcessionKind, tuple[Decimal, int]]:
    sums: dict[ConcessionKind, tuple[Decimal, int]] = {}
    for given in concessions:
        share, months = sums.get(given.kind, (Decimal(0), 0))
        sums[given.kind] = (share + given.share, months + given.months)
    return sums


def effect_of(
    concessions: Iterable[Concession],
    *,
    overdue: DebtParts,
    annual_rate: Decimal,
    start: date,
    frequency: Frequency | Step = Frequency.MONTHLY,
) -> Effect:
    """Return the plan's principal, rate and first due date once the concessions are given.

    Waivers take their share of penalty and interest (HALF_UP); grace moves the first instalment by whole
    months and interest runs on; a pause starts the day after `start`. An extension is a matter of the periods
    that the plan is given."""
    sums = _sums(concessions)

    def share(kind: ConcessionKind) -> Decimal:
        return min(Decimal(1), sums.get(kind, (Decimal(0), 0))[0])

    def months(kind: ConcessionKind) -> int:
        return sums.get(kind, (Decimal(0), 0))[1]

    waived = DebtParts(
        penalty=round_exact(overdue.penalty * Fraction(share(ConcessionKind.PENALTY_WAIVER))),
        interest=round_exact(overdue.interest * Fraction(share(ConcessionKind.INTEREST_WAIVER))),
    )
    return Effect(
        principal=(overdue - waived).total,
        waived=waived,
        annual_rate=annual_rate * (1 - share(ConcessionKind.INTEREST_REDUCTION)),
        first_due=first_due_after_grace(start, frequency, months(ConcessionKind.GRACE)),
        anchor_day=start.day,
        interest_pauses=_pauses(start, months(ConcessionKind.PAUSE)),
    )


def first_due_after_grace(start: date, frequency: Frequency | Step, months: int) -> date:
    """Return the first due date one period and the months of grace after the start."""
    step = step_of(frequency)
    if step.unit is StepUnit.MONTH:
        return add_months(start, step.every + months)
    return add_months(period_dates(start=start, periods=1, frequency=step)[0], months)


def _pauses(start: date, months: int) -> tuple[Pause, ...]:
    return (Pause(start + timedelta(days=1), add_months(start, months)),) if months else ()
