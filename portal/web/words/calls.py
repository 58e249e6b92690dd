"""The call list and a call: why somebody comes next, what may come of it, promises, and a crisis."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from portal import formats
from portal.vocabulary import (
    Attitude,
    CallResult,
    ContactOutcome,
    HoldReason,
    NextStep,
    PromiseState,
    StepReason,
)
from portal.web import locale
from portal.web.words.operations import LABELS as OPERATIONS

if TYPE_CHECKING:
    from portal.models import Strategy

REFUSALS = {
    "call_unwritten": _l("The call to %(borrower_no)s is not written down yet. Please do that first."),
    "call_not_begun": _l("This call is written down already, or was not begun."),
    "call_party_first": _l("Please confirm first who is on the line."),
    "call_result_missing": _l("Please say what the conversation led to, and how the borrower met us."),
    "call_promise_missing": _l("A promise has an amount and a day."),
    "call_dispute_missing": _l("Please note what is not right, in the borrower's own words."),
    "call_back_missing": _l("Please agree when we call back: nobody is left waiting."),
    "call_words_missing": _l("Please note what the borrower said."),
    "call_back_date": _l("We call back within %(days)s days, at a time that is still to come."),
    "call_back_hours": _l("Please choose a time between %(opens)s and %(closes)s, the borrower's time."),
    "promise_above_affordable": _l(
        "This is more than the borrower's budget allows. A promise of up to %(amount)s can be kept."
    ),
    "promise_nothing_affordable": _l(
        "The borrower's budget leaves nothing to promise at the moment. Please choose hardship instead."
    ),
    "promise_not_running": _l("This promise is decided already."),
    "crisis_not_yours": _l("Only a lead or a manager lets contact go on again."),
    "crisis_over": _l("Contact is not stopped for this reason any more."),
}

LABELS: dict[type[StrEnum], dict[StrEnum, LazyString]] = {
    CallResult: {
        CallResult.INFORMED: _l("Informed"),
        CallResult.PROMISE: _l("Promises to pay"),
        CallResult.DISPUTE: _l("Says it is not owed like that"),
        CallResult.HARDSHIP: _l("Cannot pay at the moment"),
        CallResult.REFUSES: _l("Does not want to go on"),
    },
    Attitude: {
        Attitude.COOPERATIVE: _l("Wants to find a way"),
        Attitude.HESITANT: _l("Wants time to think"),
        Attitude.WORRIED: _l("Worried"),
        Attitude.UPSET: _l("Upset"),
        Attitude.UNWILLING: _l("Does not want to talk"),
    },
    PromiseState: {
        PromiseState.ACTIVE: _l("Running"),
        PromiseState.VERIFYING: _l("Looking for the payment"),
        PromiseState.KEPT: _l("Kept"),
        PromiseState.BROKEN: _l("Not kept"),
        PromiseState.WITHDRAWN: _l("Taken back by the borrower"),
    },
    NextStep: {
        NextStep.CALL: _l("Call"),
        NextStep.SMS: _l("SMS"),
        NextStep.EMAIL: _l("E-mail"),
        NextStep.LETTER: _l("Letter"),
        NextStep.VISIT_PROPOSAL: _l("Propose a visit"),
        NextStep.WAIT: _l("Wait"),
        NextStep.NONE: _l("Nothing for now"),
    },
    StepReason: {
        StepReason.FIRST_CONTACT: _l("First contact"),
        StepReason.NO_ANSWER_YET: _l("No answer yet"),
        StepReason.PHONE_FAILED: _l("Calls without an answer"),
        StepReason.PHONE_AND_SMS_FAILED: _l("No answer on any way"),
        StepReason.CALLBACK_AGREED: _l("Callback agreed"),
        StepReason.PROMISE_RUNNING: _l("Promise running"),
        StepReason.PROMISE_BROKEN: _l("Promise not kept"),
        StepReason.INSTALMENT_MISSED: _l("Instalment missed"),
        StepReason.REGULAR: _l("Regular contact"),
        StepReason.COOLING_OFF: _l("Quiet after a conversation"),
        StepReason.ATTEMPTS_USED: _l("Attempts used up"),
        StepReason.ON_HOLD: _l("On hold"),
        StepReason.AGREEMENT_KEPT: _l("Agreement kept"),
        StepReason.WITH_THE_BORROWER: _l("The borrower's turn"),
        StepReason.NO_CHANNEL: _l("No way to reach"),
        StepReason.TOO_EARLY: _l("Too early"),
        StepReason.NOT_OVERDUE: _l("Nothing overdue"),
        StepReason.SET_BY_PERSON: _l("Chosen by a person"),
        StepReason.LEGAL: _l("Legal steps"),
    },
}

# Why the next step comes next, as a sentence; the facts of the strategy fill its gaps.
WHY = {
    StepReason.FIRST_CONTACT: _l("Newly overdue: nobody has spoken with the borrower about it yet."),
    StepReason.NO_ANSWER_YET: _l("Tried and not reached so far."),
    StepReason.PHONE_FAILED: _l("The calls were not answered; now a message."),
    StepReason.PHONE_AND_SMS_FAILED: _l("Neither calls nor messages were answered."),
    StepReason.CALLBACK_AGREED: _l("The borrower asked to be called at %(agreed)s."),
    StepReason.PROMISE_RUNNING: _l("A payment is promised by %(due_on)s; until then we wait."),
    StepReason.PROMISE_BROKEN: _l("What was promised did not arrive. Ask what came in between."),
    StepReason.INSTALMENT_MISSED: _l("An instalment of the agreement was missed."),
    StepReason.REGULAR: _l("It is time to ask again how things stand."),
    StepReason.COOLING_OFF: _l("After the last conversation there is quiet."),
    StepReason.ATTEMPTS_USED: _l("As many calls as the rules allow have been made."),
    StepReason.ON_HOLD: _l("Contact is on hold: %(holds)s."),
    StepReason.AGREEMENT_KEPT: _l("The agreement is kept: nothing to ask for."),
    StepReason.WITH_THE_BORROWER: _l("The next step is the borrower's."),
    StepReason.NO_CHANNEL: _l("There is no number or address left that leads to the borrower."),
    StepReason.TOO_EARLY: _l("It is too early, or too little, to call about."),
    StepReason.NOT_OVERDUE: _l("Nothing is overdue."),
    StepReason.LEGAL: _l("A manager decided on legal steps; nobody calls about it."),
    StepReason.SET_BY_PERSON: _l("Somebody of the staff chose this step until %(until)s."),
}


def why(strategy: "Strategy") -> str:
    """Say why the next step of a case comes next, in the reader's language."""
    facts = {"agreed": "—", "due_on": "—", "holds": "—", "until": "—"}
    facts |= {name: _said(name, value) for name, value in strategy.facts.items()}
    return str(WHY[strategy.reason]) % facts


