"""Published figures of overdue debts: days past due and payments."""

from typing import NamedTuple

from portal.domain.accrual import delinquency
from portal.domain.allocation import Component, Item, Mode, Order, allocate
from portal.domain.dates import Pause
from tests.domain.published.cases import Case, cents, day


class Range(NamedTuple):
    name: str
    first_dpd: int


def check_dpd(case: Case) -> None:
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
        items = allocation.remaining
        told = {
            name: allocation.parts.part(_component(name)) for name in expected.keys() - {"date", "amount"}
        }
        assert told == {name: cents(expected[name]) for name in told}
