"""A plan over its contracts: what counts towards it, what both say on a day, when it comes up for review."""

from datetime import date, timedelta

import pytest

from portal.domain.concessions import Concession
from portal.domain.overlay import BreakReason, InstalmentState
from portal.domain.settlement import QuotePart
from portal.infra.files import FileStore
from portal.models import Plan
from portal.services import debts, gate_facts, lenders, reliefs, repayments, settlements
from portal.vocabulary import Action, ActionClass, ConcessionKind, Initiator, ReliefKind, Role
from tests import factories
from tests.agreements_in_force import agreed, amounts_of, loan_of, pay
from tests.at_the_table import policy_of
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW
from tests.factories import TODAY
from tests.plain_papers import plain_papers  # noqa: F401  (a fixture)

FIRST = date(2026, 4, 2)
SECOND = date(2026, 5, 2)
DAY = timedelta(days=1)


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


@pytest.fixture
def agreement(session, case, folder):
    return agreed(session, case, folder)


def stands(session, case, day):
    return repayments.of_case(session, case=case, policy=policy_of(), today=day)


def contract(session, case, day):
    return debts.debt_of(session, case=case, policy=policy_of(), business_date=day)


def quoted(session, case, day):
    repayment = stands(session, case, day)
    return settlements.quote_of(session, case=case, repayment=repayment, policy=policy_of(), today=day)


def states(found):
    return [line.state for line in found.lines]


def test_contract_dpd_keeps_counting_while_the_plan_is_kept(session, case, agreement):
    before = contract(session, case, TODAY).dpd
    pay(session, case, amounts_of(session, agreement)[0], FIRST)

    found = stands(session, case, FIRST + 10 * DAY)

    assert found.plan_dpd == 0
    assert found.is_kept
    assert contract(session, case, FIRST + 10 * DAY).dpd_of(found.loans) > 0 < before


def test_without_a_sealed_agreement_nothing_is_laid_over(session, case):
    assert stands(session, case, TODAY) is None
    assert repayments.next_payment(None) is None
    assert quoted(session, case, TODAY) is None


def test_plan_dpd_counts_from_the_day_after_the_oldest_unmet_instalment(session, case, agreement):
    assert [stands(session, case, day).plan_dpd for day in (FIRST - DAY, FIRST, FIRST + DAY)] == [0, 0, 1]
    pay(session, case, amounts_of(session, agreement)[0] - 1, FIRST)
    assert stands(session, case, FIRST + 5 * DAY).plan_dpd == 5
    pay(session, case, 1, FIRST + 5 * DAY)
    assert stands(session, case, FIRST + 5 * DAY).plan_dpd == 0


def test_payments_meet_the_oldest_instalment_first_and_the_rest_stands_at_the_next(session, case, agreement):
    first, second, *_ = amounts_of(session, agreement)
    pay(session, case, first + 500, FIRST)

    found = stands(session, case, FIRST)
    assert [(line.paid, line.state) for line in found.lines[:2]] == [
        (first, InstalmentState.MET),
        (500, InstalmentState.COMING),
    ]
    after = repayments.next_payment(found)
    assert (after.number, after.amount, after.paid, after.due_on) == (2, second - 500, 500, SECOND)
    assert (after.of, after.late, after.late_days, after.agreement) == (6, 0, 0, agreement.ref)


def test_what_is_late_stands_beside_the_next_payment(session, case, agreement):
    first, second, *_ = amounts_of(session, agreement)
    pay(session, case, 300, FIRST)

    found = stands(session, case, FIRST + 3 * DAY)

    assert states(found)[:2] == [InstalmentState.PARTLY_MET, InstalmentState.COMING]
    after = repayments.next_payment(found)
    assert (after.number, after.amount, after.late, after.late_days) == (2, second, first - 300, 3)


def test_after_the_last_due_date_the_oldest_late_instalment_is_asked_for(session, case, agreement):
    after = repayments.next_payment(stands(session, case, FIRST + 400 * DAY))

    assert (after.number, after.due_on) == (1, FIRST)


def test_when_all_is_met_nothing_more_is_asked_for(session, case, agreement):
    pay(session, case, sum(amounts_of(session, agreement)), FIRST)

    found = stands(session, case, FIRST)
    assert set(states(found)) == {InstalmentState.MET}
    assert repayments.next_payment(found) is None
    assert quoted(session, case, FIRST) is None


def test_a_payment_before_the_effective_day_counts_for_the_contract_alone(session, case, folder):
    agreement = agreed(session, case, folder)
    agreement.effective_on = TODAY + 3 * DAY
    before = contract(session, case, TODAY + 2 * DAY).total.total
    pay(session, case, 1_000, TODAY + 2 * DAY)

    assert contract(session, case, TODAY + 2 * DAY).total.total == before - 1_000
    assert stands(session, case, FIRST).lines[0].paid == 0
    assert not stands(session, case, TODAY + 2 * DAY).standing.in_force
    assert stands(session, case, TODAY + 2 * DAY).is_kept
    pay(session, case, 700, TODAY + 3 * DAY)
    assert stands(session, case, FIRST).lines[0].paid == 700


def test_a_payment_is_never_counted_twice(session, case, folder):
    """What was known when the plan was made lowered the debt that the plan repays already."""
    loan_of(session, case).as_of = TODAY - DAY
    before = contract(session, case, TODAY).overdue.total
    pay(session, case, 2_000, TODAY, known=NOW - timedelta(hours=1))
    agreement = agreed(session, case, folder)

    plan = session.get_one(Plan, agreement.plan_id)
    assert plan.principal == before - 2_000
    assert stands(session, case, TODAY).lines[0].paid == 0
    pay(session, case, 900, TODAY, known=NOW + timedelta(hours=1))
    assert stands(session, case, TODAY).lines[0].paid == 900


