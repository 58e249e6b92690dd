"""The edges of the money rules, one cent or one day to either side."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from portal.domain.allocation import Component, DebtParts, Order
from portal.domain.cap import Cap, CapCheck, within
from portal.domain.concessions import (
    Concession,
    ConcessionRefused,
    effect_of,
    first_due_after_grace,
    tier_needed,
)
from portal.domain.dates import (
    ActActForm,
    Pause,
    Step,
    StepUnit,
    paused_days,
    whole_months_and_rest,
    year_share,
)
from portal.domain.ledger import LateFees, Opening, Receipt, Terms, standing
from portal.domain.ledger_play import net_of_reversals
from portal.domain.money import amount_text
from portal.domain.relief import Relief
from portal.vocabulary import ConcessionKind, DayCount, Frequency, PaymentKind, ReliefKind, Tier

TODAY = date(2026, 3, 11)
ORDER = Order((Component.COSTS, Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL))
LOAN = Terms(penalty_ppm=146_000, basis=365, order=ORDER)
WAIVER = ConcessionKind.PENALTY_WAIVER


def stand(terms=LOAN, reliefs=(), today=TODAY):
    due = Opening(1, today - timedelta(days=10), DebtParts(principal=100_000), DebtParts())
    return standing([due], [], reliefs=reliefs, as_of=due.due, business_date=today, terms=terms)


def test_nothing_is_shown_without_a_sign():
    assert (amount_text(0, "CNY"), amount_text(-1, "CNY"), amount_text(1, "CNY")) == ("0.00", "-0.01", "0.01")
    assert (amount_text(0, "JPY"), amount_text(-5, "JPY")) == ("0", "-5")


# Dates.


def test_a_pause_from_the_first_day_of_the_calendar_counts_what_lies_in_the_span():
    everything = Pause(date.min, date.max)

    assert paused_days(date(2026, 1, 1), date(2026, 1, 11), [everything]) == 10
    assert paused_days(date.min, date.min + timedelta(days=3), [Pause(date.min, date.min)]) == 0
    assert paused_days(date(2026, 1, 1), date(2026, 1, 11), [Pause(date(2026, 1, 2), date(2026, 1, 2))]) == 1
    assert paused_days(date(2026, 1, 1), date(2026, 1, 11), [Pause(date(2026, 1, 3), date(2026, 1, 3))]) == 1


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2025, 1, 15), date(2027, 1, 15), Fraction(24)),
        (date(2025, 1, 15), date(2027, 1, 14), 23 + Fraction(30, 31)),
        (date(2026, 2, 28), date(2028, 2, 29), Fraction(24)),
        (date(2026, 2, 28), date(2026, 3, 31), Fraction(1)),
        (date(2026, 2, 28), date(2026, 3, 30), 1 + Fraction(2, 31)),
        (date(2026, 1, 30), date(2026, 2, 28), Fraction(1)),
        (date(2026, 1, 31), date(2026, 2, 27), Fraction(27, 28)),
    ],
)
def test_months_and_the_rest_of_the_next_one(start, end, months):
    assert whole_months_and_rest(start, end) == months


@pytest.mark.parametrize(
    ("start", "end", "share"),
    [
        (date(2024, 2, 29), date(2024, 3, 29), Fraction(29, 365)),
        (date(2024, 2, 28), date(2024, 3, 29), Fraction(30, 366)),
        (date(2024, 1, 29), date(2024, 2, 29), Fraction(31, 366)),
        (date(2024, 1, 29), date(2024, 2, 28), Fraction(30, 365)),
    ],
)
def test_a_period_is_of_a_leap_year_when_29_february_is_one_of_its_days(start, end, share):
    assert year_share(start, end, DayCount.ACT_ACT, act_act=ActActForm.FEB_29) == share


# The ledger.


def test_on_the_last_day_of_the_calendar_nothing_is_added_any_more():
    # 1,000.00 × 14.6 % / 365 = 0.40 a day
    assert stand(today=date.max).next_accrual(LOAN) == 0
    assert stand(today=date.max - timedelta(days=1)).next_accrual(LOAN) == 40


@pytest.mark.parametrize(("begins_in", "added"), [(0, 0), (1, 0), (2, 40)])
def test_a_stop_counts_for_tomorrow_from_its_own_first_day(begins_in, added):
    stop = Relief(kind=ReliefKind.PENALTY_STOP, first_day=TODAY + timedelta(days=begins_in))

    assert stand(reliefs=[stop]).next_accrual(LOAN) == added


def test_beyond_the_cap_another_day_adds_nothing():
    capped = Terms(penalty_ppm=146_000, basis=365, order=ORDER, cap=Cap(1, date(2026, 1, 1)))

    found = stand(capped)

    assert found.cap.reduced > 0
    assert found.next_accrual(capped) == 0


def test_the_cap_lets_in_what_still_fits():
    assert CapCheck(allowance=100, charged=50, allowed_tomorrow=110).next_day(7) == 7
    assert CapCheck(allowance=100, charged=100, allowed_tomorrow=105).next_day(7) == 5
    assert CapCheck(allowance=100, charged=130, allowed_tomorrow=105).next_day(7) == 5
    assert CapCheck(allowance=100, charged=100, allowed_tomorrow=110).reduced == 0
    assert CapCheck(allowance=100, charged=101, allowed_tomorrow=110).reduced == 1
    assert within(5, [3, 3, 3]) == [3, 2, 0]
    assert within(-1, [3, 0]) == [0, 0]


def test_late_fees_follow_their_list_and_then_stop_or_are_a_share():
    listed = LateFees(fixed=(300, 400))

    assert [listed.fee(place, 9_999) for place in (1, 2, 3)] == [300, 400, 0]
    assert LateFees(share=Decimal("0.05")).fee(1, 1_010) == 51  # 50.5, half up


def test_a_card_long_overdue_pays_principal_first_and_the_rest_in_its_order():
    assert LOAN.principal_first.due == (
        Component.PRINCIPAL,
        Component.COSTS,
        Component.FEES,
        Component.PENALTY,
        Component.INTEREST,
    )


def reversal(amount, on, reference=""):
    return Receipt("R1", on, amount, PaymentKind.REVERSAL, reference)


def test_a_reversal_without_a_reference_takes_back_the_newest_payments_before_it():
    early, late = date(2026, 3, 2), date(2026, 3, 5)
    receipts = [
        Receipt("B", early, 100),
        Receipt("A", late, 100),
        Receipt("C", late, 100),
        Receipt("D", late + timedelta(days=1), 100),
    ]

    def left(taken, on=late):
        found, older = net_of_reversals([*receipts, reversal(taken, on)])
        return {each.number: each.amount for each in found}, older

    assert left(30) == ({"A": 100, "B": 100, "C": 70, "D": 100}, 0)
    assert left(130) == ({"A": 70, "B": 100, "D": 100}, 0)
    assert left(350) == ({"D": 100}, 50)
    assert left(30, early) == ({"A": 100, "B": 70, "C": 100, "D": 100}, 0)
    assert left(30, early - timedelta(days=1)) == ({"A": 100, "B": 100, "C": 100, "D": 100}, 30)


def test_a_reversal_with_a_reference_takes_back_that_payment_and_else_older_ones():
    receipts = [Receipt("A", TODAY, 100), Receipt("B", TODAY, 100)]

    assert net_of_reversals([*receipts, reversal(40, TODAY, "A")])[0][0].amount == 60
    assert net_of_reversals([*receipts, reversal(140, TODAY, "A")]) == (receipts[1:], 40)
    assert net_of_reversals([*receipts, reversal(40, TODAY, "OLD")]) == (receipts, 40)


# Concessions.


@dataclass(frozen=True)
class Anything:
    tier: Tier = Tier.AGENT

    def covers(self, kind, share, months):
        return True


def test_shares_of_one_kind_never_pass_for_more_than_all_of_it():
    twice = [Concession(WAIVER, share=Decimal("0.8")), Concession(WAIVER, share=Decimal("0.7"))]

    with pytest.raises(ConcessionRefused) as error:
        tier_needed(twice, [Anything()])
    assert error.value.facts["share"] == Decimal("1.5")
    owed = DebtParts(principal=1_000, penalty=100)
    found = effect_of(twice, overdue=owed, annual_rate=Decimal("0.1"), start=TODAY)
    assert (found.waived, found.principal) == (DebtParts(penalty=100), 1_000)
    assert tier_needed([Concession(WAIVER, share=Decimal(1))], [Anything()]) is Tier.AGENT


def test_grace_of_a_plan_by_weeks_comes_after_its_first_period():
    assert first_due_after_grace(date(2026, 1, 10), Frequency.WEEKLY, 1) == date(2026, 2, 17)
    assert first_due_after_grace(date(2026, 1, 10), Step(StepUnit.MONTH, 3), 1) == date(2026, 5, 10)
