"""My visits: what is booked, who is coming, cancelling, and "this is not my agent"."""

from flask import Response, flash, g, url_for
from flask_babel import gettext as _

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import calendar_file, clock
from portal.services import cases, visits
from portal.services.visits import Visit
from portal.web import access, words
from portal.web.locale import current_locale
from portal.web.page import download, go_to, page
from portal.web.transactions import commits, session


@blueprint.get("/visits", endpoint="visits")
def visits_page() -> Response:
    actor, now = access.actor(), clock.now()
    case = cases.open_case_of(session, borrower=actor, now=now)
    found = visits.of_case(session, case=case, actor=actor, now=now) if case else []
    ahead = [visit for visit in reversed(found) if visits.is_ahead(visit)]
    return page(
        "borrower/visits/visits.html", ahead=ahead, past=[each for each in found if each not in ahead]
    )


@blueprint.get("/visits/<ref>")
def visit(ref: str) -> Response:
    shown, now = _visit(ref), clock.now()
    return page(
        "borrower/visits/visit.html",
        visit=shown,
        day=visits.day_of(shown, g.policy),
        crew=_people(shown),
        code=visits.code_of_today(shown, policy=g.policy, now=now),
        ahead=visits.is_ahead(shown),
        can_stop=visits.can_stop(shown, policy=g.policy, now=now),
        late=visits.is_late(shown, policy=g.policy, now=now),
        last_day=visits.last_day_to_change(shown, policy=g.policy),
        wrong_person=visits.was_wrong_person(session, visit=shown),
    )


@blueprint.get("/visits/<ref>/calendar.ics")
def visit_calendar(ref: str) -> Response:
    shown = _visit(ref)
    lender = g.lender.names[current_locale().value]
    said = _("Appointment") if shown.discreet else _("Visit by %(lender)s", lender=lender)
    data = calendar_file.event(
        uid=f"{shown.ref}@good-terms",
        summary=said,
        starts_at=shown.window_start,
        ends_at=shown.window_end,
        written_at=clock.now(),
        location="" if shown.discreet else shown.place,
    )
    return download(data, media_type="text/calendar", name=f"{shown.window_start:%Y-%m-%d}.ics")


@blueprint.post("/visits/<ref>/cancellation")
@commits
def cancel_visit(ref: str) -> Response:
    shown, now = _visit(ref), clock.now()
    try:
        visits.cancel(session, visit=shown, case=shown.case, policy=g.policy, actor=access.actor(), now=now)
    except Refused as refusal:
        flash(words.refusal(refusal), "warning")
        return go_to(url_for("borrower.visit", ref=ref))
    flash(_("The visit is cancelled. You can choose a new time whenever you like."), "success")
    return go_to(url_for("borrower.visits"))


@blueprint.post("/visits/<ref>/alert")
@commits
def report_wrong_person(ref: str) -> Response:
    shown = _visit(ref)
    try:
        visits.stop_wrong_person(session, visit=shown, case=shown.case, actor=access.actor(), now=clock.now())
    except Refused as refusal:
        flash(words.refusal(refusal), "warning")
    return go_to(url_for("borrower.visit", ref=ref))


def _people(shown: Visit) -> list[dict[str, str | None]]:
    """The crew as the page shows it; the first leads."""
    return [
        {
            "name": person.name,
            "number": person.number,
            "initials": initials(person.name),
            "role": None if place else _("Leads the visit"),
            "photo_url": None,
        }
        for place, person in enumerate(visits.crew_of(shown))
    ]


def initials(name: str) -> str:
    """Return what stands in place of a photo: `林美華` has `林`, `Ann Example` has `AE`."""
    words_of_name = name.split()
    return "".join(word[0] for word in words_of_name[:2]) if len(words_of_name) > 1 else name[:1]


def _visit(ref: str) -> Visit:
    return access.or_404(visits.find(session, ref, actor=access.actor(), now=clock.now()))
