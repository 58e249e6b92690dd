"""The rules of the contact gate as sentences, and what belongs to messages and holds.

A sentence states its rule, so that it reads well both where the rule was kept and where it was not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from flask import has_request_context
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal import formats
from portal.services.gate import RuleLine
from portal.vocabulary import (
    Action,
    ActionClass,
    Channel,
    ContactOutcome,
    HoldReason,
    Initiator,
    Locale,
    MessageState,
)
from portal.web import locale

REFUSALS = {
    "contact_gate": _l("This is not possible at the moment. %(rules)s"),
    "promise_date": _l("Please choose a day from %(earliest)s to %(latest)s."),
    "promise_amount": _l("This amount is too small to be promised."),
    "promise_active": _l("There is a promise already. It has to be kept or withdrawn first."),
}

RULES = {
    "gate_right_party": _l(
        "A number that proved to be somebody else's, or where somebody else asked for no more calls, "
        "is left alone."
    ),
    "gate_channel_open": _l("There is a number or an address on file for this way of contact."),
    "gate_channel_wanted": _l("The borrower has not asked to be left alone on this way of contact."),
    "gate_not_recused": _l(
        "Nobody acts on a case while a complaint is open about them or about someone they manage."
    ),
    "gate_hours": _l(
        "Calls, messages and letters only between %(opens)s and %(closes)s, the borrower's time."
    ),
    "gate_preferred_hours": _l("The borrower asks to be called between %(opens)s and %(closes)s."),
    "gate_public_holiday": _l("No collection contact on a public holiday."),
    "gate_nobody_at_home_knows": _l(
        "Nobody at home knows: no letter, no visit to the home and no SMS that names the debt."
    ),
    "gate_overdue_confirmed": _l("There is a confirmed overdue amount."),
    "gate_first_after_dpd": _l("First contact from day %(days)s past due."),
    "gate_shortfall": _l("A shortfall of up to %(amount)s on a card is left alone."),
    "gate_no_hold": _l("No contact while a hold is in force. In force now: %(holds)s."),
    "gate_no_crisis": _l("After a sign of despair nobody collects. A lead looks after the borrower."),
    "gate_breathing_space": _l("No collection contact during a breathing space. It ends: %(until)s."),
    "gate_not_represented": _l("An adviser speaks for the borrower; the borrower is not contacted."),
    "gate_outside_agency_notice": _l(
        "Before an outside agency makes contact, the borrower has been told in writing."
    ),
    "gate_cycle_gap": _l("%(days)s days lie between two collections of the same product."),
    "gate_no_open_complaint": _l("No collection contact and no visit while a complaint is open."),
    "gate_no_open_dispute": _l("No collection contact and no visit while the debt is disputed."),
    "gate_agreement_kept": _l("While an agreement is kept, only reminders and agreed follow-ups."),
    "gate_channel_order": _l(
        "A message only after %(calls)s unanswered calls on a day, or %(days)s days without an answer."
    ),
    "gate_attempts_per_day": _l("At most %(most)s calls a day; so far %(so_far)s."),
    "gate_attempts_per_week": _l("At most %(most)s calls in 7 days; so far %(so_far)s."),
    "gate_unanswered_per_number": _l(
        "At most %(most)s unanswered calls a day on one number; so far %(so_far)s."
    ),
    "gate_cooldown": _l("After a conversation, %(hours)s hours of quiet. Quiet until: %(until)s."),
    "gate_conversations_per_day": _l("At most %(most)s conversations a day; so far %(so_far)s."),
    "gate_conversations_per_week": _l("At most %(most)s conversations in 7 days; so far %(so_far)s."),
    "gate_conversations_per_month": _l("At most %(most)s conversations in 30 days; so far %(so_far)s."),
    "gate_third_party_allowed": _l("Other people are contacted only where the lender's rules allow it."),
    "gate_third_party_needed": _l(
        "Other people only when the number proved wrong, or after %(days)s days without an answer."
    ),
    "gate_third_party_once": _l("Another person is called once at most."),
    "gate_third_party_stopped": _l("Nobody else is called after somebody asked for that to stop."),
    "gate_third_party_silent": _l("Another person hears nothing about the debt."),
    "gate_referee_allowed": _l(
        "Only people who are in the contract are asked, no referees and no family beside it."
    ),
    "gate_consent_not_revoked": _l("The consent to the visit service has not been withdrawn."),
    "gate_visit_consent": _l("The borrower has agreed to the visit service and to the time."),
    "gate_visit_initiator": _l(
        "The lender's rules say who may ask for a visit. This one was asked for by: %(initiator)s."
    ),
    "gate_visit_min_dpd": _l("A visit on the lender's initiative only from day %(days)s past due."),
    "gate_visit_failed_channels": _l(
        "A visit on the lender's initiative only after other ways failed. Still to be tried: %(channels)s."
    ),
    "gate_visit_documents": _l("All required documents have been received before a visit."),
    "gate_visit_brief": _l("A visit has a time, a place, a crew and a clear purpose."),
    "gate_visit_window": _l("Visits only between %(opens)s and %(closes)s, the borrower's time."),
    "gate_visit_holiday": _l("No visits on public holidays."),
    "gate_visit_per_month": _l("At most %(most)s visits a month."),
    "gate_visit_not_vulnerable": _l("In a vulnerable situation, a visit only with a lead's approval."),
    "gate_visit_not_represented": _l("No visit while an adviser speaks for the borrower."),
    "gate_crew_minimum": _l("At least %(least)s people come to a visit."),
    "gate_crew_trained": _l("Everybody who comes holds valid training."),
}

LABELS: dict[type[StrEnum], dict[str, LazyString]] = {
    HoldReason: {
        HoldReason.COMPLAINT: _l("Complaint"),
        HoldReason.DISPUTE: _l("Dispute"),
        HoldReason.HARDSHIP: _l("Hardship"),
        HoldReason.VULNERABLE: _l("Vulnerable situation"),
        HoldReason.BEREAVEMENT: _l("Bereavement"),
        HoldReason.HOSPITAL: _l("Hospital stay"),
        HoldReason.DISASTER: _l("Disaster"),
        HoldReason.EXAM: _l("Exam"),
        HoldReason.CRISIS: _l("Not well: help comes first"),
        HoldReason.BREATHING_SPACE: _l("Breathing space"),
    },
    Initiator: {
        Initiator.BORROWER: _l("Borrower"),
        Initiator.LENDER: _l("Lender"),
    },
    MessageState: {
        MessageState.WAITING: _l("Waiting"),
        MessageState.SENT: _l("Sent"),
        MessageState.DELIVERED: _l("Reached the phone"),
        MessageState.UNDELIVERED: _l("Did not arrive"),
        MessageState.FAILED: _l("Could not be delivered"),
        MessageState.WITHHELD: _l("Held back by the rules"),
    },
    Action: {
        Action.CALL: _l("Call"),
        Action.SMS: _l("SMS"),
        Action.EMAIL: _l("E-mail"),
        Action.LETTER: _l("Letter"),
        Action.VISIT_PROPOSAL: _l("Proposing a visit"),
        Action.VISIT_CONFIRMATION: _l("Confirming a visit"),
        Action.VISIT_START: _l("Starting a visit"),
        Action.THIRD_PARTY: _l("Call to another person"),
    },
    ActionClass: {
        ActionClass.COLLECTION: _l("Collection"),
        ActionClass.SERVICE: _l("Service"),
    },
    ContactOutcome: {
        ContactOutcome.REACHED: _l("Reached"),
        ContactOutcome.NO_ANSWER: _l("No answer"),
        ContactOutcome.BUSY: _l("Busy"),
        ContactOutcome.WRONG_NUMBER: _l("Wrong number"),
        ContactOutcome.WRONG_PERSON: _l("Somebody who does not know the borrower"),
        ContactOutcome.THIRD_PARTY: _l("Somebody else"),
        ContactOutcome.SENT: _l("Sent"),
    },
}

_NONE = _l("none")
_WITH_SOURCE = _l("%(rule)s (Source: %(source)s)")
_LISTED: dict[str, Mapping[str, object]] = {
    "holds": LABELS[HoldReason],
    "channels": {
        Channel.PHONE.value: _l("Phone"),
        Channel.SMS.value: _l("SMS"),
        Channel.EMAIL.value: _l("E-mail"),
        Channel.LETTER.value: _l("Letter"),
    },
    "initiator": LABELS[Initiator],
}


def rule(line: RuleLine, currency: str) -> str:
    """Return the sentence of a rule, its gaps filled; amounts are in the currency of the case."""
    facts = {name: _said(name, value, currency) for name, value in line.facts.items()}
    return str(RULES[line.text_key]) % facts


def rule_source(line: RuleLine) -> str:
    """Return where a rule comes from, in the reader's language."""
    return line.source(_reader())


