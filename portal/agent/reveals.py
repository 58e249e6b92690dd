"""Seeing a number or an address in full. Each look is recorded; the next time the page opens it is masked."""

from flask import Response, request, url_for

from portal.agent import blueprint, cases, checklist, visits
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import reveals
from portal.services.cases import Case
from portal.services.on_site import Visit
from portal.vocabulary import PersonalField, Role
from portal.web import access, words
from portal.web.page import go_to, page, wants_fragment
from portal.web.transactions import commits, session

ROUTE, CHECKLIST = "route", "checklist"


@blueprint.post("/cases/<ref>/reveals")
@access.roles(*reveals.ROLES)
@commits
def reveal_on_case(ref: str) -> Response:
    case = cases.find(ref)
    if wants_fragment():
        return _in_place(case, url_for("agent.reveal_on_case", ref=ref))
    return cases.case_page(case, revealed=_reveal(case))


@blueprint.get("/cases/<ref>/reveals")
@access.roles(*reveals.ROLES)
def hide_on_case(ref: str) -> Response:
    """Asked for again, as when the language is switched, the page is masked."""
    return go_to(url_for("agent.case", ref=ref))


@blueprint.post("/visits/<ref>/reveals")
@access.roles(Role.AGENT)
@commits
def reveal_at_visit(ref: str) -> Response:
    visit = visits.find(ref)
    if wants_fragment():
        return _in_place(visit.case, url_for("agent.reveal_at_visit", ref=ref), visit)
    revealed = _reveal(visit.case, visit)
    if request.form.get("page") == CHECKLIST:
        return checklist.checklist_page(visit, revealed=revealed)
    return visits.brief(visit, visits.PositionForm(formdata=None), revealed=revealed)


@blueprint.get("/visits/<ref>/reveals")
@access.roles(Role.AGENT)
def hide_at_visit(ref: str) -> Response:
    """Asked for again, as when the language is switched, the page is masked."""
    return go_to(url_for("agent.visit", ref=ref))


@blueprint.post("/visits/<ref>/contact")
@access.roles(Role.AGENT)
@commits
def show_contact(ref: str) -> Response:
    """Address and telephone for this visit, for the rest of its day."""
    visit = visits.find(ref)
    reveals.show_contact(session, visit=visit, actor=access.actor(), now=clock.now())
    if request.form.get("page") == ROUTE:
        return go_to(url_for("agent.route", _anchor=f"visit-{ref}"))
    return go_to(url_for("agent.visit", ref=ref))


def _reveal(case: Case, visit: Visit | None = None) -> reveals.Value:
    return reveals.reveal(
        session, case=case, field=_asked(), visit=visit, actor=access.actor(), now=clock.now()
    )


def _in_place(case: Case, url: str, visit: Visit | None = None) -> Response:
    """Only the value, to stand where the button was; or why not."""
    try:
        value = _reveal(case, visit)
    except Refused as refusal:
        value = reveals.masked(session, borrower=case.borrower)[_asked()]
        problem = words.refusal(refusal)
        return page(
            "components/personal_value.html", status=409, value=value, reveal_url=url, problem=problem
        )
    return page("components/personal_value.html", value=value, reveal_url=url, problem=None)


def _asked() -> PersonalField:
    asked = request.form.get("field", "")
    return access.or_404(PersonalField(asked) if asked in set(PersonalField) else None)
