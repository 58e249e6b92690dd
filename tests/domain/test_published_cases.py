"""Numbers published in other engines' tests.

Kinds covered: `schedule` (but for one feature, below), `due_dates`, `equal_split`, `dpd`, `allocation`,
`irr`, `xirr` on actual days over 365, and `apr_eu_months`. Left out, each named by the input that asks for
it: `round_each_year_part` of `schedule` (the parts of a period in two years are rounded apart) and another
`day_count` of `xirr`."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from portal.domain.accrual import delinquency
from portal.domain.allocation import Component, Item, Mode, Order, allocate
from portal.domain.apr import as_percent, effective_apr, effective_apr_by_months, nominal_apr
from portal.domain.dates import ActActForm, DueDateRule, Pause, Step, StepUnit, period_dates
from portal.domain.money import Rounding, parse_amount, round_exact, to_decimal
from portal.domain.schedule import Remainder, build_schedule, equal_split
from portal.vocabulary import DayCount, Method

DATA = Path(__file__).parents[1] / "data" / "loan_cases"
METHODS = {"bullet": Method.INTEREST_FIRST}
DAY_COUNTS = {
    "30/360-period": (DayCount.THIRTY_360, ActActForm.DUE_DAY),
    "30/360-us": (DayCount.THIRTY_360, ActActForm.DUE_DAY),
    "period-12": (DayCount.TWELFTHS, ActActForm.DUE_DAY),
    "act/365": (DayCount.ACT_365, ActActForm.DUE_DAY),
    "act/360": (DayCount.ACT_360, ActActForm.DUE_DAY),
    "daily": (DayCount.ACT_365, ActActForm.DUE_DAY),
    "act/act-due-day": (DayCount.ACT_ACT, ActActForm.DUE_DAY),
    "act/act-isda": (DayCount.ACT_ACT, ActActForm.ISDA),
    "act/act-feb29": (DayCount.ACT_ACT, ActActForm.FEB_29),
}
ROW_FIELDS = {
    "date": "due_date",
    "principal": "principal",
    "interest": "interest",
    "total": "total",
    "balance": "balance",
}


def published(kind, *, without=()):
    cases = json.loads((DATA / f"{kind}.json").read_text(encoding="utf-8"))
    kept = [case for case in cases if not any(case["inputs"].get(feature) for feature in without)]
    return pytest.mark.parametrize("case", kept, ids=[case["id"] for case in kept])


def cents(text):
    return parse_amount(text, "CNY", allow_negative=True)


def day(text):
    return None if text is None else date.fromisoformat(text)


def step(frequency):
    return Step(StepUnit(frequency["unit"]), frequency["every"])


def schedule_of(inputs):
    day_count, act_act = DAY_COUNTS[inputs["day_count"]]
    # A daily rate is a yearly one over 365 days.
    percent = Decimal(inputs["annual_rate_pct"] or Decimal(inputs["daily_rate_pct"]) * 365)
    rounding, method = inputs["rounding"], inputs["method"]
    multiple = inputs["instalment_multiple_of"]
    bullet = method == "bullet"
    return build_schedule(
        principal=cents(inputs["principal"]),
        annual_rate=percent / 100,
        periods=inputs["periods"],
        frequency=step(inputs["frequency"]),
        start=day(inputs["start_date"]),
        first_due=day(inputs.get("first_due_date")),
        due_dates=[day(text) for text in inputs["due_dates"]] if "due_dates" in inputs else None,
        due_date_rule=DueDateRule(inputs.get("due_date_rule", "clamp")),
        method=METHODS.get(method) or Method(method),
        day_count=day_count,
        act_act=act_act,
        rounding=Rounding(rounding["interest"]),
        instalment_rounding=Rounding(rounding["instalment"]),
        remainder=Remainder(rounding["remainder"]),
        carry_rounding="cumulative" in str(rounding),
        weights=[Decimal(weight) for weight in inputs["weights"]] if "weights" in inputs else None,
        instalment_fixed=cents(inputs["instalment_fixed"]) if "instalment_fixed" in inputs else None,
        instalment_multiple_of=100 * multiple if multiple else 1,
        principal_grace=0 if bullet else inputs["principal_grace_periods"],
        interest_grace=inputs["interest_grace_periods"],
        interest_free=inputs["interest_free_periods"],
        interest_pauses=[Pause(day(first), day(last)) for first, last in inputs.get("interest_pauses", [])],
        carried_interest=cents(inputs.get("carried_interest", "0")),
    )


def shown(row, fields, places):
    """A row in the words of the source, rounded to the digits it prints."""
    told = {}
    for field in fields:
        value = getattr(row, ROW_FIELDS[field])
        if field != "date":
            value = to_decimal(round_exact(value, multiple_of=10 ** (2 - places)), "CNY")
        told[field] = value
    return told


def compared(expected):
    """Fees and penalties belong to the source's loan, not to its schedule."""
    return {
        field: day(value) if field == "date" else Decimal(value)
        for field, value in expected.items()
        if field in ROW_FIELDS
    }


