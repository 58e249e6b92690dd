"""The keys of a pack from the budget on: plans, follow-ups, complaints, and the keys of the portal itself."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from portal.domain.policy.readers import amount, list_of, member, one_of, share, table, whole, words
from portal.vocabulary import ConcessionKind, Product, Tier


@dataclass(frozen=True, kw_only=True)
class LivingStandard:
    """The least one person lives on in a month, minor units. Without cities it holds everywhere else."""

    cities: tuple[str, ...]
    adult: int
    child: int


@dataclass(frozen=True, kw_only=True)
class BudgetPolicy:
    """An outgoing above `reason_above_share` of the income asks for a reason; it is not refused."""

    living_standards: Annotated[
        tuple[LivingStandard, ...],
        list_of(
            table(
                LivingStandard,
                optional={"cities": []},
                cities=list_of(words(40)),
                adult=amount("1", "1000000"),
                child=amount("1", "1000000"),
            ),
            least=1,
        ),
    ]
    living_cost_floor_multiplier: Annotated[Decimal, share("1", "5")]
    buffer: Annotated[Decimal, share("0", "0.5")]
    stress_income_drop: Annotated[Decimal, share("0", "0.9")]
    reason_above_share: Annotated[Decimal, share("0.05", "1")]

    def living_standard(self, city: str) -> LivingStandard:
        """The standard of a city, with or without the suffix of its name; else the rest of the country."""
        name = _bare(city)
        named = (each for each in self.living_standards if name in map(_bare, each.cities))
        return next(named, self.living_standards[-1])


@dataclass(frozen=True, kw_only=True)
class ConcessionTier:
    """How far one tier's yes goes: shares of penalty or interest, months of grace, pause or term."""

    tier: Tier
    penalty_waiver: Decimal
    interest_reduction: Decimal
    interest_waiver: Decimal
    grace_months: int
    pause_months: int
    extension_months: int

    def covers(self, kind: ConcessionKind, share: Decimal, months: int) -> bool:
        limits: dict[ConcessionKind, bool] = {
            ConcessionKind.PENALTY_WAIVER: share <= self.penalty_waiver,
            ConcessionKind.INTEREST_REDUCTION: share <= self.interest_reduction,
            ConcessionKind.INTEREST_WAIVER: share <= self.interest_waiver,
            ConcessionKind.GRACE: months <= self.grace_months,
            ConcessionKind.PAUSE: months <= self.pause_months,
            ConcessionKind.EXTENSION: months <= self.extension_months,
        }
        return limits.get(kind, False)


_NONE = {
    "penalty_waiver": 0,
    "interest_reduction": 0,
    "interest_waiver": 0,
    "grace_months": 0,
    "pause_months": 0,
    "extension_months": 0,
}


@dataclass(frozen=True, kw_only=True)
class PlanPolicy:
    card_max_instalments: Annotated[int, whole(1, 120)]
    loan_max_instalments: Annotated[int, whole(1, 120)]
    min_instalment: Annotated[int, amount("0.01", "100000")]
    concession_tiers: Annotated[
        tuple[ConcessionTier, ...],
        list_of(
            table(
                ConcessionTier,
                optional=_NONE,
                tier=member(Tier),
                penalty_waiver=share("0", "1"),
                interest_reduction=share("0", "1"),
                interest_waiver=share("0", "1"),
                grace_months=whole(0, 60),
                pause_months=whole(0, 60),
                extension_months=whole(0, 120),
            ),
            least=1,
            most=3,
        ),
    ]
    answer_business_days: Annotated[int, whole(1, 30)]
    break_missed_in_a_row: Annotated[int, whole(1, 12)]
    break_days_late: Annotated[int, whole(1, 365)]
    quote_valid_days: Annotated[int, whole(0, 60)]
    cooling_off_days_at_home: Annotated[int, whole(0, 60)]
    cooling_off_days_elsewhere: Annotated[int, whole(0, 60)]
    early_settlement_reward: Annotated[str, one_of("none", "penalty_waived")]

    def max_instalments(self, product: Product) -> int:
        return self.card_max_instalments if product is Product.CARD else self.loan_max_instalments

    def tier_for(self, kind: ConcessionKind, *, share: Decimal = Decimal(0), months: int = 0) -> Tier | None:
        """The lowest tier whose yes is final for a concession; None when no tier may give it."""
        return next((each.tier for each in self.concession_tiers if each.covers(kind, share, months)), None)


@dataclass(frozen=True, kw_only=True)
class FollowUpPolicy:
    first_within_months: Annotated[int, whole(1, 12)]
    every_months: Annotated[int, whole(1, 12)]


@dataclass(frozen=True, kw_only=True)
class PromisePolicy:
    """`min_amount` is minor units; 0 asks for no least amount."""

    max_days: Annotated[int, whole(1, 92)]
    min_amount: Annotated[int, amount("0", "100000")]
    max_active: Annotated[int, whole(1, 5)]


@dataclass(frozen=True, kw_only=True)
class ComplaintPolicy:
    """Settled to their content within `summary_business_days`, a borrower gets a short answer; 0: never."""

    acknowledge_business_days: Annotated[int, whole(1, 10)]
    decide_simple_days: Annotated[int, whole(1, 60)]
    decide_complex_days: Annotated[int, whole(1, 60)]
    extension_days: Annotated[int, whole(0, 30)]
    review_request_days: Annotated[int, whole(1, 365)]
    review_decide_days: Annotated[int, whole(1, 60)]
    summary_business_days: Annotated[int, whole(0, 10)]
    recusal: Annotated[tuple[str, ...], list_of(one_of("person", "manager"), least=1)]

    def recuses(self, *, is_person: bool, manages_person: bool) -> bool:
        """Whether somebody neither sees nor handles a complaint: the person it is about, or their manager."""
        return (is_person and "person" in self.recusal) or (manages_person and "manager" in self.recusal)


@dataclass(frozen=True, kw_only=True)
class RetentionPolicy:
    contact_years: Annotated[int, whole(2, 30)]
    complaint_years: Annotated[int, whole(1, 30)]
    case_years: Annotated[int, whole(1, 30)]


@dataclass(frozen=True, kw_only=True)
class LinkPolicy:
    life_hours: Annotated[int, whole(1, 720)]
    max_tries: Annotated[int, whole(1, 10)]


@dataclass(frozen=True, kw_only=True)
class SessionPolicy:
    idle_minutes: Annotated[int, whole(1, 240)]
    life_hours: Annotated[int, whole(1, 168)]


@dataclass(frozen=True, kw_only=True)
class ContactsPolicy:
    """Numbers on every page. An empty one means that the lender has not named it."""

    hotline: Annotated[str, words(60)]
    complaints: Annotated[str, words(200)]
    regulator_hotline: Annotated[str, words(60)]
    crisis_line: Annotated[str, words(60)]


def _bare(city: str) -> str:
    return city.strip().casefold().removesuffix("市").removesuffix(" city").strip().replace("臺", "台")
