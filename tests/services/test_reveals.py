"""Seeing a number or an address in full: who may, and what stays of it."""

from datetime import timedelta

import pytest

from portal.domain.refusals import Refused
from portal.models import ContactPoint, Lender
from portal.models.audit_entry import AuditEntry
from portal.services import audit, reveals
from portal.vocabulary import ContactKind, PersonalField, PlaceKind, Role, VisitState
from tests import factories
from tests.conftest import NOW

FULL = {
    PersonalField.ID_NO: "A900001234",
    PersonalField.PHONE: "+886900000001",
    PersonalField.EMAIL: "borrower1@example.test",
    PersonalField.ADDRESS: "臺北市中正區 1 Test Road",
}


@pytest.fixture
def case(session):
    made = factories.late_borrower(session, factories.lender(session))
    session.query(ContactPoint).filter_by(kind=ContactKind.ADDRESS).one().area = "臺北市中正區"
    session.flush()
    return made


def person(session, case, *roles):
    return factories.staff(session, session.get_one(Lender, case.lender_id), *roles)


def looks(session, action="value_revealed"):
    return session.query(AuditEntry).filter_by(action=action).order_by(AuditEntry.id).all()


def reveal(session, case, who, field=PersonalField.PHONE, **options):
    return reveals.reveal(
        session, case=case, field=field, actor=factories.actor_of(who), **({"now": NOW} | options)
    )


def test_every_value_is_masked_until_it_is_asked_for(session, case):
    found = reveals.masked(session, borrower=case.borrower)

    assert {field: value.text for field, value in found.items()} == {
        PersonalField.ID_NO: "•••• 234",
        PersonalField.PHONE: "•••• 001",
        PersonalField.EMAIL: "b••••@example.test",
        PersonalField.ADDRESS: "臺北市中正區 ••••",
    }
    assert not any(value.shown for value in found.values())


@pytest.mark.parametrize("field", list(PersonalField))
def test_one_value_is_given_in_full_and_the_look_is_recorded_without_it(session, case, field):
    caller = person(session, case, Role.CALLER)

    value = reveal(session, case, caller, field)

    assert (value.text, value.shown) == (FULL[field], True)
    (entry,) = looks(session)
    assert (entry.actor, entry.subject) == (f"staff:{caller.ref}", f"case/{case.ref}")
    assert (entry.case_ref, entry.facts) == (case.ref, {"field": field.value})
    assert audit.verify(session, lender_id=case.lender_id).intact


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMIN, Role.HANDLER])
def test_who_does_not_work_on_the_case_is_refused(session, case, role):
    with pytest.raises(Refused, match="reveal_not_yours"):
        reveal(session, case, person(session, case, role))
    assert looks(session) == []


def test_what_is_not_on_file_cannot_be_shown(session, case):
    case.borrower.id_no = None
    session.flush()

    with pytest.raises(Refused, match="nothing_on_file"):
        reveal(session, case, person(session, case, Role.LEAD), PersonalField.ID_NO)
    assert looks(session) == []


def test_sixty_looks_an_hour_are_all_and_the_next_hour_counts_anew(session, case):
    caller, other = person(session, case, Role.CALLER), person(session, case, Role.CALLER)
    for _ in range(60):
        reveal(session, case, caller)

    with pytest.raises(Refused, match="too_many_reveals"):
        reveal(session, case, caller)
    reveal(session, case, other)
    reveal(session, case, caller, now=NOW + timedelta(hours=1))

    assert len(looks(session)) == 62


def visit_of(session, case, agent, **options):
    return factories.visit(session, case, crew=[agent], **options)


def contact(session, visit, who, now=NOW):
    return reveals.contact(session, visit=visit, actor=factories.actor_of(who), now=now)


def show(session, visit, who, now=NOW):
    reveals.show_contact(session, visit=visit, actor=factories.actor_of(who), now=now)


def test_the_crew_asks_once_for_address_and_telephone_of_the_day(session, case):
    agent = person(session, case, Role.AGENT)
    visit = visit_of(session, case, agent)
    before = contact(session, visit, agent)
    assert (before.place, before.phone, before.shown, before.can_show) == (
        "臺北市中正區 ••••",
        "",
        False,
        True,
    )

    show(session, visit, agent)
    show(session, visit, agent, now=NOW + timedelta(hours=2))

    after = contact(session, visit, agent, now=NOW + timedelta(hours=3))
    assert (after.place, after.phone) == (FULL[PersonalField.ADDRESS], FULL[PersonalField.PHONE])
    assert (after.shown, after.can_show) == (True, False)
    assert after.values[PersonalField.ID_NO].text == "•••• 234"
    (entry,) = looks(session, "contact_shown")
    assert (entry.actor, entry.subject) == (f"staff:{agent.ref}", f"visit/{visit.ref}")
    assert (entry.case_ref, entry.facts) == (case.ref, {})


def test_what_one_of_the_crew_was_shown_the_other_asks_for_too(session, case):
    agent, partner = person(session, case, Role.AGENT), person(session, case, Role.AGENT)
    visit = factories.visit(session, case, crew=[agent, partner])

    show(session, visit, agent)

    assert contact(session, visit, agent).shown
    assert not contact(session, visit, partner).shown


def test_the_day_after_everything_is_masked_again(session, case):
    agent = person(session, case, Role.AGENT)
    visit = visit_of(session, case, agent)
    show(session, visit, agent)

    after = contact(session, visit, agent, now=NOW + timedelta(days=1))

    assert (after.phone, after.position, after.shown, after.can_show) == ("", None, False, False)


def test_of_a_visit_elsewhere_the_agreed_place_is_shown_and_not_the_home(session, case):
    agent = person(session, case, Role.AGENT)
    visit = visit_of(session, case, agent)
    visit.place_kind, visit.place = PlaceKind.OTHER_ADDRESS, "新北市板橋區文化路一段9號"
    session.flush()
    assert contact(session, visit, agent).place == "新北市板橋區 ••••"

    show(session, visit, agent)

    found = contact(session, visit, agent)
    assert found.place == "新北市板橋區文化路一段9號"
    assert found.values[PersonalField.ADDRESS].text == "臺北市中正區 ••••"


@pytest.mark.parametrize(
    ("starts", "state", "code"),
    [
        (NOW + timedelta(days=1), VisitState.ASSIGNED, "not_the_day"),
        (NOW - timedelta(days=1), VisitState.ASSIGNED, "not_the_day"),
        (NOW, VisitState.DONE, "step_not_open"),
        (NOW, VisitState.CANCELLED, "step_not_open"),
    ],
)
def test_on_another_day_or_when_it_is_over_nothing_is_shown_at_once(session, case, starts, state, code):
    agent = person(session, case, Role.AGENT)
    visit = visit_of(session, case, agent, starts=starts, state=state)

    with pytest.raises(Refused, match=code):
        show(session, visit, agent)
    assert not contact(session, visit, agent).can_show


def test_who_does_not_come_along_is_shown_nothing(session, case):
    agent, other = person(session, case, Role.AGENT), person(session, case, Role.AGENT)
    visit = visit_of(session, case, agent)

    with pytest.raises(Refused, match="not_in_crew"):
        show(session, visit, other)
    assert not contact(session, visit, other).can_show
