"""What if: payments tried out on the ledger come out exactly as the same payments would for real."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal.domain import simulator
from portal.domain.allocation import Component, DebtParts, Order
from portal.domain.cap import Cap
from portal.domain.dates import add_months
from portal.domain.ledger import LateFees, Opening, Receipt, Terms, standing
from portal.domain.relief import Relief
from portal.domain.simulator import Account, SimulationError, pay_monthly, pay_once
from portal.vocabulary import ReliefKind

ORDER = Order((Component.COSTS, Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL))
LOAN = Terms(penalty_ppm=146_000, basis=365, order=ORDER)  # 1,000.00 cost 0.40 a day
CARD = Terms(0, 365, ORDER, LateFees(share=Decimal("0.05")))
TODAY = date(2026, 3, 11)


def account(*dues, key="A", terms=LOAN, principal=100_000, interest=1_000, receipts=(), reliefs=()):
    owed = DebtParts(principal=principal, interest=interest)
    openings = tuple(Opening(number, due, owed, DebtParts()) for number, due in enumerate(dues, 1))
    return Account(key, openings, tuple(receipts), tuple(reliefs), min(dues) - timedelta(days=1), terms)


def stand(of, *receipts, day=TODAY):
    return standing(
        of.openings,
        [*of.receipts, *receipts],
        reliefs=of.reliefs,
        as_of=of.as_of,
        business_date=day,
        terms=of.terms,
    )


LATE = account(date(2026, 3, 1), date(2026, 3, 6), date(2026, 4, 1))


def refused(call, *args, **options):
    with pytest.raises(SimulationError) as error:
        call(*args, **options)
    return error.value.code, error.value.facts


def test_a_payment_today_meets_what_the_ledger_says_and_leaves_the_rest():
    # Owed: 1,000.00 + 10.00 + 4.00 penalty, 1,000.00 + 10.00 + 2.00, and 1,010.00 to come.
    found = pay_once([LATE], 101_500, business_date=TODAY)
    (effect,) = found.loans

    assert [(item.instalment, item.component, item.amount) for item in effect.met.items] == [
        (1, Component.PENALTY, 400),
        (1, Component.INTEREST, 1_000),
        (1, Component.PRINCIPAL, 100_000),
        (2, Component.PENALTY, 100),
    ]
    assert (found.overdue_before, found.overdue_left) == (202_600, 101_100)
    assert (found.dpd_before, found.dpd_after) == (10, 5)
    assert (found.daily_before, found.daily_after) == (80, 40)
    assert found.before == DebtParts(principal=300_000, interest=3_000, penalty=600)
    assert found.left == DebtParts(principal=200_000, interest=2_000, penalty=100)
    assert (found.amount, effect.met.credit) == (101_500, 0)


def test_the_whole_debt_may_be_paid_and_not_a_cent_more():
    found = pay_once([LATE], 303_600, business_date=TODAY)

    assert (found.left, found.dpd_after, found.daily_after) == (DebtParts(), 0, 0)
    assert refused(pay_once, [LATE], 303_601, business_date=TODAY) == (
        "simulation_amount_above_debt",
        {"owed": 303_600},
    )


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_are_no_payment(amount):
    assert refused(pay_once, [LATE], amount, business_date=TODAY)[0] == "simulation_amount_not_positive"
    assert (
        refused(pay_monthly, [LATE], amount, business_date=TODAY, first=TODAY)[0]
        == "simulation_amount_not_positive"
    )


def test_one_cent_is_a_payment():
    assert pay_once([LATE], 1, business_date=TODAY).left.total == 303_599


def test_where_nothing_is_owed_nothing_can_be_tried():
    done = account(TODAY - timedelta(days=1), receipts=[Receipt("P1", TODAY - timedelta(days=1), 101_000)])

    assert refused(pay_once, [done], 1, business_date=TODAY)[0] == "simulation_nothing_owed"


def test_a_loan_that_is_not_there_cannot_be_chosen():
    assert refused(pay_once, [LATE], 1, business_date=TODAY, chosen="B")[0] == "simulation_loan_unknown"
    assert (
        refused(pay_monthly, [LATE], 1, business_date=TODAY, first=TODAY, chosen="B")[0]
        == "simulation_loan_unknown"
    )


NEWER = account(date(2026, 3, 8), date(2026, 4, 8), key="newer")
OLDER = account(date(2026, 2, 1), date(2026, 4, 2), key="older")  # 38 days late: 15.20 of penalty


def test_the_longest_overdue_loan_is_met_first_then_the_next_and_only_then_what_is_to_come():
    found = pay_once([NEWER, OLDER], 102_520 + 50, business_date=TODAY)

    assert [(each.account.key, each.met.amount) for each in found.loans] == [
        ("older", 102_520),
        ("newer", 50),
    ]
    assert found.dpd_before == 38
    assert found.dpd_after == 3


def test_what_remains_after_all_that_is_due_meets_the_oldest_loan_in_advance():
    found = pay_once([NEWER, OLDER], 102_520 + 101_120 + 300, business_date=TODAY)

    assert {each.account.key: each.met.amount for each in found.loans} == {"older": 102_820, "newer": 101_120}
    assert found.overdue_left == 0


def test_what_falls_due_today_is_met_before_anything_is_paid_in_advance():
    due_today = account(TODAY, date(2026, 4, 11), key="today")
    found = pay_once([OLDER, due_today], 102_520 + 101_000, business_date=TODAY)

    assert {each.account.key: each.met.amount for each in found.loans} == {"older": 102_520, "today": 101_000}


def test_the_payer_may_choose_the_loan_and_the_other_stays_as_it_is():
    found = pay_once([NEWER, OLDER], 1_000, business_date=TODAY, chosen="newer")

    assert [(each.account.key, each.met and each.met.amount) for each in found.loans] == [
        ("older", None),
        ("newer", 1_000),
    ]
    assert refused(pay_once, [NEWER, OLDER], 202_121, business_date=TODAY, chosen="newer") == (
        "simulation_amount_above_debt",
        {"owed": 202_120},
    )


def test_payments_month_by_month_until_all_is_paid():
    found = pay_monthly([LATE], 101_000, business_date=TODAY, first=date(2026, 3, 31))
    months = found.months

    # On 31 March: 30 and 25 days late, 12.00 and 10.00. Paid: 12.00, 10.00 and 988.00 of principal.
    assert months[0].parts == DebtParts(principal=98_800, interest=1_000, penalty=1_200)
    assert (months[0].overdue, months[0].left) == (103_200, 204_200)
    assert [month.on for month in months] == [
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2026, 5, 31),
        date(2026, 6, 30),
    ]
    assert found.ends
    assert found.enough is None
    assert months[-1].parts.total < 101_000
    assert found.last_day == date(2026, 6, 30)
    assert found.paid.principal == 300_000
    assert found.paid.interest == 3_000
    assert found.without == stand(LATE, day=date(2026, 6, 30)).debt.total
    assert found.without.penalty > found.paid.penalty > 0


def test_nothing_is_late_from_the_payment_after_which_nothing_is_late_again():
    caught_up = pay_monthly(
        [account(*(add_months(date(2026, 3, 1), month) for month in range(6)))],
        150_000,
        business_date=TODAY,
        first=date(2026, 3, 20),
    )
    overdue = [month.overdue for month in caught_up.months]

    assert overdue[0] == 0
    assert caught_up.current_from == date(2026, 3, 20)
    later = pay_monthly([LATE], 101_000, business_date=TODAY, first=date(2026, 3, 31))
    assert [month.overdue > 0 for month in later.months] == [True, True, True, False]
    assert later.current_from == date(2026, 6, 30)


def test_what_becomes_late_again_counts_as_late():
    dues = (date(2026, 3, 1), date(2026, 4, 1))
    uneven = account(*dues)
    uneven = replace(
        uneven,
        openings=(
            replace(uneven.openings[0], owed=DebtParts(principal=1_000)),
            replace(uneven.openings[1], owed=DebtParts(principal=100_000)),
        ),
    )
    found = pay_monthly([uneven], 40_000, business_date=TODAY, first=date(2026, 3, 15))

    assert [month.overdue > 0 for month in found.months] == [False, True, False]
    assert found.current_from == date(2026, 5, 15)


def test_the_first_payment_is_today_at_the_earliest_and_in_ten_years_at_the_latest():
    latest = date(2036, 3, 11)

    assert pay_monthly([LATE], 101_000, business_date=TODAY, first=TODAY).months[0].on == TODAY
    assert pay_monthly([LATE], 202_000, business_date=TODAY, first=latest).months[0].on == latest
    assert refused(pay_monthly, [LATE], 1, business_date=TODAY, first=TODAY - timedelta(days=1)) == (
        "simulation_day_past",
        {"today": TODAY},
    )
    assert refused(pay_monthly, [LATE], 1, business_date=TODAY, first=latest + timedelta(days=1)) == (
        "simulation_day_too_far",
        {"latest": latest},
    )


def test_a_monthly_payment_is_at_most_what_is_owed_on_its_first_day():
    first = date(2026, 4, 11)
    owed = stand(LATE, day=first).debt.total.total

    assert len(pay_monthly([LATE], owed, business_date=TODAY, first=first).months) == 1
    assert refused(pay_monthly, [LATE], owed + 1, business_date=TODAY, first=first) == (
        "simulation_amount_above_debt",
        {"owed": owed},
    )


def test_month_ends_never_drift():
    found = pay_monthly([LATE], 30_000, business_date=TODAY, first=date(2026, 8, 31))

    assert [month.on.day for month in found.months[:8]] == [31, 30, 31, 30, 31, 31, 28, 31]


def test_a_payment_that_covers_no_more_than_each_day_adds_never_ends_and_the_smallest_that_does_is_named():
    # 2,000.00 of principal cost 0.80 a day, 24.00 and more a month.
    late = account(date(2026, 3, 1), date(2026, 3, 1))
    found = pay_monthly([late], 2_000, business_date=TODAY, first=TODAY)

    assert not found.ends
    assert found.current_from is None
    assert (len(found.months), found.months[-1].left) == (120, found.months[-1].left)
    assert found.enough % 100 == 0
    assert pay_monthly([late], found.enough, business_date=TODAY, first=TODAY).ends
    assert not pay_monthly([late], found.enough - 100, business_date=TODAY, first=TODAY).ends


def test_a_loan_with_more_than_ten_years_to_go_is_followed_to_its_last_instalment():
    long = account(*(add_months(date(2026, 3, 1), month) for month in range(140)))
    # 14 days late each month: 1,000.00 + 10.00 + 5.60.
    found = pay_monthly([long], 101_560, business_date=TODAY, first=date(2026, 3, 15))

    assert found.ends
    assert len(found.months) == 140
    short = pay_monthly([long], 101_559, business_date=TODAY, first=date(2026, 3, 15))
    assert short.months[139].left > 0


def test_the_payment_after_the_last_due_day_is_followed_as_well():
    dues = [add_months(date(2026, 2, 15), month) for month in range(141)]
    free = account(*dues, terms=replace(LOAN, penalty_ppm=0))
    found = pay_monthly([free], 101_000, business_date=date(2026, 3, 1), first=date(2026, 3, 1))

    assert found.ends
    assert (len(found.months), found.last_day) == (141, date(2037, 11, 1))


def test_where_a_search_would_take_long_a_sufficient_amount_is_named_still(monkeypatch):
    late = account(date(2026, 3, 1), date(2026, 3, 1))
    monkeypatch.setattr(simulator, "SEARCHED_UP_TO", 239)  # 2 instalments × 120 months
    found = pay_monthly([late], 2_000, business_date=TODAY, first=TODAY)

    assert pay_monthly([late], found.enough, business_date=TODAY, first=TODAY).ends


def test_a_chosen_loan_is_followed_alone():
    found = pay_monthly([NEWER, OLDER], 101_000, business_date=TODAY, first=TODAY, chosen="newer")

    assert found.paid.principal == 200_000
    assert found.without == stand(NEWER, day=found.last_day).debt.total


def test_two_loans_are_paid_in_the_order_of_what_is_late_each_month():
    found = pay_monthly([NEWER, OLDER], 150_000, business_date=TODAY, first=TODAY)

    assert found.months[0].parts.penalty == 1_520 + 120
    assert found.paid.principal == 400_000
    assert found.ends


def test_relief_that_is_given_and_relief_to_come_count():
    stop = Relief(kind=ReliefKind.PENALTY_STOP, first_day=date(2026, 3, 12))
    waiver = Relief(kind=ReliefKind.PENALTY_WAIVER, first_day=date(2026, 4, 1), share=Decimal(1))
    stopped = replace(LATE, reliefs=(stop, waiver))

    assert pay_once([stopped], 1, business_date=TODAY).daily_before == 0
    found = pay_monthly([stopped], 101_000, business_date=TODAY, first=date(2026, 4, 2))
    assert found.paid.penalty == 0


def test_what_the_cap_forbids_is_not_paid():
    capped = replace(LATE, terms=replace(LOAN, cap=Cap(10_000, date(2026, 2, 1))))
    found = pay_once([capped], 1_000, business_date=TODAY)

    assert found.before == stand(capped).debt.total
    assert found.before.penalty == 0


cents = st.integers(1, 60_000)


@settings(max_examples=60, deadline=None)
@given(
    amount=cents,
    card=st.booleans(),
    capped=st.booleans(),
    paid=st.lists(st.tuples(st.integers(-30, 0), cents), max_size=3),
    wait=st.integers(0, 60),
)
def test_tried_payments_come_out_as_the_same_payments_for_real(amount, card, capped, paid, wait):
    terms = CARD if card else replace(LOAN, cap=Cap(50_000, date(2026, 1, 1)) if capped else None)
    receipts = [Receipt(f"P{at}", TODAY + timedelta(days=days), sum_) for at, (days, sum_) in enumerate(paid)]
    dues = (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1))
    mine = account(*dues, terms=terms, principal=20_000, receipts=receipts)
    first = TODAY + timedelta(days=wait)
    owed = stand(mine, day=first).debt.total.total
    assume(owed)

    found = pay_monthly([mine], min(amount, owed), business_date=TODAY, first=first)
    real = [Receipt(f"T{at:03}", month.on, month.parts.total) for at, month in enumerate(found.months)]
    for place, month in enumerate(found.months[:5]):
        after = stand(mine, *real[: place + 1], day=month.on).debt
        assert (after.overdue.total, after.total.total) == (month.overdue, month.left)
    assert found.ends == (stand(mine, *real, day=found.last_day).debt.total.total == 0)
    assert all(month.parts.total == found.amount for month in found.months[:-1])
