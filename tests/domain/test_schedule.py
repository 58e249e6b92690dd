from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.dates import Pause
from portal.domain.money import Rounding
from portal.domain.schedule import Remainder, ScheduleError, build_schedule, equal_split
from portal.vocabulary import DayCount, Frequency, Method

PROPERTY = settings(max_examples=60, deadline=None)
START = date(2026, 3, 31)


def plan(**named):
    terms = {
        "principal": 100_000,
        "annual_rate": Decimal("0.12"),
        "periods": 6,
        "start": START,
        "method": Method.EQUAL_INSTALMENT,
        "day_count": DayCount.ACT_365,
    }
    return build_schedule(**{**terms, **named})


def refusal(**named):
    with pytest.raises(ScheduleError) as refused:
        plan(**named)
    assert str(refused.value).endswith(".")
    return refused.value.code


def built(**named):
    """The schedule, or the code of its refusal."""
    try:
        return plan(**named), None
    except ScheduleError as refused:
        return None, refused.code


TERMS = st.fixed_dictionaries(
    {
        "principal": st.integers(10_000, 10**12),
        "annual_rate": st.decimals("0", "0.60", places=4),
        "periods": st.integers(1, 120),
        "method": st.sampled_from(
            [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST, Method.STEPPED]
        ),
        "day_count": st.sampled_from(list(DayCount)),
        "frequency": st.sampled_from(list(Frequency)),
        "rounding": st.sampled_from(list(Rounding)),
        "remainder": st.sampled_from(list(Remainder)),
        "start": st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    }
)


@PROPERTY
@given(TERMS)
def test_rows_add_up_to_the_debt(terms):
    principal, periods = terms["principal"], terms["periods"]
    schedule, code = built(**terms, weights=[Decimal(1 + number % 2) for number in range(periods)])
    if schedule is None:
        # Dear and long: the smaller step, or the instalment of a long month, may not cover its interest.
        assert code == "instalment_below_interest"
        assert terms["method"] in {Method.EQUAL_INSTALMENT, Method.STEPPED}
        assert terms["annual_rate"] * periods > 5
        return
    balance = principal
    for number, row in enumerate(schedule.rows, start=1):
        balance -= row.principal
        assert row.number == number
        assert row.balance == balance >= 0
        assert row.total == row.principal + row.interest
        assert min(row.principal, row.interest) >= 0
    assert balance == 0
    assert len(schedule.rows) == periods
    assert schedule.total == principal + schedule.total_interest


@PROPERTY
@given(st.integers(1, 2_000), st.integers(1, 120), st.decimals("0", "0.3", places=3))
def test_tiny_debts_never_end_early_or_have_empty_instalments(principal, periods, rate):
    try:
        rows = plan(principal=principal, periods=periods, annual_rate=rate).rows
    except ScheduleError:
        rows = ()
    refused = not rows
    assert refused or len(rows) == periods
    assert refused <= (principal < 10 * periods)
    assert all(row.total > 0 for row in rows)


@PROPERTY
@given(st.integers(10_000, 10**9), st.integers(2, 60), st.decimals("0.01", "0.3", places=3))
def test_equal_instalments_are_equal_but_for_the_last(principal, periods, rate):
    schedule = plan(principal=principal, periods=periods, annual_rate=rate)
    assert {row.total for row in schedule.rows[:-1]} == {schedule.instalment}
    assert schedule.difference == schedule.rows[-1].total - schedule.instalment
    # Half a cent for each instalment and each interest, grown by the interest of the term.
    assert abs(schedule.difference) <= periods * (1 + rate / 6) ** periods


def test_a_zero_rate_is_a_rate():
    schedule = plan(annual_rate=Decimal(0))
    assert [row.total for row in schedule.rows] == [16667] * 5 + [16665]
    assert (schedule.total_interest, schedule.difference) == (0, -2)


def test_a_zero_rate_has_no_last_interest_to_take_the_remainder():
    schedule = plan(annual_rate=Decimal(0), remainder=Remainder.LAST_INTEREST)
    assert schedule.total_interest == 0


def test_the_instalment_follows_the_actual_days():
    by_days = plan(day_count=DayCount.ACT_365, periods=12)
    by_months = plan(day_count=DayCount.TWELFTHS, periods=12)
    assert by_days.instalment != by_months.instalment
    assert abs(by_days.difference) <= 12


def test_a_later_first_due_date_bears_its_interest():
    month, later = (
        plan(day_count=DayCount.THIRTY_360),
        plan(day_count=DayCount.THIRTY_360, first_due=date(2026, 5, 31), anchor_day=31),
    )
    assert month.rows[0].interest == 1000
    assert later.rows[0].interest == 2000
    assert [row.due_date.isoformat() for row in later.rows[:2]] == ["2026-05-31", "2026-06-30"]


