"""The keys of a pack that rule what comes in and how a case ends: the book, disputes, cured cases."""

from dataclasses import dataclass
from typing import Annotated

from portal.domain.policy.readers import whole, yes_no


@dataclass(frozen=True, kw_only=True)
class BookPolicy:
    """`strict_ids`: an ID number whose check digit is wrong refuses the book; else it is only reported."""

    strict_ids: Annotated[bool, yes_no()]


@dataclass(frozen=True, kw_only=True)
class CasePolicy:
    cured_closes_after_days: Annotated[int, whole(0, 365)]


@dataclass(frozen=True, kw_only=True)
class DisputePolicy:
    answer_business_days: Annotated[int, whole(1, 30)]
