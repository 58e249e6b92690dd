"""Agreements: offering one for an approved plan, reading it, declining it, and each side's original."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import transitions
from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.infra import ids
from portal.infra.files import FileStore
from portal.infra.pdf_parts import page_count
from portal.models import Agreement as Agreement
from portal.models import Borrower, Case, Lender, Original, Plan, Signature, StoredFile
from portal.services import agreement_terms, audit, cases, files, lenders, notifications, policies, scope
from portal.services.agreement_terms import Terms
from portal.services.savepoints import in_savepoint
from portal.vocabulary import AgreementState, CaseState, PlaceKind, PlanState, Signer

OPEN = (AgreementState.OFFERED, AgreementState.SIGNED)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """An agreement with all its page shows."""

    agreement: Agreement
    case: Case
    borrower: Borrower
    terms: Terms
    signatures: dict[Signer, Signature]
    visit_ref: str | None  # of the visit at which the plan was made

    @property
    def open_now(self) -> bool:
        """Whether it can be signed now."""
        return is_open(self.agreement, self.case)


def is_open(agreement: Agreement, case: Case) -> bool:
    """Whether an agreement waits for a signature, and the case for an agreement."""
    return agreement.state in OPEN and case.state is CaseState.PLANNING


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Agreement | None:
    """Return an agreement if this person may see it."""
    return session.scalar(scope.agreements(actor, now=now).where(Agreement.ref == ref))


def find_plan(session: Session, ref: str, *, actor: Actor, now: datetime) -> Plan | None:
    """Return the plan to offer an agreement for, if this person may see it."""
    return session.scalar(scope.plans(actor, now=now).where(Plan.ref == ref))


def of_case(session: Session, *, case: Case) -> list[Agreement]:
    """Return the agreements of a case, the newest first."""
    query = select(Agreement).where(Agreement.lender_id == case.lender_id, Agreement.case_id == case.id)
    return list(session.scalars(query.order_by(Agreement.id.desc())))


def contents(session: Session, *, agreement: Agreement) -> Contents:
    """Read all that the page of an agreement shows."""
    case = session.get_one(Case, agreement.case_id)
    policy = policies.of(lenders.get(session, agreement.lender_id), agreement.created_at)  # as it was offered
    plan = session.get_one(Plan, agreement.plan_id)
    visit = agreement_terms.visit_of(session, plan=plan)
    return Contents(
        agreement=agreement,
        case=case,
        borrower=session.get_one(Borrower, case.borrower_id),
        terms=agreement_terms.terms_of(session, plan=plan, place=agreement.place_kind, policy=policy),
        signatures={each.signer: each for each in signatures_of(session, agreement=agreement)},
        visit_ref=visit.ref if visit else None,
    )


def signatures_of(session: Session, *, agreement: Agreement) -> list[Signature]:
    """Return who has signed, in order of signing."""
    query = select(Signature).where(
        Signature.lender_id == agreement.lender_id, Signature.agreement_id == agreement.id
    )
    return list(session.scalars(query.order_by(Signature.id)))


@in_savepoint
def offer(session: Session, *, plan: Plan, folder: FileStore, actor: Actor, now: datetime) -> Agreement:
    """Write the agreement of an approved plan and lay it before both sides.

    Refused: the plan is not approved, or its agreement was offered before."""
    if plan.state is not PlanState.APPROVED:
        raise Refused("plan_not_approved")
    if session.scalar(select(Agreement.id).where(Agreement.plan_id == plan.id)):
        raise Refused("agreement_offered_already")
    case = session.get_one(Case, plan.case_id)
    cases.advance(session, case=case, to=CaseState.PLANNING, actor=actor, now=now)
    agreement = _write(session, plan=plan, case=case, folder=folder, now=now)
    audit.record(
        session,
        actor=actor,
        action="agreement_offered",
        subject=agreement,
        case=case,
        now=now,
        plan=plan.ref,
        document=agreement.document_sha256,
        text=agreement.template_version,
        locale=agreement.locale,
    )
    notifications.notify(
        session,
        borrower=case.borrower,
        template="agreement_offered",
        case=case,
        now=now,
        number=agreement.number,
    )
    return agreement


def _write(session: Session, *, plan: Plan, case: Case, folder: FileStore, now: datetime) -> Agreement:
    lender: Lender = lenders.get(session, plan.lender_id)
    policy = policies.of(lender, now)
    visit = agreement_terms.visit_of(session, plan=plan)
    place = visit.place_kind if visit else PlaceKind.PHONE
    number = ids.new_number("A")
    document = agreement_terms.write(
        session,
        number=number,
        terms=agreement_terms.terms_of(session, plan=plan, place=place, policy=policy),
        lender=lender,
        borrower=case.borrower,
        policy=policy,
        today=now.astimezone(ZoneInfo(policy.business.timezone)).date(),
    )
    file = files.store(
        session,
        folder=folder,
        lender_id=lender.id,
        data=document.pdf,
        media_type="application/pdf",
        pages=page_count(document.pdf),
        now=now,
    )
    agreement = Agreement(
        lender_id=lender.id,
        created_at=now,
        case_id=case.id,
        plan_id=plan.id,
        number=number,
        state=AgreementState.OFFERED,
        locale=case.borrower.locale,
        template_version=agreement_terms.TEMPLATE_VERSION,
        place_kind=place,
        file_id=file.id,
        document_sha256=document.sha256,
        text=document.text,
    )
    session.add(agreement)
    session.flush()
    return agreement


@in_savepoint
def decline(session: Session, *, agreement: Agreement, reason: str, actor: Actor, now: datetime) -> None:
    """The borrower says no. The plan is withdrawn with it; another one may be made.

    Refused: it is not open any more, or the borrower has signed it."""
    if is_signed_by_borrower(session, agreement=agreement):
        raise Refused("signed_already")
    if agreement.state not in OPEN:
        raise Refused("agreement_not_open")
    case, plan = session.get_one(Case, agreement.case_id), session.get_one(Plan, agreement.plan_id)
    transitions.check("agreement", agreement.state, AgreementState.DECLINED)
    agreement.state, agreement.declined_at, agreement.decline_reason = AgreementState.DECLINED, now, reason
    audit.record(
        session,
        actor=actor,
        action="agreement_declined",
        subject=agreement,
        case=case,
        now=now,
        plan=plan.ref,
    )
    transitions.check("plan", plan.state, PlanState.WITHDRAWN)
    plan.state = PlanState.WITHDRAWN
    audit.record(session, actor=actor, action="plan_withdrawn", subject=plan, case=case, now=now)


def is_signed_by_borrower(session: Session, *, agreement: Agreement) -> bool:
    return any(each.signer is Signer.BORROWER for each in signatures_of(session, agreement=agreement))


def document(session: Session, *, agreement: Agreement, folder: FileStore) -> bytes:
    """Return the document as it is read before signing."""
    return files.read(session.get_one(StoredFile, agreement.file_id), folder=folder)


def original(session: Session, *, agreement: Agreement, party: Signer, folder: FileStore) -> bytes | None:
    """Return a side's own sealed original; None before both have signed."""
    query = (
        select(StoredFile)
        .join(Original, Original.file_id == StoredFile.id)
        .where(
            Original.lender_id == agreement.lender_id,
            Original.agreement_id == agreement.id,
            Original.party == party,
        )
    )
    file = session.scalar(query)
    return files.read(file, folder=folder) if file else None


def page_picture(session: Session, *, agreement: Agreement, number: int, folder: FileStore) -> bytes | None:
    """Return a JPEG of one page of the document, counted from 1. None: there is no such page."""
    return files.page_picture(session.get_one(StoredFile, agreement.file_id), number, folder=folder)


def pages_of(session: Session, *, agreement: Agreement) -> int:
    """Return how many pages the document has."""
    return session.get_one(StoredFile, agreement.file_id).pages
