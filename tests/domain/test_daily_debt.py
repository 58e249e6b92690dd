from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.allocation import DebtParts
from portal.domain.daily_debt import (
    DailyDebtError,
    DailyInstalment,
    DailyPayment,
    daily_debt,
)
from portal.domain.money import Rounding
from portal.domain.simple_interest import InterestError

PROPERTY = settings(max_examples=80, deadline=None)
START = date(2027, 1, 1)
# One per mille a day on 1,000.00, 600.00 and 300.00, thirty days each.
ROWS = [
    DailyInstalment(START + timedelta(days=30), 40_000, 3_000),
    DailyInstalment(START + timedelta(days=60), 30_000, 1_800),
    DailyInstalment(START + timedelta(days=90), 30_000, 900),
]


def after(days):
    return START + timedelta(days=days)


def debt(*payments, as_of=None, **named):
    """Payments are (days after the start, amount)."""
    made = [DailyPayment(after(days), amount) for days, amount in payments]
    figures = {"start": START, "daily_rate": Decimal("0.001"), "instalments": ROWS} | named
    principal = figures.pop("principal", 100_000)
    last = max((each.on for each in made), default=START)
    return daily_debt(principal, payments=made, as_of=last if as_of is None else after(as_of), **figures)


def unpaid(found):
    return [line.unpaid for line in found.lines]


def paid(found):
    return [line.paid for line in found.lines]


def test_a_debt_that_nobody_pays_asks_for_what_was_planned():
    found = debt(as_of=30)
    assert unpaid(found) == [
        DebtParts(40_000, 3_000),
        DebtParts(30_000, 1_800),
        DebtParts(30_000, 900),
    ]
    assert [(line.number, line.due) for line in found.lines] == [
        (1, after(30)),
        (2, after(60)),
        (3, after(90)),
    ]
    assert paid(found) == [DebtParts()] * 3
    assert found.credit == 0


def test_an_early_payment_saves_interest_from_its_day():
    found = debt((10, 11_000))
    assert paid(found)[0] == DebtParts(10_000, 1_000)
    # 20 days on 900.00 are still to come.
    assert unpaid(found)[0] == DebtParts(30_000, 1_800)
    assert unpaid(found)[1] == DebtParts(30_000, 1_800)


def test_a_second_early_payment_pays_interest_since_the_first():
    found = debt((10, 11_000), (20, 900 + 5_000))
    assert paid(found)[0] == DebtParts(15_000, 1_900)
    assert unpaid(found)[0] == DebtParts(25_000, 850)


def test_an_early_payment_of_interest_alone_leaves_the_plan_as_it_is():
    found = debt((10, 500), (20, 1_500))
    assert paid(found)[0] == DebtParts(0, 2_000)
    assert unpaid(found)[0] == DebtParts(40_000, 1_000)


def test_money_beyond_the_running_instalment_repays_the_next_principal_and_all_interest_to_come_is_less():
    found = debt((10, 1_000 + 40_000 + 5_000))
    assert paid(found) == [DebtParts(40_000, 1_000), DebtParts(5_000), DebtParts()]
    assert unpaid(found) == [DebtParts(0, 1_100), DebtParts(25_000, 1_650), DebtParts(30_000, 900)]


def test_the_interest_of_an_instalment_whose_principal_is_repaid_still_follows_the_debt():
    found = debt((10, 46_000), (20, 5_000))
    # 550 of interest for ten days, then 4,450 of the second instalment; half a cent rounds up twice.
    assert paid(found) == [DebtParts(40_000, 1_550), DebtParts(5_000 + 4_450), DebtParts()]
    assert unpaid(found) == [DebtParts(0, 506), DebtParts(20_550, 1_517), DebtParts(30_000, 900)]


def test_rounding_is_a_parameter():
    found = debt((10, 46_000), (20, 5_000), rounding=Rounding.DOWN)
    assert [parts.interest for parts in unpaid(found)] == [505, 1_516, 900]