def outcome_said(outcome: str) -> str:
    """Say what came of a contact; one that is known only by an older word is named by it."""
    known = OPERATIONS[ContactOutcome]
    return str(known[ContactOutcome(outcome)]) if outcome in set(ContactOutcome) else outcome


def _said(name: str, value: object) -> str:
    reader, zone = locale.current_locale(), locale.current_zone()
    if name == "holds" and isinstance(value, list):
        labels = [str(OPERATIONS[HoldReason][HoldReason(each)]) for each in value]
        return (", " if reader is reader.EN else "、").join(labels)
    if name == "agreed":
        return formats.moment(datetime.fromisoformat(str(value)), reader, zone)
    if name in {"due_on", "until"}:
        return formats.day(date.fromisoformat(str(value)), reader)
    return str(value)


def _promise_days(facts: Mapping[str, object]) -> dict[str, object]:
    reader = locale.current_locale()
    return {
        name: formats.day(value, reader) if isinstance(value, date) else value
        for name, value in facts.items()
    }


def _promise_most(facts: Mapping[str, object]) -> dict[str, object]:
    most, currency = facts["most"], str(facts["currency"])
    assert isinstance(most, int)
    return {"amount": formats.money(most, currency, locale.current_locale())}


FACTS = {"promise_date": _promise_days, "promise_above_affordable": _promise_most}
