"""What a night finds of promises: kept, broken, or not known yet."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from portal.models import Payment
from portal.models.audit_entry import AuditEntry
from portal.services import cases, policies, promise_evaluation, promises
from portal.vocabulary import CaseState, PaymentKind, PromiseState, Role
from tests import factories
from tests.factories import NOW, TODAY, actor_of

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
DUE = TODAY + 3 * DAY
AMOUNT = 50_000


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def promised(session, lender, case, *, due_on=DUE):
    caller = actor_of(factories.staff(session, lender, Role.CALLER))
    return promises.make(
        session, case=case, contact=None, amount=AMOUNT, due_on=due_on, actor=caller, now=NOW
    )


def known_until(session, case, day):
    for each in cases.loans_of(session, case):
        each.as_of = day
    session.flush()


def pay(session, case, amount, on, *, number="P1", kind=PaymentKind.PAYMENT, reference="", known=None):
    loan = cases.loans_of(session, case)[0]
    session.add(
        Payment(
            lender_id=case.lender_id,
            created_at=known or datetime(on.year, on.month, on.day, 20, tzinfo=ZONE),
            loan_id=loan.id,
            payment_no=number,
            paid_on=on,
            amount=amount,
            currency="CNY",
            kind=kind,
            reference=reference,
        )
    )
    session.flush()


def evaluate(session, lender, day):
    return promise_evaluation.evaluate_due(
        session,
        lender=lender,
        policy=policies.of(lender, NOW),
        business_date=day,
        actor=factories.nightly(lender),
        now=datetime(day.year, day.month, day.day, 1, tzinfo=ZONE),
    )


def test_a_promise_runs_until_its_day_is_over(session, lender, case):
    promise = promised(session, lender, case)
    known_until(session, case, DUE)

    evaluate(session, lender, DUE)
    assert (promise.state, promise.decided_on) == (PromiseState.ACTIVE, None)

    found = evaluate(session, lender, DUE + DAY)
    assert (promise.state, promise.decided_on, promise.paid) == (PromiseState.BROKEN, DUE + DAY, 0)
    assert (found.kept, found.broken, found.verifying) == (0, 1, 0)


@pytest.mark.parametrize(
    ("amount", "on", "state"),
    [
        (AMOUNT, TODAY, PromiseState.KEPT),
        (AMOUNT, DUE, PromiseState.KEPT),
        (AMOUNT + 1, DUE, PromiseState.KEPT),
        (AMOUNT - 1, DUE, PromiseState.BROKEN),
        (AMOUNT, DUE + DAY, PromiseState.BROKEN),
        (AMOUNT, TODAY - DAY, PromiseState.BROKEN),
    ],
)
def test_the_whole_amount_by_the_day_keeps_it(session, lender, case, amount, on, state):
    promise = promised(session, lender, case)
    pay(session, case, amount, on)
    known_until(session, case, DUE + DAY)

    evaluate(session, lender, DUE + DAY)

    assert promise.state is state


def test_a_promise_kept_early_is_kept_that_night(session, lender, case):
    promise = promised(session, lender, case)
    pay(session, case, AMOUNT, TODAY + DAY)

    evaluate(session, lender, TODAY + 2 * DAY)

    assert (promise.state, promise.paid, promise.decided_on) == (PromiseState.KEPT, AMOUNT, TODAY + 2 * DAY)


def test_what_was_known_before_the_promise_does_not_keep_it(session, lender, case):
    pay(session, case, AMOUNT, TODAY, known=NOW - timedelta(minutes=1))
    promise = promised(session, lender, case)
    known_until(session, case, DUE)

    evaluate(session, lender, DUE + DAY)
    assert promise.state is PromiseState.BROKEN


def test_money_that_went_back_keeps_no_promise(session, lender, case):
    promise = promised(session, lender, case)
    pay(session, case, AMOUNT, DUE)
    pay(session, case, AMOUNT, DUE + DAY, number="R1", kind=PaymentKind.REVERSAL, reference="P1")
    known_until(session, case, DUE + DAY)

    evaluate(session, lender, DUE + DAY)
    assert promise.state is PromiseState.BROKEN


def test_where_the_book_is_older_payments_are_looked_for_one_more_day(session, lender, case):
    promise = promised(session, lender, case)
    known_until(session, case, DUE - DAY)

    evaluate(session, lender, DUE + DAY)
    assert (promise.state, promise.paid, promise.decided_on) == (PromiseState.VERIFYING, None, None)

    evaluate(session, lender, DUE + 2 * DAY)
    assert (promise.state, promise.decided_on) == (PromiseState.BROKEN, DUE + 2 * DAY)


@pytest.mark.parametrize(("days", "state"), [(14, PromiseState.KEPT), (15, PromiseState.BROKEN)])
def test_money_in_time_that_becomes_known_later_mends_it_for_a_fortnight(session, lender, case, days, state):
    promise = promised(session, lender, case)
    known_until(session, case, DUE)
    evaluate(session, lender, DUE + DAY)
    assert promise.state is PromiseState.BROKEN

    pay(session, case, AMOUNT, DUE, known=NOW + 9 * DAY)
    evaluate(session, lender, DUE + days * DAY)
    assert promise.state is state


def test_doing_it_again_changes_and_records_nothing(session, lender, case):
    promised(session, lender, case)
    known_until(session, case, DUE)
    evaluate(session, lender, DUE + DAY)
    again = evaluate(session, lender, DUE + DAY)

    assert (again.kept, again.broken, again.verifying) == (0, 0, 0)
    written = session.scalars(select(AuditEntry).where(AuditEntry.action == "promise_broken")).all()
    assert len(written) == 1
    assert written[0].actor == str(factories.nightly(lender))


def test_promises_of_closed_cases_and_of_other_lenders_are_left_alone(session, lender, case):
    promise = promised(session, lender, case)
    known_until(session, case, DUE)
    other = factories.lender(session, "pingan-puhui")
    case.state, case.closed_at = CaseState.ARCHIVED, NOW
    session.flush()

    assert evaluate(session, lender, DUE + DAY).broken == 0
    assert promise.state is PromiseState.ACTIVE
    case.closed_at = None
    session.flush()
    with factories.of_lender(session, other.id):
        assert evaluate(session, other, DUE + DAY).broken == 0
    session.refresh(promise)
    assert promise.state is PromiseState.ACTIVE


def test_many_promises_take_as_many_queries_as_one(session, lender, installation):
    statements = []
    event.listen(installation.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def asked():
        return sum("INSERT INTO audit_entry" not in each for each in statements)

    counts = []
    for more, day in ((1, DUE + DAY), (20, DUE + 2 * DAY)):
        for _ in range(more):
            case = factories.late_borrower(session, lender)
            promised(session, lender, case, due_on=day - DAY)
            known_until(session, case, day)
        statements.clear()
        assert evaluate(session, lender, day).broken == more
        counts.append(asked())

    assert counts[0] == counts[1]
