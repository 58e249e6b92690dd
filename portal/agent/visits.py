"""A visit on the tablet: the brief, arriving, comparing the code, leaving."""

from typing import Any

from flask import Response, g, url_for
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FloatField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from portal.agent import blueprint
from portal.domain import masking
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import checklists, on_site, reveals, visit_progress
from portal.services.on_site import Visit
from portal.vocabulary import Role, VisitOutcome, VisitStep
from portal.web import access, visit_steps, words
from portal.web.forms import CHOSEN, REQUIRED, TICKED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session
from portal.web.words.on_site import PLACES

NOTE_LENGTH = Length(max=2000)
# An auditor reads what became of a visit; only its crew works on it.
READERS = (Role.AGENT, Role.AUDITOR)


class PositionForm(PortalForm):
    """Where the person is: filled by a script at their own tap, and empty without."""

    latitude = FloatField(widget=HiddenInput(), validators=[Optional(), NumberRange(-90, 90)])
    longitude = FloatField(widget=HiddenInput(), validators=[Optional(), NumberRange(-180, 180)])
    accuracy = FloatField(widget=HiddenInput(), validators=[Optional(), NumberRange(0, 1_000_000)])

    def position(self) -> on_site.Position | None:
        latitude, longitude, accuracy = self.latitude.data, self.longitude.data, self.accuracy.data
        if latitude is None or longitude is None or accuracy is None:
            return None
        return on_site.Position(latitude=latitude, longitude=longitude, accuracy=round(accuracy))


class CodeForm(PortalForm):
    card_shown = BooleanField(
        _l("I have shown my work card and said my name and the lender's name"), validators=[TICKED]
    )
    code = StringField(_l("The borrower's code"), validators=[REQUIRED, Length(max=20)])


class DepartureForm(PositionForm):
    outcome = RadioField(_l("What came of the visit?"), coerce=VisitOutcome, validators=[CHOSEN])
    note = TextAreaField(_l("Note"), validators=[Optional(), NOTE_LENGTH])


@blueprint.get("/visits/<ref>")
@access.roles(*READERS)
def visit(ref: str) -> Response:
    return brief(read(ref), PositionForm(formdata=None))


@blueprint.post("/visits/<ref>/arrival")
@access.roles(Role.AGENT)
@commits
def arrive(ref: str) -> Response:
    visit, form = open_step(ref, VisitStep.ARRIVE), PositionForm()
    if not form.validate_on_submit():
        return brief(visit, form, status=422)
    try:
        on_site.arrive(session, visit=visit, position=form.position(), actor=access.actor(), now=clock.now())
    except Refused as refusal:
        form.refuse(refusal)
        return brief(visit, form, status=409)
    return go_on(visit)


@blueprint.get("/visits/<ref>/identity")
@access.roles(Role.AGENT)
def visit_identity(ref: str) -> Response:
    visit = find(ref)
    if _stands(visit).current is not VisitStep.IDENTITY:
        return go_on(visit)
    return _identity(visit, CodeForm(formdata=None))


@blueprint.post("/visits/<ref>/identity")
@access.roles(Role.AGENT)
@commits
def compare_code(ref: str) -> Response:
    visit, form = open_step(ref, VisitStep.IDENTITY), CodeForm()
    if not form.validate_on_submit():
        return _identity(visit, form, status=422)
    try:
        on_site.compare_code(
            session,
            visit=visit,
            typed=form.code.data,
            card_shown=form.card_shown.data,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal, form.code)
        return _identity(visit, form, status=429 if refusal.code == "too_many_tries" else 422)
    return go_on(visit)


@blueprint.get("/visits/<ref>/departure")
@access.roles(Role.AGENT)
def visit_departure(ref: str) -> Response:
    visit = find(ref)
    if not _stands(visit).is_open(VisitStep.LEAVE):
        return go_on(visit)
    return _departure(visit, DepartureForm(formdata=None))


@blueprint.post("/visits/<ref>/departure")
@access.roles(Role.AGENT)
@commits
def leave(ref: str) -> Response:
    visit, form = open_step(ref, VisitStep.LEAVE), DepartureForm()
    form.outcome.choices = _choices(visit)
    if not form.validate_on_submit():
        return _departure(visit, form, status=422)
    on_site.leave(
        session,
        visit=visit,
        outcome=form.outcome.data,
        note=form.note.data or "",
        position=form.position(),
        actor=access.actor(),
        now=clock.now(),
    )
    return go_on(visit)


def find(ref: str) -> Visit:
    """Return a visit this person goes on; anybody else's does not exist."""
    return access.or_404(on_site.find(session, ref, actor=access.actor(), now=clock.now()))


def read(ref: str) -> Visit:
    """Return a visit this person may look at."""
    return access.or_404(on_site.find_to_read(session, ref, actor=access.actor(), now=clock.now()))


def works_on(visit: Visit) -> bool:
    """Whether this person may enter something at a visit; who may not is shown its record."""
    return access.may("agent.arrive") and on_site.is_crew(visit, access.actor())


def open_step(ref: str, step: VisitStep) -> Visit:
    """Return a visit at whose step something is sent. Refused: it is not the step's turn."""
    visit = find(ref)
    visit_progress.require_open(session, visit=visit, step=step)
    return visit


def go_on(visit: Visit) -> Response:
    """Send the browser to what comes next in a visit."""
    return go_to(visit_steps.next_url(visit.ref, _stands(visit)))


def step_page(template: str, visit: Visit, *, status: int = 200, **context: Any) -> Response:
    """Render a page of a visit with what all of them show: who it is, and where the visit stands."""
    progress = _stands(visit)
    return page(
        template,
        status=status,
        visit=visit,
        borrower=masking.name(visit.case.borrower.name),
        progress=progress,
        visit_steps=visit_steps.links(visit.ref, progress),
        places=PLACES,
        day=visit.window_start.astimezone(g.zone).date(),
        works_here=works_on(visit),
        reveal_url=url_for("agent.reveal_at_visit", ref=visit.ref) if works_on(visit) else None,
        **context,
    )


def _stands(visit: Visit) -> visit_progress.Progress:
    return visit_progress.progress(session, visit=visit)


def brief(
    visit: Visit, form: PositionForm, *, revealed: reveals.Value | None = None, status: int = 200
) -> Response:
    """The page of a visit; `revealed` is the one value that was asked for."""
    actor, now = access.actor(), clock.now()
    on_file = checklists.on_file(session, visit=visit, actor=actor, now=now)
    moves = visit_progress.moves_of(session, visit=visit)
    return step_page(
        "agent/visits/visit.html",
        visit,
        status=status,
        form=form,
        on_file=on_file,
        crew=[{"name": each.staff.name, "number": each.staff.number, "role": ""} for each in visit.crew],
        promise=on_site.promised(session, visit=visit),
        values={**on_file.contact.values, **({revealed.field: revealed} if revealed else {})},
        last_move=moves[-1:],
        moves=moves,
        today=now.astimezone(g.zone).date() == visit.window_start.astimezone(g.zone).date(),
    )


def _identity(visit: Visit, form: CodeForm, status: int = 200) -> Response:
    shown = on_site.shown_digits(session, visit=visit)
    return step_page("agent/visits/identity.html", visit, status=status, form=form, shown=shown)


def _departure(visit: Visit, form: DepartureForm, status: int = 200) -> Response:
    form.outcome.choices = _choices(visit)
    return step_page("agent/visits/departure.html", visit, status=status, form=form)


def _choices(visit: Visit) -> list[SelectChoice]:
    return [SelectChoice(each.value, words.label(each)) for each in on_site.outcomes(session, visit=visit)]
