from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.allocation import (
    AllocationError,
    Component,
    DebtParts,
    Item,
    Mode,
    Order,
    allocate,
    debt_on,
    earliest_unpaid,
    items_of,
    parts_of,
)

PROPERTY = settings(max_examples=60, deadline=None)
CHINA = Order(due=tuple(Component(name) for name in ("costs", "fees", "penalty", "interest", "principal")))
FIRST, SECOND, THIRD = date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)
INSTALMENT = DebtParts(principal=1000, interest=100, fees=20, penalty=5)
OWED = [
    item for number, due in enumerate((FIRST, SECOND, THIRD), 1) for item in items_of(number, due, INSTALMENT)
]

PARTS = st.builds(DebtParts, *[st.integers(0, 10**6)] * 5)
DEBTS = st.lists(st.tuples(st.dates(date(2027, 1, 1), date(2027, 12, 31)), PARTS), max_size=8).map(
    lambda rows: [
        item for number, (due, parts) in enumerate(rows, 1) for item in items_of(number, due, parts)
    ]
)
ORDERS = st.builds(Order, st.permutations(list(Component)).map(tuple), mode=st.sampled_from(list(Mode)))


def test_what_falls_due_today_is_not_overdue():
    debt = debt_on(SECOND, OWED)
    assert debt.overdue == INSTALMENT
    assert debt.not_yet_due == INSTALMENT + INSTALMENT
    assert debt.total.total == 3 * 1125


@PROPERTY
@given(DEBTS, st.dates(date(2027, 1, 1), date(2027, 12, 31)))
def test_overdue_and_not_yet_due_are_all_that_is_owed(items, business_date):
    debt = debt_on(business_date, items)
    assert debt.total == parts_of(items)
    assert debt.total.total == sum(item.amount for item in items)


def test_due_instalments_are_paid_oldest_first_in_the_order_of_the_policy():
    allocation = allocate(1125 + 125, OWED, paid_on=SECOND, order=CHINA)
    paid = [(item.instalment, item.component.value, item.amount) for item in allocation.paid]
    assert paid == [
        (1, "fees", 20), (1, "penalty", 5), (1, "interest", 100), (1, "principal", 1000),
        (2, "fees", 20), (2, "penalty", 5), (2, "interest", 100),
    ]  # fmt: skip
    assert allocation.credit == 0


def test_all_that_is_due_goes_before_anything_in_advance():
    items = [Item(1, Component.PRINCIPAL, THIRD, 500), Item(2, Component.FEES, FIRST, 30)]
    allocation = allocate(100, items, paid_on=SECOND, order=CHINA)
    assert [(item.instalment, item.amount) for item in allocation.paid] == [(2, 30), (1, 70)]


def test_a_charge_of_the_future_is_not_paid_first():
    items = [Item(1, Component.PENALTY, THIRD, 50), Item(1, Component.PRINCIPAL, FIRST, 500)]
    assert allocate(500, items, paid_on=SECOND, order=CHINA).parts == DebtParts(principal=500)


def test_a_charge_added_after_the_payment_is_not_met_by_it():
    items = [Item(1, Component.FEES, FIRST, 50, added_on=THIRD), Item(1, Component.PRINCIPAL, FIRST, 500)]
    allocation = allocate(600, items, paid_on=SECOND, order=CHINA)
    assert (allocation.parts, allocation.credit) == (DebtParts(principal=500), 100)
    assert [item.amount for item in allocation.remaining] == [50]


def test_what_is_paid_too_much_becomes_credit():
    allocation = allocate(10_000, OWED, paid_on=FIRST, order=CHINA)
    assert (allocation.credit, allocation.remaining) == (10_000 - 3 * 1125, ())


def test_a_partial_payment_keeps_the_earliest_unpaid_date():
    part = allocate(1124, OWED, paid_on=SECOND, order=CHINA)
    whole = allocate(1125, OWED, paid_on=SECOND, order=CHINA)
    assert earliest_unpaid(part.remaining) == FIRST
    assert earliest_unpaid(whole.remaining) == SECOND
    assert earliest_unpaid([]) is None


@PROPERTY
@given(DEBTS, st.integers(0, 10**8), st.dates(date(2027, 1, 1), date(2027, 12, 31)), ORDERS)
def test_no_money_is_lost_or_made(items, payment, paid_on, order):
    allocation = allocate(payment, items, paid_on=paid_on, order=order)
    owed, left = parts_of(items), parts_of(allocation.remaining)
    assert allocation.parts.total + allocation.credit == payment
    assert allocation.parts + left == owed
    assert all(item.amount > 0 for item in (*allocation.paid, *allocation.remaining))
    assert allocation.credit == 0 or left.total == 0


@PROPERTY
@given(DEBTS, st.integers(0, 10**7), st.dates(date(2027, 1, 1), date(2027, 12, 31)))
def test_nothing_is_paid_in_advance_while_something_is_due(items, payment, paid_on):
    allocation = allocate(payment, items, paid_on=paid_on, order=CHINA)
    in_advance = any(item.due > paid_on for item in allocation.paid)
    still_due = any(item.due <= paid_on for item in allocation.remaining)
    assert not (in_advance and still_due)


def test_two_payments_reach_what_one_of_their_sum_would():
    once = allocate(1800, OWED, paid_on=SECOND, order=CHINA)
    first = allocate(700, OWED, paid_on=SECOND, order=CHINA)
    second = allocate(1100, first.remaining, paid_on=SECOND, order=CHINA)
    assert second.remaining == once.remaining


def test_negative_amounts_and_unknown_components_are_refused():
    with pytest.raises(AllocationError) as negative:
        allocate(-1, OWED, paid_on=FIRST, order=CHINA)
    with pytest.raises(AllocationError) as missing:
        allocate(1, OWED, paid_on=FIRST, order=Order(due=(Component.FEES,)))
    codes = [negative.value.code, missing.value.code]
    assert codes == ["amount_negative", "component_without_place"]


def test_parts_subtract_as_they_add():
    parts = DebtParts(principal=1, interest=2, fees=3, penalty=4, costs=5)
    assert parts + parts - parts == parts
    assert parts.total == 15
