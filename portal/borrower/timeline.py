"""Everything that happened, the newest first, and the borrower's word against an entry. Only acts that have a
sentence for the borrower are shown."""

from typing import Any

from flask import Response, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from portal import formats
from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import audit, cases, contests, timelines
from portal.web import access, timelines_shown
from portal.web.forms import FILLED, PortalForm
from portal.web.locale import current_locale, current_zone
from portal.web.page import go_to, page
from portal.web.transactions import commits, session
from portal.web.words.borrower_entry import EVENTS
from portal.web.words.timeline import EntryKind

LONGEST = 2_000
CONTESTABLE = frozenset(EVENTS) - timelines_shown.NOT_CONTESTED


class ContestForm(PortalForm):
    words = TextAreaField(_l("What is not right about it?"), validators=[FILLED, Length(max=LONGEST)])


@blueprint.get("/timeline")
def timeline() -> Response:
    asked, after = request.args.get("kind", ""), request.args.get("after")
    kind = asked if asked in set(EntryKind) else None
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    actions = timelines_shown.actions_of(EVENTS, kind)
    shown = timelines.page_of(session, case=case, actions=actions, after=after) if case else None
    return page(
        "borrower/timeline/timeline.html",
        "_entries.html",
        happened=timelines_shown.for_borrower(shown) if shown else [],
        kinds=timelines_shown.tabs_of("borrower.timeline", kind),
        kind=kind,
        first_url=url_for("borrower.timeline", kind=kind) if after else None,
        next_url=url_for("borrower.timeline", kind=kind, after=shown.after)
        if shown and shown.after
        else None,
    )


@blueprint.get("/timeline/<entry>/contest")
def contest(entry: str) -> Response:
    return _show(entry, ContestForm(formdata=None))


@blueprint.post("/timeline/<entry>/contest")
@commits
def contest_entry(entry: str) -> Response:
    form = ContestForm()
    case, sequence = _find(entry)
    if not form.validate_on_submit():
        return _show(entry, form, status=422)
    try:
        contests.raise_(
            session,
            case=case,
            sequence=sequence,
            words=form.words.data,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _show(entry, form, status=409)
    return go_to(url_for("borrower.contest", entry=entry))


def _find(entry: str) -> tuple[cases.Case, int]:
    """The borrower's open case and the number of an entry that is shown on its timeline; else nothing."""
    case = access.or_404(cases.open_case_of(session, borrower=access.actor(), now=clock.now()))
    return case, access.or_404(timelines.find(session, case=case, name=entry, actions=CONTESTABLE))


def _show(entry: str, form: ContestForm, *, status: int = 200) -> Response:
    case, sequence = _find(entry)
    shown = timelines.entry(session, case=case, sequence=sequence)
    return page(
        "borrower/timeline/contest.html",
        status=status,
        form=form,
        happened=timelines_shown.for_borrower(shown),
    )


def entries(events: list[audit.Event]) -> list[dict[str, Any]]:
    """Write events in one sentence each, as the start page shows the newest."""
    locale, zone = current_locale(), current_zone()
    return [
        {
            "iso": event.at.isoformat(timespec="seconds"),
            "when": formats.moment(event.at, locale, zone),
            "title": EVENTS[event.action].sentence,
            "icon": EVENTS[event.action].icon,
            "tone": EVENTS[event.action].tone,
        }
        for event in events
    ]
