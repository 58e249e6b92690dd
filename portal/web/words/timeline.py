"""How a contact reads on the timeline: to staff by its method, to the borrower in the second person; and the
kinds of entries by which both find theirs."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l

from portal.vocabulary import Attitude, CallResult, Channel, ContactOutcome


class EntryKind(StrEnum):
    """What a timeline is filtered by."""

    CONTACTS = "contacts"
    VISITS = "visits"
    PLANS = "plans"
    OBJECTIONS = "objections"
    RULES = "rules"


KINDS = {
    EntryKind.CONTACTS: _l("Contacts and promises"),
    EntryKind.VISITS: _l("Documents and visits"),
    EntryKind.PLANS: _l("Budgets, plans and agreements"),
    EntryKind.OBJECTIONS: _l("Complaints and disputes"),
    EntryKind.RULES: _l("The case and its rules"),
}
# The first word of an act's name says what it belongs to; whatever is not named here is of the case.
_KIND_OF = {
    EntryKind.CONTACTS: ("call", "message", "promise", "link", "code", "borrower", "preferences"),
    EntryKind.VISITS: ("proof", "consent", "registered", "visit", "checklist", "findings"),
    EntryKind.PLANS: ("budget", "plan", "agreement", "relief", "follow", "concession"),
    EntryKind.OBJECTIONS: ("complaint", "dispute", "contest", "entry"),
}
# Acts of the gate and of the files, which begin like a contact.
_OF_THE_CASE = frozenset({"contact_allowed", "contact_refused", "contact_shown"})


def kind_of(action: str) -> EntryKind:
    """Return the kind of entry that an act makes."""
    if action in _OF_THE_CASE:
        return EntryKind.RULES
    first = action.partition("_")[0]
    if first == "contact":
        return EntryKind.CONTACTS
    return next((kind for kind, names in _KIND_OF.items() if first in names), EntryKind.RULES)


# Whether the borrower was the one who wrote or called, and how.
METHODS = {
    (Channel.PHONE, False): _l("Call to the borrower"),
    (Channel.PHONE, True): _l("Call from the borrower"),
    (Channel.SMS, False): _l("SMS to the borrower"),
    (Channel.SMS, True): _l("SMS from the borrower"),
    (Channel.EMAIL, False): _l("E-mail to the borrower"),
    (Channel.EMAIL, True): _l("E-mail from the borrower"),
    (Channel.LETTER, False): _l("Letter to the borrower"),
    (Channel.LETTER, True): _l("Letter from the borrower"),
    (Channel.PORTAL, False): _l("Note to the borrower on the portal"),
    (Channel.PORTAL, True): _l("Note from the borrower on the portal"),
    (Channel.VISIT, False): _l("Talk at a visit"),
    (Channel.VISIT, True): _l("Talk at a visit"),
    (Channel.HAND_IN, False): _l("Talk at the counter"),
    (Channel.HAND_IN, True): _l("Talk at the counter"),
}
METHODS_TOLD = {
    (Channel.PHONE, False): _l("We called you"),
    (Channel.PHONE, True): _l("You called us"),
    (Channel.SMS, False): _l("We sent you an SMS"),
    (Channel.SMS, True): _l("You sent us an SMS"),
    (Channel.EMAIL, False): _l("We sent you an e-mail"),
    (Channel.EMAIL, True): _l("You sent us an e-mail"),
    (Channel.LETTER, False): _l("We sent you a letter"),
    (Channel.LETTER, True): _l("You sent us a letter"),
    (Channel.PORTAL, False): _l("We wrote to you here"),
    (Channel.PORTAL, True): _l("You wrote to us here"),
    (Channel.VISIT, False): _l("We spoke at a visit"),
    (Channel.VISIT, True): _l("We spoke at a visit"),
    (Channel.HAND_IN, False): _l("We spoke at the counter"),
    (Channel.HAND_IN, True): _l("We spoke at the counter"),
}
ICONS = {
    Channel.PHONE: "phone",
    Channel.SMS: "message",
    Channel.EMAIL: "mail",
    Channel.LETTER: "mail",
    Channel.PORTAL: "message",
    Channel.VISIT: "people",
    Channel.HAND_IN: "building",
}
OUTCOMES_TOLD = {
    ContactOutcome.REACHED: _l("We spoke with you."),
    ContactOutcome.NO_ANSWER: _l("Nobody answered."),
    ContactOutcome.BUSY: _l("The line was busy."),
    ContactOutcome.WRONG_NUMBER: _l("The number is not in use."),
    ContactOutcome.WRONG_PERSON: _l("Somebody answered who does not know you."),
    ContactOutcome.THIRD_PARTY: _l("Somebody else answered."),
    ContactOutcome.SENT: _l("It was sent."),
}
RESULTS_TOLD = {
    CallResult.INFORMED: _l("We told you how things stand."),
    CallResult.PROMISE: _l("You named a day on which you will pay."),
    CallResult.DISPUTE: _l("You told us that the debt is not right."),
    CallResult.HARDSHIP: _l("You told us that you cannot pay at the moment."),
    CallResult.REFUSES: _l("You did not want to go on with the talk."),
}
# What was noted of the talk, as an impression that may be wrong: it can be contested.
ATTITUDES_TOLD = {
    Attitude.COOPERATIVE: _l("Our impression: you wanted to find a way together."),
    Attitude.HESITANT: _l("Our impression: you wanted time to think."),
    Attitude.WORRIED: _l("Our impression: you were worried."),
    Attitude.UPSET: _l("Our impression: you were upset."),
    Attitude.UNWILLING: _l("Our impression: you did not want to talk about it."),
}
# Whoever answered in these cases is not the borrower: what they said is not the borrower's to read.
OF_SOMEBODY_ELSE = frozenset({ContactOutcome.WRONG_PERSON, ContactOutcome.THIRD_PARTY})
