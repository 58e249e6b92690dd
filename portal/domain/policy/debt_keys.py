"""The keys of a pack that rule a debt: buckets, interest and fees, and the order a payment is used in."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from portal.domain.policy.readers import amount, list_of, one_of, share, table, whole, whole_of, words

COMPONENTS = ("costs", "fees", "penalty", "interest", "principal")


@dataclass(frozen=True)
class Bucket:
    """A named range of days past due; it ends where the next one begins."""

    name: str
    first_dpd: int


@dataclass(frozen=True, kw_only=True)
class AgeingPolicy:
    buckets: Annotated[
        tuple[Bucket, ...], list_of(table(Bucket, name=words(12), first_dpd=whole(1, 3650)), least=1, most=12)
    ]

    def bucket(self, dpd: int) -> Bucket | None:
        """The bucket of a number of days past due; nothing is overdue on the due date itself."""
        return next((each for each in reversed(self.buckets) if dpd >= each.first_dpd), None)


@dataclass(frozen=True, kw_only=True)
class InterestPolicy:
    """Rates are shares of one year. `card_late_fees` (minor units) are for the first, second … unpaid minimum
    in a row, none after the last; when empty, `card_late_fee_share` of the unpaid minimum."""

    day_basis: Annotated[int, whole_of(360, 365)]
    penalty_multiplier: Annotated[Decimal, share("1", "1.5")]
    annual_cap: Annotated[Decimal, share("0", "0.36")]
    card_rate_cap: Annotated[Decimal, share("0", "0.36")]
    card_late_fee_share: Annotated[Decimal, share("0", "0.05")]
    card_late_fees: Annotated[tuple[int, ...], list_of(amount("0", "100000"), most=12)]


@dataclass(frozen=True, kw_only=True)
class AllocationPolicy:
    order: Annotated[tuple[str, ...], list_of(one_of(*COMPONENTS), least=5, most=5)]
    card_principal_first_from_dpd: Annotated[int, whole(1, 3650)]
