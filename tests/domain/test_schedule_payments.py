"""What is repaid early, given up or left unpaid, and what that does to a schedule."""

from dataclasses import replace
from decimal import Decimal

import pytest

from portal.domain.schedule import (
    ScheduleError,
    replay,
    with_arrears,
)
from portal.domain.schedule_facts import (
    EarlyEffect,
    EarlyRepayment,
    InterestWaiver,
    PaymentHoliday,
    TermExtension,
    UnpaidInstalment,
)
from portal.vocabulary import Method
from tests.domain.ten_a_day import EQUAL, FREE, LOAN, day, interest, refusal


def test_an_early_repayment_bears_no_interest_after_its_day():
    schedule = replay(LOAN, [EarlyRepayment(day(1, 11), 365_000)])
    assert [row.interest for row in schedule.rows] == [10_000 + 21 * 900, 28 * 900, 31 * 900]
    assert [row.principal for row in schedule.rows] == [365_000, 0, 3_285_000]
    assert schedule.flows() == [
        (day(1, 1), -3_650_000),
        (day(2, 1), 28_900),
        (day(3, 1), 25_200),
        (day(4, 1), 3_285_000 + 27_900),
        (day(1, 11), 365_000),
    ]


def test_an_early_repayment_on_a_due_date_counts_after_it():
    assert interest(EarlyRepayment(day(2, 1), 365_000)) == [31_000, 25_200, 27_900]
    assert interest(EarlyRepayment(day(2, 2), 365_000)) == [31_000, 1_000 + 27 * 900, 27_900]


def test_an_early_repayment_shortens_the_term_or_lowers_the_instalment():
    shorter = replay(FREE, [EarlyRepayment(day(2, 1), 120_000)])
    assert [row.total for row in shorter.rows] == [220_000, 80_000]
    assert (shorter.instalment, shorter.difference) == (100_000, -20_000)
    lower = replay(FREE, [EarlyRepayment(day(2, 1), 120_000, EarlyEffect.LOWER_INSTALMENT)])
    assert [row.total for row in lower.rows] == [220_000, 40_000, 40_000]
    assert (lower.instalment, lower.difference) == (40_000, 0)
    within = replay(FREE, [EarlyRepayment(day(1, 20), 120_000, EarlyEffect.LOWER_INSTALMENT)])
    assert [row.total for row in within.rows] == [220_000, 40_000, 40_000]


def test_an_instalment_is_lowered_before_the_next_fact_counts():
    lower = EarlyRepayment(day(2, 1), 120_000, EarlyEffect.LOWER_INSTALMENT)
    assert [row.total for row in replay(FREE, [lower, PaymentHoliday(day(2, 2), 1)]).rows] == [
        220_000,
        40_000,
        40_000,
    ]
    assert [row.total for row in replay(FREE, [lower, TermExtension(day(2, 2), 2)]).rows] == [
        220_000,
        *[20_000] * 4,
    ]


def test_an_early_repayment_with_the_last_instalment_is_no_difference():
    schedule = replay(FREE, [EarlyRepayment(day(3, 20), 30_000)])
    assert [row.total for row in schedule.rows] == [100_000] * 3
    assert schedule.difference == -30_000
    assert schedule.early == ((3, day(3, 20), 30_000),)


def test_all_that_is_left_may_be_repaid_with_the_interest_until_that_day():
    rows = replay(LOAN, [EarlyRepayment(day(1, 11), 3_650_000)]).rows
    assert [(row.principal, row.interest, row.balance) for row in rows] == [(3_650_000, 10_000, 0)]


def test_more_than_is_left_cannot_be_repaid():
    error = refusal(EarlyRepayment(day(1, 11), 3_650_001))
    assert (error.code, error.facts) == (
        "repayment_above_balance",
        {"amount": 3_650_001, "left": 3_650_000},
    )
    two = EarlyRepayment(day(1, 11), 3_650_000), EarlyRepayment(day(1, 12), 1)
    assert refusal(*two).facts == {"amount": 1, "left": 0}


@pytest.mark.parametrize(
    ("waiver", "left"),
    [
        (InterestWaiver(day(1, 1), share=Decimal("0.5")), [15_500, 28_000, 31_000]),
        (InterestWaiver(day(2, 1), share=Decimal(1)), [0, 28_000, 31_000]),
        (InterestWaiver(day(2, 2), amount=28_000), [31_000, 0, 31_000]),
        (InterestWaiver(day(4, 1), amount=1), [31_000, 28_000, 30_999]),
    ],
)
def test_a_waiver_takes_interest_off_the_next_instalment(waiver, left):
    assert interest(waiver) == left


def test_a_waiver_leaves_the_principal_as_it_was():
    plain, waived = replay(EQUAL), replay(EQUAL, [InterestWaiver(day(2, 2), amount=5_000)])
    assert [row.principal for row in waived.rows] == [row.principal for row in plain.rows]
    assert [row.total for row in waived.rows] == [1_236_722, 1_231_722, plain.rows[2].total]


def test_waivers_on_one_instalment_add_up_to_its_interest_at_most():
    half = InterestWaiver(day(1, 5), share=Decimal("0.5"))
    assert interest(half, replace(half, day=day(1, 6))) == [0, 28_000, 31_000]
    error = refusal(half, InterestWaiver(day(1, 7), amount=15_501))
    assert (error.code, error.facts) == ("waiver_above_interest", {"waived": 31_001, "interest": 31_000})


def test_the_principal_of_an_unpaid_instalment_bears_interest_until_its_day():
    loan = replace(LOAN, method=Method.EQUAL_PRINCIPAL, principal=10_950_000)  # 1,000 a day of each third
    assert interest(loan=loan) == [93_000, 56_000, 31_000]
    assert interest(UnpaidInstalment(day(2, 1), day(2, 1)), loan=loan) == [93_000, 56_000, 31_000]
    assert interest(UnpaidInstalment(day(2, 1), day(2, 11)), loan=loan) == [93_000, 66_000, 31_000]
    assert interest(UnpaidInstalment(day(2, 1), day(3, 11)), loan=loan) == [93_000, 84_000, 41_000]
    assert interest(UnpaidInstalment(day(2, 1), day(9, 1)), loan=loan) == [93_000, 84_000, 62_000]


def test_arrears_count_the_instalments_that_are_due():
    loan = replace(LOAN, method=Method.EQUAL_PRINCIPAL, principal=10_950_000)
    schedule = with_arrears(loan, [1, 2, 3], as_of=day(3, 1))
    assert [row.interest for row in schedule.rows] == [93_000, 84_000, 31_000]
    assert with_arrears(loan, [], as_of=day(3, 1)) == replay(loan)
    with pytest.raises(ScheduleError) as refused:
        with_arrears(loan, [4, 7], as_of=day(3, 1))
    assert (refused.value.code, refused.value.facts) == ("no_such_instalment", {"number": 4})


def test_an_early_repayment_is_no_arrears():
    loan = replace(LOAN, method=Method.EQUAL_PRINCIPAL, principal=10_950_000)
    facts = EarlyRepayment(day(2, 1), 3_650_000), UnpaidInstalment(day(2, 1), day(2, 11))
    assert interest(*facts, loan=loan) == [93_000, 28_000 + 10_000]


def test_half_of_no_interest_is_nothing_to_give_up():
    assert interest(InterestWaiver(day(1, 5), share=Decimal("0.5")), loan=FREE) == [0, 0, 0]
