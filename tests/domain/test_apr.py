from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain import apr
from portal.domain.apr import (
    AprError,
    TimeBasis,
    UnitFlow,
    actuarial_apr,
    as_percent,
    effective_apr,
    effective_apr_by_months,
    nominal_apr,
)
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


@pytest.mark.parametrize("flows", [[100, 100], [-5, -5], [0, 0], [], [-5, 0], [5, 0]])
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


@pytest.mark.parametrize(
    ("basis", "years"),
    [
        (TimeBasis.ACT_365, Decimal(181) / 365),
        (TimeBasis.ACT_360, Decimal(181) / 360),
        (TimeBasis.ACT_364, Decimal(181) / 364),
        (TimeBasis.ACT_365_25, Decimal(181) / Decimal("365.25")),
        (TimeBasis.ACT_ACT_ISDA, Decimal(181) / 365),
        (TimeBasis.THIRTY_360_ISDA, Decimal(180) / 360),
        (TimeBasis.THIRTY_E_360, Decimal(180) / 360),
        (TimeBasis.THIRTY_E_360_ISDA, Decimal(180) / 360),
        (TimeBasis.THIRTY_E_PLUS_360, Decimal(180) / 360),
        (TimeBasis.THIRTY_U_360, Decimal(180) / 360),
        (TimeBasis.NL_360, Decimal(181) / 360),
        (TimeBasis.NL_365, Decimal(181) / 365),
    ],
)
def test_years_are_counted_on_the_basis_that_is_named(basis, years):
    flows = [(DAY, -100), (date(2027, 7, 1), 110)]
    assert abs(effective_apr(flows, basis=basis) - (Decimal("1.1") ** (1 / years) - 1)) < Decimal("1e-10")


def test_a_basis_holds_where_the_library_finds_nothing(monkeypatch):
    monkeypatch.setattr(apr.pyxirr, "xirr", lambda *_, **__: None)
    flows = [(DAY, -100), (date(2027, 7, 1), 110)]
    assert effective_apr(flows, basis=TimeBasis.THIRTY_360_ISDA) == Decimal("0.21")


def test_every_basis_is_known_by_its_name():
    assert set(apr._COUNTS) == set(TimeBasis)


def test_an_odd_first_period_bears_simple_interest():
    flows = [UnitFlow(0, Fraction(0), -1000), UnitFlow(1, Fraction(1, 2), Decimal("1155"))]
    assert actuarial_apr(flows, 12) == Decimal("1.2")  # 1,000 × 1.1 × 1.05
    assert actuarial_apr(flows[:1] + [UnitFlow(2, Fraction(0), 1210)], Fraction(365, 100)) == Decimal("0.365")
    with pytest.raises(AprError) as refused:
        actuarial_apr(flows[1:], 12)
    assert refused.value.code == "no_sign_change"


def test_of_several_rates_the_one_nearest_zero_is_told():
    # 10 % and 100 %: (1.1 − x)(2 − x) = 2.2 − 3.1 x + x².
    flows = [-100, 310, -220]
    assert nominal_apr(flows, 1) == Decimal("0.1")
    dated = [(DAY + timedelta(days=365 * number), flow) for number, flow in enumerate(flows)]
    assert effective_apr(dated) == Decimal("0.1")


def test_a_loan_seen_by_its_borrower_has_the_same_rate():
    assert nominal_apr([100, -60, -60], 1) == nominal_apr([-100, 60, 60], 1)
    assert nominal_apr([100, 0, -121], 1) == Decimal("0.1")


def test_rates_hold_to_the_digits_that_are_told():
    monthly = nominal_apr([-1_000_000, *[20_000] * 59, 20_000 + 1_000_000], 12)
    assert monthly == Decimal("0.24")
    assert effective_apr([(DAY, -1_000_000), (DAY + timedelta(days=73), 1_020_000)]) == Decimal(
        "0.1040808032"
    )


@pytest.mark.parametrize("flows", [[-1, 10**7], [-1000, 1]])
def test_very_high_and_very_low_rates_are_found(flows):
    assert nominal_apr(flows, 1) == Decimal(flows[1]) / -flows[0] - 1