def test_a_payment_on_the_due_date_is_on_time():
    found = debt((30, 43_000))
    assert paid(found)[0] == DebtParts(40_000, 3_000)
    assert unpaid(found) == [DebtParts(), DebtParts(30_000, 1_800), DebtParts(30_000, 900)]
    assert debt((30, 43_000 + 10_000)).lines[1].unpaid == DebtParts(20_000, 1_500)


def test_overdue_principal_bears_extra_interest_that_the_next_instalment_asks_for():
    assert [parts.penalty for parts in unpaid(debt(as_of=30))] == [0, 0, 0]
    assert [parts.penalty for parts in unpaid(debt(as_of=31))] == [0, 40, 0]
    assert [parts.penalty for parts in unpaid(debt(as_of=61))] == [0, 40 * 31, 30]
    # The last instalment asks for its own as well.
    assert [parts.penalty for parts in unpaid(debt(as_of=92))] == [0, 40 * 62, 30 * 32 + 30 * 2]


def test_extra_interest_follows_the_principal_that_is_still_overdue():
    found = debt((40, 23_000), as_of=50)
    assert paid(found)[0] == DebtParts(20_000, 3_000)
    assert unpaid(found)[1] == DebtParts(30_000, 1_800, 0, 400 + 200)


def test_a_late_payment_meets_what_is_overdue_then_extra_interest_then_interest_to_its_day():
    found = debt((40, 23_000), (50, 20_000 + 600 + 1_200 + 8_200))
    assert paid(found) == [DebtParts(40_000, 3_000), DebtParts(8_200, 1_200, 0, 600), DebtParts()]
    assert unpaid(found)[1] == DebtParts(21_800, 518)


def test_extra_interest_is_met_once_however_many_payments_meet_it():
    found = debt((40, 43_000 + 150), (40, 250 + 30))
    assert paid(found)[1] == DebtParts(0, 30, 0, 400)


def test_a_debt_of_one_minor_unit_is_a_debt():
    assert unpaid(debt(principal=1, instalments=[DailyInstalment(after(30), 1, 0)])) == [DebtParts(1)]


def test_once_the_principal_is_paid_extra_interest_stops():
    assert debt((40, 43_000), as_of=59).lines[1].unpaid.penalty == 400


def test_the_extra_interest_of_a_due_instalment_is_met_before_its_fees_interest_and_principal():
    rows = [ROWS[0], DailyInstalment(after(60), 30_000, 1_800, 70), ROWS[2]]
    before = 40_000 + 3_000
    named = {"instalments": rows}
    extra = 40 * 35
    assert debt((65, before + extra), **named).lines[1].paid == DebtParts(penalty=extra)
    assert debt((65, before + extra + 70), **named).lines[1].paid == DebtParts(fees=70, penalty=extra)
    assert debt((65, before + extra + 1_870), **named).lines[1].paid == DebtParts(0, 1_800, 70, extra)
    assert debt((65, before + extra + 1_871), **named).lines[1].paid == DebtParts(1, 1_800, 70, extra)


def test_fees_are_met_when_due_and_never_in_advance():
    rows = [DailyInstalment(after(30), 40_000, 3_000, 100), DailyInstalment(after(60), 60_000, 1_800, 100)]
    found = debt((29, 2_900 + 40_000 + 1), instalments=rows)
    assert found.lines[0].paid == DebtParts(40_000, 2_900)
    assert found.lines[1].paid == DebtParts(1)
    assert debt((30, 50), instalments=rows).lines[0].paid == DebtParts(fees=50)
    assert debt((30, 50), (30, 80), instalments=rows).lines[0].paid == DebtParts(0, 30, 100)


def test_a_piece_of_interest_ends_only_where_its_principal_changes():
    row = [DailyInstalment(after(30), 100, 3)]
    # 0.1 a day: cut at the second payment it would be 0.4 and 0.4, nothing at all.
    found = debt((30, 1), (34, 1), principal=100, instalments=row, as_of=38)
    assert found.lines[0].unpaid == DebtParts(100, 1, 0, 1)


def test_principal_that_no_instalment_repays_bears_interest_to_the_end():
    found = debt((10, 11_000), principal=120_000)
    assert paid(found)[0] == DebtParts(9_800, 1_200)
    assert unpaid(found)[0] == DebtParts(30_200, 20 * 110 + 4)


