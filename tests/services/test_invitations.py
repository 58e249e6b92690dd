"""Invitations: a token that only its hash remembers, for 72 hours, once, the newest only."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.actor import system
from portal.domain.refusals import Refused
from portal.models import Invitation, Message
from portal.models.audit_entry import AuditEntry
from portal.services import accounts, invitations, people
from portal.vocabulary import Locale, Role
from tests import factories
from tests.conftest import NOW

GOOD = "four words that rhyme"


@pytest.fixture
def person(session):
    lender = factories.lender(session)
    return accounts.add_staff(
        session,
        lender=lender,
        number="N-1",
        name="New Example",
        email="new@north.example",
        password=None,
        roles={Role.CALLER},
        locale=Locale.ZH_HANT,
        now=NOW,
    )


def send(session, person, now=NOW):
    """Invite somebody; returns the token of the message."""
    actor = system(person.lender_id, "test")
    invitations.send(session, staff=person, base_url="http://here", actor=actor, now=now)
    body = session.scalars(select(Message).order_by(Message.id.desc())).first().body
    return re.search(r"http://here/invitations/([\w-]{43})\s", body)[1]


def is_open(session, token, now=NOW):
    found = invitations.find(session, token=token)
    return invitations.is_open(session, invitation=found, now=now)


def take_up(session, token, password=GOOD, now=NOW):
    found = invitations.find(session, token=token)
    return invitations.take_up(session, invitation=found, password=password, now=now)


def test_an_invitation_gives_a_password_of_ones_own(session, person):
    token = send(session, person)

    assert take_up(session, token) is person
    checked = accounts.check_password(
        session, email="new@north.example", password=GOOD, address="here", now=NOW
    )
    assert checked is person


def test_it_works_once(session, person):
    token = send(session, person)
    take_up(session, token)

    with pytest.raises(Refused, match="invitation_closed"):
        take_up(session, token, "five other words that rhyme")
    assert accounts.passwords.fits(person.password_hash, GOOD)


def test_it_works_for_72_hours(session, person):
    token = send(session, person)

    assert is_open(session, token, NOW + timedelta(hours=72, seconds=-1))
    assert not is_open(session, token, NOW + timedelta(hours=72))
    with pytest.raises(Refused, match="invitation_closed"):
        take_up(session, token, now=NOW + timedelta(hours=72))


def test_only_the_newest_works(session, person):
    older, newer = send(session, person), send(session, person)

    assert (is_open(session, older), is_open(session, newer)) == (False, True)


def test_it_dies_with_the_account(session, person):
    lender = session.get_one(factories.Lender, person.lender_id)
    admin = accounts.staff_actor(factories.staff(session, lender, Role.ADMIN))
    token = send(session, person)
    people.disable(session, staff=person, actor=admin, now=NOW)
    people.enable(session, staff=person, actor=admin, now=NOW)

    assert not is_open(session, token)


def test_a_weak_password_leaves_it_open(session, person):
    token = send(session, person)

    with pytest.raises(Refused, match="password_too_easy"):
        take_up(session, token, "password1234")
    assert is_open(session, token)
    assert person.password_hash is None


def test_the_token_is_stored_nowhere_but_in_the_message(session, person):
    token = send(session, person)
    session.flush()

    row = session.scalars(select(Invitation)).one()
    assert token.encode() not in row.token_hash
    assert token not in repr(session.scalars(select(AuditEntry.facts)).all())
    assert len(token) == 43


@pytest.mark.parametrize("token", ["", "no token", "é" * 43, "\udc80"])
def test_any_text_may_be_tried_as_a_token(session, person, token):
    assert invitations.find(session, token=token.encode("utf-8", "replace").decode()) is None


def test_the_message_is_in_the_persons_language(session, person):
    send(session, person)

    message = session.scalars(select(Message)).one()
    assert (message.locale, message.recipient) == (Locale.ZH_HANT, "new@north.example")
    assert "72" in message.body
