"""Plans to lay side by side: the shortest that fits a budget, a gentler one, and one of another kind."""

from dataclasses import dataclass, replace

from portal.domain.plans import Basis, Draft, Terms, draft
from portal.domain.refusals import Refused
from portal.vocabulary import Method, PlanChoice

CANNOT_BE = frozenset({"plan_instalment_too_small", "plan_instalment_below_interest"})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the plans laid side by side."""

    choice: PlanChoice
    draft: Draft
    fits: bool


def choices(
    basis: Basis, wanted: Terms, *, affordable: int, own_periods: int | None = None
) -> tuple[Choice, ...]:
    """Return plans to lay side by side: done soonest, gentler (or the person's own length), and of another
    kind. `wanted` has the method, frequency, first date and concessions; its periods are not looked at.

    The first and the last are the shortest that fit; where nothing fits, the longest there may be. Refused:
    no plan can be made this way at all."""
    soonest = _shortest(basis, wanted, affordable)
    found: list[tuple[PlanChoice, Draft]] = [(PlanChoice.SOONEST, soonest)]
    if own_periods is not None:
        found.append((PlanChoice.OWN, draft(basis, replace(wanted, periods=own_periods))))
    elif (gentler := _gentler(basis, soonest)) is not None:
        found.append((PlanChoice.GENTLER, gentler))
    other, method = _other(wanted.method)
    found.append((other, _shortest(basis, replace(wanted, method=method), affordable)))
    return tuple(Choice(choice=name, draft=plan, fits=plan.fits(affordable)) for name, plan in found)


def _other(method: Method) -> tuple[PlanChoice, Method]:
    """What a kind of plan is compared with: falling instalments, and those with level ones."""
    if method is Method.EQUAL_PRINCIPAL:
        return PlanChoice.LEVEL, Method.EQUAL_INSTALMENT
    return PlanChoice.FALLING, Method.EQUAL_PRINCIPAL


def _shortest(basis: Basis, terms: Terms, affordable: int) -> Draft:
    most = most_periods(basis, terms.method)
    first, longest = min(most, _least_periods(basis, affordable)), None
    for periods in range(first, most + 1):
        found = _buildable(basis, replace(terms, periods=periods))
        if found is None:
            break
        longest = found
        if found.fits(affordable):
            return found
    shorter = (_buildable(basis, replace(terms, periods=periods)) for periods in range(first - 1, 1, -1))
    return longest or next(filter(None, shorter), None) or draft(basis, replace(terms, periods=1))


def most_periods(basis: Basis, method: Method) -> int:
    """Return how many instalments a plan of a kind may have at most."""
    return 1 if method is Method.LUMP_SUM else basis.most_periods


def _least_periods(basis: Basis, affordable: int) -> int:
    """In fewer instalments even the average one would be too much, whatever is waived."""
    least = basis.parts.total - basis.parts.penalty - basis.parts.interest
    wanted = -(-least // affordable) if affordable else basis.most_periods
    return max(1, wanted)


def _gentler(basis: Basis, soonest: Draft) -> Draft | None:
    """Half as long again as the shortest, at least three instalments more; None where there is no room."""
    shortest = soonest.terms.periods
    most = most_periods(basis, soonest.terms.method)
    longer = min(most, max(shortest + 3, -(-shortest * 3 // 2)))
    return None if longer == shortest else _buildable(basis, replace(soonest.terms, periods=longer))


def _buildable(basis: Basis, terms: Terms) -> Draft | None:
    """Work out a plan; None when its instalments would be too small."""
    try:
        return draft(basis, terms)
    except Refused as refusal:
        if refusal.code not in CANNOT_BE:
            raise
        return None
