"""Personal links: who opens one, who is let through, and what it never gives away."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.domain.refusals import Refused
from portal.infra import crypto
from portal.models import CodeChallenge, Locator, Message, PersonalLink
from portal.models.audit_entry import AuditEntry
from portal.services import audit, links
from portal.vocabulary import Channel, CodePurpose
from tests import factories

BROWSER = b"browser"
BASE = "https://terms.example"
RIGHT, WRONG = "1234", "9999"


@pytest.fixture
def borrower(session):
    return factories.late_borrower(session, factories.lender(session)).borrower


def made(session, borrower, now, channel=Channel.SMS):
    link, token = links.create(
        session, borrower=borrower, channel=channel, actor=factories.actor_of(borrower), now=now
    )
    return link, token


def identify(session, link, last_four, now, browser=BROWSER):
    return links.identify(session, link=link, last_four=last_four, browser=browser, now=now)


def codes_sent(session):
    query = select(Message).where(Message.template == "code_entry").order_by(Message.id)
    return [message.body.split("code is ")[1][:6] for message in session.scalars(query)]


def test_a_link_is_found_by_its_token_of_which_only_the_hash_is_kept(session, borrower, now):
    link, token = made(session, borrower, now)

    assert links.find(session, token=token) is link
    assert link.token_hash == crypto.token_hash(token)
    assert len(token) >= 43  # 32 random bytes in base64
    assert session.scalar(select(func.count()).select_from(Locator).where(Locator.kind == "link")) == 1
    assert links.find(session, token=token[:-1]) is None
    assert links.find(session, token="全形") is None


def test_a_link_lives_as_long_as_the_pack_says(session, borrower, now):
    link, _ = made(session, borrower, now)

    assert links.is_open(session, link=link, now=now + timedelta(hours=72, seconds=-1))
    assert not links.is_open(session, link=link, now=now + timedelta(hours=72))


def test_a_new_link_closes_the_older_ones(session, borrower, now):
    older, _ = made(session, borrower, now)
    newer, _ = made(session, borrower, now)

    assert not links.is_open(session, link=older, now=now)
    assert links.is_open(session, link=newer, now=now)


def test_a_new_link_leaves_those_of_other_borrowers_alone(session, borrower, now):
    elsewhere = factories.borrower(session, factories.lender(session, "spdb-puhui"))
    with factories.of_lender(session, elsewhere.lender_id):
        other, _ = made(session, elsewhere, now)
    made(session, borrower, now)

    assert links.is_open(session, link=other, now=now)


def test_the_last_four_may_end_in_x_and_be_written_in_any_width(session, borrower, now):
    borrower.id_no = "11010519900101012x"
    link, _ = made(session, borrower, now)

    assert identify(session, link, " 012x", now)
    assert identify(session, link, "０１２Ｘ", now)
    assert not identify(session, link, "0123", now)


def test_without_an_id_number_on_file_nobody_is_let_through(session, borrower, now):
    borrower.id_no = ""
    link, _ = made(session, borrower, now)

    assert not identify(session, link, "", now)
    assert not identify(session, link, RIGHT, now)


def test_who_is_identified_gets_a_code_by_another_channel_than_the_link(session, borrower, now):
    link, _ = made(session, borrower, now, Channel.SMS)

    assert identify(session, link, RIGHT, now)

    message = session.scalars(select(Message)).one()
    assert (message.channel, message.template) == (Channel.EMAIL, "code_entry")
    assert message.action_class == "service"


def test_who_is_not_identified_gets_no_code(session, borrower, now):
    link, _ = made(session, borrower, now)

    assert not identify(session, link, WRONG, now)

    assert session.scalars(select(Message)).all() == []
    assert session.scalars(select(CodeChallenge)).all() == []
    assert link.failed_tries == 1


def test_five_wrong_tries_close_the_link(session, borrower, now):
    link, _ = made(session, borrower, now)

    for _try in range(5):
        assert links.is_open(session, link=link, now=now)
        identify(session, link, WRONG, now)

    assert not links.is_open(session, link=link, now=now)
    with pytest.raises(Refused, match="link_closed"):
        identify(session, link, RIGHT, now)


def test_right_answers_never_close_the_link(session, borrower, now):
    link, _ = made(session, borrower, now)

    for hour in range(6):
        identify(session, link, RIGHT, now + timedelta(hours=hour))

    assert links.is_open(session, link=link, now=now)


def test_too_many_codes_are_withheld_in_silence(session, borrower, now):
    link, _ = made(session, borrower, now)

    assert [identify(session, link, RIGHT, now) for _try in range(4)] == [True] * 4

    assert len(codes_sent(session)) == 3


def test_asking_again_sends_a_code_only_to_who_was_identified(session, borrower, now):
    link, _ = made(session, borrower, now)

    links.send_code(session, link=link, browser=BROWSER, identified=False, now=now)
    assert codes_sent(session) == []
    links.send_code(session, link=link, browser=BROWSER, identified=True, now=now)
    assert len(codes_sent(session)) == 1


def test_link_last_four_and_code_together_let_the_borrower_in(session, borrower, now):
    link, _ = made(session, borrower, now)
    identify(session, link, RIGHT, now)

    actor = links.enter(session, link=link, browser=BROWSER, code=codes_sent(session)[0], now=now)

    assert actor == factories.actor_of(borrower)


def test_a_link_that_was_replaced_meanwhile_lets_nobody_in(session, borrower, now):
    link, _ = made(session, borrower, now)
    identify(session, link, RIGHT, now)
    made(session, borrower, now)

    with pytest.raises(Refused, match="link_closed"):
        links.enter(session, link=link, browser=BROWSER, code=codes_sent(session)[0], now=now)


def test_a_code_for_signing_does_not_let_in(session, borrower, now):
    link, _ = made(session, borrower, now)
    identify(session, link, RIGHT, now)
    session.scalars(select(CodeChallenge)).one().purpose = CodePurpose.SIGNATURE
    session.flush()

    with pytest.raises(Refused, match="code_wrong"):
        links.enter(session, link=link, browser=BROWSER, code=codes_sent(session)[0], now=now)


def test_a_link_is_sent_with_its_whole_address(session, borrower, now):
    link = links.send(session, borrower=borrower, base_url=BASE, actor=factories.actor_of(borrower), now=now)

    message = session.scalars(select(Message)).one()
    token = message.body.rpartition("/l/")[2]
    assert f"{BASE}/l/" in message.body
    assert "72 hours" in message.body
    assert links.find(session, token=token) is link
    assert link.channel is message.channel is Channel.SMS


def test_a_link_cannot_be_sent_where_there_is_no_address(session, now):
    from portal.models import ContactPoint

    borrower = factories.borrower(session, factories.lender(session))
    for point in session.scalars(select(ContactPoint)):
        point.main = False

    with pytest.raises(Refused, match="no_address_on_file"):
        links.send(session, borrower=borrower, base_url=BASE, actor=factories.actor_of(borrower), now=now)


def test_a_new_link_is_sent_three_times_a_day_at_most(session, borrower, now):
    link, _ = made(session, borrower, now, Channel.EMAIL)

    for _try in range(5):
        links.request_new(session, link=link, base_url=BASE, now=now)

    sent = session.scalars(select(Message)).all()
    assert [message.channel for message in sent] == [Channel.EMAIL] * 3
    assert session.scalar(select(func.count()).select_from(PersonalLink)) == 4


def test_the_audit_log_holds_every_step_and_neither_token_nor_code(session, borrower, now):
    link, token = made(session, borrower, now)
    links.open_link(session, link=link, now=now)
    identify(session, link, WRONG, now)
    identify(session, link, RIGHT, now)
    code = codes_sent(session)[0]
    links.enter(session, link=link, browser=BROWSER, code=code, now=now)

    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
    steps = [entry.action for entry in entries if not entry.subject.startswith("decision/")]
    assert steps[-5:] == [
        "link_created",
        "link_opened",
        "code_withheld",
        "code_sent",
        "borrower_signed_in",
    ]
    written = repr([(entry.subject, entry.facts, entry.actor) for entry in entries])
    assert token not in written
    assert code not in written
    assert RIGHT not in written
    assert audit.verify(session, lender_id=borrower.lender_id).intact
