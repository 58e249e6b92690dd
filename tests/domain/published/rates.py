"""Published rates of a year and of a period: nominal, effective, by months, actuarial, and payments."""

from decimal import Decimal
from fractions import Fraction

from portal.domain import tvm
from portal.domain.apr import (
    TimeBasis,
    UnitFlow,
    actuarial_apr,
    as_percent,
    effective_apr,
    effective_apr_by_months,
    nominal_apr,
)
from portal.domain.money import Rounding, round_exact
from tests.domain.published.cases import Case, assert_near, day


def check_irr(case: Case) -> None:
    inputs = case["inputs"]
    rate = nominal_apr([Decimal(flow) for flow in inputs["flows"]], inputs["times"])
    assert_near(rate, case["expected"]["rate"], case["tolerance"])


def check_xirr(case: Case) -> None:
    inputs, expected = case["inputs"], case["expected"]
    flows = [(day(flow["date"]), Decimal(flow["amount"])) for flow in inputs["flows"]]
    rate = effective_apr(flows, basis=TimeBasis(inputs.get("day_count") or f"act/{inputs['basis']}"))
    if "round_places_pct" in inputs:
        assert as_percent(rate, inputs["round_places_pct"]) == Decimal(expected["rate_pct"])
    elif "rate_pct" in expected:
        assert_near(rate * 100, expected["rate_pct"], case["tolerance"])
    else:
        assert_near(rate, expected["rate"], case["tolerance"])


def check_apr_eu_months(case: Case) -> None:
    inputs = case["inputs"]
    payments = [(flow["months"], Decimal(flow["amount"])) for flow in inputs["flows"]]
    rate = effective_apr_by_months([(0, -Decimal(inputs["advance"])), *payments])
    assert_near(rate * 100, case["expected"]["rate_pct"], case["tolerance"])


def check_apr_us(case: Case) -> None:
    inputs = case["inputs"]
    odd, first = Fraction(inputs["first_payment_odd_fraction"]), inputs["first_payment_whole_unit_periods"]
    payments = [
        UnitFlow(number, odd, Decimal(amount))
        for number, amount in enumerate(inputs["payments"], start=first)
    ]
    advance = UnitFlow(0, Fraction(0), -Decimal(inputs["advance"]))
    rate = actuarial_apr([advance, *payments], Fraction(inputs["unit_periods_per_year"]))
    assert as_percent(rate) == Decimal(case["expected"]["apr_pct"])


def check_tvm(case: Case) -> None:
    inputs = case["inputs"]
    function = getattr(tvm, inputs["function"])
    given = {name: inputs[name] for name in ("nper",) if name in inputs}
    given |= {name: Fraction(inputs[name]) for name in ("pv", "pmt") if name in inputs}
    if "rate_pct_per_period" in inputs:
        given["rate"] = _ratio(inputs["rate_pct_per_period"]) / 100
    rounding = inputs["rounding"]
    unit = Fraction(rounding["multiple"]) if "multiple" in rounding else Fraction(1, 10 ** rounding["places"])
    rounded = round_exact(Fraction(function(**given)) / unit, Rounding(rounding["mode"])) * unit
    assert rounded == Fraction(case["expected"]["value"])


def _ratio(text: str) -> Fraction:
    """Read a number, or one over another such as 5.537/12."""
    above, _, below = text.partition("/")
    return Fraction(above) / Fraction(below or 1)
