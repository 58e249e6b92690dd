"""The contact gate: no call, message, letter or visit without a decision, and every decision is kept.

`require` is called inside a service under `@in_savepoint`: when the gate says no, the service is undone and
the decision is stored all the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Unpack

from sqlalchemy.orm import Session

from portal.domain import contact_rules, contact_when
from portal.domain.actor import Actor
from portal.domain.contact_decision import NEVER_OVERRIDDEN, RuleId, RuleResult
from portal.domain.contact_decision import Decision as Judgement
from portal.domain.contact_facts import Facts, as_json
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.infra import ids
from portal.models import Borrower, Case, Decision, Override
from portal.services import audit, lenders, overrides, policies, policy_versions
from portal.services.gate_facts import about_number, gather
from portal.services.gate_visits import Question
from portal.vocabulary import Action, ActionClass, Initiator, Locale


def judge(session: Session, **question: Unpack[Question]) -> Judgement:
    """Say what the gate would say. Nothing is stored: for pages that show what is possible."""
    return _judge(session, question)[0]


def judge_numbers(session: Session, numbers: Sequence[int], **question: Unpack[Question]) -> list[Judgement]:
    """Say of each telephone of the borrower, by its key, what the gate would say of a call to it. What they
    share is read once. Nothing is stored."""
    policy = _policy(session, question["case"].lender_id, question["now"])
    facts, log = gather(session, question, policy)
    return [
        contact_rules.decide(
            question["action"], about_number(facts, log, number, question["now"]), policy, question["now"]
        )
        for number in numbers
    ]


def earliest(session: Session, **question: Unpack[Question]) -> datetime | None:
    """Return the first moment from `now` on at which the gate says yes if nothing else changes; `now` itself
    when it says so already. None: waiting does not help."""
    policy = _policy(session, question["case"].lender_id, question["now"])
    facts, log = gather(session, question, policy)
    return contact_when.earliest(question["action"], facts, log, policy, question["now"])


def ask(session: Session, **question: Unpack[Question]) -> Decision:
    """Ask the gate and store its answer, whichever it is."""
    return _store(session, question, *_judge(session, question), ref=ids.new_ref())


def require(session: Session, **question: Unpack[Question]) -> Decision:
    """Return the stored decision that allows an act; a second person may have set aside what forbids it.

    Refused: a rule forbids it; the decision is stored all the same."""
    judgement, facts = _judge(session, question)
    ref = ids.new_ref()
    if judgement.allowed:
        return _store(session, question, judgement, facts, ref=ref)
    if override := _override(session, question, judgement):
        decision = _store(session, question, judgement, facts, ref=ref, override=override)
        overrides.use(session, override, actor=question["actor"], now=question["now"])
        return decision
    raise Refused(
        "contact_gate",
        afterwards=partial(_remember, question=question, judgement=judgement, facts=facts, ref=ref),
        rules=[as_line(each) for each in judgement.failed],
        currency=question["case"].currency,
        decision=ref,
    )


def _judge(session: Session, question: Question) -> tuple[Judgement, Facts]:
    policy = _policy(session, question["case"].lender_id, question["now"])
    facts, _ = gather(session, question, policy)
    return contact_rules.decide(question["action"], facts, policy, question["now"]), facts


def _override(session: Session, question: Question, judgement: Judgement) -> Override | None:
    if question["action_class"] is not ActionClass.COLLECTION:
        return None
    failed = [each.id for each in judgement.failed]
    return overrides.usable(
        session, case=question["case"], action=question["action"], failed=failed, now=question["now"]
    )


def _policy(session: Session, lender_id: int, now: datetime) -> Policy:
    return policies.of(lenders.get(session, lender_id), now)


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
    policy = _policy(session, borrower.lender_id, now)
    facts = Facts(
        borrower_zone=borrower.timezone or policy.business.timezone,
        initiator=Initiator.BORROWER if asked_just_now else Initiator.LENDER,
        action_class=ActionClass.SERVICE,
        asked_just_now=asked_just_now,
    )
    judgement = contact_rules.decide(action, facts, policy, now)
    return _add(session, judgement, facts, borrower=borrower, case=case, actor=actor, ref=ids.new_ref())


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """One rule of a decision, for a page. `facts` fill the gaps of the sentence named by `text_key`;
    `set_aside`: it failed, and a second person allowed the act all the same."""

    id: RuleId
    passed: bool
    facts: Mapping[str, object]
    source_id: str
    source_texts: Mapping[str, str]
    set_aside: bool = False

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
    aside = set_aside(decision)
    lines = [replace(_line(each), set_aside=RuleId(each["id"]) in aside) for each in stored]
    return sorted(lines, key=lambda line: line.passed)


def set_aside(decision: Decision) -> frozenset[RuleId]:
    """Return the rules a second person set aside for the act of a decision."""
    named: Any = decision.rules.get("set_aside", [])
    return frozenset(RuleId(each) for each in named)


def as_line(result: RuleResult) -> RuleLine:
    """Return a rule just judged in the form a page shows."""
    return _line(_as_stored(result))


def _remember(session: Session, *, question: Question, judgement: Judgement, facts: Facts, ref: str) -> None:
    _store(session, question, judgement, facts, ref=ref)


def _store(
    session: Session,
    question: Question,
    judgement: Judgement,
    facts: Facts,
    *,
    ref: str,
    override: Override | None = None,
) -> Decision:
    case, actor = question["case"], question["actor"]
    return _add(
        session,
        judgement,
        facts,
        borrower=case.borrower,
        case=case,
        actor=actor,
        ref=ref,
        override=override,
    )


def _add(
    session: Session,
    judgement: Judgement,
    facts: Facts,
    *,
    borrower: Borrower,
    case: Case | None,
    actor: Actor,
    ref: str,
    override: Override | None = None,
) -> Decision:
    allowed = judgement.allowed or override is not None
    set_aside = [each.id.value for each in judgement.failed] if override else []
    row = Decision(
        lender_id=borrower.lender_id,
        created_at=judgement.decided_at,
        ref=ref,
        case_id=case.id if case else None,
        borrower_id=borrower.id,
        action=judgement.action,
        action_class=judgement.action_class,
        allowed=allowed,
        override_id=override.id if override else None,
        rules={"asked": [_as_stored(each) for each in judgement.rules], "set_aside": set_aside},
        facts=as_json(facts),
        pack_version=judgement.policy_version,
        actor=str(actor),
    )
    session.add(row)
    lender = lenders.get(session, borrower.lender_id)
    policy_versions.keep(
        session, lender=lender, policy=policies.of(lender, row.created_at), now=row.created_at
    )
    # A code or a receipt that leaves is no act on the case.
    served = judgement.action_class is ActionClass.SERVICE and judgement.action in (Action.SMS, Action.EMAIL)
    audit.record(
        session,
        actor=actor,
        action="contact_allowed" if allowed else "contact_refused",
        subject=row,
        case=None if served and judgement.allowed else case,
        now=judgement.decided_at,
        about=judgement.action,
        failed=",".join(each.id for each in judgement.failed) or None,
        override=override.ref if override else None,
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
