"""An agreement laid over a contract (specification 04 section 3)."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain import ledger, policy
from portal.domain.allocation import Component, DebtParts, Order
from portal.domain.field_receipts import Money, match_receipts
from portal.domain.ledger_facts import Receipt
from portal.domain.overlay import (
    BreakReason,
    InstalmentState,
    OverlayError,
    PlanInstalment,
    break_reasons,
    contact_dpd,
    plan_standing,
)
from portal.infra import policy_files
from portal.vocabulary import PaymentKind

PROPERTY = settings(max_examples=60, deadline=None)
EFFECTIVE = date(2027, 3, 1)
ORDER = Order((Component.COSTS, Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL))
TERMS = ledger.Terms(penalty_ppm=146_000, basis=365, order=ORDER)
COMING, MET, PARTLY, MISSED = (
    InstalmentState.COMING,
    InstalmentState.MET,
    InstalmentState.PARTLY_MET,
    InstalmentState.MISSED,
)


@dataclass(frozen=True)
class Rule:
    break_missed_in_a_row: int = 2
    break_days_late: int = 30


def after(days):
    return EFFECTIVE + timedelta(days=days)


PLAN = [PlanInstalment(n, after(30 * n), 10_000) for n in (1, 2, 3, 4)]


def paid(number, days, amount):
    return Receipt(number, after(days), amount)


def taken_back(number, days, amount, reference=""):
    return Receipt(number, after(days), amount, PaymentKind.REVERSAL, reference)


def stand(days, *receipts, plan=PLAN, effective_on=EFFECTIVE):
    return plan_standing(plan, receipts, effective_on=effective_on, business_date=after(days))


def contract(days, *receipts):
    """An instalment of the contract that fell due ten days before the agreement took effect."""
    opening = ledger.Opening(1, after(-10), DebtParts(principal=100_000), DebtParts())
    return ledger.standing([opening], receipts, as_of=after(-10), business_date=after(days), terms=TERMS)


def states(plan):
    return [line.state for line in plan.lines]


def test_contract_dpd_keeps_counting_under_an_agreement():
    receipts = [paid("P1", 30, 10_000), paid("P2", 60, 10_000)]
    for days in (30, 31, 61):
        assert contract(days, *receipts).dpd == days + 10
        assert stand(days, *receipts).plan_dpd == 0


def test_penalty_stops_only_by_a_concession_not_by_the_agreement():
    assert contract(31).lines[0].unpaid.penalty > contract(30).lines[0].unpaid.penalty


def test_plan_dpd_drives_contact_once_the_agreement_is_in_force():
    assert contact_dpd(41, None) == 41
    assert contact_dpd(41, stand(-1)) == 41
    assert contact_dpd(41, stand(0)) == 0
    assert contact_dpd(41, stand(33)) == 3


def test_plan_dpd_drives_the_break_rule_and_contract_dpd_does_not():
    kept = stand(89, paid("P1", 30, 10_000), paid("P2", 60, 10_000))
    assert contract(89).dpd == 99
    assert break_reasons(kept, Rule()) == ()


def test_plan_dpd_starts_the_day_after_a_due_date_and_stops_when_the_instalment_is_met():
    assert [stand(days).plan_dpd for days in (29, 30, 31, 60, 61)] == [0, 0, 1, 30, 31]
    assert stand(61, paid("P1", 40, 9_999)).plan_dpd == 31
    assert stand(61, paid("P1", 40, 10_000)).plan_dpd == 1


def test_an_agreement_is_not_late_before_it_takes_effect():
    late_signature = stand(45, effective_on=after(40))
    assert late_signature.plan_dpd == 5
    assert stand(39, effective_on=after(40)).plan_dpd == 0


def test_an_agreement_is_in_force_on_its_effective_date():
    assert (stand(-1).in_force, stand(0).in_force) == (False, True)


def test_only_payments_since_the_effective_date_count_towards_the_plan():
    assert stand(5, paid("P0", -1, 10_000)).outstanding == 40_000
    assert stand(5, paid("P0", 0, 10_000)).outstanding == 30_000
    assert stand(5, paid("P0", 5, 10_000)).outstanding == 30_000
    assert stand(5, paid("P0", 6, 10_000)).outstanding == 40_000


def test_payments_meet_the_oldest_instalment_of_the_plan_first():
    plan = stand(61, paid("P1", 60, 15_000))
    assert [(line.paid, line.unpaid) for line in plan.lines] == [
        (10_000, 0),
        (5_000, 5_000),
        (0, 10_000),
        (0, 10_000),
    ]
    assert states(plan) == [MET, PARTLY, COMING, COMING]
    assert (plan.overdue_amount, plan.outstanding, plan.credit) == (5_000, 25_000, 0)


def test_an_instalment_is_still_coming_on_its_due_date_and_missed_the_day_after():
    assert states(stand(30)) == [COMING] * 4
    assert states(stand(31)) == [MISSED, COMING, COMING, COMING]
    assert stand(30).overdue_amount == 0
    assert stand(31).overdue_amount == 10_000


def test_a_partial_payment_before_the_due_date_leaves_the_instalment_coming():
    assert states(stand(30, paid("P1", 10, 1)))[0] is COMING
    assert states(stand(31, paid("P1", 10, 1)))[0] is PARTLY


def test_the_next_payment_is_the_first_that_still_asks_for_something():
    assert stand(0).next_payment.number == 1
    assert stand(30).next_payment.number == 1
    assert stand(31).next_payment.number == 2
    plan = stand(5, paid("P1", 1, 12_500))
    assert (plan.next_payment.number, plan.next_payment.unpaid) == (2, 7_500)
    assert stand(121).next_payment is None
    assert stand(5, paid("P1", 1, 40_000)).next_payment is None


def test_what_is_paid_beyond_the_plan_is_credit():
    plan = stand(5, paid("P1", 1, 41_000))
    assert (plan.outstanding, plan.credit, plan.overdue_amount, plan.plan_dpd) == (0, 1_000, 0, 0)


def test_instalments_without_anything_paid_are_missed_in_a_row():
    assert [stand(days).missed_in_a_row for days in (30, 31, 60, 61, 91)] == [0, 1, 1, 2, 3]


def test_one_partly_met_instalment_ends_the_row():
    assert stand(91, paid("P1", 80, 1)).missed_in_a_row == 2
    assert stand(61, paid("P1", 50, 10_001)).missed_in_a_row == 0
    assert stand(61, paid("P1", 50, 10_000)).missed_in_a_row == 1


def test_a_break_by_missed_instalments_or_by_days_comes_up_for_review():
    days_late, in_a_row = BreakReason.DAYS_LATE, BreakReason.MISSED_IN_A_ROW
    assert break_reasons(stand(59), Rule()) == ()
    assert break_reasons(stand(60), Rule()) == (days_late,)
    assert break_reasons(stand(61), Rule()) == (in_a_row, days_late)
    assert break_reasons(stand(61), Rule(break_days_late=32)) == (in_a_row,)
    assert break_reasons(stand(61), Rule(break_missed_in_a_row=3, break_days_late=32)) == ()


def test_the_plan_keys_of_a_policy_are_a_break_rule():
    house = policy.build(policy_files.read("default")).plan
    assert break_reasons(stand(59), house) == ()
    assert break_reasons(stand(61), house) == (BreakReason.MISSED_IN_A_ROW, BreakReason.DAYS_LATE)


def test_nothing_breaks_before_the_agreement_is_in_force():
    not_yet = stand(100, effective_on=after(101))
    assert break_reasons(not_yet, Rule(break_missed_in_a_row=1)) == ()
    assert break_reasons(stand(101, effective_on=after(101)), Rule(break_missed_in_a_row=1)) != ()


def test_an_instalment_knows_the_day_it_was_met_and_whether_that_was_late():
    plan = stand(70, paid("P1", 10, 4_000), paid("P2", 30, 6_000), paid("P3", 61, 10_000))
    assert [line.met_on for line in plan.lines] == [after(30), after(61), None, None]
    assert [line.late for line in plan.lines] == [False, True, False, False]
    assert not plan.on_time_so_far
    assert stand(70, paid("P1", 30, 10_000), paid("P2", 60, 10_000)).on_time_so_far


def test_an_instalment_that_is_partly_met_or_missed_is_late():
    assert not stand(31).on_time_so_far
    assert not stand(31, paid("P1", 10, 1)).on_time_so_far
    assert stand(30).on_time_so_far


def test_payments_count_by_their_own_dates_however_they_are_listed():
    listed = [paid("P2", 60, 10_000), paid("P1", 30, 10_000)]
    assert [line.met_on for line in stand(61, *listed).lines][:2] == [after(30), after(60)]


def test_a_back_dated_payment_changes_the_plan_from_its_own_day():
    assert stand(40).plan_dpd == 10
    found_later = stand(40, paid("P1", 30, 10_000))
    assert (found_later.plan_dpd, found_later.on_time_so_far) == (0, True)


def test_an_instalment_of_zero_is_met_from_the_beginning():
    plan = [PlanInstalment(1, after(30), 0), PlanInstalment(2, after(60), 10_000)]
    line = stand(31, paid("P1", 31, 500), plan=plan).lines[0]
    assert (line.state, line.met_on, line.late) == (MET, EFFECTIVE, False)


def test_instalments_are_taken_in_the_order_of_their_dates():
    assert stand(31, paid("P1", 30, 10_000), plan=PLAN[::-1]) == stand(31, paid("P1", 30, 10_000))


def test_a_plan_needs_instalments_that_are_not_below_zero():
    for plan, code in (
        ([], "plan_without_instalments"),
        ([PlanInstalment(1, EFFECTIVE, -1)], "instalment_negative"),
    ):
        with pytest.raises(OverlayError) as refused:
            stand(1, plan=plan)
        assert refused.value.code == code


def test_a_reversal_reopens_the_instalment_from_its_own_day_on():
    receipts = [paid("P1", 30, 10_000), taken_back("R1", 35, 10_000, "P1")]
    assert stand(34, *receipts).overdue_amount == 0
    assert stand(35, *receipts).overdue_amount == 10_000
    assert stand(35, *receipts).plan_dpd == 5


def test_a_reversal_of_a_payment_from_before_the_agreement_is_the_contract_s_affair():
    receipts = [paid("P0", -5, 4_000), paid("P1", 30, 10_000), taken_back("R1", 35, 4_000, "P0")]
    assert stand(35, *receipts).outstanding == 30_000
    assert contract(34, *receipts).outstanding < contract(34, receipts[1]).outstanding
    assert contract(35, *receipts) == contract(35, receipts[1])


def test_a_reversal_takes_back_what_the_contract_had_been_paid():
    receipts = [paid("P1", 30, 10_000), taken_back("R1", 35, 10_000, "P1")]
    assert contract(34, *receipts).outstanding < 100_000
    assert contract(35, *receipts) == contract(35)


def test_opening_balances_stand_at_as_of_and_only_later_payments_are_allocated():
    opening = ledger.Opening(1, after(-10), DebtParts(principal=100_000), DebtParts(principal=30_000))
    receipts = [paid("P1", -1, 30_000), paid("P2", 0, 5_000), paid("P3", 1, 7_000)]
    found = ledger.standing(
        [opening], receipts, as_of=EFFECTIVE, business_date=after(1), terms=ledger.Terms(0, 365, ORDER)
    )
    assert found.outstanding == 100_000 - 30_000 - 7_000


def test_a_pending_receipt_never_lowers_the_debt_twice():
    receipts = [Money("F1", "L1", after(1), 10_000)]
    before = contract(3).outstanding
    # Pending: the debt is what it was, and 100.00 are on their way.
    assert before - match_receipts(receipts, [], within_days=3).pending_for("L1") == 90_000
    imported = [Money("P1", "L1", after(2), 10_000)]
    booked = [Receipt(each.number, each.on, each.amount) for each in imported]
    matching = match_receipts(receipts, imported, within_days=3)
    after_import = contract(3, *booked)
    assert after_import.outstanding - after_import.lines[0].penalty_paid == 90_000
    assert matching.pending_for("L1") == 0


@PROPERTY
@given(st.lists(st.tuples(st.integers(0, 150), st.integers(1, 15_000)), max_size=6), st.integers(0, 160))
def test_no_money_of_a_plan_is_lost_or_made(payments, days):
    receipts = [paid(f"P{n}", day, amount) for n, (day, amount) in enumerate(payments)]
    plan = stand(days, *receipts)
    made = sum(amount for day, amount in payments if day <= days)
    assert sum(line.paid for line in plan.lines) + plan.credit == made
    assert plan.outstanding == 40_000 - made + plan.credit
    assert (plan.plan_dpd > 0) == (plan.overdue_amount > 0)
