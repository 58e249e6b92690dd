"""What another pack would have said: the decisions of the last weeks, judged again on their own facts.

History is not rewritten: a call that the other pack would have refused still counts in the facts of the calls
after it, as it did then."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from portal.domain import contact_rules
from portal.domain.contact_facts import from_json
from portal.domain.policy import Policy, Source
from portal.models import Case, Decision, Lender
from portal.services import gate
from portal.services.gate import RuleLine
from portal.vocabulary import Action, ActionClass

AT_ONCE = 500
Progress = Callable[[int, int], None]


def quiet(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A decision that the other pack turns. `rules`: those that fail under the pack that refuses."""

    at: datetime
    lender: str
    case: str | None
    action: Action
    action_class: ActionClass
    decision: str
    allowed_then: bool
    currency: str
    rules: list[RuleLine]


@dataclass(kw_only=True)
class Tally:
    """Counts over the decisions read. `by_rule`, `by_act`: of those that would have been refused, how many
    each rule refuses and how many are of each act and class; `keys`: the key of the pack behind a rule, and
    its source."""

    read: int = 0
    same: int = 0
    refused: int = 0
    allowed: int = 0
    not_replayable: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    by_act: Counter[str] = field(default_factory=Counter)
    keys: dict[str, tuple[str, Source]] = field(default_factory=dict)


def replay(
    session: Session,
    *,
    lender: Lender,
    policy: Policy,
    weeks: int,
    now: datetime,
    tally: Tally,
    progress: Progress = quiet,
) -> Iterator[Change]:
    """Judge the decisions of the last weeks by another pack and yield those it turns, the oldest first.

    Rows are streamed and nothing is written; `tally` is counted up on the way. A decision whose facts were
    not kept, or name something not known any more, is counted as not replayable."""
    since = _since(lender, weeks, now)
    total = session.scalar(select(func.count()).select_from(Decision).where(since)) or 0
    query = (
        select(Decision, Case.ref, Case.currency)
        .outerjoin(Case, and_(Case.lender_id == Decision.lender_id, Case.id == Decision.case_id))
        .where(since)
        .order_by(Decision.created_at, Decision.id)
        .execution_options(yield_per=AT_ONCE)
    )
    for done, (decision, case, currency) in enumerate(session.execute(query), start=1):
        if done % AT_ONCE == 0 or done == total:
            progress(done, total)
        tally.read += 1
        change = _turned(decision, policy, tally)
        session.expunge(decision)
        if change is not None:
            yield Change(
                at=decision.created_at,
                lender=lender.code,
                case=case,
                action=decision.action,
                action_class=decision.action_class,
                decision=decision.ref,
                allowed_then=decision.allowed,
                currency=currency or policy.business.currency,
                rules=change,
            )


def _since(lender: Lender, weeks: int, now: datetime) -> ColumnElement[bool]:
    begin = now - timedelta(weeks=weeks)
    return and_(Decision.lender_id == lender.id, Decision.created_at >= begin, Decision.created_at <= now)


def _turned(decision: Decision, policy: Policy, tally: Tally) -> list[RuleLine] | None:
    """The rules that fail under the pack that refuses, when the answer is another one; else None."""
    try:
        facts = from_json(decision.facts) if decision.facts is not None else None
    except (ValueError, TypeError):
        facts = None
    if facts is None:
        tally.not_replayable += 1
        return None
    judged = contact_rules.decide(decision.action, facts, policy, decision.created_at)
    aside = gate.set_aside(decision)  # what a second person allowed then, they would have allowed again
    allowed = judged.allowed or judged.allowed_despite(aside)
    if allowed == decision.allowed:
        tally.same += 1
        return None
    if allowed:
        tally.allowed += 1
        return [line for line in gate.explain(decision) if not line.passed]
    tally.refused += 1
    refusing = [each for each in judged.failed if each.id not in aside]
    tally.by_rule.update(each.id.value for each in refusing)
    tally.by_act[f"{decision.action.value} ({decision.action_class.value})"] += 1
    tally.keys.update({each.id.value: (each.key, each.source) for each in refusing})
    return [gate.as_line(each) for each in refusing]
