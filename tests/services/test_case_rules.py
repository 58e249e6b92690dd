"""Which loans are in which case: newly overdue ones join, what is paid up is cured and in the end closed,
what is closed stays closed."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Case, CaseMove, Message, Plan, Promise, Visit
from portal.services import audit, book_cases, cases, policies
from portal.vocabulary import AgreementState, CaseState, PlanState, PromiseState, VisitState
from tests import agreements_made, factories
from tests.conftest import NOW
from tests.factories import TODAY

DAY = timedelta(days=1)


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def night(session, lender):
    """Look at what is overdue on the night before a day, so many days from now."""

    def follow(days=0):
        session.flush()
        return book_cases.follow_ageing(
            session,
            lender=lender,
            policy=policies.of(lender, NOW),
            business_date=TODAY + days * DAY,
            actor=factories.nightly(lender),
            now=NOW + days * DAY,
        )

    return follow


def overdue(session, case, dpd):
    for loan in cases.loans_of(session, case):
        loan.dpd = dpd
    session.flush()


def promise(session, case, state):
    made = Promise(
        lender_id=case.lender_id,
        created_at=NOW,
        case_id=case.id,
        amount=50_000,
        currency=case.currency,
        due_on=TODAY + 5 * DAY,
        state=state,
    )
    session.add(made)
    session.flush()
    return made


@pytest.mark.parametrize("state", sorted(set(CaseState) - {CaseState.SETTLED, CaseState.ARCHIVED}))
def test_a_loan_newly_overdue_joins_the_open_case_whatever_its_state(session, case, night, state):
    case.state = state
    second = factories.loan(session, case.borrower, late=1)
    changes = night()

    assert (changes.joined, changes.opened) == (1, 0)
    assert {loan.id for loan in cases.loans_of(session, case)} >= {second.id}
    assert night().joined == 0


def test_one_of_another_currency_is_a_case_of_its_own(session, case, night):
    factories.loan(session, case.borrower, late=1, currency="TWD")
    changes = night()

    assert (changes.joined, changes.opened) == (0, 1)
    assert len(cases.loans_of(session, case)) == 1


def test_a_loan_that_joins_is_in_no_plan_until_both_sides_agree(session, case, night):
    plan = factories.approved_plan(session, case)
    before = (plan.principal, plan.interest)
    factories.loan(session, case.borrower, late=1)
    night()

    assert (plan.principal, plan.interest, plan.state) == (*before, PlanState.APPROVED)
    assert len(cases.loans_of(session, case)) == 2


def test_one_open_case_for_each_borrower_and_currency_for_the_database_too(session, case):
    new = {"lender_id": case.lender_id, "created_at": NOW, "borrower_id": case.borrower_id, "version": 1}
    new |= {"currency": case.currency, "state": CaseState.CONFIRMED, "confirmed_on": TODAY}

    def write(**changes):
        session.connection().execute(insert(Case.__table__).values(**new | changes))

    with pytest.raises(IntegrityError), session.begin_nested():
        write(ref="SECOND")
    write(ref="OTHER", currency="TWD")
    write(ref="CLOSED", closed_at=NOW, state=CaseState.ARCHIVED)


@pytest.mark.parametrize("state", sorted(set(CaseState) - set(book_cases.NOT_CURED_FROM)))
def test_from_any_state_a_case_is_cured_when_nothing_is_overdue(session, case, night, state):
    case.state = state
    overdue(session, case, 1)
    assert night().cured == 0

    overdue(session, case, 0)
    assert night(1).cured == 1
    session.refresh(case)
    assert (case.state, case.cured_on, case.closed_at) == (CaseState.CURED, TODAY + DAY, None)


def test_what_is_settled_stays_settled(session, case, night):
    case.state = CaseState.SETTLED
    overdue(session, case, 0)

    assert (night().cured, case.state) == (0, CaseState.SETTLED)


def test_a_cured_case_closes_after_its_clean_days_and_not_a_day_before(session, case, night):
    overdue(session, case, 0)
    night(1)

    assert night(30).closed == 0
    assert night(31).closed == 1
    session.refresh(case)
    assert (case.state, case.closed_at) == (CaseState.ARCHIVED, NOW + 31 * DAY)
    moves = session.scalars(select(CaseMove).order_by(CaseMove.id)).all()
    assert [each.to_state for each in moves] == [CaseState.CURED, CaseState.ARCHIVED]


def test_one_that_falls_overdue_before_that_begins_again_and_counts_its_clean_days_anew(session, case, night):
    overdue(session, case, 0)
    night(1)
    overdue(session, case, 3)
    assert night(29).reopened == 1
    session.refresh(case)
    assert (case.state, case.cured_on) == (CaseState.CONFIRMED, None)

    overdue(session, case, 0)
    night(30)
    assert night(59).closed == 0
    assert night(60).closed == 1


def test_what_is_archived_never_opens_again_and_a_new_case_links_to_it(session, lender, case, night):
    overdue(session, case, 0)
    night(1)
    night(31)
    overdue(session, case, 4)
    changes = night(40)

    assert (changes.opened, changes.reopened, changes.joined) == (1, 0, 0)
    new = session.scalars(select(Case).where(Case.closed_at.is_(None))).one()
    assert (new.previous_id, new.state) == (case.id, CaseState.CONFIRMED)
    assert cases.loans_of(session, new) == cases.loans_of(session, case)
    session.refresh(case)
    assert case.state is CaseState.ARCHIVED
    for state in set(CaseState) - {CaseState.ARCHIVED}:
        with pytest.raises(Refused):
            cases.move(session, case=case, to=state, actor=factories.nightly(lender), now=NOW)


def test_visits_ahead_are_cancelled_with_the_cure_and_the_borrower_is_told(session, lender, case, night):
    crew = [factories.staff(session, lender) for _ in range(2)]
    ahead = [
        factories.visit(session, case, crew=crew, starts=NOW + days * DAY, state=state)
        for days, state in ((9, VisitState.PROPOSED), (14, VisitState.AGREED), (19, VisitState.ASSIGNED))
    ]
    done = factories.visit(session, case, crew=crew, starts=NOW - 5 * DAY, state=VisitState.DONE)
    overdue(session, case, 0)
    night(1)

    session.expire_all()
    assert {session.get_one(Visit, each.id).state for each in ahead} == {VisitState.CANCELLED}
    assert session.get_one(Visit, done.id).state is VisitState.DONE
    told = session.scalars(select(Message.template).where(Message.borrower_id == case.borrower_id)).all()
    assert "visit_cancelled" in told


@pytest.mark.parametrize("state", [PromiseState.ACTIVE, PromiseState.VERIFYING])
def test_a_promise_that_runs_ends_with_the_cure(session, case, night, state):
    running, kept = promise(session, case, state), promise(session, case, PromiseState.KEPT)
    overdue(session, case, 0)
    night(1)

    session.expire_all()
    assert (running.state, running.decided_on) == (PromiseState.WITHDRAWN, TODAY + DAY)
    assert kept.state is PromiseState.KEPT
    assert "promise_withdrawn" in [each.action for each in audit.timeline(session, case=case)]


@pytest.mark.parametrize("state", [PlanState.DRAFT, PlanState.WAITING_APPROVAL, PlanState.APPROVED])
def test_a_proposal_that_nobody_signed_ends_with_the_cure(session, case, night, state):
    plan = factories.approved_plan(session, case, state=state)
    overdue(session, case, 0)
    night(1)

    session.expire_all()
    assert plan.state is PlanState.WITHDRAWN


def test_an_agreement_that_only_waits_ends_with_the_cure(session, lender, night, folder):
    agreement = agreements_made.offered(session, lender, folder)
    case = session.get_one(Case, agreement.case_id)
    overdue(session, case, 0)
    night(1)

    session.expire_all()
    assert agreement.state is AgreementState.DECLINED
    assert session.get_one(Plan, agreement.plan_id).state is PlanState.WITHDRAWN


def test_one_that_the_borrower_has_signed_is_left_to_both_sides(session, lender, night, folder):
    agreement = agreements_made.offered(session, lender, folder)
    case = session.get_one(Case, agreement.case_id)
    agreements_made.sign(session, agreement, case.borrower, folder)
    before = (agreement.state, session.get_one(Plan, agreement.plan_id).state)
    overdue(session, case, 0)
    assert night(1).cured == 1

    session.expire_all()
    assert (agreement.state, session.get_one(Plan, agreement.plan_id).state) == before
