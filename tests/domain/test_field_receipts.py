"""Receipts taken in the field, until their payments are imported."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.field_receipts import Money, ReceiptError, match_receipts

PROPERTY = settings(max_examples=60, deadline=None)


def after(days):
    return date(2027, 3, 1) + timedelta(days=days)


def written(number, days, amount, loan="L1"):
    return Money(number, loan, after(days), amount)


def numbers(matching):
    return [(match.receipt.number, match.payment.number) for match in matching.matched]


def test_a_receipt_is_pending_until_its_payment_is_imported():
    receipt = written("F1", 0, 500)
    waiting = match_receipts([receipt], [], within_days=3)
    assert (waiting.matched, waiting.pending, waiting.pending_for("L1")) == ((), (receipt,), 500)
    arrived = match_receipts([receipt], [written("P1", 1, 500)], within_days=3)
    assert (numbers(arrived), arrived.pending, arrived.pending_for("L1")) == ([("F1", "P1")], (), 0)


@pytest.mark.parametrize(("days", "found"), [(-4, False), (-3, True), (0, True), (3, True), (4, False)])
def test_a_receipt_is_matched_within_some_days_before_or_after(days, found):
    matching = match_receipts([written("F1", 0, 500)], [written("P1", days, 500)], within_days=3)
    assert bool(matching.matched) is found
    assert bool(matching.pending) is not found


def test_a_receipt_is_matched_on_its_own_day_alone_when_no_days_are_given():
    receipts = [written("F1", 0, 500)]
    assert numbers(match_receipts(receipts, [written("P1", 0, 500)], within_days=0)) == [("F1", "P1")]
    assert numbers(match_receipts(receipts, [written("P1", 1, 500)], within_days=0)) == []


def test_a_receipt_of_another_loan_or_amount_is_not_the_same_money():
    receipts = [written("F1", 0, 500)]
    assert not match_receipts(receipts, [written("P1", 0, 501)], within_days=3).matched
    assert not match_receipts(receipts, [written("P1", 0, 500, loan="L2")], within_days=3).matched
    pending = match_receipts([*receipts, written("F2", 0, 70, loan="L2")], [], within_days=3)
    assert [pending.pending_for(loan) for loan in ("L1", "L2", "L3")] == [500, 70, 0]


def test_money_of_one_minor_unit_is_money():
    assert match_receipts([written("F1", 0, 1)], [], within_days=3).pending_for("L1") == 1


def test_two_receipts_need_two_payments():
    receipts = [written("F2", 1, 500), written("F1", 0, 500)]
    matching = match_receipts(receipts, [written("P1", 1, 500)], within_days=3)
    assert numbers(matching) == [("F1", "P1")]
    assert [each.number for each in matching.pending] == ["F2"]


def test_matching_leaves_as_few_pending_as_there_can_be():
    receipts = [written("F1", 0, 500), written("F2", 4, 500)]
    payments = [written("P2", 6, 500), written("P1", 2, 500)]
    assert numbers(match_receipts(receipts, payments, within_days=2)) == [("F1", "P1"), ("F2", "P2")]
    too_old = [written("P0", -9, 500), *payments]
    assert numbers(match_receipts(receipts, too_old, within_days=2)) == [("F1", "P1"), ("F2", "P2")]


def test_a_payment_too_late_for_one_receipt_may_be_the_next_one_s():
    receipts = [written("F1", 0, 500), written("F2", 5, 500)]
    matching = match_receipts(receipts, [written("P1", 4, 500)], within_days=2)
    assert numbers(matching) == [("F2", "P1")]
    assert [each.number for each in matching.pending] == ["F1"]


def test_matches_and_pending_receipts_come_in_the_order_of_their_days():
    receipts = [written("F3", 2, 70), written("F1", 1, 500), written("F2", 1, 600)]
    matching = match_receipts(receipts, [], within_days=1)
    assert [each.number for each in matching.pending] == ["F1", "F2", "F3"]
    payments = [Money(f"P{n}", "L1", each.on, each.amount) for n, each in enumerate(receipts)]
    assert numbers(match_receipts(receipts, payments, within_days=1)) == [
        ("F1", "P1"),
        ("F2", "P2"),
        ("F3", "P0"),
    ]


DAYS = st.lists(st.integers(0, 20), max_size=7)


def most_matches(receipts, payments, within):
    """The largest number of matches there can be, by trying all."""
    if not receipts:
        return 0
    first, rest = receipts[0], receipts[1:]
    best = most_matches(rest, payments, within)
    for place, payment in enumerate(payments):
        if abs(first - payment) <= within:
            best = max(best, 1 + most_matches(rest, payments[:place] + payments[place + 1 :], within))
    return best


@PROPERTY
@given(DAYS.map(lambda days: days[:4]), DAYS.map(lambda days: days[:4]), st.integers(0, 5))
def test_each_receipt_and_payment_is_matched_at_most_once_and_as_many_as_can_be(taken, imported, within):
    receipts = [written(f"F{n}", day, 500) for n, day in enumerate(taken)]
    payments = [written(f"P{n}", day, 500) for n, day in enumerate(imported)]
    found = match_receipts(receipts, payments, within_days=within)
    used = numbers(found)
    assert len({receipt for receipt, _ in used}) == len({payment for _, payment in used}) == len(used)
    assert len(used) + len(found.pending) == len(receipts)
    assert all(abs((match.receipt.on - match.payment.on).days) <= within for match in found.matched)
    assert len(used) == most_matches(taken, imported, within)


def test_days_and_amounts_below_their_least_are_refused():
    for receipts, within, code in (
        ([], -1, "days_negative"),
        ([written("F1", 0, 0)], 1, "amount_not_positive"),
    ):
        with pytest.raises(ReceiptError) as refused:
            match_receipts(receipts, [], within_days=within)
        assert refused.value.code == code
    with pytest.raises(ReceiptError):
        match_receipts([], [written("P1", 0, -5)], within_days=1)
