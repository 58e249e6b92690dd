from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal.domain.money import Rounding
from portal.domain.penalty import (
    FeeBase,
    GraceRule,
    Instalment,
    Overdue,
    daily_penalty,
    days_charged,
    first_penalty_day,
    late_fees,
    raised_rate,
    short_loan,
)
from portal.domain.simple_interest import InterestError

DUE = date(2027, 3, 1)
SUBTRACT, RETROACTIVE = GraceRule.SUBTRACT, GraceRule.RETROACTIVE


def code_of(act, *arguments, **named):
    with pytest.raises(InterestError) as refused:
        act(*arguments, **named)
    return refused.value.code


def test_a_raised_rate_is_whole_parts_per_million():
    assert raised_rate(Decimal("0.072"), Decimal("1.3")) == Decimal("0.0936")
    assert raised_rate(Decimal("0.0000005"), Decimal(1)) == Decimal("0.000001")
    assert raised_rate(Decimal("0.0000005"), Decimal("0.99")) == 0
    assert raised_rate(0, Decimal("1.5")) == 0


@pytest.mark.parametrize(
    ("days", "rule", "charged"),
    [
        (-1, SUBTRACT, 0), (0, SUBTRACT, 0), (5, SUBTRACT, 0), (6, SUBTRACT, 1), (10, SUBTRACT, 5),
        (-1, RETROACTIVE, 0), (5, RETROACTIVE, 0), (6, RETROACTIVE, 6), (10, RETROACTIVE, 10),
    ],
)  # fmt: skip
def test_grace_is_taken_off_or_lapses_as_its_rule_says(days, rule, charged):
    assert days_charged(days, grace_days=5, rule=rule) == charged


def test_without_grace_every_day_is_charged_under_both_rules():
    assert [days_charged(1, rule=rule) for rule in GraceRule] == [1, 1]
    assert days_charged(0) == 0
    assert days_charged(7, grace_days=2) == 5


@pytest.mark.parametrize(
    ("paid_after", "rule", "first"),
    [(5, SUBTRACT, None), (6, SUBTRACT, 6), (5, RETROACTIVE, None), (6, RETROACTIVE, 1), (0, SUBTRACT, None)],
)
def test_penalty_begins_after_the_due_date_or_after_the_grace(paid_after, rule, first):
    begins = None if first is None else DUE + timedelta(days=first)
    assert first_penalty_day(DUE, DUE + timedelta(days=paid_after), grace_days=5, rule=rule) == begins


def test_grace_below_zero_is_refused():
    assert code_of(days_charged, 3, grace_days=-1) == "grace_negative"
    assert code_of(first_penalty_day, DUE, DUE, grace_days=-1, rule=SUBTRACT) == "grace_negative"


def penalty(days, *, amounts=(36_500,), rate=Decimal("0.1"), **named):
    overdue = [Overdue(DUE, amount) for amount in amounts]
    return daily_penalty(overdue, rate, basis=365, as_of=DUE + timedelta(days=days), **named)


def test_penalty_counts_from_the_day_after_the_due_date_to_the_day_itself():
    assert [penalty(days) for days in (-1, 0, 1, 2)] == [0, 0, 10, 20]


def test_a_day_that_is_not_closed_does_not_count():
    assert [penalty(days, as_of_day_closed=False) for days in (0, 1, 2)] == [0, 0, 10]


def test_the_first_day_moves_with_its_offset():
    assert [penalty(days, first_day_offset=0) for days in (0, 1)] == [10, 20]
    assert [penalty(days, first_day_offset=2) for days in (1, 2)] == [0, 10]


def test_penalty_of_several_amounts_is_rounded_once_together():
    assert penalty(1, amounts=(1_460, 1_460)) == 1
    assert penalty(1, amounts=(1_460,)) == 0
    assert penalty(1, amounts=(1_460, 1_460), rounding=Rounding.DOWN) == 0
    assert penalty(1, amounts=()) == 0


def test_a_penalty_rate_of_zero_costs_nothing():
    assert penalty(100, rate=Decimal(0)) == 0


