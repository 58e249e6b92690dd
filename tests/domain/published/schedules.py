"""Published tables of instalments: rows, due dates, restructurings."""

from datetime import date
from decimal import Decimal
from typing import Any

from portal.domain.dates import ActActForm, DueDateRule, Pause, period_dates
from portal.domain.money import Rounding
from portal.domain.schedule import Remainder, Row, Schedule, build_schedule, equal_split
from portal.vocabulary import DayCount, Method
from tests.domain.published.cases import Case, cents, day, printed, step

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


def schedule_of(inputs: dict[str, Any]) -> Schedule:
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


def shown(row: Row, fields: dict[str, Any], places: int = 2) -> dict[str, Any]:
    """Return a row in the words of the source, rounded to the digits it prints."""
    return {
        field: row.due_date if field == "date" else printed(getattr(row, ROW_FIELDS[field]), places)
        for field in fields
    }


def wanted(expected: dict[str, str]) -> dict[str, Any]:
    """Return a row of the source without fees and penalties, which belong to a loan and not its schedule."""
    return {
        field: day(value) if field == "date" else Decimal(value)
        for field, value in expected.items()
        if field in ROW_FIELDS
    }


def check_schedule(case: Case) -> None:
    schedule, expected = schedule_of(case["inputs"]), case["expected"]
    places = expected.get("compare_places", 2)
    numbered = {str(number): row for number, row in enumerate(expected.get("rows", ()), start=1)}
    assert "rows" not in expected or len(schedule.rows) == len(numbered)
    for number, row in (numbered or expected["rows_at"]).items():
        fields = wanted(row)
        assert shown(schedule.rows[int(number) - 1], fields, places) == fields
    for name, told in (("total_interest", schedule.total_interest), ("total_payment", schedule.total)):
        if name in expected:
            assert printed(told, places) == Decimal(expected[name])


def check_due_dates(case: Case) -> None:
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


def check_equal_split(case: Case) -> None:
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
    rows = [wanted(row) for row in case["expected"]["rows"]]
    assert [shown(row, fields) for row, fields in zip(schedule.rows, rows, strict=True)] == rows
