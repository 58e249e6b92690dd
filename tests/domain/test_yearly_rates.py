from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal.domain.apr import as_percent
from portal.domain.dates import Step, StepUnit, step_of
from portal.domain.schedule import Contract, replay
from portal.domain.schedule_facts import EarlyRepayment, PaymentHoliday
from portal.domain.yearly_rates import yearly_rates
from portal.vocabulary import DayCount, Frequency, Method

LOAN = Contract(
    principal=100_000_000,
    annual_rate=Decimal("0.12"),
    periods=12,
    start=date(2026, 1, 31),
    method=Method.EQUAL_INSTALMENT,
    day_count=DayCount.TWELFTHS,
)


def rates(*facts, loan=LOAN):
    found = yearly_rates(replay(loan, facts), step_of(loan.frequency))
    return as_percent(found.nominal, 3), as_percent(found.effective, 3)


def test_the_nominal_rate_is_that_of_the_contract_where_months_are_twelfths():
    assert rates() == (Decimal("12.000"), Decimal("12.780"))


@pytest.mark.parametrize(
    ("frequency", "days"), [(Frequency.WEEKLY, 7), (Frequency.FORTNIGHTLY, 14), (Step(StepUnit.DAY, 10), 10)]
)
def test_the_nominal_rate_counts_the_periods_of_a_year(frequency, days):
    loan = replace(LOAN, frequency=frequency, day_count=DayCount.ACT_365)
    periods = {7: 52, 14: 26, 10: Decimal("36.5")}[days]
    assert rates(loan=loan)[0] == as_percent(Decimal("0.12") * days / 365 * periods, 3)


def test_two_months_are_a_period_of_their_own():
    loan = replace(LOAN, frequency=Step(StepUnit.MONTH, 2), start=date(2026, 1, 30))
    assert rates(loan=loan)[0] == Decimal("12.000")


def lump_sum(first_due, **named):
    named = {
        "periods": 1,
        "first_due": first_due,
        "method": Method.LUMP_SUM,
        "day_count": DayCount.ACT_365,
    } | named
    return replace(LOAN, **named)


def test_months_without_a_payment_compound():
    loan = lump_sum(date(2026, 4, 30), anchor_day=31, day_count=DayCount.TWELFTHS)
    assert abs((1 + rates(loan=loan)[0] / 1200) ** 3 - Decimal("1.03")) < Decimal("0.00001")
    month, two = lump_sum(None, day_count=DayCount.TWELFTHS), date(2026, 3, 31)
    put_off = rates(PaymentHoliday(date(2026, 2, 1), 1), loan=month)
    assert put_off == rates(loan=replace(month, first_due=two)) == (Decimal("11.941"), Decimal("13.033"))


def test_days_left_over_bear_simple_interest():
    loan = lump_sum(date(2026, 3, 25), start=date(2026, 1, 10))
    monthly = rates(loan=loan)[0] / 1200
    cost = 1 + Decimal("0.12") * 74 / 365
    assert abs((1 + monthly) ** 2 * (1 + monthly / 2) - cost) < Decimal("0.00001")


def test_weeks_and_days_left_over_are_sevenths():
    loan = lump_sum(date(2026, 1, 12), start=date(2026, 1, 1), frequency=Frequency.WEEKLY)
    weekly = rates(loan=loan)[0] / 5200
    assert abs((1 + weekly) * (1 + weekly * 4 / 7) - (1 + Decimal("0.12") * 11 / 365)) < Decimal("0.00001")


def test_an_early_repayment_counts_on_its_own_day():
    loan, half = lump_sum(date(2026, 3, 31)), EarlyRepayment(date(2026, 3, 2), 50_000_000)
    rest = replay(loan, [half]).total - half.amount
    monthly = rates(half, loan=loan)[0] / 1200
    # A month and two days, of thirty, after 31 January; and two months.
    present = half.amount / ((1 + monthly) * (1 + monthly * 2 / 30)) + rest / (1 + monthly) ** 2
    assert abs(present / loan.principal - 1) < Decimal("0.00001")
    yearly = 1 + rates(half, loan=loan)[1] / 100
    present = half.amount / yearly ** (Decimal(30) / 365) + rest / yearly ** (Decimal(59) / 365)
    assert abs(present / loan.principal - 1) < Decimal("0.00001")


def test_a_free_loan_has_no_rate():
    assert rates(loan=replace(LOAN, annual_rate=Decimal(0))) == (0, 0)


def test_a_day_of_the_month_before_the_start_is_a_month_less():
    loan = lump_sum(date(2026, 2, 5), start=date(2026, 1, 20))
    # 16 days are 16 thirtieths of a month: i × 16 ÷ 30 = 0.12 × 16 ÷ 365.
    assert rates(loan=loan)[0] == as_percent(Decimal("0.12") * 30 / 365 * 12, 3)
