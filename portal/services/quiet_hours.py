"""When a message may reach a borrower, in their own time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from portal.models import Borrower
from portal.services import lenders, policies


def opens_at(session: Session, *, borrower: Borrower, now: datetime) -> datetime:
    """Return the first moment from now on that lies in the contact window, in the borrower's zone."""
    policy = policies.of(lenders.get(session, borrower.lender_id), now)
    local = now.astimezone(ZoneInfo(borrower.timezone or policy.business.timezone))
    window = policy.contact.window
    if window.holds(local.time()):
        return now
    day = local.date() if local.time() < window.opens else local.date() + timedelta(days=1)
    return datetime.combine(day, window.opens, tzinfo=local.tzinfo)
