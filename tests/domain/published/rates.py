"""Published yearly rates: nominal, effective, by months."""

from decimal import Decimal

from portal.domain.apr import as_percent, effective_apr, effective_apr_by_months, nominal_apr
from tests.domain.published.cases import Case, assert_near, day


def check_irr(case: Case) -> None:
    inputs = case["inputs"]
    rate = nominal_apr([Decimal(flow) for flow in inputs["flows"]], inputs["times"])
    assert_near(rate, case["expected"]["rate"], case["tolerance"])


def check_xirr(case: Case) -> None:
    inputs, expected = case["inputs"], case["expected"]
    rate = effective_apr([(day(flow["date"]), Decimal(flow["amount"])) for flow in inputs["flows"]])
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
