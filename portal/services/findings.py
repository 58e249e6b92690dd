"""What a visit learned about the borrower's situation: as little as helps to find a plan."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.models import Finding, Visit
from portal.services import audit, on_site, visit_progress
from portal.services.savepoints import in_savepoint
from portal.vocabulary import ArrearsReason, VisitStep


@in_savepoint
def record(
    session: Session,
    *,
    visit: Visit,
    reason: ArrearsReason,
    difficulties: str,
    product_views: str,
    actor: Actor,
    now: datetime,
) -> Finding:
    """Keep what the borrower said. The newest counts; the ones before stay. Refused: it is not its turn."""
    on_site.require_crew(visit, actor)
    visit_progress.require_open(session, visit=visit, step=VisitStep.FINDINGS)
    row = Finding(
        lender_id=visit.lender_id,
        created_at=now,
        visit_id=visit.id,
        reason=reason,
        difficulties=difficulties.strip(),
        product_views=product_views.strip(),
        actor=str(actor),
    )
    session.add(row)
    audit.record(session, actor=actor, action="findings_recorded", subject=visit, case=visit.case, now=now)
    return row


def newest(session: Session, *, visit: Visit) -> Finding | None:
    """Return the finding of a visit that counts."""
    query = select(Finding).where(Finding.lender_id == visit.lender_id, Finding.visit_id == visit.id)
    return session.scalars(query.order_by(Finding.id.desc()).limit(1)).first()
