"""A sign of despair: what to say, stopping everything at once, and letting it go on again."""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, request, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import Form, StringField, TextAreaField
from wtforms.validators import Length

from portal.agent import blueprint, cases
from portal.domain import masking
from portal.domain.refusals import Refused
from portal.infra import clock, texts
from portal.services import case_list, complaints, crisis, visits
from portal.services import cases as case_service
from portal.services.cases import Case
from portal.vocabulary import Role
from portal.web import access
from portal.web.forms import FILLED, PortalForm
from portal.web.locale import current_locale
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

RAISERS = (Role.AGENT, Role.CALLER, Role.LEAD, Role.MANAGER, Role.ADMIN)
HANDLERS = (Role.HANDLER, Role.MANAGER)
LONGEST = 500


class CaseSearch(Form):
    search = StringField(_l("Contract or borrower number"))


class EndForm(PortalForm):
    reason = TextAreaField(
        _l("Why may contact go on? Who spoke with whom?"), validators=[FILLED, Length(max=LONGEST)]
    )


@dataclass(frozen=True, kw_only=True)
class About:
    """The case or the complaint that the page is about, and what this person may do on it."""

    title: str
    case: Case | None
    running: Any = None
    raise_url: str | None = None
    end_url: str | None = None


@blueprint.get("/crisis")
@access.roles(*Role)
def crisis_page() -> Response:
    return _show()


@blueprint.post("/cases/<ref>/crisis")
@access.roles(*RAISERS)
@commits
def raise_crisis(ref: str) -> Response:
    crisis.raise_alarm(session, case=cases.find(ref), actor=access.actor(), now=clock.now())
    return go_to(url_for("agent.crisis_page", case=ref))


@blueprint.post("/complaints/<ref>/crisis")
@access.roles(*HANDLERS)
@commits
def raise_crisis_of_complaint(ref: str) -> Response:
    """Handlers read what is written, and know no case but by its complaint."""
    actor, now = access.actor(), clock.now()
    complaint = access.or_404(complaints.find(session, ref, actor=actor, now=now))
    crisis.raise_alarm(session, case=access.or_404(complaint.case), actor=actor, now=now)
    return go_to(url_for("agent.crisis_page", complaint=ref))


@blueprint.post("/cases/<ref>/crisis/end")
@access.roles(*crisis.ENDING)
@commits
def end_crisis(ref: str) -> Response:
    case, form = cases.find(ref), EndForm()
    if not form.validate_on_submit():
        return _show(case, form, status=422)
    try:
        crisis.end(session, case=case, reason=form.reason.data, actor=access.actor(), now=clock.now())
    except Refused as refusal:
        form.refuse(refusal)
        return _show(case, form, status=409)
    return go_to(url_for("agent.crisis_page"))


def _show(case: Case | None = None, form: EndForm | None = None, status: int = 200) -> Response:
    actor, now, search = access.actor(), clock.now(), CaseSearch(request.args)
    about = _about_case(case) if case else _about()
    spoken = about.case.borrower.locale if about and about.case else current_locale()
    card = texts.render("components/crisis_card.html", locale=spoken, line=g.policy.contacts.crisis_line)
    return page(
        "agent/crisis/crisis.html",
        status=status,
        card=Markup(card),  # noqa: S704
        spoken=spoken,
        about=about,
        form=form or EndForm(formdata=None),
        search=search,
        found=_found(search.search.data or ""),
        going_on=crisis.going_on(session, actor=actor, now=now) if actor.has(*crisis.ENDING) else (),
    )


def _about() -> About | None:
    """What was named in the address, if this person may see it."""
    actor, now = access.actor(), clock.now()
    if ref := request.args.get("complaint"):
        complaint = access.or_404(complaints.find(session, ref, actor=actor, now=now))
        case = complaint.case
        return About(
            title=complaint.number,
            case=case,
            running=crisis.hold_of(session, case=case) if case else None,
            raise_url=url_for("agent.raise_crisis_of_complaint", ref=ref) if case and _may_handle() else None,
        )
    if ref := request.args.get("visit"):
        return _about_case(access.or_404(visits.find(session, ref, actor=actor, now=now)).case)
    if ref := request.args.get("case"):
        return _about_case(access.or_404(case_service.find(session, ref, actor=actor, now=now)))
    return None


def _about_case(case: Case) -> About:
    running = crisis.hold_of(session, case=case)
    ends = running is not None and access.may("agent.end_crisis")
    return About(
        title=f"{masking.name(case.borrower.name)} · {case.borrower.borrower_no}",
        case=case,
        running=running,
        raise_url=url_for("agent.raise_crisis", ref=case.ref) if access.may("agent.raise_crisis") else None,
        end_url=url_for("agent.end_crisis", ref=case.ref) if ends else None,
    )


def _may_handle() -> bool:
    return access.may("agent.raise_crisis_of_complaint")


def _found(search: str) -> Any:
    """The cases a number begins with; none for nothing, which would be all."""
    if not search.strip():
        return ()
    filters = case_list.Filters(search=search[:40])
    return case_list.page_of(
        session, filters=filters, after=None, actor=access.actor(), now=clock.now()
    ).lines
