"""The contact gate: no call, message, letter or visit without a decision, and every decision is kept.

`require` is called inside a service under `@in_savepoint`: when the gate says no, the service is undone and
the decision is stored all the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Unpack

from sqlalchemy.orm import Session

from portal.domain import contact_rules
from portal.domain.actor import Actor
from portal.domain.contact_facts import NEVER_OVERRIDDEN, Facts, RuleId, RuleResult
from portal.domain.contact_facts import Decision as Judgement
from portal.domain.refusals import Refused
from portal.infra import ids
from portal.models import Borrower, Case, Decision
from portal.services import audit, lenders, policies
from portal.services.gate_facts import Question, gather
from portal.vocabulary import Action, ActionClass, Initiator, Locale


def judge(session: Session, **question: Unpack[Question]) -> Judgement:
    """Say what the gate would say. Nothing is stored: for pages that show what is possible."""
    policy = policies.of(lenders.get(session, question["case"].lender_id), question["now"])
    facts = gather(session, question, policy)
    return contact_rules.decide(question["action"], facts, policy, question["now"])


def ask(session: Session, **question: Unpack[Question]) -> Decision:
    """Ask the gate and store its answer, whichever it is."""
    return _store(session, question, judge(session, **question), ids.new_ref())


def require(session: Session, **question: Unpack[Question]) -> Decision:
    """Return the stored decision that allows an act. Refused: a rule forbids it; the decision is stored."""
    judgement = judge(session, **question)
    if judgement.allowed:
        return _store(session, question, judgement, ids.new_ref())
    ref = ids.new_ref()
    raise Refused(
        "contact_gate",
        afterwards=partial(_remember, question=question, judgement=judgement, ref=ref),
        rules=[as_line(each) for each in judgement.failed],
        currency=question["case"].currency,
        decision=ref,
    )


def for_service(
    session: Session,
    *,
    borrower: Borrower,
    case: Case | None,
    action: Action,
    asked_just_now: bool,
    actor: Actor,
    now: datetime,
) -> Decision:
    """Ask the gate about a message of class service, which no hold stops, and store its answer.

    `asked_just_now`: the borrower's own act asked for it, at whatever hour. There is an address for it."""
    policy = policies.of(lenders.get(session, borrower.lender_id), now)
    facts = Facts(
        borrower_zone=borrower.timezone or policy.business.timezone,
        initiator=Initiator.BORROWER if asked_just_now else Initiator.LENDER,
        action_class=ActionClass.SERVICE,
        asked_just_now=asked_just_now,
    )
    judgement = contact_rules.decide(action, facts, policy, now)
    return _add(session, judgement, borrower=borrower, case=case, actor=actor, ref=ids.new_ref())


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """One rule of a decision, for a page. `facts` fill the gaps of the sentence named by `text_key`."""

    id: RuleId
    passed: bool
    facts: Mapping[str, object]
    source_id: str
    source_texts: Mapping[str, str]

    @property
    def text_key(self) -> str:
        return f"gate_{self.id.value}"

    @property
    def overridable(self) -> bool:
        return self.id not in NEVER_OVERRIDDEN

    def source(self, locale: Locale) -> str:
        return self.source_texts[locale.value]


def explain(decision: Decision) -> list[RuleLine]:
    """Return every rule that was asked, the ones that failed first, as they were at the time."""
    stored: Any = decision.rules["asked"]
    return sorted((_line(each) for each in stored), key=lambda line: line.passed)


def as_line(result: RuleResult) -> RuleLine:
    """Return a rule just judged in the form a page shows."""
    return _line(_as_stored(result))


def _remember(session: Session, *, question: Question, judgement: Judgement, ref: str) -> None:
    _store(session, question, judgement, ref)


def _store(session: Session, question: Question, judgement: Judgement, ref: str) -> Decision:
    case = question["case"]
    return _add(session, judgement, borrower=case.borrower, case=case, actor=question["actor"], ref=ref)


def _add(
    session: Session, judgement: Judgement, *, borrower: Borrower, case: Case | None, actor: Actor, ref: str
) -> Decision:
    row = Decision(
        lender_id=borrower.lender_id,
        created_at=judgement.decided_at,
        ref=ref,
        case_id=case.id if case else None,
        borrower_id=borrower.id,
        action=judgement.action,
        action_class=judgement.action_class,
        allowed=judgement.allowed,
        rules={"asked": [_as_stored(each) for each in judgement.rules]},
        pack_version=judgement.policy_version,
        actor=str(actor),
    )
    session.add(row)
    # What the borrower's own acts bring along is no act on the case.
    shown = judgement.action_class is ActionClass.COLLECTION or not judgement.allowed
    audit.record(
        session,
        actor=actor,
        action="contact_allowed" if judgement.allowed else "contact_refused",
        subject=row,
        case=case if shown else None,
        now=judgement.decided_at,
        about=judgement.action,
        failed=",".join(each.id for each in judgement.failed) or None,
    )
    return row


def _as_stored(result: RuleResult) -> dict[str, Any]:
    """A rule as JSON. The words of its source stand beside it: a later pack may have others."""
    return {
        "id": result.id.value,
        "passed": result.passed,
        "facts": {name: _plain(value) for name, value in result.facts.items()},
        "source": result.source.id,
        "source_texts": {locale.value: text for locale, text in result.source.texts.items()},
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _line(stored: Mapping[str, Any]) -> RuleLine:
    return RuleLine(
        id=RuleId(stored["id"]),
        passed=stored["passed"],
        facts=stored["facts"],
        source_id=stored["source"],
        source_texts=stored["source_texts"],
    )
