"""A question that was put to the contact gate, read from what was kept and put again."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain import contact_when, masking
from portal.domain.actor import Actor
from portal.domain.contact_facts import Facts, from_json
from portal.models import Case, Decision
from portal.services import call_numbers, lenders, policies
from portal.services.gate_facts import gather


def told(decision: Decision) -> Facts | None:
    """Return what the gate was told at the time; None: it answered before that was kept."""
    return from_json(decision.facts) if decision.facts is not None else None


def number(session: Session, decision: Decision) -> str | None:
    """Return the telephone that was asked about, masked; None: it was about none, or is gone."""
    point = call_numbers.of_call(session, decision=decision)
    return masking.number(point.value) if point else None


def opens(
    session: Session, decision: Decision, facts: Facts, *, case: Case, actor: Actor, now: datetime
) -> datetime | None:
    """Return the first moment from `now` on at which this person would be allowed what was refused, as things
    are now. None: waiting does not help, or the visit that was asked about is past."""
    if facts.visit is not None and facts.visit.starts_at <= now:
        return None
    policy = policies.of(lenders.get(session, decision.lender_id), now)
    present, log = gather(
        session,
        {
            "case": case,
            "action": decision.action,
            "action_class": decision.action_class,
            "initiator": facts.initiator,
            "actor": actor,
            "now": now,
            "asked_just_now": facts.asked_just_now,
            "reminder": facts.reminder,
            "telling": facts.telling,
        },
        policy,
    )
    asked = replace(
        present,
        number=facts.number,
        visit=facts.visit,
        third_party_role=facts.third_party_role,
        outside_agency=facts.outside_agency,
        lead_approved_vulnerable=facts.lead_approved_vulnerable,
    )
    return contact_when.earliest(decision.action, asked, replace(log, number=facts.number), policy, now)
