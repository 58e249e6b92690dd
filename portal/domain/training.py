"""Whether the people of a crew are trained."""

from collections.abc import Mapping
from datetime import date, timedelta

from portal.domain.policy import VisitPolicy


def missing_modules(passed_on: Mapping[str, date], *, day: date, visit: VisitPolicy) -> list[str]:
    """The required modules a person has not passed, or too long ago, on a day."""
    oldest = day - timedelta(days=visit.training_valid_days)
    return [name for name in visit.training_required if not oldest <= passed_on.get(name, date.min) <= day]


def is_trained(passed_on: Mapping[str, date], *, day: date, visit: VisitPolicy) -> bool:
    return not missing_modules(passed_on, day=day, visit=visit)


def valid_until(passed_on: Mapping[str, date], visit: VisitPolicy) -> date | None:
    """The last day all required modules hold; None when one was never passed."""
    if not passed_on.keys() >= set(visit.training_required):
        return None
    return min(passed_on[name] for name in visit.training_required) + timedelta(
        days=visit.training_valid_days
    )
