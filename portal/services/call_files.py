"""One case as a caller sees it: why it comes now, what was said before, and the debt only once it is known
who is on the line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from portal.domain import masking
from portal.domain.actor import Actor
from portal.domain.policy import Policy
from portal.models import Case, Contact, Decision, Hold, Staff, Strategy
from portal.services import budgets, call_numbers, calls, cases, debts, promises, strategies
from portal.services.gate import RuleLine, as_line, earliest
from portal.vocabulary import Action, ActionClass, Initiator

NEWEST = 5


@dataclass(frozen=True, kw_only=True)
class Number:
    """A telephone that could be called, masked, and the rules that stand against it now."""

    ref: str
    masked: str
    forbidden: Sequence[RuleLine]


@dataclass(frozen=True, kw_only=True)
class CallFile:
    """`borrower` and `number` are in full only during a call of this person, `debt` only once the borrower is
    confirmed. `numbers`: every telephone on file; `forbidden`: the rules that stand against a call to any of
    them now, and `earliest`, from when they would not; all three only while no call is under way.
    `others`: the name of whoever else has the case."""

    case: Case
    strategy: Strategy | None
    borrower: str
    number: str
    numbers: Sequence[Number]
    zone: ZoneInfo
    holds: Sequence[Hold]
    contacts: Sequence[Contact]
    callers: Mapping[int, str]
    promise: promises.Promise | None
    affordable: int | None
    mine: bool
    others: str | None
    decision: Decision | None
    confirmed: bool
    forbidden: Sequence[RuleLine]
    earliest: datetime | None
    debt: debts.Debt | None

    @property
    def inbound(self) -> bool:
        return self.decision is not None and calls.is_inbound(self.decision)

    @property
    def by_contract(self) -> bool:
        """Whether the last four of a contract number are asked for: no ID number is on file."""
        return not self.case.borrower.id_no


def open_file(session: Session, *, case: Case, policy: Policy, actor: Actor, now: datetime) -> CallFile:
    """Return everything the page of a call shows."""
    zone = ZoneInfo(case.borrower.timezone or policy.business.timezone)
    strategy = strategies.of_case(session, case=case)
    claimed = strategy is not None and strategy.claimed_until is not None and strategy.claimed_until > now
    mine = claimed and strategy is not None and strategy.claimed_by == actor.id
    decision = calls.under_way(session, case=case, actor=actor, now=now)
    confirmed = decision is not None and calls.is_confirmed(session, case=case, decision=decision, now=now)
    contacts = _contacts(session, case)
    holder = strategy.claimed_by if claimed and strategy and not mine else None
    names = _names(session, case, {each.staff_id for each in contacts} | {holder})
    numbers = _numbers(session, case, actor, now) if decision is None else []
    rules = _against_all(numbers)
    budget = budgets.newest(session, case=case)
    today = now.astimezone(ZoneInfo(policy.business.timezone)).date()
    return CallFile(
        case=case,
        strategy=strategy,
        borrower=case.borrower.name if decision else masking.name(case.borrower.name),
        number=_number(session, decision) or ", ".join(each.masked for each in numbers),
        numbers=numbers,
        zone=zone,
        holds=cases.holds_of(session, case),
        contacts=contacts,
        callers=names,
        promise=promises.newest_of(session, case=case),
        affordable=budget.affordable if budget else None,
        mine=mine,
        others=names.get(holder) if holder else None,
        decision=decision,
        confirmed=confirmed,
        forbidden=rules,
        earliest=_earliest(session, case, actor, now) if rules else None,
        debt=debts.debt_of(session, case=case, policy=policy, business_date=today) if confirmed else None,
    )


def _numbers(session: Session, case: Case, actor: Actor, now: datetime) -> list[Number]:
    return [
        Number(
            ref=each.point.ref,
            masked=masking.number(each.point.value),
            forbidden=[as_line(rule) for rule in each.judgement.failed],
        )
        for each in calls.judge(session, case=case, actor=actor, now=now)
    ]


def _against_all(numbers: Sequence[Number]) -> Sequence[RuleLine]:
    """The rules against the telephone with the fewest of them; none as soon as one may be called."""
    return min((each.forbidden for each in numbers), key=len, default=())


def _number(session: Session, decision: Decision | None) -> str:
    """The number of the call under way; nothing when the borrower called."""
    if decision is None or calls.is_inbound(decision):
        return ""
    point = call_numbers.of_call(session, decision=decision)
    return point.value if point else ""


def _contacts(session: Session, case: Case) -> Sequence[Contact]:
    query = select(Contact).where(Contact.lender_id == case.lender_id, Contact.case_id == case.id)
    return session.scalars(query.order_by(Contact.at.desc(), Contact.id.desc()).limit(NEWEST)).all()


def _names(session: Session, case: Case, ids: set[int | None]) -> dict[int, str]:
    wanted = {each for each in ids if each is not None}
    query = select(Staff).where(Staff.lender_id == case.lender_id, Staff.id.in_(wanted))
    if not wanted:
        return {}
    return {person.id: person.name for person in session.scalars(query.options(lazyload(Staff.roles)))}


def _earliest(session: Session, case: Case, actor: Actor, now: datetime) -> datetime | None:
    """From when a call of the lender's own would be allowed; None: waiting alone does not help."""
    return earliest(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=actor,
        now=now,
        contact_point=call_numbers.number_to_call(session, case=case),
    )
