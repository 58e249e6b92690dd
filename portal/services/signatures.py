"""Signing an agreement: consent to the electronic form, a fresh code, a mark; with the second, the seal."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.domain.marks import Mark, read_mark
from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Agreement, Borrower, Case, CodeChallenge, Consent, Signature, Staff
from portal.services import agreements, audit, codes, consents, sealing
from portal.services.savepoints import in_savepoint
from portal.vocabulary import AgreementState, Channel, CodePurpose, ConsentPurpose, Signer

ELECTRONIC_FORM = "electronic-form-2026-1"
LONGEST_AGENT = 300


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where somebody signs: the hash of the browser's session, its network address, what it calls itself."""

    digest: bytes
    address: str
    agent: str


def signer_of(actor: Actor) -> Signer:
    return Signer.BORROWER if actor.is_borrower else Signer.LENDER


def code_sent(
    session: Session, *, agreement: Agreement, browser: bytes, actor: Actor, now: datetime
) -> CodeChallenge | None:
    """Return the code this browser may sign with now, if one was sent and is not spent."""
    return codes.waiting(
        session,
        person=_person(session, actor),
        purpose=CodePurpose.SIGNATURE,
        subject=agreement.ref,
        browser=browser,
        now=now,
    )


@in_savepoint
def send_code(
    session: Session, *, agreement: Agreement, browser: bytes, actor: Actor, now: datetime
) -> CodeChallenge:
    """Send a fresh code for this signature. A borrower agrees to the electronic form with asking for it.

    Refused: this side has signed, the agreement is closed, no channel is on file, or too many were sent."""
    case = session.get_one(Case, agreement.case_id)
    _check_open(session, agreement, case, signer_of(actor))
    person = _person(session, actor)
    if isinstance(person, Staff):
        return codes.send_to_staff(
            session,
            staff=person,
            purpose=CodePurpose.SIGNATURE,
            subject=agreement.ref,
            browser=browser,
            now=now,
        )
    _agree_to_electronic_form(session, agreement, case, actor, now)
    challenge = codes.send(
        session,
        borrower=person,
        purpose=CodePurpose.SIGNATURE,
        subject=agreement.ref,
        browser=browser,
        now=now,
    )
    if challenge is None:
        raise Refused("no_channel_for_code")
    return challenge


def sign(
    session: Session,
    *,
    agreement: Agreement,
    browser: Browser,
    code: str,
    path: str,
    typed: str,
    folder: FileStore,
    tsa_url: str | None = None,
    actor: Actor,
    now: datetime,
) -> Signature:
    """Sign with a code and a mark: strokes as path data, or the typed name. The second signature seals.

    Refused: the mark is none, the code is wrong (a try that the caller commits), or it is not open."""
    session.refresh(agreement, with_for_update=True)
    case, person = session.get_one(Case, agreement.case_id), _person(session, actor)
    _check_open(session, agreement, case, signer_of(actor))
    if actor.is_borrower and not consents.in_force(
        session, case=case, purpose=ConsentPurpose.ELECTRONIC_FORM
    ):
        raise Refused("electronic_form_not_agreed")
    mark = read_mark(path=path, typed=typed, name=person.name)
    challenge = codes.use(
        session,
        person=person,
        purpose=CodePurpose.SIGNATURE,
        subject=agreement.ref,
        browser=browser.digest,
        code=code,
        now=now,
    )
    return _sign(
        session,
        agreement=agreement,
        case=case,
        mark=mark,
        challenge=challenge,
        browser=browser,
        folder=folder,
        tsa_url=tsa_url,
        actor=actor,
        now=now,
    )


@in_savepoint
def _sign(
    session: Session,
    *,
    agreement: Agreement,
    case: Case,
    mark: Mark,
    challenge: CodeChallenge,
    browser: Browser,
    folder: FileStore,
    tsa_url: str | None,
    actor: Actor,
    now: datetime,
) -> Signature:
    signature = Signature(
        lender_id=agreement.lender_id,
        created_at=now,
        agreement_id=agreement.id,
        challenge_id=challenge.id,
        staff_id=actor.id if actor.is_staff else None,
        signer=signer_of(actor),
        method=mark.method,
        mark=mark.text,
        mark_sha256=hashlib.sha256(mark.text.encode()).hexdigest(),
        document_sha256=agreement.document_sha256,
        locale=agreement.locale,
        address=browser.address,
        agent=browser.agent[:LONGEST_AGENT],
    )
    session.add(signature)
    if agreement.state is AgreementState.OFFERED:
        transitions.check("agreement", agreement.state, AgreementState.SIGNED)
        agreement.state = AgreementState.SIGNED
    audit.record(
        session,
        actor=actor,
        action="agreement_signed",
        subject=agreement,
        case=case,
        now=now,
        signer=signature.signer,
        method=mark.method,
        mark=signature.mark_sha256,
        document=signature.document_sha256,
        code=challenge.ref,
    )
    signatures = agreements.signatures_of(session, agreement=agreement)
    if len(signatures) == len(Signer):
        sealing.complete(
            session,
            agreement=agreement,
            case=case,
            signatures=signatures,
            folder=folder,
            tsa_url=tsa_url,
            actor=actor,
            now=now,
        )
    return signature


def _check_open(session: Session, agreement: Agreement, case: Case, signer: Signer) -> None:
    if any(each.signer is signer for each in agreements.signatures_of(session, agreement=agreement)):
        raise Refused("signed_already")
    if not agreements.is_open(agreement, case):
        raise Refused("agreement_not_open")


def _agree_to_electronic_form(
    session: Session, agreement: Agreement, case: Case, actor: Actor, now: datetime
) -> None:
    if consents.in_force(session, case=case, purpose=ConsentPurpose.ELECTRONIC_FORM):
        return
    consent = Consent(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        purpose=ConsentPurpose.ELECTRONIC_FORM,
        text_version=ELECTRONIC_FORM,
        locale=agreement.locale,
        channel=Channel.PORTAL,
        actor=str(actor),
    )
    session.add(consent)
    audit.record(
        session,
        actor=actor,
        action="consent_given",
        subject=consent,
        case=case,
        now=now,
        purpose=consent.purpose,
        text=consent.text_version,
        locale=consent.locale,
        channel=consent.channel,
    )


def _person(session: Session, actor: Actor) -> Borrower | Staff:
    return session.get_one(Borrower, actor.id) if actor.is_borrower else session.get_one(Staff, actor.id)
