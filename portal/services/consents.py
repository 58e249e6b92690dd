"""Consent to the visit service, with the registration that goes with it: given, found, taken back."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Case, Registration
from portal.models import Consent as Consent
from portal.services import audit, cases, scope, visits
from portal.services.savepoints import in_savepoint
from portal.vocabulary import CaseState, Channel, ConsentPurpose, Locale, ServiceReason

# What is agreed to, by version. The text of a version is never edited: a change is a new version.
TEXTS = {ConsentPurpose.VISIT_SERVICE: "visit-service-2026-1"}
DECLARATION = "truth-2026-1"


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Consent | None:
    """Return a consent if this person may see it."""
    return session.scalar(scope.consents(actor, now=now).where(Consent.ref == ref))


def in_force(
    session: Session, *, case: Case, purpose: ConsentPurpose = ConsentPurpose.VISIT_SERVICE
) -> Consent | None:
    """Return the consent to a purpose that was given and not taken back."""
    return session.scalar(query_in_force(case, purpose))


def query_in_force(case: Case, purpose: ConsentPurpose = ConsentPurpose.VISIT_SERVICE) -> Select[Consent]:
    return select(Consent).where(
        Consent.lender_id == case.lender_id,
        Consent.case_id == case.id,
        Consent.purpose == purpose,
        Consent.revoked_at.is_(None),
    )


def all_of(session: Session, *, case: Case) -> list[Consent]:
    """Return every consent of a case, the newest first."""
    query = select(Consent).where(Consent.lender_id == case.lender_id, Consent.case_id == case.id)
    return list(session.scalars(query.order_by(Consent.id.desc())))


def registration_of(session: Session, *, consent: Consent) -> Registration | None:
    """Return the registration that came with a consent."""
    query = select(Registration).where(
        Registration.lender_id == consent.lender_id, Registration.consent_id == consent.id
    )
    return session.scalar(query)


@in_savepoint
def register(
    session: Session,
    *,
    case: Case,
    reason: ServiceReason,
    locale: Locale,
    channel: Channel,
    actor: Actor,
    now: datetime,
) -> Registration:
    """Agree to the visit service and register for it, with the declaration of truth.

    Refused: the case is closed, or this was agreed to already."""
    if case.closed_at is not None:
        raise Refused("case_closed")
    purpose = ConsentPurpose.VISIT_SERVICE
    if in_force(session, case=case, purpose=purpose):
        raise Refused("consent_given_already")
    consent = Consent(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        purpose=purpose,
        text_version=TEXTS[purpose],
        locale=locale,
        channel=channel,
        actor=str(actor),
    )
    session.add(consent)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="consent_given",
        subject=consent,
        case=case,
        now=now,
        purpose=purpose,
        text=consent.text_version,
        locale=locale,
        channel=channel,
    )
    return _register(session, case=case, consent=consent, reason=reason, actor=actor, now=now)


def _register(
    session: Session, *, case: Case, consent: Consent, reason: ServiceReason, actor: Actor, now: datetime
) -> Registration:
    registration = Registration(
        lender_id=case.lender_id,
        created_at=now,
        case_id=case.id,
        consent_id=consent.id,
        reason=reason,
        declaration_version=DECLARATION,
        actor=str(actor),
    )
    session.add(registration)
    audit.record(
        session,
        actor=actor,
        action="registered_for_visits",
        subject=registration,
        case=case,
        now=now,
        reason=reason,
        declaration=DECLARATION,
    )
    cases.advance(session, case=case, to=CaseState.REGISTERED, actor=actor, now=now)
    return registration


@in_savepoint
def revoke(session: Session, *, consent: Consent, actor: Actor, now: datetime) -> None:
    """Take a consent back; visits to come are cancelled. Refused: it was taken back before."""
    case = session.get_one(Case, consent.case_id)
    if consent.revoked_at is not None:
        raise Refused("consent_revoked_already")
    consent.revoked_at, consent.revoked_by = now, str(actor)
    audit.record(
        session,
        actor=actor,
        action="consent_revoked",
        subject=consent,
        case=case,
        now=now,
        purpose=consent.purpose,
    )
    visits.cancel_future(session, case=case, reason="consent_revoked", actor=actor, now=now)
