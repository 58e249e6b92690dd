"""A case that may book a visit, or lacks what it takes."""

from datetime import date

from sqlalchemy.orm import Session

from portal.models import Case, Consent, Lender, Proof
from portal.vocabulary import CaseState, Channel, ConsentPurpose, Locale, ProofKind, ProofState
from tests import factories
from tests.conftest import NOW


def ready_case(session: Session, lender: Lender, *, consent: bool = True, papers: bool = True) -> Case:
    """A case that may book: registered, consented, documents received."""
    case = factories.late_borrower(session, lender)
    case.state = CaseState.DOCUMENTS
    if consent:
        session.add(
            Consent(
                lender_id=lender.id,
                created_at=NOW,
                case_id=case.id,
                purpose=ConsentPurpose.VISIT_SERVICE,
                text_version="1",
                locale=Locale.EN,
                channel=Channel.PORTAL,
                actor="borrower:test",
            )
        )
    for kind in (ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME) if papers else ():
        session.add(
            Proof(
                lender_id=lender.id,
                created_at=NOW,
                case_id=case.id,
                kind=kind,
                state=ProofState.RECEIVED,
                channel=Channel.PORTAL,
                received_on=date(2026, 3, 1),
                statement="stands in",
                actor="borrower:test",
            )
        )
    session.flush()
    return case
