"""Consent to the visit service: what is kept, what follows, and taking it back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models.audit_entry import AuditEntry
from portal.services import consents, lenders
from portal.vocabulary import CaseState, Channel, Locale, ServiceReason, VisitState
from tests import factories


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session))


def register(session, case, now, reason=ServiceReason.CANNOT_COME):
    return consents.register(
        session,
        case=case,
        reason=reason,
        locale=Locale.ZH_HANT,
        channel=Channel.PORTAL,
        actor=factories.actor_of(case.borrower),
        now=now,
    )


def revoke(session, case, now):
    consent = consents.in_force(session, case=case)
    consents.revoke(session, consent=consent, actor=factories.actor_of(case.borrower), now=now)
    return consent


def test_a_consent_keeps_purpose_text_language_channel_time_and_who(session, case, now):
    registration = register(session, case, now)

    consent = consents.in_force(session, case=case)
    assert (consent.purpose, consent.text_version) == ("visit_service", "visit-service-2026-1")
    assert (consent.locale, consent.channel, consent.created_at) == (Locale.ZH_HANT, Channel.PORTAL, now)
    assert consent.actor == f"borrower:{case.borrower.ref}"
    assert (registration.reason, registration.declaration_version) == ("cannot_come", "truth-2026-1")
    assert consents.registration_of(session, consent=consent) is registration


def test_registering_moves_the_case(session, case, now):
    register(session, case, now)

    assert case.state is CaseState.REGISTERED


def test_registering_never_moves_a_case_back(session, case, now):
    case.state = CaseState.PLANNING

    register(session, case, now)

    assert case.state is CaseState.PLANNING


def test_one_consent_is_in_force_at_a_time(session, case, now):
    register(session, case, now)

    with pytest.raises(Refused, match="consent_given_already"):
        register(session, case, now)


def test_a_closed_case_takes_no_registration(session, case, now):
    case.closed_at = now

    with pytest.raises(Refused, match="case_closed"):
        register(session, case, now)


def test_a_consent_that_was_taken_back_is_kept_and_counts_no_more(session, case, now):
    register(session, case, now)
    consent = revoke(session, case, now)

    assert consents.in_force(session, case=case) is None
    assert consents.all_of(session, case=case) == [consent]
    assert (consent.revoked_at, consent.revoked_by) == (now, f"borrower:{case.borrower.ref}")
    with pytest.raises(Refused, match="consent_revoked_already"):
        consents.revoke(session, consent=consent, actor=factories.actor_of(case.borrower), now=now)


def test_taking_it_back_cancels_the_visits_to_come(session, case, now):
    register(session, case, now)
    crew = [factories.staff(session, lenders.get(session, case.lender_id)) for _person in range(2)]
    to_come = factories.visit(session, case, crew=crew, starts=now + timedelta(days=4))
    over = factories.visit(session, case, crew=crew, starts=now - timedelta(days=4), state=VisitState.DONE)

    revoke(session, case, now)

    assert (to_come.state, over.state) == (VisitState.CANCELLED, VisitState.DONE)


def test_one_may_agree_again(session, case, now):
    register(session, case, now)
    revoke(session, case, now)

    register(session, case, now, ServiceReason.SEVERAL_DEBTS)

    assert len(consents.all_of(session, case=case)) == 2


def test_a_consent_is_found_by_its_own_borrower_only(session, case, now):
    register(session, case, now)
    ref = consents.in_force(session, case=case).ref
    stranger = factories.borrower(session, factories.lender(session, "spdb-puhui"))
    neighbour = factories.late_borrower(session, lenders.get(session, case.lender_id)).borrower

    assert consents.find(session, ref, actor=factories.actor_of(case.borrower), now=now)
    for other in (stranger, neighbour):
        assert consents.find(session, ref, actor=factories.actor_of(other), now=now) is None


def test_every_act_is_on_the_cases_audit_trail(session, case, now):
    register(session, case, now)
    revoke(session, case, now)

    actions = session.scalars(
        select(AuditEntry.action).where(AuditEntry.case_ref == case.ref).order_by(AuditEntry.sequence)
    ).all()
    assert actions == ["consent_given", "registered_for_visits", "case_moved", "consent_revoked"]
