"""One of several processes that write to the same audit chains at once."""

import os
from datetime import datetime

from portal.domain.actor import Actor
from portal.infra import db, tenancy
from portal.services import audit


def write(url: str, actor: Actor, entries: int, now: datetime) -> None:
    """Add entries to a lender's chain, and as many to the installation's."""
    engine = db.make_engine(url)
    for number in range(entries):
        with db.writing(engine).begin() as session:
            tenancy.enter(session, actor.lender_id)
            subject = f"process/{os.getpid()}-{number}"
            audit.record(session, actor=actor, action="raced", subject=subject, now=now)
            audit.record_for_installation(session, action="raced", subject=subject, now=now)
    engine.dispose()