ROWS = [Instalment(DUE, 100_000, 3_000), Instalment(DUE + timedelta(days=31), 50_000)]


@pytest.mark.parametrize(
    ("base", "fees"),
    [
        (FeeBase.PRINCIPAL, (1_500, 750)),
        (FeeBase.INTEREST, (45, 0)),
        (FeeBase.PRINCIPAL_AND_INTEREST, (1_545, 750)),
    ],
)
def test_a_late_fee_is_a_share_of_its_base(base, fees):
    assert late_fees(ROWS, Decimal("0.015"), base=base, as_of=date(2027, 6, 1)) == fees


def test_no_late_fee_arises_on_the_due_date():
    def fees(as_of):
        return late_fees(ROWS[:1], Decimal("0.015"), base=FeeBase.PRINCIPAL, as_of=as_of)

    assert (fees(DUE), fees(DUE + timedelta(days=1))) == ((0,), (1_500,))


def test_late_fees_round_one_by_one():
    row = Instalment(DUE, 50)
    named = {"base": FeeBase.PRINCIPAL, "as_of": date(2028, 1, 1)}
    assert late_fees([row, row], Decimal("0.01"), **named) == (1, 1)
    assert late_fees([row, row], Decimal("0.01"), rounding=Rounding.DOWN, **named) == (0, 0)


def test_a_late_fee_of_a_debt_below_zero_is_refused():
    for row in (Instalment(DUE, 10, -1), Instalment(DUE, -1, 10)):
        assert code_of(late_fees, [row], Decimal(1), base=FeeBase.PRINCIPAL, as_of=DUE) == "amount_negative"


def test_a_short_loan_rounds_interest_and_penalty_apart():
    found = short_loan(
        150,
        daily_rate=Decimal("0.001"),
        days=10,
        penalty_daily_rate=Decimal("0.01"),
        overdue_days=1,
    )
    assert (found.interest, found.penalty, found.total) == (2, 2, 154)
    named = {"penalty_daily_rate": Decimal("0.01"), "overdue_days": 1, "rounding": Rounding.DOWN}
    down = short_loan(150, daily_rate=Decimal("0.001"), days=10, **named)
    assert (down.interest, down.penalty) == (1, 1)


def test_the_penalty_of_a_short_loan_stops_at_its_cap():
    def found(days, cap):
        return short_loan(
            3_000,
            daily_rate=Decimal("0.001"),
            days=7,
            penalty_daily_rate=Decimal("0.02"),
            overdue_days=days,
            penalty_cap=cap,
        )

    assert [found(days, Decimal("0.6")).penalty for days in (29, 30, 31)] == [1_740, 1_800, 1_800]
    assert found(31, None).penalty == 1_860


def test_a_cap_of_zero_is_a_cap():
    loan = short_loan(
        3_000, daily_rate=0, days=7, penalty_daily_rate=Decimal("0.02"), overdue_days=4, penalty_cap=0
    )
    assert (loan.penalty, loan.total) == (0, 3_000)


def test_a_short_loan_paid_on_time_has_no_penalty():
    loan = short_loan(3_000, daily_rate=Decimal("0.001"), days=7)
    assert (loan.amount, loan.interest, loan.penalty) == (3_000, 21, 0)
    assert short_loan(3_000, daily_rate=0, days=7, penalty_daily_rate=Decimal("0.02")).penalty == 0
    assert short_loan(3_000, daily_rate=0, days=7, overdue_days=4).penalty == 0


def test_days_and_amounts_below_zero_are_refused():
    assert code_of(short_loan, -1, daily_rate=0, days=7) == "amount_negative"
    assert code_of(short_loan, 1, daily_rate=0, days=-1) == "days_negative"
    assert code_of(short_loan, 1, daily_rate=0, days=0, overdue_days=-1) == "days_negative"
    assert code_of(short_loan, 1, daily_rate=0, days=1, penalty_cap=Decimal(-1)) == "rate_negative"
