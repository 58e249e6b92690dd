"""The lender's people: invited, changed, disabled; never left without an administrator."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models import Message, Staff
from portal.models.audit_entry import AuditEntry
from portal.services import accounts, browser_sessions, people
from portal.vocabulary import Locale, Role, StaffState
from tests import factories
from tests.authenticator import give
from tests.conftest import NOW

BASE_URL = "http://127.0.0.1:8000"


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def admin(session, lender):
    return give(session, factories.staff(session, lender, Role.ADMIN, name="Admin Example"))


@pytest.fixture
def agent(session, lender):
    return give(session, factories.staff(session, lender, Role.AGENT, name="Agent Example"))


@pytest.fixture
def actor(admin):
    return accounts.staff_actor(admin)


def profile_of(person, **changes):
    profile = people.Profile(
        number=person.number,
        name=person.name,
        roles=frozenset(people.roles_of(person)),
        locale=person.locale,
    )
    return replace(profile, **changes)


def invite(session, actor, **changes):
    profile = people.Profile(
        number="N-1", name="New Example", roles=frozenset({Role.CALLER}), locale=Locale.EN
    )
    email = changes.pop("email", "new@north.example")
    return people.invite(
        session, email=email, profile=replace(profile, **changes), base_url=BASE_URL, actor=actor, now=NOW
    )


def edit(session, person, actor, *, version=None, **changes):
    people.edit(
        session,
        staff=person,
        version=person.version if version is None else version,
        profile=profile_of(person, **changes),
        actor=actor,
        now=NOW,
    )


def refusal(act, *args, **facts):
    with pytest.raises(Refused) as caught:
        act(*args, **facts)
    return caught.value.code


def last_entry(session):
    return session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc())).first()


def signed_in(session, person):
    """Let somebody be signed in in a browser. Returns its token."""
    token = f"token of {person.ref}"
    browser_sessions.save(
        session,
        token=token,
        replaces=None,
        data={"_user_id": browser_sessions.identity(accounts.staff_actor(person))},
        life=timedelta(hours=1),
        now=NOW,
    )
    return token


def test_who_is_invited_has_no_password_and_gets_a_message(session, actor):
    person = invite(session, actor)

    assert people.state_of(person) is StaffState.INVITED
    message = session.scalars(select(Message)).one()
    assert (message.recipient, message.template) == ("new@north.example", "invitation")
    assert f"{BASE_URL}/invitations/" in message.body


def test_an_invitation_needs_a_role_a_free_number_and_a_free_address(session, actor, agent):
    assert refusal(invite, session, actor, roles=frozenset()) == "staff_without_role"
    assert refusal(invite, session, actor, number=agent.number) == "staff_number_taken"
    assert refusal(invite, session, actor, email=agent.email.upper()) == "email_taken"
    assert session.scalars(select(Message)).all() == []


def test_a_change_counts_at_once_and_the_chain_names_what_changed(session, actor, agent):
    edit(session, agent, actor, name="Other Example", roles=frozenset({Role.LEAD, Role.CALLER}))

    assert accounts.staff_actor(agent).roles == {Role.LEAD, Role.CALLER}
    entry = last_entry(session)
    assert (entry.action, entry.facts) == (
        "staff_changed",
        {"changed": "name, roles", "roles_before": "agent", "roles": "caller, lead"},
    )


def test_a_stale_copy_is_refused_also_when_only_roles_changed(session, actor, agent):
    version = agent.version
    edit(session, agent, actor, roles=frozenset({Role.CALLER}))

    assert refusal(edit, session, agent, actor, version=version, name="Late") == "changed_meanwhile"
    assert agent.name == "Agent Example"


def test_saving_without_a_change_changes_nothing(session, actor, agent):
    version = agent.version
    edit(session, agent, actor)

    assert agent.version == version
    assert last_entry(session).action != "staff_changed"


def test_a_number_belongs_to_one_person(session, actor, agent, admin):
    assert refusal(edit, session, agent, actor, number=admin.number) == "staff_number_taken"


def test_managers_do_not_stand_in_a_circle(session, actor, agent, admin):
    edit(session, agent, actor, manager=admin)

    assert people.manager_of(session, agent) is admin
    assert refusal(edit, session, admin, actor, manager=agent) == "managers_in_circle"
    assert refusal(edit, session, agent, actor, manager=agent) == "managers_in_circle"
    assert people.possible_managers(session, actor=actor, of=admin) == []


def test_who_is_disabled_is_out_at_once(session, actor, agent):
    token = signed_in(session, agent)
    people.disable(session, staff=agent, actor=actor, now=NOW)

    assert browser_sessions.load(session, token=token, now=NOW) is None
    assert accounts.find_staff(session, lender_id=agent.lender_id, ref=agent.ref) is None
    assert people.state_of(agent) is StaffState.DISABLED
    with pytest.raises(Refused, match="sign_in_wrong"):
        accounts.check_password(
            session, email=agent.email, password=factories.PASSWORD, address="here", now=NOW
        )


def test_who_is_enabled_again_has_the_password_and_authenticator_they_had(session, actor, agent):
    people.disable(session, staff=agent, actor=actor, now=NOW)
    people.enable(session, staff=agent, actor=actor, now=NOW)

    assert people.state_of(agent) is StaffState.ACTIVE
    assert refusal(people.enable, session, staff=agent, actor=actor, now=NOW) == "staff_not_disabled"


def test_who_is_invited_again_starts_anew(session, actor, agent):
    token = signed_in(session, agent)
    people.invite_again(session, staff=agent, base_url=BASE_URL, actor=actor, now=NOW)

    assert people.state_of(agent) is StaffState.INVITED
    assert not agent.authenticator_since
    assert browser_sessions.load(session, token=token, now=NOW) is None
    assert session.scalars(select(Message)).one().recipient == agent.email


def test_nobody_disables_or_resets_their_own_account(session, actor, admin):
    facts = {"staff": admin, "actor": actor, "now": NOW}

    assert refusal(people.disable, session, **facts) == "own_account"
    assert refusal(people.invite_again, session, base_url=BASE_URL, **facts) == "own_account"


def test_the_last_administrator_stays_one(session, lender, actor, admin):
    other = factories.staff(session, lender, Role.ADMIN)
    by_other = accounts.staff_actor(other)
    people.disable(session, staff=other, actor=actor, now=NOW)

    assert refusal(edit, session, admin, actor, roles=frozenset({Role.LEAD})) == "last_admin"
    assert refusal(people.disable, session, staff=admin, actor=by_other, now=NOW) == "last_admin"
    people.enable(session, staff=other, actor=actor, now=NOW)
    edit(session, admin, actor, roles=frozenset({Role.LEAD}))


def test_an_invited_administrator_is_none_yet(session, actor, admin):
    invite(session, actor, roles=frozenset({Role.ADMIN}))

    assert refusal(edit, session, admin, actor, roles=frozenset({Role.LEAD})) == "last_admin"


def test_two_administrators_cannot_remove_each_other_at_once(session, installation, lender, admin):
    other = factories.staff(session, lender, Role.ADMIN)
    session.commit()
    refused, start = [], threading.Barrier(2)

    def remove(mine, theirs):
        start.wait()
        with installation.writing() as own:
            factories.lenders.enter(own, own.get_one(factories.Lender, lender.id))
            actor = accounts.staff_actor(own.get_one(Staff, mine))
            try:
                people.disable(own, staff=own.get_one(Staff, theirs), actor=actor, now=NOW)
                own.commit()
            except Refused as refusal:
                refused.append(refusal.code)

    threads = [
        threading.Thread(target=remove, args=pair) for pair in ((admin.id, other.id), (other.id, admin.id))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    session.expire_all()
    assert refused == ["last_admin"]
    assert [bool(each.disabled_at) for each in session.scalars(select(Staff))].count(False) == 1


def test_people_are_listed_by_number_page_by_page(session, lender, actor):
    for number in range(30):
        factories.staff(session, lender, Role.AGENT, number=f"A{number:03}", trained=False)

    first = people.page_of(session, filters=people.Filters(), after=None, actor=actor)
    second = people.page_of(session, filters=people.Filters(), after=first.after, actor=actor)

    numbers = [each.number for each in (*first.people, *second.people)]
    assert (len(first.people), len(second.people), second.after) == (25, 6, None)
    assert numbers == sorted(set(numbers))


def test_filters_keep_those_of_a_state_a_role_or_a_number(session, lender, actor, admin, agent):
    fresh = factories.staff(session, lender, Role.LEAD)
    invited = invite(session, actor)
    people.disable(session, staff=agent, actor=actor, now=NOW)

    def found(**filters):
        return list(
            people.page_of(session, filters=people.Filters(**filters), after=None, actor=actor).people
        )

    assert found(state=StaffState.ACTIVE) == [admin]
    assert found(state=StaffState.NO_AUTHENTICATOR) == [fresh]
    assert found(state=StaffState.INVITED) == [invited]
    assert found(state=StaffState.DISABLED) == [agent]
    assert found(role=Role.LEAD) == [fresh]
    assert found(search="n-") == [invited]


def test_people_of_another_lender_are_not_there(session, actor, admin):
    stranger = factories.staff(session, factories.lender(session, code="pingan-puhui"))

    assert people.find(session, stranger.ref, actor=actor) is None
    shown = people.page_of(session, filters=people.Filters(), after=None, actor=actor).people
    assert list(shown) == [admin]
