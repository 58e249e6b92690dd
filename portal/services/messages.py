"""Messages that collect: reminders and what belongs to them. Each is asked of the contact gate, twice.

Once when it is written, and again when it leaves (`services.outbox`): between the two a hold, a complaint or
a wish of the borrower may have come."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import formats
from portal.domain.actor import Actor
from portal.domain.message_rules import TEXTS, TextRule
from portal.domain.policy import Policy
from portal.domain.refusals import Refused
from portal.models import Borrower, Case, Loan, Message
from portal.services import cases, gate, lenders, message_templates, notifications, policies
from portal.services.gate_visits import Question
from portal.services.outbox import ACTIONS
from portal.services.preferences import nobody_at_home_knows
from portal.services.savepoints import in_savepoint
from portal.vocabulary import ActionClass, Channel, Initiator, Locale, MessageState


@in_savepoint
def send_collection(
    session: Session,
    /,
    *,
    case: Case,
    template: str,
    channel: Channel,
    actor: Actor,
    now: datetime,
    initiator: Initiator = Initiator.LENDER,
    **facts: object,
) -> Message:
    """Write a collection message in the borrower's language and queue it for the first moment it may leave.

    Where nobody at home knows, the neutral text goes instead. A message that the gate forbids, other than by
    the hour, is kept as withheld. `facts` fill gaps that the case does not: `amount` in minor units and
    `date` of a promise. Refused: no address for the channel, or one that messages do not reach, no account
    to pay into, or words that may not be sent."""
    borrower, rule = case.borrower, TEXTS[template]
    if rule.instead and nobody_at_home_knows(session, case=case):
        template, rule = rule.instead, TEXTS[rule.instead]
    point = notifications.main_point(session, borrower=borrower, channel=channel)
    if point is None:
        raise Refused("no_address_on_file")
    if point.undeliverable_since is not None:
        raise Refused("address_undeliverable")
    policy = policies.of(lenders.get(session, case.lender_id), now)
    asked = Question(
        case=case,
        action=ACTIONS[channel],
        action_class=ActionClass.COLLECTION,
        initiator=initiator,
        reminder=rule.reminder,
        telling=rule.telling,
        actor=actor,
        now=now,
    )
    leaves = gate.earliest(session, **asked)
    return notifications.queue(
        session,
        to=borrower,
        template=template,
        channel=channel,
        recipient=point.value,
        case=case,
        decision=gate.ask(session, **asked),
        now=now,
        not_before=leaves or now,
        state=MessageState.WAITING if leaves else MessageState.WITHHELD,
        facts=_facts(session, case, rule, policy, facts),
    )


def newest_of(session: Session, *, case: Case, template: str) -> Message | None:
    """Return the last message of a case from a template."""
    query = select(Message).where(
        Message.lender_id == case.lender_id, Message.case_id == case.id, Message.template == template
    )
    return session.scalars(query.order_by(Message.id.desc()).limit(1)).first()


def _facts(
    session: Session, case: Case, rule: TextRule, policy: Policy, given: dict[str, object]
) -> dict[str, object]:
    """What fills the gaps of a text, written as people of the borrower's language write it."""
    borrower: Borrower = case.borrower
    facts: dict[str, object] = {"hotline": policy.contacts.hotline}
    loans = cases.loans_of(session, case)
    if "amount" in rule.gaps:
        amount = given.get("amount", sum(loan.overdue_amount for loan in loans))
        assert isinstance(amount, int)
        facts["amount"] = formats.money(amount, case.currency, borrower.locale)
    if "days" in rule.gaps:
        facts["days"] = formats.number(max((loan.dpd for loan in loans), default=0), borrower.locale)
    if "date" in rule.gaps:
        day = given["date"]
        assert isinstance(day, date)
        facts["date"] = formats.day(day, borrower.locale)
    if "account" in rule.gaps:
        facts |= _payment(session, case, loans, borrower.locale)
    if "consequence" in rule.gaps:
        facts["consequence"] = message_templates.consequence(policy, borrower.locale)
    return facts


def _payment(session: Session, case: Case, loans: list[Loan], locale: Locale) -> dict[str, object]:
    """Where to pay, and with which reference: that of the loan longest overdue."""
    account = lenders.payment_account(
        session, lender_id=case.lender_id, currency=case.currency, locale=locale
    )
    if account is None:
        raise Refused("no_payment_account")
    first = max(loans, key=lambda loan: (loan.dpd, loan.overdue_amount))
    return {"account": f"{account.bank} {account.number}", "reference": first.contract_no}
