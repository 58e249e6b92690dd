"""The words of messages that did not arrive: which message, and what became of it."""

import re
from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from portal.vocabulary import MessageState
from portal.web.words import messages

if TYPE_CHECKING:
    from portal.models import Message

# Messages that have no text of a lender's own.
NAMES = messages.TEXTS | {
    "complaint_received": _l("A complaint has arrived"),
    "complaint_acknowledged": _l("A complaint is being looked at"),
    "complaint_answered": _l("An answer to a complaint"),
    "complaint_decided": _l("A complaint is decided"),
    "contest_answered": _l("The answer about a contested entry"),
    "crisis_raised": _l("Somebody is not well: contact has been stopped"),
    "dispute_answered": _l("The answer about a dispute"),
    "dispute_received": _l("A dispute has arrived"),
    "invitation": _l("An invitation for staff"),
    "proof_rejected": _l("A document is needed again"),
    "visit_alert": _l("A visit was stopped: the borrower did not recognise who came"),
    "visit_booked": _l("A visit is booked"),
    "visit_cancelled": _l("A visit is cancelled"),
    "visit_moved": _l("A visit has another time"),
}

# By what a carrier noted, its number taken out.
PROBLEMS = {
    "the recipient on file is no single address": _l(
        "The recipient on file is not one valid address or number."
    ),
    "the address of the gateway does not take this recipient": _l(
        "The gateway is not set up to reach this recipient."
    ),
    "the mail server refused the recipient: #": _l("The mail server refused the recipient (error %(code)s)."),
    "the gateway answered #": _l("The gateway answered with error %(code)s."),
    "the gateway does not answer": _l("The gateway does not answer."),
    "the gateway did not take it": _l("The gateway did not take it."),
    "the outbox folder cannot be written: #": _l("The folder for messages cannot be written."),
}
ENDED = {
    MessageState.WITHHELD: _l("A contact rule came between. The case shows which one."),
    MessageState.UNDELIVERED: _l("The network reports that it did not reach the recipient."),
}
UNKNOWN = _l("It could not be handed over. Your operator finds the cause in the log.")
DETAIL = re.compile(r"\d+$|(?<=cannot be written: ).*")


def name(message: "Message") -> str:
    return str(NAMES[message.template])


def problem(message: "Message") -> str:
    """Say what became of a message that did not arrive, in the reader's language."""
    if message.state in ENDED:
        return str(ENDED[message.state])
    noted = message.problem or ""
    number = DETAIL.search(noted)
    sentence = PROBLEMS.get(DETAIL.sub("#", noted, count=1), UNKNOWN)
    return str(sentence).replace("%(code)s", number[0] if number else "")