def test_interest_paid_by_the_day_is_kept_where_the_plan_asked_for_less():
    rows = [DailyInstalment(after(30), 100_000, 500)]
    found = debt((10, 1_000), instalments=rows)
    assert (paid(found), unpaid(found)) == ([DebtParts(0, 1_000)], [DebtParts(100_000)])


def test_what_is_paid_beyond_the_debt_is_credit():
    found = debt((0, 200_000))
    assert paid(found) == [DebtParts(40_000), DebtParts(30_000), DebtParts(30_000)]
    assert (unpaid(found), found.credit) == ([DebtParts()] * 3, 100_000)


def test_a_payment_after_the_day_asked_for_has_not_happened():
    assert debt((40, 23_000), as_of=39) == debt(as_of=39)
    assert debt((40, 23_000), as_of=40) != debt(as_of=40)


def test_payments_are_played_in_the_order_of_their_days():
    assert debt((50, 30_000), (40, 23_000)) == debt((40, 23_000), (50, 30_000))


def test_a_rate_of_zero_charges_nothing_beyond_the_plan():
    found = debt(as_of=80, daily_rate=Decimal(0))
    assert [parts.penalty for parts in unpaid(found)] == [0, 0, 0]


def test_before_the_start_nothing_has_accrued():
    assert [parts.penalty for parts in unpaid(debt(as_of=-5))] == [0, 0, 0]


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"principal": 0, "instalments": [DailyInstalment(after(30), 0, 0)]}, "amount_not_positive"),
        ({"instalments": []}, "no_instalments"),
        ({"instalments": [DailyInstalment(after(30), 1, -1)]}, "amount_not_positive"),
        ({"instalments": [DailyInstalment(after(30), -1, 1)]}, "amount_not_positive"),
        ({"instalments": [DailyInstalment(after(30), 1, 1, -1)]}, "amount_not_positive"),
        ({"principal": 99_999}, "instalments_above_debt"),
        ({"start": after(30)}, "dates_out_of_order"),
        ({"instalments": [ROWS[1], ROWS[0]]}, "dates_out_of_order"),
        ({"instalments": [ROWS[0], ROWS[0]]}, "dates_out_of_order"),
    ],
)
def test_debts_that_cannot_be_are_refused(named, code):
    with pytest.raises(DailyDebtError) as refused:
        debt(as_of=5, **named)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("payment", "code"), [((-1, 10), "payment_before_start"), ((1, 0), "payment_not_positive")]
)
def test_payments_that_cannot_be_are_refused(payment, code):
    with pytest.raises(DailyDebtError) as refused:
        debt(payment)
    assert refused.value.code == code


def test_a_rate_below_zero_is_refused():
    with pytest.raises(InterestError):
        debt(as_of=5, daily_rate=Decimal("-0.001"))


PAYMENTS = st.lists(st.tuples(st.integers(0, 120), st.integers(1, 60_000)), max_size=6)


@PROPERTY
@given(PAYMENTS, st.integers(0, 150), st.decimals("0", "0.01", places=5))
def test_no_money_is_lost_or_made_and_nothing_falls_below_zero(payments, as_of, rate):
    found = debt(*payments, as_of=as_of, daily_rate=rate)
    made = sum(amount for days, amount in payments if days <= as_of)
    assert sum(parts.total for parts in paid(found)) + found.credit == made
    for parts in (*unpaid(found), *paid(found)):
        assert min(parts.principal, parts.interest, parts.fees, parts.penalty) >= 0
    assert sum(line.paid.principal + line.unpaid.principal for line in found.lines) == 100_000
    assert found.credit == 0 or not any(parts.principal for parts in unpaid(found))


@PROPERTY
@given(PAYMENTS, st.integers(0, 120))
def test_paying_more_never_leaves_more_principal(payments, day):
    without, more = debt(*payments, as_of=130), debt(*payments, (day, 10_000), as_of=130)
    left = [sum(parts.principal for parts in unpaid(found)) for found in (more, without)]
    assert left[0] <= left[1]
