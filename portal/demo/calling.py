"""How far each borrower of the demo has come by telephone: calls, promises, disputes, exceptions."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.demo import lines
from portal.demo.journeys import Scene
from portal.demo.stage import Story
from portal.domain.refusals import Refused
from portal.models import Contact, Decision
from portal.services import calls, contests, disputes, overrides, timelines
from portal.services.call_acts import Heard, Promised
from portal.vocabulary import (
    ArrearsReason,
    Attitude,
    CallResult,
    ContactOutcome,
    DisputeKind,
)

CALLER = "caller"


def not_reached(scene: Scene) -> Story:
    """Called twice on one day, nobody answered: a message comes next."""
    for hour in (10, 16):
        yield scene.ago(1, hour, 20)
        call(scene, Heard(outcome=ContactOutcome.NO_ANSWER))


def promised(scene: Scene) -> Story:
    """Reached, and a promise that is not due yet."""
    yield scene.ago(3, 10, 40)
    _promise(scene, days=7)


def promise_broken(scene: Scene) -> Story:
    """A promise whose day went by without a payment."""
    yield scene.ago(12, 14, 5)
    _promise(scene, days=6)


def disputed(scene: Scene) -> Story:
    """The borrower says that a part was paid: collection rests until somebody looked."""
    yield scene.ago(2, 20, 30)
    disputes.open(
        scene.stage.session,
        case=scene.case,
        kind=DisputeKind.PAID,
        words=lines.PAID_ALREADY[scene.person.locale],
        actor=scene.actor,
        now=scene.stage.clock,
    )


def contested(scene: Scene) -> Story:
    """Talked to, hesitant; the borrower says that one entry of the timeline is not how it was."""
    yield scene.ago(4, 11, 10)
    call(
        scene,
        Heard(
            outcome=ContactOutcome.REACHED,
            result=CallResult.INFORMED,
            reason=ArrearsReason.INCOME_FALL,
            attitude=Attitude.HESITANT,
            words=lines.DIFFICULTIES[scene.person.locale],
        ),
    )
    yield scene.ago(3, 21, 15)
    stage = scene.stage
    told = timelines.page_of(stage.session, case=scene.case, actions=["call_recorded"]).entries[0]
    sequence = timelines.find(stage.session, case=scene.case, name=told.name)
    assert sequence is not None
    contests.raise_(
        stage.session,
        case=scene.case,
        sequence=sequence,
        words=lines.NOT_SAID_LIKE_THAT[scene.person.locale],
        actor=scene.actor,
        now=stage.clock,
    )


def exception_asked(scene: Scene) -> Story:
    """Reached yesterday; the caller asks to call again sooner than the rules allow, which a lead decides."""
    yield scene.ago(1, 15, 30)
    talked = Heard(
        outcome=ContactOutcome.REACHED,
        result=CallResult.INFORMED,
        reason=ArrearsReason.SUDDEN_EVENT,
        attitude=Attitude.COOPERATIVE,
        words=lines.DIFFICULTIES[scene.person.locale],
    )
    call(scene, talked)
    yield scene.ago(1, 16, 10)
    stage, actor = scene.stage, scene.stage.actor(CALLER)
    try:
        calls.begin(stage.session, case=scene.case, actor=actor, now=stage.clock)
    except Refused as refused:
        query = select(Decision).where(Decision.ref == refused.facts["decision"])
        decision = stage.session.scalars(query).one()
        overrides.request(
            stage.session,
            decision=decision,
            rules=overrides.askable(decision),
            reason=lines.ASKED_TO_CALL_AGAIN[stage.staff[CALLER].locale],
            actor=actor,
            now=stage.clock,
        )


def _promise(scene: Scene, *, days: int) -> None:
    loans = sum(row.principal + row.interest for each in scene.contracts for row in each.rows if not row.paid)
    amount = max(loans // 40 // 100 * 100, 10_000)
    due_on = scene.stage.day + timedelta(days=days)
    call(
        scene,
        Heard(
            outcome=ContactOutcome.REACHED,
            result=CallResult.PROMISE,
            reason=ArrearsReason.INCOME_FALL,
            attitude=Attitude.COOPERATIVE,
            words=lines.DIFFICULTIES[scene.person.locale],
            promised=Promised(amount=amount, due_on=due_on),
        ),
    )


def call(scene: Scene, heard: Heard) -> Contact:
    """Call as the contact centre does: by the gate, sure of who is on the line, written down."""
    stage = scene.stage
    about: dict[str, Any] = {"case": scene.case, "actor": stage.actor(CALLER), "now": stage.clock}
    attempt = calls.begin(stage.session, **about)
    if heard.outcome is ContactOutcome.REACHED:
        calls.confirm_party(
            stage.session, decision=attempt.decision, last_four=scene.person.last_four, **about
        )
    return calls.record(stage.session, decision=attempt.decision, heard=heard, **about)
