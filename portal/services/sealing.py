"""When both have signed: the evidence page, the sealed originals, and what the agreement sets in motion."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import deadlines, transitions
from portal.domain.actor import Actor
from portal.domain.marks import strokes_of
from portal.domain.policy import Policy
from portal.infra import marks, pdf, texts
from portal.infra.files import FileStore
from portal.infra.pdf_parts import bind, page_count
from portal.models import (
    Agreement,
    Borrower,
    Case,
    CodeChallenge,
    Original,
    Plan,
    PlanInstalment,
    Signature,
    Staff,
    StoredFile,
)
from portal.services import (
    agreement_terms,
    audit,
    cases,
    files,
    followups,
    lenders,
    notifications,
    policies,
    reliefs,
    seals,
)
from portal.vocabulary import AgreementState, CaseState, PlanState, SignatureMethod, Signer

REASON = "Both sides have signed; this original is final"


def complete(
    session: Session,
    *,
    agreement: Agreement,
    case: Case,
    signatures: list[Signature],
    folder: FileStore,
    tsa_url: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Seal the agreement, give each side its original, and let the plan take effect."""
    lender = lenders.get(session, agreement.lender_id)
    policy = policies.of(lender, agreement.created_at)  # as it was offered
    effective_on = _effective_on(agreement, signatures, policy)
    document = files.read(session.get_one(StoredFile, agreement.file_id), folder=folder)
    evidence = _evidence(
        session, agreement, signatures, document=document, effective_on=effective_on, now=now
    )
    bound = bind(document, evidence, name=f"{agreement.number}.pdf")
    sealed = seals.seal(session, bound, lender=lender, reason=REASON, tsa_url=tsa_url, now=now)
    sha256 = _keep_originals(session, agreement, sealed, folder, now)
    transitions.check("agreement", agreement.state, AgreementState.SEALED)
    agreement.state, agreement.sealed_at = AgreementState.SEALED, now
    agreement.effective_on = effective_on
    audit.record(
        session,
        actor=actor,
        action="agreement_sealed",
        subject=agreement,
        case=case,
        now=now,
        original=sha256,
        effective_on=effective_on.isoformat(),
    )
    _take_effect(session, agreement, case, actor=actor, now=now)
    notifications.notify(
        session,
        borrower=case.borrower,
        template="agreement_sealed",
        case=case,
        now=now,
        asked_just_now=actor.is_borrower,
        number=agreement.number,
    )


def _effective_on(agreement: Agreement, signatures: list[Signature], policy: Policy) -> date:
    zone = ZoneInfo(policy.business.timezone)
    signed_on = {each.signer: each.created_at.astimezone(zone).date() for each in signatures}
    return deadlines.effective_date(
        borrower_signed_on=signed_on[Signer.BORROWER],
        lender_signed_on=signed_on[Signer.LENDER],
        place=agreement.place_kind,
        plan=policy.plan,
    )


def _evidence(
    session: Session,
    agreement: Agreement,
    signatures: list[Signature],
    *,
    document: bytes,
    effective_on: date,
    now: datetime,
) -> bytes:
    """The page that says which checks took place, and claims nothing else."""
    lender = lenders.get(session, agreement.lender_id)
    entries, head = audit.head_of(session, lender_id=agreement.lender_id)
    locale, title = agreement.locale, agreement_terms.title_of(agreement.number, agreement.locale)
    page = texts.render(
        "pdf/agreement_evidence.html",
        locale=locale,
        number=agreement.number,
        version=agreement.template_version,
        lender_name=lender.names[locale.value],
        document_sha256=agreement.document_sha256,
        document_pages=page_count(document),
        signatures=[_shown(session, each) for each in signatures],
        effective_on=effective_on,
        zone=ZoneInfo(policies.of(lender, now).business.timezone),
        entries=entries,
        head=head,
        sealed_at=now,
    )
    return pdf.render(page, locale=locale, title=title)


def _shown(session: Session, signature: Signature) -> dict[str, object]:
    """A signature as the evidence page shows it."""
    challenge = session.get_one(CodeChallenge, signature.challenge_id)
    drawn = signature.method is SignatureMethod.DRAWN
    person: Borrower | Staff
    if signature.staff_id:
        person = session.get_one(Staff, signature.staff_id)
    else:
        assert challenge.borrower_id is not None
        person = session.get_one(Borrower, challenge.borrower_id)
    return {
        "signer": signature.signer,
        "name": person.name,
        "staff_number": person.number if isinstance(person, Staff) else None,
        "picture": marks.address(marks.picture(strokes_of(signature.mark))) if drawn else None,
        "typed": None if drawn else signature.mark,
        "mark_sha256": signature.mark_sha256,
        "code": challenge.ref,
        "code_sent_at": challenge.created_at,
        "code_channel": challenge.channel,
        "signed_at": signature.created_at,
        "address": signature.address,
        "agent": signature.agent,
    }


def _keep_originals(
    session: Session, agreement: Agreement, sealed: bytes, folder: FileStore, now: datetime
) -> str:
    """Store one file for each side and return the hash they share."""
    for party in Signer:
        file = files.store(
            session,
            folder=folder,
            lender_id=agreement.lender_id,
            data=sealed,
            media_type="application/pdf",
            pages=page_count(sealed),
            now=now,
        )
        session.add(
            Original(
                lender_id=agreement.lender_id,
                created_at=now,
                agreement_id=agreement.id,
                party=party,
                file_id=file.id,
                sha256=file.sha256,
            )
        )
    session.flush()
    return file.sha256


def _take_effect(session: Session, agreement: Agreement, case: Case, *, actor: Actor, now: datetime) -> None:
    plan = session.get_one(Plan, agreement.plan_id)
    transitions.check("plan", plan.state, PlanState.AGREED)
    plan.state = PlanState.AGREED
    audit.record(session, actor=actor, action="plan_agreed", subject=plan, case=case, now=now)
    reliefs.grant_from_agreement(session, agreement=agreement, case=case, actor=actor, now=now)
    cases.move(session, case=case, to=CaseState.IN_REPAYMENT, actor=actor, now=now)
    until = session.scalars(
        select(PlanInstalment.due_on)
        .where(PlanInstalment.lender_id == plan.lender_id, PlanInstalment.plan_id == plan.id)
        .order_by(PlanInstalment.number.desc())
    ).first()
    assert until is not None
    followups.schedule(
        session,
        agreement=agreement,
        case=case,
        until=until,
        policy=policies.of(lenders.get(session, agreement.lender_id), now),
        actor=actor,
        now=now,
    )