def test_a_reversal_lowers_what_was_met_from_its_day_on(session, case, agreement):
    first = amounts_of(session, agreement)[0]
    pay(session, case, first, FIRST, number="P1")
    pay(session, case, first, FIRST + 4 * DAY, reverses="P1")

    assert stands(session, case, FIRST + 3 * DAY).plan_dpd == 0
    assert stands(session, case, FIRST + 4 * DAY).plan_dpd == 4
    assert stands(session, case, FIRST + 4 * DAY).lines[0].paid == 0


def test_a_plan_that_is_broken_comes_up_for_review_and_goes_on(session, case, agreement):
    assert stands(session, case, FIRST + 29 * DAY).review == ()
    assert stands(session, case, FIRST + 30 * DAY).review == (BreakReason.DAYS_LATE,)
    both = stands(session, case, SECOND + DAY)
    assert both.review == (BreakReason.MISSED_IN_A_ROW, BreakReason.DAYS_LATE)
    assert session.get_one(Plan, agreement.plan_id).state == "agreed"
    assert case.state == "in_repayment"


def test_a_part_of_the_newest_instalment_ends_a_row_of_missed_ones(session, case, agreement):
    pay(session, case, amounts_of(session, agreement)[0] + 1, SECOND)

    assert stands(session, case, SECOND + DAY).review == ()


def test_the_newest_agreement_is_the_one_that_is_repaid(session, case, agreement):
    plan = session.get_one(Plan, agreement.plan_id)
    older = factories.approved_plan(session, case)

    assert repayments.of_plan(session, plan=plan, policy=policy_of(), today=TODAY).plan.id == plan.id
    assert repayments.of_plan(session, plan=older, policy=policy_of(), today=TODAY) is None


def facts(session, case, day):
    question = {
        "action": Action.CALL,
        "action_class": ActionClass.COLLECTION,
        "case": case,
        "initiator": Initiator.LENDER,
        "actor": factories.nightly(lenders.get(session, case.lender_id)),
        "now": NOW + (day - TODAY),
    }
    told, _log = gate_facts.gather(session, question, policy_of())
    return told


def test_plan_dpd_drives_contact_once_the_plan_is_in_force(session, case, agreement):
    assert (facts(session, case, FIRST).dpd, facts(session, case, FIRST).agreement_kept) == (0, True)
    assert (facts(session, case, FIRST + DAY).dpd, facts(session, case, FIRST + DAY).agreement_kept) == (
        1,
        False,
    )
    agreement.effective_on = FIRST + 9 * DAY
    waiting = facts(session, case, FIRST + DAY)
    assert waiting.dpd == loan_of(session, case).dpd > 1
    assert waiting.agreement_kept


def test_a_quote_adds_up_row_by_row_and_ends_interest_on_its_day(session, case, agreement):
    plan = session.get_one(Plan, agreement.plan_id)

    today = quoted(session, case, TODAY)
    assert (today.total, today.valid_until) == (plan.principal, TODAY + 7 * DAY)
    later = quoted(session, case, TODAY + 10 * DAY)
    running = next(row for row in later.rows if row.part is QuotePart.INTEREST_RUNNING)
    assert (running.days, running.of_days) == (10, 31)
    assert sum(row.amount for row in later.rows) == later.total == plan.principal + running.amount
    assert later.interest_saved == plan.interest - running.amount


def test_what_was_paid_lowers_the_quote_once(session, case, agreement):
    first = amounts_of(session, agreement)[0]
    before = quoted(session, case, FIRST).total
    pay(session, case, first, FIRST)

    assert quoted(session, case, FIRST).total == before - first


def test_the_quote_knows_the_interest_of_grace(session, case, folder):
    agreement = agreed(
        session, case, folder, periods=12, concessions=(Concession(ConcessionKind.GRACE, months=1),)
    )
    plan = session.get_one(Plan, agreement.plan_id)

    half = quoted(session, case, TODAY + 15 * DAY)
    whole = quoted(session, case, plan.first_due_on)
    assert half.part(QuotePart.INTEREST_RUNNING) == 0 < half.part(QuotePart.INTEREST_OF_GRACE)
    grace = whole.part(QuotePart.INTEREST_OF_GRACE)
    assert grace == round(plan.parts["principal"] * 0.146 * 31 / 365)
    assert half.part(QuotePart.INTEREST_OF_GRACE) == pytest.approx(grace * 15 / 31, abs=1)


def test_penalty_that_ran_without_the_stop_is_quoted_and_spared_who_paid_on_time(session, case, agreement):
    manager = factories.staff(session, lenders.get(session, case.lender_id), Role.MANAGER)
    assert quoted(session, case, FIRST).part(QuotePart.PENALTY) == 0
    stop = next(
        each.relief
        for each in reliefs.of_case(session, case=case)
        if each.relief.kind is ReliefKind.PENALTY_STOP
    )
    reliefs.withdraw(session, relief=stop, case=case, reason="x", actor=factories.actor_of(manager), now=NOW)

    on_time, late = quoted(session, case, FIRST), quoted(session, case, FIRST + DAY)
    assert on_time.part(QuotePart.PENALTY) == -on_time.part(QuotePart.PENALTY_WAIVED) > 0
    assert late.part(QuotePart.PENALTY) > 0 == late.part(QuotePart.PENALTY_WAIVED)


def test_no_quote_before_the_plan_is_in_force_or_after_its_end(session, case, agreement):
    last = FIRST.replace(month=9)
    assert quoted(session, case, last) is not None
    assert quoted(session, case, last + DAY) is None
    agreement.effective_on = TODAY + 3 * DAY
    assert quoted(session, case, TODAY + 2 * DAY) is None
