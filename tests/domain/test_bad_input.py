"""Bad input: each is an error with a code and a sentence, or the right number; never a silent zero."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal.domain.accrual import days_past_due, delinquency
from portal.domain.allocation import AllocationError, Component, DebtParts, Item, Order, allocate
from portal.domain.budget import Budget, BudgetError
from portal.domain.daily_debt import DailyDebtError, DailyInstalment, DailyPayment, daily_debt
from portal.domain.dates import DateError, Pause, add_months, paused_days
from portal.domain.delay import Dated, DayRange, DelayError, days_past_due_on
from portal.domain.field_receipts import Money, ReceiptError, match_receipts
from portal.domain.instalments import Row, ScheduleError
from portal.domain.ledger_facts import Receipt
from portal.domain.money import CodedError, MoneyError, minor_digits, parse_amount
from portal.domain.overlay import OverlayError, PlanInstalment, plan_standing
from portal.domain.penalty import GraceRule, days_charged, first_penalty_day
from portal.domain.relief import Relief, ReliefError
from portal.domain.schedule import build_schedule
from portal.domain.settlement import SettlementError, settlement_quote
from portal.domain.simple_interest import InterestError, RateFrom, interest_parts, simple_interest
from portal.vocabulary import DayCount, Method, ReliefKind

START = date(2027, 3, 1)
DUE = date(2027, 3, 31)
LAST = date(9999, 12, 31)
ORDER = Order(tuple(Component))
OWED = [Item(1, Component.PRINCIPAL, DUE, 10_000)]
ROWS = [Row(1, DUE, 10_000, 100, 10_100, 0)]


def plan(**named):
    terms = {
        "principal": 120_000,
        "annual_rate": Decimal("0.12"),
        "periods": 12,
        "start": START,
        "method": Method.EQUAL_INSTALMENT,
        "day_count": DayCount.ACT_365,
    }
    return build_schedule(**terms | named)


def by_days(**named):
    figures = {
        "principal": 10_000,
        "start": START,
        "daily_rate": Decimal("0.001"),
        "instalments": [DailyInstalment(DUE, 10_000, 300)],
        "payments": [],
        "as_of": DUE,
    } | named
    return daily_debt(figures.pop("principal"), **figures)


def settle(**named):
    figures = {
        "rows": ROWS,
        "receipts": [],
        "start": START,
        "settlement_day": START,
        "quoted_on": START,
        "valid_days": 7,
    } | named
    return settlement_quote(figures.pop("rows"), figures.pop("receipts"), **figures)


def household(**named):
    figures = {
        "income": 500,
        "essential_outgoings": 100,
        "other_debts": 0,
        "adults": 1,
        "children": 0,
        "living_cost_floor": 100,
        "buffer": Decimal("0.1"),
    }
    return Budget(**figures | named)


def overlaid(*instalments):
    return plan_standing(instalments, [], effective_on=START, business_date=DUE)


def interest(principal=1_000, rate=Decimal("0.1"), days=1, basis=365):
    return simple_interest(principal, rate, days, basis=basis)


BAD = {
    "a debt of zero": (lambda: plan(principal=0), ScheduleError, "principal_not_positive"),
    "a debt below zero": (lambda: plan(principal=-1), ScheduleError, "principal_not_positive"),
    "a rate below zero": (lambda: plan(annual_rate=Decimal("-0.01")), ScheduleError, "rate_negative"),
    "a rate that is no number": (lambda: plan(annual_rate=Decimal("NaN")), ScheduleError, "rate_negative"),
    "no instalment": (lambda: plan(periods=0), ScheduleError, "periods_out_of_range"),
    "601 instalments": (lambda: plan(periods=601), ScheduleError, "periods_out_of_range"),
    "an instalment below its first interest": (
        lambda: plan(instalment_fixed=1_000),
        ScheduleError,
        "instalment_below_interest",
    ),
    "a first due date on the start": (
        lambda: plan(first_due=START),
        ScheduleError,
        "first_due_not_after_start",
    ),
    "due dates out of order": (
        lambda: plan(periods=2, due_dates=[DUE, START + timedelta(days=1)]),
        ScheduleError,
        "dates_out_of_order",
    ),
    "instalments beyond the year 9999": (
        lambda: plan(start=date(9999, 6, 1)),
        ScheduleError,
        "date_out_of_range",
    ),
    "a pause that ends before it begins": (
        lambda: plan(interest_pauses=[Pause(DUE, START)]),
        ScheduleError,
        "pause_out_of_order",
    ),
    "a month beyond the year 9999": (lambda: add_months(LAST, 1), DateError, "date_out_of_range"),
    "grace beyond the year 9999": (
        lambda: delinquency(LAST, LAST, grace_days=1),
        DateError,
        "date_out_of_range",
    ),
    "an unknown currency": (lambda: minor_digits("XYZ"), MoneyError, "unknown_currency"),
    "an amount of an unknown currency": (lambda: parse_amount("1", "cny"), MoneyError, "unknown_currency"),
    "an amount below zero": (lambda: parse_amount("-1", "CNY"), MoneyError, "amount_negative"),
    "a payment below zero": (
        lambda: allocate(-1, OWED, paid_on=DUE, order=ORDER),
        AllocationError,
        "amount_negative",
    ),
    "a component without a place": (
        lambda: allocate(1, OWED, paid_on=DUE, order=Order((Component.FEES,))),
        AllocationError,
        "component_without_place",
    ),
    "a payment of zero by days": (
        lambda: by_days(payments=[DailyPayment(DUE, 0)]),
        DailyDebtError,
        "payment_not_positive",
    ),
    "a payment before the disbursement": (
        lambda: by_days(payments=[DailyPayment(START - timedelta(days=1), 5)]),
        DailyDebtError,
        "payment_before_start",
    ),
    "a debt by days of zero": (lambda: by_days(principal=0), DailyDebtError, "amount_not_positive"),
    "an instalment by days on the start": (
        lambda: by_days(instalments=[DailyInstalment(START, 1, 0)]),
        DailyDebtError,
        "dates_out_of_order",
    ),
    "interest of a debt below zero": (lambda: interest(principal=-1), InterestError, "amount_negative"),
    "interest at an infinite rate": (
        lambda: interest(rate=Decimal("Infinity")),
        InterestError,
        "rate_not_a_number",
    ),
    "interest by a year without days": (lambda: interest(basis=0), InterestError, "basis_not_positive"),
    "interest from a day to one before it": (
        lambda: interest_parts(1, first_day=DUE, last_day=START, rates=[RateFrom(START, 1)]),
        InterestError,
        "dates_out_of_order",
    ),
    "interest without a rate": (
        lambda: interest_parts(1, first_day=START, last_day=DUE, rates=[]),
        InterestError,
        "rate_missing",
    ),
    "grace below zero": (lambda: days_charged(1, grace_days=-1), InterestError, "grace_negative"),
    "a demand below zero": (
        lambda: days_past_due_on([DUE], [Dated(DUE, -1)], []),
        DelayError,
        "amount_negative",
    ),
    "a range that ends before it begins": (
        lambda: DayRange("M1", 30, 1),
        DelayError,
        "range_ends_before_it_begins",
    ),
    "relief that ends before it begins": (
        lambda: Relief(kind=ReliefKind.PENALTY_STOP, first_day=DUE, last_day=START),
        ReliefError,
        "relief_days_out_of_order",
    ),
    "a settlement before the start": (
        lambda: settle(settlement_day=START - timedelta(days=1)),
        SettlementError,
        "settlement_before_start",
    ),
    "a settlement after the end": (
        lambda: settle(settlement_day=DUE + timedelta(days=1)),
        SettlementError,
        "settlement_after_end",
    ),
    "a settlement of nothing": (lambda: settle(rows=[]), SettlementError, "plan_without_instalments"),
    "a settlement after a payment of zero": (
        lambda: settle(receipts=[Receipt("P1", START, 0)]),
        SettlementError,
        "payment_not_positive",
    ),
    "a quote beyond the year 9999": (
        lambda: settle(
            rows=[Row(1, LAST, 1, 0, 1, 0)],
            settlement_day=LAST,
            quoted_on=LAST,
        ),
        DateError,
        "date_out_of_range",
    ),
    "a plan over a contract without instalments": (overlaid, OverlayError, "plan_without_instalments"),
    "a plan over a contract below zero": (
        lambda: overlaid(PlanInstalment(1, DUE, -5)),
        OverlayError,
        "instalment_negative",
    ),
    "a receipt of zero": (
        lambda: match_receipts([Money("F1", "L1", DUE, 0)], [], within_days=3),
        ReceiptError,
        "amount_not_positive",
    ),
    "an income below zero": (lambda: household(income=-1), BudgetError, "budget_amount_negative"),
    "a household without adults": (lambda: household(adults=0), BudgetError, "household_out_of_range"),
}


@pytest.mark.parametrize(("act", "error", "code"), BAD.values(), ids=BAD)
def test_bad_input_is_an_error_with_a_code_and_a_sentence(act, error, code):
    with pytest.raises(error) as refused:
        act()
    assert isinstance(refused.value, CodedError)
    assert refused.value.code == code
    sentence = str(refused.value)
    assert sentence.endswith((".", ")."))
    assert " " in sentence


RIGHT = {
    "a rate of zero": (lambda: [row.total for row in plan(annual_rate=Decimal(0)).rows], [10_000] * 12),
    "one instalment": (lambda: [row.principal for row in plan(periods=1).rows], [120_000]),
    "600 instalments": (lambda: len(plan(periods=600, annual_rate=Decimal("0.01")).rows), 600),
    "a payment larger than the debt": (
        lambda: allocate(12_000, OWED, paid_on=DUE, order=ORDER).credit,
        2_000,
    ),
    "a payment by days larger than the debt": (
        lambda: by_days(payments=[DailyPayment(DUE, 12_000)]).credit,
        1_700,
    ),
    "a settlement already paid and more": (
        lambda: [row.amount for row in settle(receipts=[Receipt("P1", START, 10_500)]).rows],
        [10_000, -10_500, 500],
    ),
    "a payment of zero": (lambda: allocate(0, OWED, paid_on=DUE, order=ORDER).remaining, tuple(OWED)),
    "a pause before the loan": (
        lambda: paused_days(START, DUE, [Pause(START - timedelta(days=9), START)]),
        0,
    ),
    "a pause after the loan": (
        lambda: paused_days(START, DUE, [Pause(DUE + timedelta(days=1), LAST)]),
        0,
    ),
    "a pause over the whole loan": (lambda: paused_days(START, DUE, [Pause(date(2000, 2, 29), LAST)]), 30),
    "days past due on a leap day": (lambda: days_past_due(date(2028, 3, 1), date(2028, 2, 28)), 2),
    "days past due across a common February": (lambda: days_past_due(date(2027, 3, 1), date(2027, 2, 28)), 1),
    "a year from a leap day": (lambda: add_months(date(2028, 2, 29), 12), date(2029, 2, 28)),
    "four years from a leap day": (lambda: add_months(date(2028, 2, 29), 48), date(2032, 2, 29)),
    "a penalty that begins on the last day there is": (
        lambda: first_penalty_day(date(9999, 12, 30), LAST, grace_days=0, rule=GraceRule.SUBTRACT),
        LAST,
    ),
    "days past due in the year 9999": (lambda: days_past_due(LAST, date(9999, 1, 1)), 364),
    "a delinquency on the last day there is": (
        lambda: delinquency(date(9999, 12, 1), LAST).delinquent_days,
        30,
    ),
    "interest on the last day there is": (
        lambda: interest_parts(36_500, first_day=LAST, last_day=LAST, rates=[RateFrom(LAST, 1)])[0].exact,
        100,
    ),
    "interest before its first day": (lambda: interest(days=-5), 0),
    "interest at a rate of zero": (lambda: interest(rate=Decimal(0), days=365), 0),
    "a debt by days at a rate of zero": (
        lambda: by_days(daily_rate=Decimal(0), as_of=LAST).lines[0].unpaid,
        DebtParts(10_000, 300),
    ),
    "a debt by days that nobody pays until the year 9999": (
        lambda: by_days(as_of=LAST).lines[0].unpaid.penalty,
        10 * (LAST - DUE).days,
    ),
}


@pytest.mark.parametrize(("act", "right"), RIGHT.values(), ids=RIGHT)
def test_unusual_input_gives_the_right_number(act, right):
    assert act() == right
