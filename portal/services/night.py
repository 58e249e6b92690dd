"""The night of one lender: steps in order, for one business date. Each step may be done again."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from portal.domain.actor import Actor, system
from portal.domain.policy import Policy
from portal.services import (
    ageing,
    book_cases,
    call_list_building,
    lenders,
    policies,
    policy_versions,
    promise_evaluation,
)


@dataclass(frozen=True)
class Night:
    """What every step is given."""

    session: Session
    lender: lenders.Lender
    policy: Policy
    business_date: date
    actor: Actor
    now: datetime
    progress: ageing.Progress


Step = Callable[[Night], dict[str, object]]


def age_loans(night: Night) -> dict[str, object]:
    ageing.age_loans(
        night.session,
        lender=night.lender,
        policy=night.policy,
        business_date=night.business_date,
        progress=night.progress,
    )
    return asdict(ageing.summary(night.session, lender=night.lender, policy=night.policy))


def keep_policy(night: Night) -> dict[str, object]:
    policy_versions.keep(night.session, lender=night.lender, policy=night.policy, now=night.now)
    return {"version": night.policy.version_id}


def open_cases(night: Night) -> dict[str, object]:
    changes = book_cases.follow_ageing(
        night.session,
        lender=night.lender,
        policy=night.policy,
        business_date=night.business_date,
        actor=night.actor,
        now=night.now,
    )
    return asdict(changes)


def decide_promises(night: Night) -> dict[str, object]:
    found = promise_evaluation.evaluate_due(
        night.session,
        lender=night.lender,
        policy=night.policy,
        business_date=night.business_date,
        actor=night.actor,
        now=night.now,
    )
    return asdict(found)


def build_call_list(night: Night) -> dict[str, object]:
    built = call_list_building.build(
        night.session,
        lender=night.lender,
        policy=night.policy,
        business_date=night.business_date,
        now=night.now,
    )
    return asdict(built)


# Promises before cases: the payment that cures a case may be the one that was promised.
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "policy": keep_policy,
        "ageing": age_loans,
        "promises": decide_promises,
        "cases": open_cases,
        "call_list": build_call_list,
    }
)
"""What a night does, in this order; the result of each step is kept under its name."""


def run(
    session: Session,
    *,
    lender: lenders.Lender,
    business_date: date,
    now: datetime,
    progress: ageing.Progress = ageing.quiet,
) -> dict[str, object]:
    """Do a lender's night for a business date and return each step's counts. Whole or not at all: the caller
    commits. `progress` is told how many loans of how many were aged."""
    actor = system(lender.id, "nightly")
    night = Night(
        session, lender, policies.in_force(lender.preset, business_date), business_date, actor, now, progress
    )
    return {name: step(night) for name, step in STEPS.items()}
