"""How a borrower wants to be reached, noted by staff who were told so."""

from flask import Response, flash, g, url_for
from flask_babel import gettext as _

from portal.agent import blueprint
from portal.agent.cases import find
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import preferences
from portal.services.cases import Case
from portal.vocabulary import Role
from portal.web import access
from portal.web.page import go_to, page
from portal.web.preferences import PreferencesForm, empty_form, sent_form
from portal.web.transactions import commits, session

WRITERS = (Role.CALLER, Role.LEAD, Role.MANAGER)


@blueprint.get("/cases/<ref>/preferences")
@access.roles(*WRITERS)
def case_preferences(ref: str) -> Response:
    case = find(ref)
    row = preferences.row_of(session, case.borrower)
    form = empty_form(preferences.of(session, case.borrower), row.version if row else 0)
    return _page(case, form)


@blueprint.post("/cases/<ref>/preferences")
@access.roles(*WRITERS)
@commits
def save_case_preferences(ref: str) -> Response:
    case, form, now = find(ref), sent_form(), clock.now()
    if not form.validate_on_submit():
        return _page(case, form, status=422)
    try:
        preferences.save(
            session,
            borrower=case.borrower,
            wishes=form.wishes(),
            version=form.version.data or 0,
            case=case,
            today=now.astimezone(g.zone).date(),
            actor=access.actor(),
            now=now,
        )
    except Refused as refusal:
        form.refuse_at(refusal)
        return _page(case, form, status=409)
    flash(_("Noted. The borrower is told that it was changed."), "success")
    return go_to(url_for("agent.case", ref=case.ref))


def _page(case: Case, form: PreferencesForm, status: int = 200) -> Response:
    return page("agent/preferences/preferences.html", status=status, case=case, form=form)