@published("schedule", without=["round_each_year_part"])
def test_schedules_agree_with_published_tables(case):
    schedule, expected = schedule_of(case["inputs"]), case["expected"]
    places = expected.get("compare_places", 2)
    numbered = {str(number): row for number, row in enumerate(expected.get("rows", ()), start=1)}
    assert "rows" not in expected or len(schedule.rows) == len(numbered)
    for number, row in (numbered or expected["rows_at"]).items():
        wanted = compared(row)
        assert shown(schedule.rows[int(number) - 1], wanted, places) == wanted
    for name in ("total_interest", "total_payment"):
        if name in expected:
            told = getattr(schedule, name.replace("total_payment", "total"))
            assert to_decimal(round_exact(told, multiple_of=10 ** (2 - places)), "CNY") == Decimal(
                expected[name]
            )


@published("due_dates")
def test_due_dates_agree_with_published_dates(case):
    inputs = case["inputs"]
    dates = period_dates(
        start=day(inputs["start_date"]),
        periods=inputs["periods"],
        frequency=step(inputs["frequency"]),
        first_due=day(inputs["first_due_date"]),
        rule=DueDateRule(inputs["due_date_rule"]),
        anchor_day=inputs["anchor_day"],
    )
    assert [due.isoformat() for due in dates] == case["expected"]["dates"]


@published("equal_split")
def test_equal_splits_agree_with_published_restructurings(case):
    inputs = case["inputs"]
    dates = period_dates(
        start=date.min,
        periods=inputs["periods"],
        frequency=step(inputs["frequency"]),
        first_due=day(inputs["first_due_date"]),
    )
    multiple = inputs["multiple_of"]
    schedule = equal_split(
        principal=cents(inputs["principal"]),
        interest=cents(inputs["interest"]),
        dates=dates,
        rounding=Rounding(inputs["rounding"]),
        multiple_of=100 * multiple if multiple else 1,
    )
    rows = [compared(row) for row in case["expected"]["rows"]]
    assert [shown(row, wanted, 2) for row, wanted in zip(schedule.rows, rows, strict=True)] == rows


class Range(NamedTuple):
    name: str
    first_dpd: int


@published("dpd")
def test_days_past_due_agree_with_published_delinquencies(case):
    inputs = case["inputs"]
    counted = delinquency(
        day(inputs["oldest_unpaid_due_date"]),
        day(inputs["as_of"]),
        grace_days=inputs["grace_days"],
        pauses=[Pause(day(first), day(last)) for first, last in inputs["pauses"]],
    )
    bucket = counted.bucket([Range(name, first) for name, first, _ in inputs["buckets"]])
    assert {
        "delinquent_date": counted.delinquent_from.isoformat(),
        "delinquent_days": counted.delinquent_days,
        "past_due_days": counted.past_due_days,
        "bucket": bucket.name if bucket else "NO_DELINQUENCY",
    } == case["expected"]


def component(name):
    return Component.FEES if name == "fee" else Component(name)


@published("allocation")
def test_payments_are_allocated_as_published(case):
    inputs = case["inputs"]
    order = Order(
        due=tuple(map(component, inputs["order_due"])),
        in_advance=tuple(map(component, inputs["order_in_advance"])),
        mode=Mode(inputs["mode"]),
    )
    items = [
        Item(
            instalment=item["instalment"],
            component=component(item["component"]),
            due=day(item["due"]),
            amount=cents(item["amount"]),
            added_on=day(item.get("added_on")),
        )
        for item in inputs["items"]
    ]
    for payment, expected in zip(inputs["payments"], case["expected"]["payments"], strict=True):
        allocation = allocate(cents(payment["amount"]), items, paid_on=day(payment["date"]), order=order)
        items = allocation.remaining
        told = {name: allocation.parts.part(component(name)) for name in expected.keys() - {"date", "amount"}}
        assert told == {name: cents(expected[name]) for name in told}


def assert_near(told, expected, tolerance):
    assert abs(told - Decimal(expected)) <= Decimal(tolerance["abs"])


@published("irr")
def test_nominal_rates_agree_with_published_ones(case):
    inputs = case["inputs"]
    rate = nominal_apr([Decimal(flow) for flow in inputs["flows"]], inputs["times"])
    assert_near(rate, case["expected"]["rate"], case["tolerance"])


@published("xirr", without=["day_count"])
def test_effective_rates_agree_with_published_ones(case):
    inputs, expected = case["inputs"], case["expected"]
    rate = effective_apr([(day(flow["date"]), Decimal(flow["amount"])) for flow in inputs["flows"]])
    if "round_places_pct" in inputs:
        assert as_percent(rate, inputs["round_places_pct"]) == Decimal(expected["rate_pct"])
    elif "rate_pct" in expected:
        assert_near(rate * 100, expected["rate_pct"], case["tolerance"])
    else:
        assert_near(rate, expected["rate"], case["tolerance"])


@published("apr_eu_months")
def test_effective_rates_by_months_agree_with_published_ones(case):
    inputs = case["inputs"]
    payments = [(flow["months"], Decimal(flow["amount"])) for flow in inputs["flows"]]
    rate = effective_apr_by_months([(0, -Decimal(inputs["advance"])), *payments])
    assert_near(rate * 100, case["expected"]["rate_pct"], case["tolerance"])
