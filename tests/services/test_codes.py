"""One-time codes: for one browser, the newest only, ten minutes, five tries, once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models import CodeChallenge, Message
from portal.services import codes
from portal.vocabulary import Channel, CodePurpose
from tests import factories

HERE, ELSEWHERE = b"this browser", b"another browser"


@pytest.fixture
def borrower(session):
    return factories.borrower(session, factories.lender(session))


def send(session, borrower, now, **changes):
    facts = {"purpose": CodePurpose.ENTRY, "subject": "link-1", "browser": HERE} | changes
    codes.send(session, borrower=borrower, now=now, **facts)
    newest = session.scalars(select(Message).order_by(Message.id.desc())).first()
    return newest.body.split("code is ")[1][:6]


def use(session, borrower, code, now, **changes):
    facts = {"purpose": CodePurpose.ENTRY, "subject": "link-1", "browser": HERE} | changes
    return codes.use(session, person=borrower, code=code, now=now, **facts)


def refused(session, borrower, code, now, **changes):
    with pytest.raises(Refused, match="code_wrong"):
        use(session, borrower, code, now, **changes)
    return True


def other_than(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_works_once(session, borrower, now):
    code = send(session, borrower, now)

    assert use(session, borrower, code, now).used_at == now
    assert refused(session, borrower, code, now)


def test_a_code_is_six_digits_and_only_its_hash_is_kept(session, borrower, now):
    code = send(session, borrower, now)

    assert len(code) == 6
    assert code.isdigit()
    assert code.encode() not in session.scalars(select(CodeChallenge)).one().code_hash


def test_a_code_works_for_ten_minutes(session, borrower, now):
    code = send(session, borrower, now)

    assert refused(session, borrower, code, now + timedelta(minutes=10))
    assert use(session, borrower, code, now + timedelta(minutes=10, seconds=-1))


def test_only_the_newest_code_works(session, borrower, now):
    first = send(session, borrower, now)
    second = send(session, borrower, now)

    assert first == second or refused(session, borrower, first, now)
    assert use(session, borrower, second, now)


def test_a_code_works_in_the_browser_that_asked_and_in_no_other(session, borrower, now):
    code = send(session, borrower, now)

    assert refused(session, borrower, code, now, browser=ELSEWHERE)
    assert use(session, borrower, code, now)


def test_a_code_opens_what_it_was_asked_for_and_nothing_else(session, borrower, now):
    code = send(session, borrower, now)

    assert refused(session, borrower, code, now, subject="link-2")
    assert refused(session, borrower, code, now, purpose=CodePurpose.SIGNATURE)


def test_after_five_wrong_tries_the_right_code_is_dead(session, borrower, now):
    code = send(session, borrower, now)

    for _try in range(5):
        assert refused(session, borrower, other_than(code), now)

    assert refused(session, borrower, code, now)


def test_four_wrong_tries_leave_one(session, borrower, now):
    code = send(session, borrower, now)

    for _try in range(4):
        assert refused(session, borrower, other_than(code), now)

    assert use(session, borrower, code, now)


def test_codes_of_two_borrowers_are_not_exchangeable(session, borrower, now):
    other = factories.borrower(session, factories.lender(session, "spdb-puhui"))
    code = send(session, borrower, now)

    assert refused(session, other, code, now)


def test_text_that_is_not_ascii_is_a_wrong_code_and_no_error(session, borrower, now):
    send(session, borrower, now)

    assert refused(session, borrower, "一二三四五六", now)


def test_three_codes_in_a_quarter_of_an_hour_and_ten_a_day(session, borrower, now):
    for _try in range(3):
        send(session, borrower, now)
    with pytest.raises(Refused, match="too_many_tries"):
        send(session, borrower, now)

    for hour in range(1, 8):
        send(session, borrower, now + timedelta(hours=hour))
    with pytest.raises(Refused, match="too_many_tries"):
        send(session, borrower, now + timedelta(hours=8))


@pytest.mark.parametrize(
    ("avoid", "taken"), [(Channel.SMS, Channel.EMAIL), (Channel.EMAIL, Channel.SMS), (None, Channel.SMS)]
)
def test_a_code_takes_another_channel_than_the_one_to_avoid(session, borrower, now, avoid, taken):
    send(session, borrower, now, avoid=avoid)

    assert session.scalars(select(Message)).one().channel is taken
