from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain import apr
from portal.domain.apr import AprError, as_percent, effective_apr, effective_apr_by_months, nominal_apr
from portal.domain.schedule import build_schedule
from portal.vocabulary import DayCount, Method

PROPERTY = settings(max_examples=60, deadline=None)
DAY = date(2027, 1, 1)


def plan(rate, periods=12):
    return build_schedule(
        principal=1_000_000,
        annual_rate=rate,
        periods=periods,
        start=DAY,
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.TWELFTHS,
    )


@PROPERTY
@given(st.decimals("0", "0.6", places=4), st.integers(2, 60))
def test_a_plan_by_months_costs_its_nominal_rate(rate, periods):
    rows = plan(rate, periods).rows
    told = nominal_apr([-1_000_000, *(row.total for row in rows)], 12)
    assert abs(told - rate) < Decimal("0.0001")


def test_the_effective_rate_compounds_the_nominal_one():
    rows = plan(Decimal("0.12")).rows
    effective = effective_apr([(DAY, -1_000_000), *((row.due_date, row.total) for row in rows)])
    by_months = effective_apr_by_months([(0, -1_000_000), *((row.number, row.total) for row in rows)])
    assert as_percent(by_months) == Decimal("12.68")
    assert abs(effective - by_months) < Decimal("0.001")


@pytest.mark.parametrize("flows", [[100, 100], [-5, -5], [0, 0], []])
def test_money_that_goes_one_way_has_no_rate(flows):
    with pytest.raises(AprError) as refused:
        nominal_apr(flows, 12)
    assert refused.value.code == "no_sign_change"
    with pytest.raises(AprError):
        effective_apr([(DAY + timedelta(days=30 * number), flow) for number, flow in enumerate(flows)])


def test_flows_that_no_rate_balances_are_an_error():
    with pytest.raises(AprError) as refused:
        effective_apr([(DAY, 100), (DAY + timedelta(days=365), -200), (DAY + timedelta(days=730), 150)])
    assert refused.value.code == "no_rate"


@pytest.mark.parametrize("answer", [None, float("nan"), float("inf"), -1.0, 0.9])
def test_a_wrong_answer_of_the_library_is_found_out_and_replaced(monkeypatch, answer):
    monkeypatch.setattr(apr.pyxirr, "xirr", lambda *_, **__: answer)
    monkeypatch.setattr(apr.pyxirr, "irr", lambda *_, **__: answer)
    assert effective_apr([(DAY, -100), (DAY + timedelta(days=365), 110)]) == Decimal("0.1")
    assert nominal_apr([-100, 110], 12) == Decimal("1.2")


def test_the_order_of_the_flows_does_not_matter():
    flows = [(DAY + timedelta(days=90), 40), (DAY, -100), (DAY + timedelta(days=365), 70)]
    assert effective_apr(flows) == effective_apr(sorted(flows))


def test_a_debt_paid_back_in_part_has_a_rate_below_zero():
    assert effective_apr([(DAY, -100), (DAY + timedelta(days=365), 60)]) == Decimal("-0.4")


def test_percentages_are_rounded_half_up():
    assert as_percent(Decimal("0.126850")) == Decimal("12.69")
    assert as_percent(Decimal("13.0875"), 1) == Decimal("1308.8")
