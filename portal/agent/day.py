"""My day: what waits for the signed-in member of staff."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flask import Response, current_app, g, url_for
from flask_babel import gettext as _

from portal.agent import blueprint
from portal.domain import masking
from portal.infra import clock
from portal.services import day as my_day
from portal.services import routes
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
    wanted = [card for endpoint, roles, card in CARDS if _may_open(endpoint, roles)]
    return page("agent/day/day.html", cards=[card() for card in wanted], today=_today())


def _may_open(endpoint: str, roles: tuple[Role, ...]) -> bool:
    return endpoint in current_app.view_functions and access.actor().has(*roles)


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


def _today() -> date:
    return clock.now().astimezone(g.zone).date()


# The page behind each card, and whose work it is.
CARDS: tuple[tuple[str, tuple[Role, ...], Callable[[], Card]], ...] = (
    ("agent.route", (Role.AGENT,), _stops),
    ("agent.proof_queue", (Role.CALLER, Role.LEAD), _proofs),
    ("agent.approvals_list", (Role.LEAD, Role.MANAGER), _approvals),
    ("agent.complaint_inbox", (Role.HANDLER, Role.MANAGER), _complaints),
    ("agent.follow_ups", (Role.AGENT, Role.LEAD, Role.MANAGER), _follow_ups),
)
