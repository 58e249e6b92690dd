"""Who asks, for what, and how a row of the table says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Who asks. The first four are not signed in."""

    NOBODY = "nobody"
    CAME_BY_LINK = "came by a link"
    IDENTIFIED = "identified, without the code yet"
    GAVE_PASSWORD = "staff between password and code"
    BORROWER = "borrower"
    AGENT = "agent"
    CALLER = "caller"
    LEAD = "lead"
    MANAGER = "manager"
    HANDLER = "handler"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Thing(StrEnum):
    """What an address can name. Each lender of the test's world has two of each: one per borrower."""

    CASE = "case"
    LOAN = "loan"
    CONSENT = "consent"
    PROOF = "proof with a file"
    VISIT_AHEAD = "visit of next week"
    VISIT_TODAY = "visit of today, not begun"
    VISIT_AT_DOOR = "visit whose crew arrived"
    VISIT_AT_TABLE = "visit that came to the plan"
    PLAN = "approved plan"
    PLAN_WAITING = "plan that waits for a yes"
    AGREEMENT = "agreement that can be signed"
    AGREEMENT_SEALED = "agreement in force"
    FOLLOW_UP = "follow-up"
    RELIEF = "relief in force"
    PROMISE = "promise that runs"
    DECISION = "decision of the gate that refused a call"
    OVERRIDE = "exception that waits for a yes"
    COMPLAINT = "complaint that the handler took on"
    COMPLAINT_NEW = "complaint that nobody took on"
    DISPUTE = "dispute that waits for an answer"
    DISPUTE_UPHELD = "dispute that waits for the loan book"
    CONTEST = "contested entry that waits for an answer"
    ENTRY = "entry of the timeline that nobody contested"
    LINK = "token of a personal link"
    STAFF = "member of staff"
    SUPERIOR = "manager"
    INVITATION = "token of an invitation"
    SESSION = "session of a browser"
    MESSAGE_FAILED = "message that no gateway took"
    BOOK_UPLOAD = "loan book with mistakes in it"


NOBODY, CAME_BY_LINK, IDENTIFIED = Kind.NOBODY, Kind.CAME_BY_LINK, Kind.IDENTIFIED
GAVE_PASSWORD = Kind.GAVE_PASSWORD
BORROWER, AGENT, CALLER, LEAD = Kind.BORROWER, Kind.AGENT, Kind.CALLER, Kind.LEAD
MANAGER, HANDLER, AUDITOR, ADMIN = Kind.MANAGER, Kind.HANDLER, Kind.AUDITOR, Kind.ADMIN

NOT_SIGNED_IN = frozenset({NOBODY, CAME_BY_LINK, IDENTIFIED, GAVE_PASSWORD})
STAFF = frozenset({AGENT, CALLER, LEAD, MANAGER, HANDLER, AUDITOR, ADMIN})
EVERYBODY = NOT_SIGNED_IN | STAFF | {BORROWER}
READERS = frozenset({CALLER, LEAD, MANAGER, AUDITOR})
SIGNERS = frozenset({AGENT, LEAD, MANAGER})
REVIEWERS = frozenset({CALLER, LEAD, MANAGER})
HANDLERS = frozenset({HANDLER, MANAGER})
APPROVERS = frozenset({LEAD, MANAGER})
REVEALERS = frozenset({AGENT, CALLER, LEAD, MANAGER})
FOLLOWERS = frozenset({AGENT, LEAD, MANAGER})

# Who sees the things of both borrowers of their lender; everybody else only those of their own side: a
# borrower what is theirs, an agent what belongs to the visits they go on.
WHOLE_BOOK = frozenset({CALLER, LEAD, MANAGER, AUDITOR, ADMIN})
SEES = {
    Thing.COMPLAINT: frozenset({HANDLER, MANAGER, AUDITOR}),
    Thing.COMPLAINT_NEW: frozenset({HANDLER, MANAGER, AUDITOR}),
    Thing.STAFF: STAFF,
    Thing.SUPERIOR: STAFF,
    Thing.SESSION: frozenset(),
    # A token is a secret of its own: who has it is let through, whoever they are.
    Thing.LINK: EVERYBODY,
    Thing.INVITATION: EVERYBODY,
}
TOKENS = frozenset({Thing.LINK, Thing.INVITATION})

SUCCESS = frozenset({200, 204, 303})
UPLOAD = "a picture"  # stands in a form for a file


@dataclass(frozen=True, kw_only=True)
class Row:
    endpoint: str
    method: str
    who: frozenset[Kind]
    names: Mapping[str, Thing | str]
    query: Mapping[str, Thing | str] = field(default_factory=dict)
    form: Mapping[str, Thing | str] = field(default_factory=dict)
    answer: frozenset[int] = SUCCESS
    own_account: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"


def get(
    endpoint: str,
    who: Iterable[Kind],
    *,
    query: Mapping[str, Thing | str] | None = None,
    answer: Iterable[int] = SUCCESS,
    **names: Thing | str,
) -> Row:
    return Row(
        endpoint=endpoint,
        method="GET",
        who=frozenset(who),
        names=names,
        query=query or {},
        answer=frozenset(answer),
    )


def post(
    endpoint: str,
    who: Iterable[Kind],
    form: Mapping[str, Thing | str] | None = None,
    *,
    query: Mapping[str, Thing | str] | None = None,
    answer: Iterable[int] = SUCCESS,
    own_account: bool = False,
    **names: Thing | str,
) -> Row:
    return Row(
        endpoint=endpoint,
        method="POST",
        who=frozenset(who),
        names=names,
        query=query or {},
        form=form or {},
        answer=frozenset(answer),
        own_account=own_account,
    )


BUDGET = {"adults": "1", "children": "0", "wages": "7000", "rent": "1800", "food": "1600"}
COMPLAINT = {"topic": "contact", "text": "Too many calls"}
SIGNATURE = {"code": "000000", "typed": "Somebody"}  # a wrong code: nobody can know the right one here
WRONG_CODE = (422,)
SLOT = {"slot": "2026-03-09T02:00:00+00:00"}
