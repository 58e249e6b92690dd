"""Who sees what: not yours does not exist.

The rules are tried with a session that knows no lender, on a database that lets it see everything: nothing
but the rules themselves keeps a row away here."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor, ActorKind, system, visitor
from portal.models import (
    Agreement,
    Case,
    Complaint,
    Consent,
    FollowUp,
    Plan,
    Proof,
    Relief,
    StoredFile,
    Visit,
)
from portal.services import scope
from portal.vocabulary import (
    AgreementState,
    ComplaintState,
    ComplaintTopic,
    FollowUpState,
    Locale,
    PlaceKind,
    ReliefKind,
    Role,
)
from tests import factories
from tests.factories import NOW, TODAY, actor_of

WHOLE_BOOK = [Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR, Role.ADMIN]
OF_CASES = [
    "cases",
    "borrowers",
    "loans",
    "visits",
    "consents",
    "proofs",
    "plans",
    "agreements",
    "follow_ups",
    "reliefs",
]


@pytest.fixture
def lender(owner, session):
    """A lender; the database as its owner has it comes first, for it takes a lock."""
    return factories.lender(session)


@pytest.fixture
def agent(session, lender):
    return factories.staff(session, lender, Role.AGENT)


@pytest.fixture
def full(session):
    """Make a case that has one of everything, and a visit of a crew."""
    return lambda lender, crew, **options: _full(session, lender, crew, **options)


def _full(session, lender, crew, *, starts=NOW, owner=None):
    with factories.of_lender(session, lender.id):
        loan = factories.loan(session, factories.borrower(session, lender))
        case = factories.case(session, loan, owner=owner)
        factories.ready_for_a_visit(session, case)
        factories.visit(session, case, crew=[crew], starts=starts)
        plan = factories.approved_plan(session, case)
        file = StoredFile(
            lender_id=lender.id, created_at=NOW, media_type="application/pdf", size=1, sha256="x"
        )
        session.add(file)
        session.flush()
        agreement = Agreement(
            lender_id=lender.id,
            created_at=NOW,
            case_id=case.id,
            plan_id=plan.id,
            number=f"A-{case.id}",
            state=AgreementState.OFFERED,
            locale=Locale.EN,
            template_version="1",
            place_kind=PlaceKind.HOME,
            file_id=file.id,
            document_sha256="x",
            text="text",
        )
        session.add(agreement)
        session.flush()
        follow_up = FollowUp(
            lender_id=lender.id,
            created_at=NOW,
            agreement_id=agreement.id,
            number=1,
            due_on=TODAY,
            state=FollowUpState.SCHEDULED,
        )
        relief = Relief(
            lender_id=lender.id,
            created_at=NOW,
            loan_id=loan.id,
            agreement_id=agreement.id,
            kind=ReliefKind.PENALTY_STOP,
            first_day=TODAY,
            actor="system:test",
        )
        session.add_all([follow_up, relief])
        session.flush()
    return case


@pytest.fixture
def seen(session, owner):
    """Whose rows somebody sees: the ids of the cases they belong to."""

    def look(what, actor, now=NOW):
        session.commit()
        kinds = [what] if isinstance(what, str) else what
        with Session(owner) as everything:
            found = {
                kind: {
                    _case_of(everything, row)
                    for row in everything.scalars(getattr(scope, kind)(actor, now=now))
                }
                for kind in kinds
            }
        first = found[kinds[0]]
        assert found == dict.fromkeys(kinds, first)
        return first

    return look


def _case_of(everything, row):
    if isinstance(row, Case):
        return row.id
    if isinstance(row, Relief):
        return everything.get_one(Agreement, row.agreement_id).case_id
    if isinstance(row, Visit | Consent | Proof | Plan | Agreement | Complaint):
        return row.case_id
    if isinstance(row, FollowUp):
        return everything.get(Agreement, row.agreement_id).case_id
    borrower = row.borrower_id if hasattr(row, "borrower_id") else row.id
    return everything.scalar(select(Case.id).where(Case.borrower_id == borrower))


def test_a_borrower_sees_their_own_and_no_other(lender, agent, full, seen):
    own, other = full(lender, agent), full(lender, agent)

    assert seen(OF_CASES, actor_of(own.borrower)) == {own.id}
    assert seen(OF_CASES, actor_of(other.borrower)) == {other.id}


@pytest.mark.parametrize("role", WHOLE_BOOK)
def test_who_works_on_the_whole_book_sees_all_of_the_lenders(session, lender, agent, full, seen, role):
    one, other = full(lender, agent), full(lender, agent)
    full(factories.lender(session, "spdb-puhui"), _stranger(session))

    assert seen(OF_CASES, actor_of(factories.staff(session, lender, role))) == {one.id, other.id}


def _stranger(session):
    """Somebody to go on a visit of the second lender."""
    from portal.models import Lender

    return factories.staff(session, session.query(Lender).filter_by(code="spdb-puhui").one(), Role.AGENT)


@pytest.mark.parametrize("role", list(Role))
def test_nobody_of_another_lender_sees_any(session, lender, agent, full, seen, role):
    full(lender, agent)
    other = factories.lender(session, "spdb-puhui")

    assert seen(OF_CASES, actor_of(factories.staff(session, other, role))) == set()


def test_the_same_number_at_another_lender_is_somebody_else(session, lender, agent, full, seen):
    """A person is a number within a lender: the lender is asked for beside it, everywhere."""
    case = full(lender, agent, owner=agent)
    other = factories.lender(session, "spdb-puhui")
    for actor in (actor_of(agent), actor_of(case.borrower), system(lender.id, "x")):
        theirs = Actor(kind=actor.kind, lender_id=other.id, ref="x", id=actor.id, roles=actor.roles)
        assert seen(OF_CASES, actor) == {case.id}
        assert seen(OF_CASES, theirs) == set()


def test_the_system_sees_all_of_its_lender(session, lender, agent, full, seen):
    case = full(lender, agent)

    assert seen(OF_CASES, system(lender.id, "nightly")) == {case.id}


def test_a_visitor_sees_nothing(session, lender, agent, full, seen):
    _complaint(session, full(lender, agent))

    assert seen([*OF_CASES, "complaints"], visitor(lender.id)) == set()


def test_an_agent_sees_what_belongs_to_their_own_visits(session, lender, agent, full, seen):
    case = full(lender, agent)
    full(lender, factories.staff(session, lender, Role.AGENT))

    assert seen(OF_CASES, actor_of(agent)) == {case.id}


def test_an_agent_sees_a_case_from_the_day_before_its_visit(lender, agent, full, seen):
    case = full(lender, agent, starts=NOW + timedelta(days=10))
    starts = NOW + timedelta(days=10)

    assert seen(OF_CASES, actor_of(agent), now=starts - timedelta(hours=48)) == {case.id}
    assert seen(OF_CASES, actor_of(agent), now=starts - timedelta(hours=48, seconds=1)) == set()


def test_an_agent_sees_a_case_they_look_after_without_its_visits(session, lender, agent, full, seen):
    somebody = factories.staff(session, lender, Role.AGENT)
    case = full(lender, somebody, owner=agent)

    assert seen("cases", actor_of(agent)) == {case.id}
    assert seen("follow_ups", actor_of(agent)) == {case.id}
    assert seen("visits", actor_of(agent)) == set()


def test_an_agent_sees_of_a_case_only_the_visits_they_go_on_and_only_near_ones(
    session, lender, agent, full, owner
):
    case = full(lender, agent)
    with factories.of_lender(session, lender.id):
        factories.visit(session, case, crew=[factories.staff(session, lender, Role.AGENT)])
        factories.visit(session, case, crew=[agent], starts=NOW + timedelta(days=9))
    session.commit()

    with Session(owner) as everything:
        visits = everything.scalars(scope.visits(actor_of(agent), now=NOW)).all()
        assert [(each.case_id, each.window_start) for each in visits] == [(case.id, NOW)]
        assert len(everything.scalars(scope.visits(actor_of(case.borrower), now=NOW)).all()) == 3


def test_without_a_role_nobody_sees_anything(session, lender, agent, full, seen):
    case = full(lender, agent, owner=agent)
    handler = Actor(
        kind=ActorKind.STAFF, lender_id=lender.id, ref="x", id=agent.id, roles=frozenset({Role.HANDLER})
    )

    assert seen(OF_CASES, handler) == set()
    assert seen("cases", actor_of(agent)) == {case.id}


def _complaint(session, case, about=None):
    with factories.of_lender(session, case.lender_id):
        made = Complaint(
            lender_id=case.lender_id,
            created_at=NOW,
            number=f"C-{case.id}-{about.id if about else 0}",
            case_id=case.id,
            about_id=about.id if about else None,
            state=ComplaintState.RECEIVED,
            topic=ComplaintTopic.CONDUCT,
            channel="portal",
            locale=Locale.EN,
            text="text",
            received_at=NOW,
            acknowledge_by=TODAY,
            decide_by=TODAY,
        )
        session.add(made)
        session.flush()
    return made


def test_a_borrower_sees_their_own_complaints_whoever_they_are_about(session, lender, agent, full, seen):
    own, other = full(lender, agent), full(lender, agent)
    _complaint(session, own, about=agent)
    _complaint(session, other)

    assert seen("complaints", actor_of(own.borrower)) == {own.id}


@pytest.mark.parametrize("role", list(Role))
def test_complaints_are_seen_by_who_answers_for_them(session, lender, agent, full, seen, role):
    case, elsewhere = full(lender, agent), None
    _complaint(session, case)
    other = factories.lender(session, "spdb-puhui")
    elsewhere = full(other, factories.staff(session, other, Role.AGENT))
    _complaint(session, elsewhere)

    sees = {case.id} if role in (Role.HANDLER, Role.MANAGER, Role.AUDITOR) else set()
    assert seen("complaints", actor_of(factories.staff(session, lender, role))) == sees


@pytest.mark.parametrize("role", [Role.HANDLER, Role.MANAGER, Role.AUDITOR])
def test_nobody_sees_a_complaint_about_themself(session, lender, agent, full, seen, role):
    person = factories.staff(session, lender, role)
    hidden, shown = full(lender, agent), full(lender, agent)
    _complaint(session, hidden, about=person)
    _complaint(session, shown, about=agent)

    assert seen("complaints", actor_of(person)) == {shown.id}


@pytest.mark.parametrize("role", [Role.HANDLER, Role.MANAGER, Role.AUDITOR])
def test_nobody_sees_a_complaint_about_whom_they_manage(session, lender, agent, full, seen, role):
    boss = factories.staff(session, lender, role)
    managed = factories.staff(session, lender, Role.AGENT, manager=boss)
    hidden, shown, about_nobody = full(lender, agent), full(lender, agent), full(lender, agent)
    _complaint(session, hidden, about=managed)
    _complaint(session, shown, about=agent)
    _complaint(session, about_nobody)

    assert seen("complaints", actor_of(boss)) == {shown.id, about_nobody.id}
    other = factories.staff(session, lender, role)
    assert seen("complaints", actor_of(other)) == {hidden.id, shown.id, about_nobody.id}
