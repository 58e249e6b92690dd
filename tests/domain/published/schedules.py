"""Published tables of instalments: rows, due dates, restructurings."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from portal.domain.dates import ActActForm, DueDateRule, add_days, period_dates
from portal.domain.money import Rounding
from portal.domain.schedule import (
    Contract,
    InstalmentBasis,
    Remainder,
    Row,
    Schedule,
    equal_split,
    replay,
    with_arrears,
)
from portal.domain.schedule_facts import (
    DueDateChange,
    EarlyEffect,
    EarlyRepayment,
    Fact,
    InterestPause,
    RateChange,
    TermExtension,
)
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
PLAIN_ROUNDING = {"interest": "HALF_UP", "instalment": "HALF_UP", "remainder": "last_instalment"}
# What a case can tell of a schedule.
TOLD = {"rows", "rows_at", "total_interest", "total_payment", "last_total", "compare_places"}


def contract_of(inputs: dict[str, Any]) -> Contract:
    """Return the terms of a case; what it does not say is as the plainest contract has it."""
    day_count, act_act = DAY_COUNTS[inputs.get("day_count", "period-12")]
    # A daily rate is a yearly one over 365 days.
    percent = Decimal(inputs.get("annual_rate_pct") or Decimal(inputs.get("daily_rate_pct") or 0) * 365)
    rounding, method = inputs.get("rounding", PLAIN_ROUNDING), inputs.get("method", "equal_instalment")
    multiple = inputs.get("instalment_multiple_of")
    bullet = method == "bullet"
    by_rate = "instalment_from_rate" in inputs
    return Contract(
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
        round_each_year_part=inputs.get("round_each_year_part", False),
        weights=[Decimal(weight) for weight in inputs["weights"]] if "weights" in inputs else None,
        instalment_basis=InstalmentBasis.NOMINAL_RATE if by_rate else InstalmentBasis.ACTUAL_PERIODS,
        instalment_fixed=cents(inputs["instalment_fixed"]) if "instalment_fixed" in inputs else None,
        instalment_multiple_of=100 * multiple if multiple else 1,
        principal_grace=0 if bullet else inputs.get("principal_grace_periods", 0),
        interest_grace=inputs.get("interest_grace_periods", 0),
        interest_free=inputs.get("interest_free_periods", 0),
        carried_interest=cents(inputs.get("carried_interest", "0")),
    )


def shown(row: Row, fields: dict[str, Any], places: int = 2) -> dict[str, Any]:
    """Return a row in the words of the source, rounded to the digits it prints."""
    told = row._asdict() | {"date": row.due_date, "balance_before": row.balance + row.principal}
    return {field: told[field] if field == "date" else printed(told[field], places) for field in fields}


def wanted(expected: dict[str, str]) -> dict[str, Any]:
    """Return a row of the source without fees and penalties, which belong to a loan and not its schedule."""
    return {
        field: day(value) if field == "date" else Decimal(value)
        for field, value in expected.items()
        if field not in {"fees", "penalty"}
    }


def check_schedule(case: Case) -> None:
    inputs = case["inputs"]
    contract = contract_of(inputs)
    pauses = [InterestPause(day(first), day(last)) for first, last in inputs.get("interest_pauses", [])]
    schedule = replay(contract, pauses)
    check_table(schedule, case["expected"])
    if contract.instalment_fixed and contract.instalment_basis is InstalmentBasis.NOMINAL_RATE:
        assert replay(replace(contract, instalment_fixed=None)).instalment == contract.instalment_fixed
    if inputs.get("stop_when_paid"):
        assert len(schedule.rows) <= contract.periods


def check_table(schedule: Schedule, expected: dict[str, Any]) -> None:
    """Compare all that a case tells of a schedule; a case that tells something else cannot pass."""
    assert expected.keys() & TOLD
    assert expected.keys() <= TOLD
    places = expected.get("compare_places", 2)
    numbered = {str(number): row for number, row in enumerate(expected.get("rows", ()), start=1)}
    assert "rows" not in expected or len(schedule.rows) == len(numbered)
    for number, row in (numbered | expected.get("rows_at", {})).items():
        fields = wanted(row)
        assert fields
        assert shown(schedule.rows[int(number) - 1], fields, places) == fields
    sums = {
        "total_interest": schedule.total_interest,
        "total_payment": schedule.total,
        "last_total": schedule.rows[-1].total,
    }
    told = sums.keys() & expected.keys()
    assert {name: printed(sums[name], places) for name in told} == {
        name: Decimal(expected[name]) for name in told
    }


def check_rate_change(case: Case) -> None:
    inputs = case["inputs"]
    changes = [RateChange(day(since), Decimal(percent) / 100) for since, percent in inputs["rate_changes"]]
    check_table(replay(contract_of(inputs), changes), case["expected"])


def check_plan_change(case: Case) -> None:
    inputs = case["inputs"]
    contract, change = contract_of(inputs), inputs["change"]
    # The first day on which the instalment is the next one.
    before = [contract.start, *contract.dates()][change["from_instalment"] - 1]
    since = add_days(before, 1)
    facts: list[Fact] = []
    if "new_due_date" in change:
        facts.append(DueDateChange(since, day(change["new_due_date"])))
    if "extra_periods" in change:
        facts.append(TermExtension(since, change["extra_periods"]))
    assert len(facts) == len(change) - 1
    check_table(replay(contract, facts), case["expected"])


def check_early_payment(case: Case) -> None:
    inputs = case["inputs"]
    contract = contract_of(inputs)
    dates = contract.dates()
    facts = [
        EarlyRepayment(dates[paid["with_instalment"] - 1], cents(paid["amount"]), EarlyEffect(paid["effect"]))
        for paid in inputs["early_payments"]
    ]
    check_table(replay(contract, facts), case["expected"])


def check_overdue_interest(case: Case) -> None:
    inputs = case["inputs"]
    schedule = with_arrears(contract_of(inputs), inputs["unpaid_instalments"], as_of=day(inputs["as_of"]))
    check_table(schedule, case["expected"])


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
