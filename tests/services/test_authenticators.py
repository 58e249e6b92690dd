"""The second step: codes of an authenticator, each once; recovery codes, each once; tries, not too many."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models import RecoveryCode
from portal.models.audit_entry import AuditEntry
from portal.services import accounts, authenticators
from tests import factories
from tests.authenticator import SECRET, another_code, code, give
from tests.conftest import NOW

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def person(session, lender):
    return give(session, factories.staff(session, lender))


@pytest.fixture
def newcomer(session, lender):
    return factories.staff(session, lender)


def use(session, person, typed, *, address=HOME, now=NOW):
    authenticators.use(session, staff=person, code=typed, address=address, now=now)


def refusal(session, person, typed, *, address=HOME, now=NOW, by=use):
    with pytest.raises(Refused) as caught:
        by(session, person, typed, address=address, now=now)
    return caught.value.code


def recover(session, person, typed, *, address=HOME, now=NOW):
    return authenticators.use_recovery_code(session, staff=person, code=typed, address=address, now=now)


def actions(session):
    session.flush()
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


def confirm(session, person, proposal, typed, *, address=HOME, now=NOW):
    authenticators.confirm(
        session,
        staff=person,
        proposal=proposal,
        code=typed,
        address=address,
        actor=accounts.staff_actor(person),
        now=now,
    )


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_the_code_of_now_counts_and_those_of_the_steps_beside_it(session, person, steps):
    use(session, person, code(steps=steps))

    assert person.authenticator_step == int(NOW.timestamp()) // 30 + steps


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_an_older_or_later_code_does_not_count(session, person, steps):
    assert refusal(session, person, code(steps=steps)) == "authenticator_code_wrong"


def test_a_code_counts_once_and_so_does_none_before_it(session, person):
    use(session, person, code())

    assert refusal(session, person, code()) == "authenticator_code_wrong"
    assert refusal(session, person, code(steps=-1)) == "authenticator_code_wrong"
    use(session, person, code(steps=1))


@pytest.mark.parametrize("typed", ["", "abc", "１２３４５６７", "密碼", "\udc80", "0" * 1000])
def test_any_text_may_be_tried_as_a_code_and_is_wrong(session, person, typed):
    assert refusal(session, person, typed) == "authenticator_code_wrong"
    assert refusal(session, person, typed, by=recover) == "recovery_code_wrong"


def test_a_code_may_be_typed_in_groups_or_wide_digits(session, person):
    wide = code().translate({ord("0") + digit: ord("０") + digit for digit in range(10)})

    use(session, person, f"{wide[:3]} {wide[3:]}")


def test_who_has_no_authenticator_has_no_right_code(session, newcomer):
    assert refusal(session, newcomer, code()) == "authenticator_code_wrong"


def test_signing_in_makes_no_open_form_stale(session, person):
    version = person.version

    use(session, person, code())
    accounts.enter(session, staff=person, step="code", now=NOW)

    assert (person.version, person.signed_in_at) == (version, NOW)


def test_ten_wrong_codes_from_one_address_end_the_tries_there_and_not_elsewhere(session, person):
    for _ in range(10):
        assert refusal(session, person, another_code()) == "authenticator_code_wrong"

    assert refusal(session, person, code()) == "too_many_tries"
    use(session, person, code(), address=ELSEWHERE)


def test_others_who_know_the_password_do_not_lock_the_owner_out(session, person):
    use(session, person, code())
    for number in range(60):
        refusal(session, person, another_code(), address=f"203.0.113.{number}")

    assert refusal(session, person, code(steps=1), address=ELSEWHERE) == "too_many_tries"
    use(session, person, code(steps=1), address=HOME)


def test_after_the_window_everybody_may_try_again(session, person, set_time):
    for _ in range(11):
        refusal(session, person, another_code())
    later = NOW + timedelta(minutes=15)
    set_time(later)

    use(session, person, code(), now=later)


def test_an_authenticator_counts_once_it_has_shown_a_first_code(session, newcomer):
    proposal = authenticators.propose(staff=newcomer)
    offer = authenticators.offer(staff=newcomer, proposal=proposal)
    secret = "".join(offer.groups)

    assert not authenticators.is_confirmed(newcomer)
    assert secret not in proposal
    assert pyotp.parse_uri(offer.uri).secret == secret
    with pytest.raises(Refused):
        confirm(session, newcomer, proposal, another_code())
    confirm(session, newcomer, proposal, code(secret=secret))
    assert authenticators.is_confirmed(newcomer)
    assert (newcomer.authenticator, newcomer.authenticator_since) == (secret, NOW)
    assert refusal(session, newcomer, code(secret=secret)) == "authenticator_code_wrong"
    assert actions(session)[-2:] == ["authenticator_confirmed", "sign_in_refused"]


def test_until_then_the_one_so_far_goes_on_working(session, person):
    authenticators.propose(staff=person)

    use(session, person, code())


def test_a_proposal_of_somebody_else_is_refused(session, person, newcomer):
    other = authenticators.propose(staff=person)

    for proposal in (other, "", "no base64 é", "YWJj"):
        with pytest.raises(Refused, match="sign_in_over"):
            confirm(session, newcomer, proposal, "123456")


def test_ten_recovery_codes_are_made_and_only_hashes_of_them_kept(session, person):
    actor = accounts.staff_actor(person)
    codes = authenticators.new_recovery_codes(session, staff=person, actor=actor, now=NOW)

    assert len(set(codes)) == 10
    stored = b"".join(session.scalars(select(RecoveryCode.code_hash)))
    assert not [each for each in codes if each.encode() in stored]


def test_a_recovery_code_works_once_however_it_is_typed(session, person):
    actor = accounts.staff_actor(person)
    codes = authenticators.new_recovery_codes(session, staff=person, actor=actor, now=NOW)

    assert recover(session, person, codes[0]) == 9
    assert refusal(session, person, codes[0], by=recover) == "recovery_code_wrong"
    assert recover(session, person, f" {codes[1].lower().replace('-', '')} ") == 8
    assert actions(session)[-3:] == ["recovery_code_used", "sign_in_refused", "recovery_code_used"]


def test_a_recovery_code_of_somebody_else_is_wrong(session, person, newcomer):
    actor = accounts.staff_actor(newcomer)
    codes = authenticators.new_recovery_codes(session, staff=newcomer, actor=actor, now=NOW)

    assert refusal(session, person, codes[0], by=recover) == "recovery_code_wrong"


def test_new_recovery_codes_end_the_old_ones(session, person):
    actor = accounts.staff_actor(person)
    old = authenticators.new_recovery_codes(session, staff=person, actor=actor, now=NOW)
    new = authenticators.new_recovery_codes(session, staff=person, actor=actor, now=NOW)

    assert authenticators.recovery_codes_left(session, staff=person) == 10
    assert refusal(session, person, old[0], by=recover) == "recovery_code_wrong"
    assert recover(session, person, new[0]) == 9


def test_a_reset_forgets_authenticator_and_recovery_codes(session, person):
    actor = accounts.staff_actor(person)
    codes = authenticators.new_recovery_codes(session, staff=person, actor=actor, now=NOW)
    authenticators.reset(session, staff=person, actor=actor, now=NOW)

    assert not authenticators.is_confirmed(person)
    assert refusal(session, person, code()) == "authenticator_code_wrong"
    assert refusal(session, person, codes[0], by=recover) == "recovery_code_wrong"


def test_codes_that_are_shown_stay_sealed_with_the_browser(session, person, newcomer):
    sealed = authenticators.seal_codes(staff=person, codes=["ABCD-EFGH-JKMN"])

    assert "ABCD" not in sealed
    assert authenticators.open_codes(staff=person, sealed=sealed) == ["ABCD-EFGH-JKMN"]
    with pytest.raises(Refused, match="sign_in_over"):
        authenticators.open_codes(staff=newcomer, sealed=sealed)


def test_the_chain_names_no_secret(session, person):
    actor = accounts.staff_actor(person)
    codes = authenticators.new_recovery_codes(session, staff=person, actor=actor, now=NOW)
    use(session, person, code())
    recover(session, person, codes[0])

    told = repr(session.scalars(select(AuditEntry.facts)).all())
    for secret in (SECRET, code(), codes[0], person.email, person.name):
        assert secret not in told
