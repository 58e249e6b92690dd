"""A debt that is divided anew, and facts for which there is no place."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal.domain.schedule import (
    Contract,
    ScheduleError,
    build_schedule,
    equal_split,
    replay,
)
from portal.domain.schedule_facts import (
    DueDateChange,
    EarlyRepayment,
    InterestPause,
    InterestWaiver,
    OwedInterest,
    PaymentHoliday,
    RateChange,
    Replan,
    TermExtension,
    UnpaidInstalment,
)
from portal.vocabulary import DayCount, Method
from tests.domain.ten_a_day import EQUAL, LOAN, dates, day, interest, refusal

PUBLISHED = Contract(
    principal=10_000,
    annual_rate=Decimal("0.07"),
    periods=6,
    start=date(2024, 1, 1),
    method=Method.EQUAL_INSTALMENT,
    day_count=DayCount.THIRTY_360,
)


def replanned(**named):
    plan = Replan(date(2024, 3, 15), 6, date(2024, 4, 1), oldest_unpaid=date(2024, 3, 1), **named)
    return replay(PUBLISHED, [plan])


def test_a_new_plan_keeps_the_interest_that_is_owed():
    schedule = replanned()
    assert [(row.number, row.due_date, row.total) for row in schedule.rows[:2]] == [
        (1, date(2024, 2, 1), 1_701),
        (2, date(2024, 4, 1), 1_430),
    ]
    assert schedule.rows[1].interest == 98  # 0.49 of February, 0.22 of 14 days, and 0.27 of 17
    assert (len(schedule.rows), schedule.instalment) == (7, 1_430)
    assert sum(row.principal for row in schedule.rows) == 10_000
    assert (schedule.principal, schedule.start) == (10_000, date(2024, 1, 1))


def test_a_new_plan_may_waive_the_interest_that_is_owed():
    schedule = replanned(interest=OwedInterest.WAIVE)
    alone = build_schedule(
        principal=8_357,
        annual_rate=Decimal("0.07"),
        periods=6,
        start=date(2024, 3, 15),
        first_due=date(2024, 4, 1),
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.THIRTY_360,
    )
    assert [row._replace(number=row.number - 1) for row in schedule.rows[1:]] == list(alone.rows)


def test_a_new_plan_may_spread_the_interest_that_is_owed():
    schedule = replanned(interest=OwedInterest.SPREAD)
    split = equal_split(principal=8_357, interest=71, dates=[row.due_date for row in schedule.rows[1:]])
    assert [row._replace(number=row.number - 1) for row in schedule.rows[1:]] == list(split.rows)
    assert [row.interest for row in split.rows] == [12] * 5 + [11]
    assert (split.instalment, split.difference) == (1_393 + 12, -2)


def test_a_new_plan_may_have_another_method_and_rate():
    schedule = replanned(method=Method.EQUAL_PRINCIPAL, annual_rate=Decimal(0))
    assert [row.principal for row in schedule.rows[1:]] == [1_393] * 5 + [1_392]
    assert [row.interest for row in schedule.rows[1:]] == [71, 0, 0, 0, 0, 0]
    assert (schedule.method, schedule.difference) == (Method.EQUAL_PRINCIPAL, -1)


def test_a_new_plan_after_the_end_takes_the_interest_up_to_the_end():
    plan = Replan(day(8, 1), 2, day(9, 1), interest=OwedInterest.SPREAD, oldest_unpaid=day(3, 1))
    rows = replay(LOAN, [plan]).rows
    assert [(row.number, row.principal, row.interest) for row in rows] == [
        (1, 0, 31_000),
        (2, 1_825_000, 29_500),
        (3, 1_825_000, 29_500),
    ]


def test_an_instalment_may_be_planned_anew_on_the_day_it_is_due():
    plan = Replan(day(2, 1), 1, day(2, 11), oldest_unpaid=day(2, 1))
    assert interest(plan) == [31_000 + 10_000]
    assert interest(replace(plan, oldest_unpaid=None)) == [31_000 + 10_000]


def test_a_new_plan_without_arrears_collects_the_interest_of_the_days_so_far():
    rows = replay(LOAN, [Replan(day(1, 11), 1, day(1, 31))]).rows
    assert [(row.number, row.due_date, row.interest) for row in rows] == [(1, day(1, 31), 10_000 + 20_000)]


def test_what_held_before_holds_in_the_new_plan():
    plan = Replan(day(2, 11), 1, day(3, 3))
    assert interest(RateChange(day(2, 6), Decimal("0.20")), plan) == [31_000, 4_000 + 6 * 2_000 + 20 * 2_000]
    assert interest(InterestPause(day(2, 6), day(2, 20)), plan) == [31_000, 4_000 + 11_000]
    assert interest(InterestWaiver(day(2, 6), amount=4_000), plan) == [31_000, 6_000 + 20_000]
    free = replace(LOAN, interest_free=2)
    assert interest(plan, loan=free) == [0, 20_000]
    later = replace(LOAN, interest_grace=2)
    assert interest(plan, loan=later) == [0, 31_000 + 10_000 + 20_000]


def test_an_early_repayment_before_a_new_plan_is_a_row_of_its_own():
    facts = EarlyRepayment(day(2, 6), 365_000), Replan(day(2, 11), 1, day(3, 3))
    schedule = replay(LOAN, facts)
    assert [
        (row.number, row.due_date, row.principal, row.interest, row.balance) for row in schedule.rows
    ] == [
        (1, day(2, 1), 0, 31_000, 3_650_000),
        (2, day(2, 6), 365_000, 0, 3_285_000),
        (3, day(3, 3), 3_285_000, 5_000 + 5 * 900 + 20 * 900, 0),
    ]
    assert schedule.early == ()
    kept = replay(LOAN, [EarlyRepayment(day(1, 6), 365_000), facts[1]])
    assert kept.early == ((1, day(1, 6), 365_000),)


def test_facts_go_on_in_the_new_plan():
    facts = Replan(day(2, 11), 1, day(3, 3)), RateChange(day(2, 22), Decimal(0))
    assert interest(*facts) == [31_000, 10_000 + 10_000]
    again = Replan(day(2, 11), 2, day(3, 3)), Replan(day(3, 13), 1, day(3, 23))
    assert interest(*again) == [31_000, 10_000 + 20_000, 10_000 + 10_000]


@pytest.mark.parametrize(
    ("method", "planned"),
    [
        (Method.EQUAL_PRINCIPAL, Method.EQUAL_PRINCIPAL),
        (Method.INTEREST_FIRST, Method.INTEREST_FIRST),
        (Method.STEPPED, Method.EQUAL_INSTALMENT),
        (Method.EQUAL_INSTALMENT, Method.EQUAL_INSTALMENT),
    ],
)
def test_a_new_plan_goes_on_with_the_method_where_it_can(method, planned):
    loan = replace(LOAN, method=method, weights=[Decimal(1)] * 3)
    schedule = replay(loan, [Replan(day(2, 11), 4, day(3, 3))])
    assert (schedule.method, len(schedule.rows)) == (planned, 5)
    assert schedule.rows[-1].balance == 0


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: InterestPause(day(2, 2), day(2, 1)), "pause_out_of_order"),
        (lambda: RateChange(day(2, 2), Decimal("-0.01")), "rate_negative"),
        (lambda: RateChange(day(2, 2), Decimal("inf")), "rate_negative"),
        (lambda: PaymentHoliday(day(2, 2), 0), "periods_out_of_range"),
        (lambda: TermExtension(day(2, 2), 601), "periods_out_of_range"),
        (lambda: EarlyRepayment(day(2, 2), 0), "repayment_not_positive"),
        (lambda: InterestWaiver(day(2, 2)), "waiver_invalid"),
        (lambda: InterestWaiver(day(2, 2), amount=0), "waiver_invalid"),
        (lambda: InterestWaiver(day(2, 2), share=Decimal(0)), "waiver_invalid"),
        (lambda: InterestWaiver(day(2, 2), share=Decimal("1.01")), "waiver_invalid"),
        (lambda: InterestWaiver(day(2, 2), share=Decimal("NaN")), "waiver_invalid"),
        (lambda: InterestWaiver(day(2, 2), amount=1, share=Decimal("0.5")), "waiver_invalid"),
        (lambda: UnpaidInstalment(day(2, 2), day(2, 1)), "unpaid_out_of_order"),
        (lambda: Replan(day(2, 2), 0, day(3, 1)), "periods_out_of_range"),
        (lambda: Replan(day(2, 2), 1, day(2, 2)), "first_due_not_after_start"),
        (lambda: Replan(day(2, 2), 1, day(3, 1), oldest_unpaid=day(2, 3)), "unpaid_out_of_order"),
        (lambda: Replan(day(2, 2), 1, day(3, 1), annual_rate=Decimal(-1)), "rate_negative"),
    ],
)
def test_a_fact_that_makes_no_sense_is_refused_at_once(make, code):
    with pytest.raises(ScheduleError) as refused:
        make()
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        (RateChange(date(2025, 12, 31), Decimal(0)), "fact_before_start"),
        (InterestPause(date(2025, 12, 31), day(1, 5)), "fact_before_start"),
        (InterestPause(day(4, 2), day(4, 5)), "fact_after_end"),
        (EarlyRepayment(day(4, 2), 1), "fact_after_end"),
        (Replan(day(4, 2), 2, day(5, 1)), "fact_after_end"),
        (PaymentHoliday(day(1, 5), 4), "holiday_too_long"),
        (PaymentHoliday(day(3, 5), 2), "holiday_too_long"),
        (TermExtension(day(1, 5), 598), "periods_out_of_range"),
        (DueDateChange(day(2, 5), day(2, 4)), "due_date_out_of_order"),
        (DueDateChange(day(2, 1), day(1, 1)), "due_date_out_of_order"),
        (UnpaidInstalment(day(2, 2), day(2, 5)), "no_such_due_date"),
        (Replan(day(2, 11), 2, day(3, 3), oldest_unpaid=day(2, 2)), "no_such_due_date"),
        (Replan(day(2, 11), 2, day(3, 3), method=Method.STEPPED), "weights_count"),
    ],
)
def test_a_fact_the_loan_has_no_place_for_is_refused(fact, code):
    assert refusal(fact).code == code


def test_a_holiday_as_long_as_the_plan_is_the_longest():
    assert dates(PaymentHoliday(day(1, 5), 3)) == [(5, 1), (6, 1), (7, 1)]
    error = refusal(PaymentHoliday(day(3, 5), 2))
    assert error.facts == {"periods": 2, "left": 1}
    assert str(error) == "A holiday of 2 periods is longer than the 1 that are left."


def test_a_due_date_on_the_start_of_its_period_is_refused():
    assert refusal(DueDateChange(day(1, 1), day(1, 1))).code == "due_date_out_of_order"
    assert dates(DueDateChange(day(1, 1), day(1, 2)))[0] == (1, 2)


def test_a_lump_sum_is_not_extended():
    loan = replace(LOAN, method=Method.LUMP_SUM, periods=1)
    assert refusal(TermExtension(day(1, 5), 1), loan=loan).code == "lump_sum_is_one_payment"


def test_nothing_happens_to_a_loan_that_was_repaid_early():
    repaid = EarlyRepayment(day(1, 11), 3_650_000)
    assert refusal(repaid, RateChange(day(2, 2), Decimal(0))).code == "fact_after_end"
    assert refusal(repaid, Replan(day(2, 2), 2, day(3, 1))).code == "fact_after_end"
    assert refusal(repaid, Replan(day(1, 21), 2, day(3, 1))).code == "fact_after_end"


def test_a_rate_that_the_instalment_cannot_cover_is_refused():
    loan = replace(EQUAL, instalment_fixed=40_000)
    assert refusal(RateChange(day(2, 2), Decimal("0.2")), loan=loan).code == "instalment_below_interest"
