"""Signing: one fresh code for each signature, a mark of one's own, and nothing without consent."""

from datetime import timedelta

import pytest

from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Case, CodeChallenge, Consent, Message, Signature
from portal.services import signatures
from portal.vocabulary import (
    AgreementState,
    CaseState,
    Channel,
    ConsentPurpose,
    Locale,
    Role,
    SignatureMethod,
    Signer,
)
from tests import factories
from tests.agreements_made import BROWSER, PATH, borrower_of, code_of, offered, sign
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def agreement(session, lender, folder):
    return offered(session, lender, folder)


@pytest.fixture
def borrower(session, agreement):
    return borrower_of(session, agreement)


def send(session, agreement, person, *, now=NOW):
    actor = factories.actor_of(person)
    return signatures.send_code(session, agreement=agreement, browser=BROWSER.digest, actor=actor, now=now)


def attempt(
    session,
    agreement,
    person,
    folder,
    *,
    code=None,
    path="",
    typed=None,
    browser=BROWSER,
    now=NOW,
):
    return signatures.sign(
        session,
        agreement=agreement,
        browser=browser,
        code=code_of(session) if code is None else code,
        path=path,
        typed=person.name if typed is None and not path else typed or "",
        folder=folder,
        actor=factories.actor_of(person),
        now=now,
    )


def refused(call, *arguments, **facts):
    with pytest.raises(Refused) as refusal:
        call(*arguments, **facts)
    return refusal.value.code


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_drawn_signature_is_kept_with_what_proves_it(session, agreement, borrower, folder):
    signature = sign(session, agreement, borrower, folder, path=PATH)
    challenge = session.get_one(CodeChallenge, signature.challenge_id)
    assert (signature.signer, signature.method) == (Signer.BORROWER, SignatureMethod.DRAWN)
    assert signature.mark == PATH
    assert signature.document_sha256 == agreement.document_sha256
    assert (signature.address, signature.agent) == ("203.0.113.7", "Test Browser 1.0")
    assert signature.locale is Locale.EN
    assert challenge.used_at == NOW
    assert challenge.borrower_id == borrower.id
    assert agreement.state is AgreementState.SIGNED


def test_the_typed_name_is_enough_whatever_its_spaces_and_case(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    signature = attempt(session, agreement, borrower, folder, typed="  test  BORROWER ")
    assert (signature.method, signature.mark) == (SignatureMethod.TYPED, "test BORROWER")


def test_the_name_of_somebody_else_signs_nothing(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    code = refused(attempt, session, agreement, borrower, folder, typed="Another Person")
    assert code == "mark_other_name"
    assert not session.query(Signature).count()


STROKES = {
    "": "mark_missing",
    "M10 10": "mark_missing",
    "M10 10L12 12": "mark_missing",
    "M10 10C20 20": "mark_unreadable",
    "<svg onload=alert(1)>": "mark_unreadable",
    "M10 10L20000 10": "mark_unreadable",
}


@pytest.mark.parametrize("path", STROKES)
def test_what_is_no_stroke_signs_nothing(session, agreement, borrower, folder, path):
    send(session, agreement, borrower)
    assert refused(attempt, session, agreement, borrower, folder, path=path, typed="") == STROKES[path]


def test_asking_for_the_code_records_the_consent_to_the_electronic_form_once(session, agreement, borrower):
    send(session, agreement, borrower)
    send(session, agreement, borrower)
    consent = session.query(Consent).one()
    assert consent.purpose is ConsentPurpose.ELECTRONIC_FORM
    assert consent.text_version == "electronic-form-2026-1"
    assert consent.channel is Channel.PORTAL


def test_a_borrower_who_takes_the_consent_back_cannot_sign(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    consent = session.query(Consent).one()
    consent.revoked_at, consent.revoked_by = NOW, "borrower"
    session.flush()
    assert refused(attempt, session, agreement, borrower, folder) == "electronic_form_not_agreed"


def test_a_code_signs_once_and_not_for_the_other_side(session, lender, agreement, borrower, folder):
    lead = factories.staff(session, lender, Role.LEAD)
    sign(session, agreement, borrower, folder)
    code = code_of(session)
    assert refused(attempt, session, agreement, borrower, folder, code=code) == "signed_already"
    assert refused(attempt, session, agreement, lead, folder, code=code) == "code_wrong"
    assert session.query(Signature).count() == 1


def test_a_code_is_good_for_one_agreement_only(session, lender, agreement, borrower, folder):
    send(session, agreement, borrower)
    lead = factories.staff(session, lender, Role.LEAD)
    other = offered(session, lender, folder, by=lead)
    send(session, other, lead)
    assert refused(attempt, session, agreement, lead, folder) == "code_wrong"


def test_after_five_wrong_tries_the_right_code_is_dead(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    right = code_of(session)
    for _ in range(5):
        assert refused(attempt, session, agreement, borrower, folder, code=wrong(right)) == "code_wrong"
    assert session.query(CodeChallenge).one().failed_tries == 5
    assert refused(attempt, session, agreement, borrower, folder, code=right) == "code_wrong"


def test_four_wrong_tries_leave_the_fifth_to_succeed(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    right = code_of(session)
    for _ in range(4):
        refused(attempt, session, agreement, borrower, folder, code=wrong(right))
    assert attempt(session, agreement, borrower, folder, code=right).signer is Signer.BORROWER


def test_a_code_is_bound_to_its_browser_and_dies_after_ten_minutes(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    other = signatures.Browser(digest=b"c" * 32, address="", agent="")
    assert refused(attempt, session, agreement, borrower, folder, browser=other) == "code_wrong"
    late = NOW + timedelta(minutes=10)
    assert refused(attempt, session, agreement, borrower, folder, now=late) == "code_wrong"


def test_a_newer_code_takes_the_place_of_the_older(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    older = code_of(session)
    send(session, agreement, borrower)
    if older != code_of(session):
        assert refused(attempt, session, agreement, borrower, folder, code=older) == "code_wrong"
    assert attempt(session, agreement, borrower, folder).signer is Signer.BORROWER


def test_the_lender_may_sign_first_and_staff_get_their_code_by_e_mail(
    session, lender, agreement, borrower, folder
):
    agent = factories.staff(session, lender, Role.AGENT)
    signature = sign(session, agreement, agent, folder)
    message = session.query(Message).filter_by(template="code_signature").one()
    assert (signature.signer, signature.staff_id) == (Signer.LENDER, agent.id)
    assert (message.channel, message.recipient) == (Channel.EMAIL, agent.email)
    assert message.borrower_id is None
    sign(session, agreement, borrower, folder)
    assert agreement.state is AgreementState.SEALED


def test_nothing_is_signed_when_the_case_has_moved_on(session, agreement, borrower, folder):
    send(session, agreement, borrower)
    session.get_one(Case, agreement.case_id).state = CaseState.CURED
    session.flush()
    assert refused(attempt, session, agreement, borrower, folder) == "agreement_not_open"
