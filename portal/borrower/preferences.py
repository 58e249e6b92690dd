"""How I am reached: language, ways, hours, and what to mind."""

from flask import Response, flash, g, url_for
from flask_babel import gettext as _

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import accounts, cases, preferences
from portal.web import access
from portal.web.page import go_to, page
from portal.web.preferences import PreferencesForm, empty_form, sent_form
from portal.web.transactions import commits, session


@blueprint.get("/preferences")
def preferences_page() -> Response:
    borrower = _borrower()
    row = preferences.row_of(session, borrower)
    form = empty_form(preferences.of(session, borrower), row.version if row else 0)
    return _page(form)


@blueprint.post("/preferences")
@commits
def save_preferences() -> Response:
    form, actor, now = sent_form(), access.actor(), clock.now()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        preferences.save(
            session,
            borrower=_borrower(),
            wishes=form.wishes(),
            version=form.version.data or 0,
            case=cases.open_case_of(session, borrower=actor, now=now),
            today=now.astimezone(g.zone).date(),
            actor=actor,
            now=now,
        )
    except Refused as refusal:
        form.refuse_at(refusal)
        return _page(form, status=409)
    flash(_("Saved. We keep to it from now on."), "success")
    return go_to(url_for("borrower.preferences_page"))


def _borrower() -> preferences.Borrower:
    actor = access.actor()
    return access.or_404(accounts.find_borrower(session, lender_id=actor.lender_id, ref=actor.ref))


def _page(form: PreferencesForm, status: int = 200) -> Response:
    return page("borrower/preferences/preferences.html", status=status, form=form)
