"""Both yearly rates of a schedule: what has to be told before a plan is signed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from portal.domain.apr import UnitFlow, actuarial_apr, effective_apr, nominal_apr
from portal.domain.dates import Step, StepUnit, add_months, days_between
from portal.domain.schedule import Schedule

# Of a month; days left over are counted as thirtieths of one (Regulation Z, appendix J, (b)(5)).
DAYS_OF_A_MONTH = 30
_PERIODS_A_YEAR = {StepUnit.DAY: 365, StepUnit.WEEK: 52, StepUnit.MONTH: 12}


@dataclass(frozen=True, slots=True)
class YearlyRates:
    """As fractions of one: `nominal` is the rate of a period times the periods of a year, `effective` is
    compounded over actual days of a year of 365."""

    nominal: Decimal
    effective: Decimal


def yearly_rates(schedule: Schedule, step: Step) -> YearlyRates:
    """Return the yearly rates of a schedule whose instalments are one step apart.

    The nominal one is IRR × periods where every payment is whole periods from the start; days left over bear
    simple interest (the actuarial method). Raises AprError where no rate balances it."""
    flows = schedule.flows()
    units = [_units(schedule.start, day, step) for day, _ in flows]
    a_year = Fraction(_PERIODS_A_YEAR[step.unit], step.every)
    if any(rest for _, rest in units):
        found = [UnitFlow(*unit, amount) for unit, (_, amount) in zip(units, flows, strict=True)]
        nominal = actuarial_apr(found, a_year)
    else:
        periods = [0] * (max(count for count, _ in units) + 1)
        for (count, _), (_, amount) in zip(units, flows, strict=True):
            periods[count] += amount
        nominal = nominal_apr(periods, a_year)
    return YearlyRates(nominal, effective_apr(flows))


def _units(start: date, day: date, step: Step) -> tuple[int, Fraction]:
    """Return the whole periods between two days, counted back from the later one, and the rest of one."""
    if step.unit is not StepUnit.MONTH:
        count, rest = divmod(days_between(start, day), step.days)
        return count, Fraction(rest, step.days)
    months = (day.year - start.year) * 12 + day.month - start.month
    count = months // step.every
    if add_months(start, count * step.every) == day:
        return count, Fraction(0)  # from a month's last day to another's, which need not be the same number
    if add_months(day, -count * step.every) < start:
        count -= 1
    rest = days_between(start, add_months(day, -count * step.every))
    return count, Fraction(rest, DAYS_OF_A_MONTH * step.every)