def test_a_start_outside_the_series_makes_an_irregular_first_period():
    schedule = plan(start=date(2026, 3, 10), anchor_day=31, day_count=DayCount.THIRTY_360)
    assert schedule.rows[0].due_date == date(2026, 4, 30)
    assert schedule.rows[0].interest == 1000 + 667  # 20 of the 30 days from 10 April on
    assert schedule.rows[1].interest == round(schedule.rows[0].balance / 100)


def test_equal_principal_puts_the_rest_into_the_last_row():
    schedule = plan(method=Method.EQUAL_PRINCIPAL)
    assert [row.principal for row in schedule.rows] == [16667] * 5 + [16665]
    assert schedule.difference == -2


def test_interest_first_repays_at_the_end():
    schedule = plan(method=Method.INTEREST_FIRST)
    assert [row.principal for row in schedule.rows] == [0] * 5 + [100_000]


def test_a_lump_sum_is_one_row():
    schedule = plan(method=Method.LUMP_SUM, periods=1, first_due=date(2026, 9, 30))
    assert [(row.due_date, row.total) for row in schedule.rows] == [(date(2026, 9, 30), 100_000 + 6016)]


def test_a_stepped_plan_follows_its_weights():
    schedule = plan(method=Method.STEPPED, weights=[Decimal(1)] * 3 + [Decimal("0.5")] * 3)
    assert schedule.rows[3].total == -(-schedule.instalment // 2)


def test_a_pause_raises_no_instalment_and_makes_the_last_smaller():
    pause = Pause(date(2026, 4, 10), date(2026, 5, 10))
    whole, paused = plan(), plan(interest_pauses=[pause])
    assert paused.instalment == whole.instalment
    assert paused.rows[-1].total < whole.rows[-1].total
    assert paused.total_interest < whole.total_interest


def test_whole_unit_instalments_give_way_when_they_would_end_a_debt_early():
    schedule = plan(principal=10_000, periods=60, annual_rate=Decimal(0), instalment_multiple_of=100)
    assert len(schedule.rows) == 60
    assert schedule.instalment == 167


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"principal": 0}, "principal_not_positive"),
        ({"principal": -5}, "principal_not_positive"),
        ({"annual_rate": Decimal("-0.01")}, "rate_negative"),
        ({"annual_rate": Decimal("NaN")}, "rate_negative"),
        ({"periods": 0}, "periods_out_of_range"),
        ({"periods": 601}, "periods_out_of_range"),
        ({"first_due": START}, "first_due_not_after_start"),
        ({"due_dates": [date(2026, 5, 1), date(2026, 4, 1)], "periods": 2}, "dates_out_of_order"),
        ({"due_dates": [date(2026, 5, 1)]}, "dates_count"),
        ({"due_dates": []}, "dates_count"),
        ({"carried_interest": -1}, "amount_not_positive"),
        ({"instalment_fixed": 0}, "amount_not_positive"),
        ({"instalment_fixed": 500}, "instalment_below_interest"),
        ({"method": Method.MINIMUM_PAYMENT}, "method_not_a_plan"),
        ({"method": Method.LUMP_SUM}, "lump_sum_is_one_payment"),
        ({"method": Method.STEPPED}, "weights_count"),
        ({"method": Method.STEPPED, "weights": [Decimal(0)] * 6}, "weight_not_positive"),
        ({"principal_grace": 6}, "grace_too_long"),
        ({"principal": 2}, "debt_too_small"),
        ({"principal": 2, "method": Method.EQUAL_PRINCIPAL}, "debt_too_small"),
    ],
)
def test_what_cannot_be_a_plan_is_refused(named, code):
    assert refusal(**named) == code


def test_a_first_period_dearer_than_its_instalment_is_refused():
    code = refusal(
        periods=60, annual_rate=Decimal("0.36"), first_due=date(2028, 3, 31), frequency=Frequency.WEEKLY
    )
    assert code == "instalment_below_interest"


@PROPERTY
@given(st.integers(600, 10**9), st.integers(0, 10**6), st.integers(1, 60))
def test_an_equal_split_keeps_debt_and_interest(principal, interest, periods):
    dates = [date(2026, 1, 1).replace(year=2026 + number) for number in range(periods)]
    schedule = equal_split(principal=principal, interest=interest, dates=dates)
    assert sum(row.principal for row in schedule.rows) == principal
    assert schedule.total_interest == interest
    assert len(schedule.rows) == periods
    assert min(min(row.principal, row.interest) for row in schedule.rows) >= 0
