"""My day: what waits for the signed-in member of staff."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from flask import Response, g, url_for
from flask_babel import gettext as _

from portal.agent import blueprint
from portal.domain import masking
from portal.infra import clock
from portal.services import audit, crisis, objection_list, routes
from portal.services import day as my_day
from portal.vocabulary import Role
from portal.web import access
from portal.web.page import page
from portal.web.transactions import session


@dataclass(frozen=True, kw_only=True)
class Card:
    """One kind of work that waits."""

    title: str
    count: int
    text: str
    url: str
    action: str
    icon: str


@blueprint.get("")
@access.roles(*Role)
def day() -> Response:
    return page("agent/day/day.html", cards=[card() for card in _wanted()], today=_today())


def _wanted() -> Iterable[Callable[[], Card]]:
    """One card for each page: somebody's own work there comes before what they only read."""
    cards: dict[str, Callable[[], Card]] = {}
    for endpoint, roles, card in CARDS:
        if access.actor().has(*roles):
            cards.setdefault(endpoint, card)
    return cards.values()


def _stops() -> Card:
    ahead = routes.to_go(session, actor=access.actor(), day=_today(), zone=g.zone, now=clock.now())
    text = _("No stop is left today.")
    if ahead:
        name = masking.name(ahead[0].case.borrower.name)
        starts = ahead[0].window_start.astimezone(g.zone).strftime("%H:%M")
        text = _("Next: %(time)s, %(name)s", time=starts, name=name)
    return Card(
        title=_("Stops today"),
        count=len(ahead),
        text=text,
        url=url_for("agent.route"),
        action=_("Open the route"),
        icon="route",
    )


def _proofs() -> Card:
    return Card(
        title=_("Documents to check"),
        count=my_day.proofs_to_review(session, actor=access.actor(), now=clock.now()),
        text=_("Borrowers wait for an answer before they can book a visit."),
        url=url_for("agent.proof_queue"),
        action=_("Check documents"),
        icon="files",
    )


def _approvals() -> Card:
    return Card(
        title=_("Plans waiting for your yes"),
        count=my_day.approvals_to_give(session, actor=access.actor(), now=clock.now()),
        text=_("They cannot be signed before somebody decides."),
        url=url_for("agent.approvals_list"),
        action=_("Decide"),
        icon="stamp",
    )


def _complaints() -> Card:
    return Card(
        title=_("Complaints due"),
        count=my_day.complaints_due(session, today=_today(), actor=access.actor(), now=clock.now()),
        text=_("To be answered today, or late."),
        url=url_for("agent.complaint_inbox"),
        action=_("Open the inbox"),
        icon="inbox",
    )


def _follow_ups() -> Card:
    return Card(
        title=_("Follow-ups due"),
        count=my_day.follow_ups_due(session, today=_today(), actor=access.actor(), now=clock.now()),
        text=_("Borrowers you look after and have promised to see again."),
        url=url_for("agent.follow_ups"),
        action=_("Open the follow-ups"),
        icon="heart",
    )


def _disputes() -> Card:
    waiting, late = objection_list.count_disputes(
        session, today=_today(), actor=access.actor(), now=clock.now()
    )
    return Card(
        title=_("Disputes waiting for an answer"),
        count=waiting,
        text=_("Late: %(count)s", count=late) if late else _("Collection on these cases is stopped."),
        url=url_for("agent.dispute_list"),
        action=_("Open the disputes"),
        icon="flag",
    )


def _contests() -> Card:
    return Card(
        title=_("Contested entries"),
        count=objection_list.count_contests(session, actor=access.actor(), now=clock.now()),
        text=_("Borrowers say that an entry of their timeline is not right."),
        url=url_for("agent.contest_list"),
        action=_("Read and answer"),
        icon="history",
    )


def _crises() -> Card:
    return Card(
        title=_("Not well: contact stopped"),
        count=crisis.count(session, actor=access.actor(), now=clock.now()),
        text=_("Somebody has to be there for these borrowers today."),
        url=url_for("agent.crisis_page"),
        action=_("See who it is"),
        icon="heart",
    )


def _calls() -> Card:
    return Card(
        title=_("Calls to make"),
        count=my_day.calls_due(session, actor=access.actor(), now=clock.now()),
        text=_("Who is to be called now, and why."),
        url=url_for("agent.call_index"),
        action=_("Open the call list"),
        icon="phone",
    )


def _cases_to_read() -> Card:
    return Card(
        title=_("Open cases"),
        count=my_day.cases_open(session, actor=access.actor(), now=clock.now()),
        text=_("Everything that happened on a case, with its visits, plans and agreements."),
        url=url_for("agent.case_index"),
        action=_("Read the cases"),
        icon="files",
    )


def _proofs_to_read() -> Card:
    return Card(
        title=_("Documents not checked yet"),
        count=my_day.proofs_to_review(session, actor=access.actor(), now=clock.now()),
        text=_("Borrowers wait for an answer before they can book a visit."),
        url=url_for("agent.proof_queue"),
        action=_("Look at the documents"),
        icon="file",
    )


def _plans_to_read() -> Card:
    return Card(
        title=_("Plans waiting for approval"),
        count=my_day.plans_waiting(session, actor=access.actor(), now=clock.now()),
        text=_("Concessions beyond what an agent may give alone."),
        url=url_for("agent.approvals_list"),
        action=_("Look at the approvals"),
        icon="stamp",
    )


def _follow_ups_to_read() -> Card:
    return Card(
        title=_("Follow-ups late"),
        count=my_day.follow_ups_late(session, today=_today(), actor=access.actor(), now=clock.now()),
        text=_("Promised to borrowers and not recorded yet."),
        url=url_for("agent.follow_ups"),
        action=_("Open the follow-ups"),
        icon="heart",
    )


def _record() -> Card:
    return Card(
        title=_("Entries in the audit record"),
        count=audit.head_of(session, lender_id=access.actor().lender_id)[0],
        text=_("Who did what, and when. Nobody can change it."),
        url=url_for("agent.audit_record"),
        action=_("Open the record"),
        icon="history",
    )


def _today() -> date:
    return clock.now().astimezone(g.zone).date()


READS = (Role.AUDITOR,)
# The page behind each card, and whose work it is.
CARDS: tuple[tuple[str, tuple[Role, ...], Callable[[], Card]], ...] = (
    ("agent.crisis_page", (Role.LEAD, Role.MANAGER), _crises),
    ("agent.route", (Role.AGENT,), _stops),
    ("agent.call_index", (Role.CALLER, Role.LEAD), _calls),
    ("agent.proof_queue", (Role.CALLER, Role.LEAD), _proofs),
    ("agent.approvals_list", (Role.LEAD, Role.MANAGER), _approvals),
    ("agent.case_index", READS, _cases_to_read),
    ("agent.complaint_inbox", (Role.HANDLER, Role.MANAGER, Role.AUDITOR), _complaints),
    ("agent.dispute_list", (Role.LEAD, Role.MANAGER), _disputes),
    ("agent.contest_list", (Role.LEAD, Role.MANAGER), _contests),
    ("agent.follow_ups", (Role.AGENT, Role.LEAD, Role.MANAGER), _follow_ups),
    ("agent.proof_queue", READS, _proofs_to_read),
    ("agent.approvals_list", READS, _plans_to_read),
    ("agent.follow_ups", READS, _follow_ups_to_read),
    ("agent.audit_record", READS, _record),
)
