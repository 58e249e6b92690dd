"""Published figures of overdue debts: days past due, payments, interest by the day, penalty and late fees."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from portal.domain.accrual import delinquency
from portal.domain.allocation import Component, Item, Mode, Order, allocate
from portal.domain.daily_debt import DailyInstalment, DailyPayment, daily_debt
from portal.domain.dates import Pause, days_between
from portal.domain.delay import (
    Dated,
    DayRange,
    amounts_by_range,
    days_in_tiers,
    days_past_due_on,
    delinquent_days,
    range_of,
)
from portal.domain.money import Rounding, round_exact, to_decimal
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
from portal.domain.simple_interest import RateFrom, interest_parts, simple_interest
from portal.vocabulary import DayCount
from tests.domain.published.cases import CURRENCY, Case, cents, day

NO_BUCKET = "NO_DELINQUENCY"
# The columns of a debt by the day, and the parts of a debt that they are.
COLUMNS = {"principal": "principal", "interest": "interest", "fees": "fees", "extra": "penalty"}


def _rate(percent: str | None) -> Fraction:
    """Read a percentage as a fraction of one; a case without one has no such charge."""
    return Fraction(0) if percent is None else Fraction(percent) / 100


def _places(text: str) -> int:
    return max(0, -int(Decimal(text).as_tuple().exponent))


def _scaled(exact: Fraction, places: int) -> Decimal:
    return Decimal(round_exact(exact * 10**places)).scaleb(-places)


def _rounding(inputs: dict[str, Any]) -> Rounding:
    return Rounding(inputs.get("rounding", "HALF_UP"))


def _pauses(inputs: dict[str, Any]) -> list[Pause]:
    return [Pause(day(first), day(last)) for first, last in inputs.get("pauses", [])]


def _ranges(inputs: dict[str, Any]) -> list[DayRange]:
    return [DayRange(name, first, last) for name, first, last in inputs["buckets"]]


def _named(found: DayRange | None) -> str:
    return NO_BUCKET if found is None else found.name


def check_dpd(case: Case) -> None:
    inputs = case["inputs"]
    counted = delinquency(
        day(inputs["oldest_unpaid_due_date"]),
        day(inputs["as_of"]),
        grace_days=inputs["grace_days"],
        pauses=_pauses(inputs),
    )
    frozen = inputs.get("bucket_frozen_during_pause", True)
    told = {
        "delinquent_date": counted.delinquent_from.isoformat(),
        "delinquent_days": counted.delinquent_days,
        "past_due_days": counted.past_due_days,
        "bucket": _named(
            range_of(counted.label_days if frozen else counted.delinquent_days, _ranges(inputs))
        ),
    }
    assert told == case["expected"]


def check_dpd_each(case: Case) -> None:
    inputs = case["inputs"]
    told = delinquent_days(
        [day(text) for text in inputs["due_dates"]],
        day(inputs["as_of"]),
        grace_days=inputs.get("grace_days", 0),
        pauses=_pauses(inputs),
    )
    assert list(told) == case["expected"]["delinquent_days"]


def check_dpd_series(case: Case) -> None:
    inputs = case["inputs"]
    told = days_past_due_on(
        [day(text) for text in inputs["dates"]],
        [Dated(day(each["due"]), cents(each["amount"])) for each in inputs["demands"]],
        [Dated(day(each["date"]), cents(each["amount"])) for each in inputs["payments"]],
        due_date_is_day_one=inputs["count_due_date_as_day_one"],
    )
    assert list(told) == case["expected"]["days"]


def check_bucket_amounts(case: Case) -> None:
    inputs = case["inputs"]
    told = amounts_by_range(
        [Dated(day(each["due"]), cents(each["unpaid"])) for each in inputs["instalments"]],
        day(inputs["as_of"]),
        _ranges(inputs),
        grace_days=inputs.get("grace_days", 0),
        pauses=_pauses(inputs),
    )
    expected = {name: cents(amount) for name, amount in case["expected"]["amounts"].items()}
    assert told == {name: amount for name, amount in expected.items() if amount}


def check_bucket_of_days(case: Case) -> None:
    ranges = _ranges(case["inputs"])
    told = [_named(range_of(days, ranges)) for days in case["inputs"]["days"]]
    assert told == [name or NO_BUCKET for name in case["expected"]["bucket"]]


def check_tier_days(case: Case) -> None:
    inputs = case["inputs"]
    told = days_in_tiers(inputs["days"], [(first, last) for first, last in inputs["tiers"]])
    assert list(told) == case["expected"]["days_in_tier"]


def check_daily_debt(case: Case) -> None:
    inputs, events = case["inputs"], case["inputs"]["events"]
    found = daily_debt(
        cents(inputs["principal"]),
        start=day(inputs["start_date"]),
        daily_rate=Fraction(inputs["daily_rate"]),
        instalments=[
            DailyInstalment(
                due=day(each["due"]),
                principal=cents(each["principal"]),
                interest=cents(each["interest"]),
                fees=cents(each.get("fees", "0")),
            )
            for each in inputs["instalments"]
        ],
        payments=[
            DailyPayment(day(each["date"]), cents(each["payment"])) for each in events if "payment" in each
        ],
        as_of=max(day(each["date"]) for each in events),
    )
    for line, expected in zip(found.lines, case["expected"]["instalments"], strict=True):
        told = {}
        for name, part in COLUMNS.items():
            told[f"{name}_due"] = getattr(line.unpaid, part)
            told[f"{name}_paid"] = getattr(line.paid, part)
        assert {name: told[name] for name in expected} == {
            name: cents(amount) for name, amount in expected.items()
        }


def check_short_loan(case: Case) -> None:
    inputs = case["inputs"]
    cap = inputs.get("penalty_cap_pct_of_amount")
    found = short_loan(
        inputs["amount_cents"],
        daily_rate=_rate(inputs["daily_rate_pct"]),
        days=inputs["days"],
        penalty_daily_rate=_rate(inputs.get("penalty_daily_rate_pct")),
        overdue_days=inputs.get("overdue_days") or 0,
        penalty_cap=None if cap is None else _rate(cap),
        rounding=_rounding(inputs),
    )
    told = {
        "total_cents": found.total,
        "interest_cents": found.interest,
        "penalty_cents": found.penalty,
    }
    expected = case["expected"]
    assert {name: told[name] for name in expected} == expected


def check_simple_interest(case: Case) -> None:
    inputs = case["inputs"]
    places = inputs["places"]
    units = max(places, _places(inputs["principal"]), _places(inputs.get("minimum", "0")))
    days = inputs["days"] if "days" in inputs else days_between(day(inputs["from"]), day(inputs["to"]))
    told = simple_interest(
        int(Decimal(inputs["principal"]).scaleb(units)),
        _rate(inputs["annual_rate_pct"]),
        days,
        basis=inputs["basis"],
        multiple=_rate(inputs.get("rate_multiple_pct", "100")),
        minimum=int(Decimal(inputs.get("minimum", "0")).scaleb(units)),
        rounding=_rounding(inputs),
        multiple_of=10 ** (units - places),
    )
    assert Decimal(told).scaleb(-units) == Decimal(case["expected"]["amount"])


def check_penalty_daily(case: Case) -> None:
    inputs = case["inputs"]
    told = daily_penalty(
        [Overdue(day(each["due"]), cents(each["amount"])) for each in inputs["overdue"]],
        _rate(inputs["penalty_rate_pct"]),
        basis=inputs["basis"],
        as_of=day(inputs["as_of"]),
        first_day_offset=inputs["first_day_offset"],
        as_of_day_closed=inputs["as_of_day_closed"],
        rounding=_rounding(inputs),
    )
    assert to_decimal(told, CURRENCY) == Decimal(case["expected"]["amount"])


def check_penalty_days(case: Case) -> None:
    inputs = case["inputs"]
    told = days_charged(
        inputs["days_overdue"], grace_days=inputs["grace_days"], rule=GraceRule(inputs["grace_rule"])
    )
    assert told == case["expected"]["days_charged"]


def check_penalty_start(case: Case) -> None:
    inputs = case["inputs"]
    told = first_penalty_day(
        day(inputs["due"]),
        day(inputs["paid_on"]),
        grace_days=inputs["grace_days"],
        rule=GraceRule(inputs["grace_rule"]),
    )
    assert told == day(case["expected"]["first_penalty_day"])


def check_penalty_series(case: Case) -> None:
    inputs, expected = case["inputs"], case["expected"]
    assert "both days inclusive" in inputs["day_count"]
    digits = max(2, _places(inputs["principal"]))
    parts = interest_parts(
        int(Decimal(inputs["principal"]).scaleb(digits)),
        first_day=day(inputs["first_day"]),
        last_day=day(inputs["last_day"]),
        rates=[RateFrom(day(first), _rate(percent)) for first, percent in inputs["rates"]],
        split_at=[day(text) for text in inputs["split_at"]],
        day_count=DayCount(inputs["day_count"].split()[0]),
    )
    amounts = [part.exact / 10**digits for part in parts]
    assert [part.days for part in parts] == expected["days"]
    told = [_scaled(amount, inputs["places"]) for amount in amounts]
    assert told == [Decimal(text) for text in expected["interest"]]
    assert _scaled(sum(amounts, Fraction(0)), _places(expected["total"])) == Decimal(expected["total"])


def check_rate_multiple(case: Case) -> None:
    inputs = case["inputs"]
    told = raised_rate(_rate(inputs["rate_pct"]), _rate(inputs["multiple_pct"]))
    assert told == Decimal(case["expected"]["rate"])


def check_late_fee(case: Case) -> None:
    inputs = case["inputs"]
    told = late_fees(
        [
            Instalment(day(each["due"]), cents(each["principal"]), cents(each.get("interest", "0")))
            for each in inputs["instalments"]
        ],
        _rate(inputs["rate_pct"]),
        base=FeeBase(inputs["base"]),
        as_of=day(inputs["as_of"]),
        rounding=_rounding(inputs),
    )
    assert [to_decimal(fee, CURRENCY) for fee in told] == [Decimal(text) for text in case["expected"]["fees"]]


def _component(name: str) -> Component:
    return Component.FEES if name == "fee" else Component(name)


def check_allocation(case: Case) -> None:
    inputs = case["inputs"]
    order = Order(
        due=tuple(map(_component, inputs["order_due"])),
        in_advance=tuple(map(_component, inputs["order_in_advance"])),
        mode=Mode(inputs["mode"]),
    )
    items = [
        Item(
            instalment=item["instalment"],
            component=_component(item["component"]),
            due=day(item["due"]),
            amount=cents(item["amount"]),
            added_on=day(item.get("added_on")),
        )
        for item in inputs["items"]
    ]
    for payment, expected in zip(inputs["payments"], case["expected"]["payments"], strict=True):
        allocation = allocate(cents(payment["amount"]), items, paid_on=day(payment["date"]), order=order)
        items = list(allocation.remaining)
        told = {
            name: allocation.parts.part(_component(name)) for name in expected.keys() - {"date", "amount"}
        }
        assert told == {name: cents(expected[name]) for name in told}