def _rules(lines: Sequence[RuleLine], currency: str) -> str:
    sentences = [
        str(_WITH_SOURCE) % {"rule": rule(line, currency), "source": rule_source(line)} for line in lines
    ]
    return formats.sentences(sentences, _reader())


def gate_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """Turn the facts of a refusal by the gate into words: every failed rule with its source."""
    lines, currency = facts["rules"], facts["currency"]
    assert isinstance(lines, list)
    return {"rules": _rules(lines, str(currency))}


# Refusals whose facts become words only here, where the reader's language is known.
FACTS = {"contact_gate": gate_facts}


def _said(name: str, value: object, currency: str) -> str:
    if value is None or value == []:
        return str(_NONE)
    if name in _LISTED:
        values = value if isinstance(value, list) else [value]
        return _comma().join(str(_LISTED[name][str(each)]) for each in values)
    if name == "amount" and isinstance(value, int):
        return formats.money(value, currency, _reader())
    if name == "until":
        return formats.moment(datetime.fromisoformat(str(value)), _reader(), locale.current_zone())
    return str(value)


def _comma() -> str:
    return ", " if _reader() is Locale.EN else "、"


def _reader() -> Locale:
    """The reader's language; English on the command line."""
    return locale.current_locale() if has_request_context() else Locale.EN
