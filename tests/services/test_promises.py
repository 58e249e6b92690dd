"""Promises: one at a time, none that cannot be kept, and what came in for each."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.domain.refusals import Refused
from portal.models import Payment
from portal.services import audit, cases, promises, strategies
from portal.vocabulary import CaseState, NextStep, PaymentKind, PromiseState, Role, StepReason
from tests import factories
from tests.factories import NOW, TODAY, actor_of

ZONE = ZoneInfo("Asia/Shanghai")
SOON = TODAY + timedelta(days=7)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def caller(session, lender):
    return actor_of(factories.staff(session, lender, Role.CALLER))


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def make(session, case, caller, *, amount=50_000, due_on=SOON, now=NOW):
    return promises.make(
        session, case=case, contact=None, amount=amount, due_on=due_on, actor=caller, now=now
    )


def test_a_promise_is_kept_with_who_wrote_it_down_and_stands_on_the_timeline(session, case, caller):
    promise = make(session, case, caller)

    assert (promise.amount, promise.currency, promise.due_on) == (50_000, "CNY", SOON)
    assert (promise.state, promise.actor) == (PromiseState.ACTIVE, str(caller))
    event = next(each for each in audit.timeline(session, case=case) if each.action == "promise_made")
    assert event.facts == {"amount": 50_000, "currency": "CNY", "due_on": SOON.isoformat()}


def test_while_a_promise_runs_the_next_step_is_to_wait_for_it(session, case, caller):
    make(session, case, caller)

    strategy = strategies.of_case(session, case=case)
    assert (strategy.step, strategy.reason) == (NextStep.WAIT, StepReason.PROMISE_RUNNING)


@pytest.mark.parametrize("state", [PromiseState.ACTIVE, PromiseState.VERIFYING])
def test_there_is_one_promise_at_a_time(session, case, caller, state):
    make(session, case, caller).state = state

    with pytest.raises(Refused, match="promise_active"):
        make(session, case, caller)


@pytest.mark.parametrize("state", [PromiseState.KEPT, PromiseState.BROKEN, PromiseState.WITHDRAWN])
def test_after_one_is_decided_another_may_be_made(session, case, caller, state):
    make(session, case, caller).state = state

    assert make(session, case, caller).state is PromiseState.ACTIVE


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_no_amount_to_promise(session, case, caller, amount):
    with pytest.raises(Refused, match="promise_amount"):
        make(session, case, caller, amount=amount)


@pytest.mark.parametrize(("days", "allowed"), [(-1, False), (0, True), (31, True), (32, False)])
def test_the_day_is_today_or_later_and_within_the_packs_days(session, case, caller, days, allowed):
    due_on = TODAY + timedelta(days=days)
    if allowed:
        assert make(session, case, caller, due_on=due_on).due_on == due_on
    else:
        with pytest.raises(Refused, match="promise_date") as refusal:
            make(session, case, caller, due_on=due_on)
        assert refusal.value.facts["latest"] == TODAY + timedelta(days=31)


def test_more_than_the_newest_budget_affords_is_refused_with_what_it_does(session, case, caller):
    factories.budget(session, case)

    with pytest.raises(Refused, match="promise_above_affordable") as refusal:
        make(session, case, caller, amount=110_001)

    assert refusal.value.facts == {"most": 110_000, "currency": "CNY"}
    assert make(session, case, caller, amount=110_000).amount == 110_000


def test_a_budget_that_leaves_nothing_leads_to_no_promise_at_all(session, case, caller):
    factories.budget(session, case).affordable = 0
    session.flush()

    with pytest.raises(Refused, match="promise_nothing_affordable"):
        make(session, case, caller, amount=1)


def test_nothing_is_promised_on_a_closed_case(session, case, caller):
    case.closed_at, case.state = NOW, CaseState.ARCHIVED

    with pytest.raises(Refused, match="case_closed"):
        make(session, case, caller)


def test_a_promise_taken_back_is_not_broken_and_contact_goes_on(session, case, caller):
    promise = make(session, case, caller)

    promises.withdraw(session, promise=promise, actor=caller, now=NOW)

    assert (promise.state, promise.decided_on) == (PromiseState.WITHDRAWN, TODAY)
    assert promises.active_of(session, case=case) is None
    assert strategies.of_case(session, case=case).reason is not StepReason.PROMISE_RUNNING


def test_what_is_decided_is_not_taken_back(session, case, caller):
    promise = make(session, case, caller)
    promise.state = PromiseState.BROKEN

    with pytest.raises(Refused, match="promise_not_running"):
        promises.withdraw(session, promise=promise, actor=caller, now=NOW)


def pay(session, case, amount, paid_on, kind=PaymentKind.PAYMENT):
    loan = cases.loans_of(session, case)[0]
    number = f"P{amount}-{paid_on}-{kind}"
    session.add(
        Payment(
            lender_id=case.lender_id,
            created_at=NOW,
            loan_id=loan.id,
            payment_no=number,
            paid_on=paid_on,
            amount=amount,
            currency=case.currency,
            kind=kind,
            reference=number,
        )
    )
    session.flush()


def test_what_came_in_counts_from_the_day_of_the_promise_to_its_due_day(session, case, caller):
    promise = make(session, case, caller)
    for amount, day in ((1, TODAY - timedelta(days=1)), (10, TODAY), (100, SOON)):
        pay(session, case, amount, day)
    pay(session, case, 1000, SOON + timedelta(days=1))
    pay(session, case, 3, SOON, PaymentKind.REVERSAL)

    assert promises.paid_so_far(session, promises=[promise], zone=ZONE) == {promise.id: 107}


def test_what_was_found_when_it_was_decided_stands(session, case, caller):
    promise = make(session, case, caller)
    pay(session, case, 10, TODAY)
    promise.state, promise.paid = PromiseState.BROKEN, 7

    assert promises.paid_so_far(session, promises=[promise], zone=ZONE) == {promise.id: 7}


def test_the_list_shows_one_state_page_by_page(session, lender, caller, monkeypatch):
    monkeypatch.setattr(promises, "PAGE_LENGTH", 2)
    made = [make(session, factories.late_borrower(session, lender), caller) for _ in range(3)]
    made[0].state = PromiseState.KEPT
    query = {"zone": ZONE, "actor": caller, "now": NOW}

    active = promises.page_of(session, state=PromiseState.ACTIVE, after=None, **query)
    first = promises.page_of(session, state=None, after=None, **query)
    second = promises.page_of(session, state=None, after=first.after, **query)

    assert [line.promise for line in active.lines] == [made[2], made[1]]
    assert [line.promise for line in first.lines + second.lines] == [made[2], made[1], made[0]]
    assert second.after is None
    assert first.lines[0].borrower == "Test **"
    assert promises.counts(session, actor=caller, now=NOW) == {
        PromiseState.ACTIVE: 2,
        PromiseState.KEPT: 1,
    }


def test_a_promise_of_another_lender_does_not_exist(session, lender, caller):
    other = factories.lender(session, "spdb-puhui")
    stranger = actor_of(factories.staff(session, other, Role.CALLER))
    promise = make(session, factories.late_borrower(session, lender), caller)
    session.flush()

    assert promises.find(session, promise.ref, actor=caller, now=NOW) is promise
    with factories.of_lender(session, other.id):
        assert promises.find(session, promise.ref, actor=stranger, now=NOW) is None


def test_the_least_and_the_latest_that_may_be_promised(session, case):
    assert promises.least_and_latest(session, case=case, now=NOW) == (1, date(2026, 4, 2))
