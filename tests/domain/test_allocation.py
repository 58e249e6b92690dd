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


def item(instalment, component, due, amount, added_on=None):
    return Item(instalment, Component(component), due, amount, added_on)


def test_an_item_is_due_on_its_own_due_date():
    items = [item(1, "principal", THIRD, 100), item(2, "fees", SECOND, 30)]
    before, on = date(2027, 2, 27), SECOND
    assert allocate(30, items, paid_on=before, order=CHINA).parts == DebtParts(principal=30)
    assert allocate(30, items, paid_on=on, order=CHINA).parts == DebtParts(fees=30)


def test_a_charge_is_met_on_the_day_it_was_added():
    items = [item(1, "fees", FIRST, 30, SECOND)]
    assert allocate(30, items, paid_on=SECOND, order=CHINA).credit == 0
    assert allocate(30, items, paid_on=date(2027, 2, 27), order=CHINA).credit == 30


def test_vertical_order_meets_one_component_of_every_instalment_before_the_next():
    vertical = Order(CHINA.due, mode=Mode.VERTICAL)
    items = [*items_of(1, FIRST, DebtParts(100, 10)), *items_of(2, SECOND, DebtParts(100, 10))]
    paid = allocate(25, items, paid_on=SECOND, order=vertical).paid
    assert [(each.instalment, each.component.value, each.amount) for each in paid] == [
        (1, "interest", 10), (2, "interest", 10), (1, "principal", 5),
    ]  # fmt: skip


def test_an_order_in_advance_of_its_own_holds_for_what_is_not_due():
    order = Order(CHINA.due, in_advance=(Component.PRINCIPAL, *CHINA.due[:-1]))
    items = items_of(1, THIRD, INSTALMENT)
    assert allocate(1_010, items, paid_on=SECOND, order=order).parts == DebtParts(principal=1_000, fees=10)
    assert allocate(130, items, paid_on=THIRD, order=order).parts == DebtParts(
        fees=20, penalty=5, interest=100, principal=5
    )


def test_of_two_equal_items_the_one_due_earlier_is_met_first():
    items = [item(1, "penalty", SECOND, 50), item(1, "penalty", FIRST, 40)]
    paid = allocate(45, items, paid_on=THIRD, order=CHINA).paid
    assert [(each.due, each.amount) for each in paid] == [(FIRST, 40), (SECOND, 5)]


def test_a_payment_of_nothing_changes_nothing():
    found = allocate(0, OWED, paid_on=SECOND, order=CHINA)
    assert (found.paid, found.remaining, found.credit) == ((), tuple(OWED), 0)
    assert allocate(7, [], paid_on=SECOND, order=CHINA).credit == 7
    assert allocate(7, [item(1, "fees", FIRST, 0)], paid_on=SECOND, order=CHINA).credit == 7


def test_what_is_owed_below_zero_is_refused():
    with pytest.raises(AllocationError) as refused:
        allocate(1, [item(1, "fees", FIRST, -1)], paid_on=FIRST, order=CHINA)
    assert refused.value.code == "amount_negative"


def test_a_paid_item_keeps_no_date_open():
    items = [item(1, "principal", FIRST, 0), item(2, "principal", SECOND, 1)]
    assert earliest_unpaid(items) == SECOND


def test_items_leave_out_what_nothing_is_owed_for():
    parts = DebtParts(principal=1, costs=2)
    found = [(each.component.value, each.amount) for each in items_of(1, FIRST, parts)]
    assert sorted(found) == [("costs", 2), ("principal", 1)]
    assert parts_of(items_of(1, FIRST, parts)) == parts


def test_parts_subtract_as_they_add():
    parts = DebtParts(principal=1, interest=2, fees=3, penalty=4, costs=5)
    assert parts + parts - parts == parts
    assert parts.total == 15
    assert parts - DebtParts(1, 1, 1, 1, 1) == DebtParts(0, 1, 2, 3, 4)
    assert [parts.part(component) for component in Component] == [5, 3, 4, 2, 1]
