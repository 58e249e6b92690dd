"""The checklist of a visit: item by item, saved at once."""

from dataclasses import dataclass

from flask import Response, request
from flask_babel import lazy_gettext as _l
from wtforms import Form, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from portal.agent import blueprint
from portal.agent.visits import READERS, find, go_on, open_step, read, step_page, works_on
from portal.domain.actor import ActorKind
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import checklists, reveals, visit_progress
from portal.services.on_site import Visit
from portal.vocabulary import ChecklistItem, ChecklistResult, Role, VisitStep
from portal.web import access, words
from portal.web.forms import PortalForm
from portal.web.page import page, wants_fragment
from portal.web.transactions import commits, session
from portal.web.words.on_site import QUESTIONS


class ItemForm(Form):
    """One item inside the form of all. Nothing is ticked before somebody looked."""

    result = RadioField(
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in ChecklistResult],
        coerce=ChecklistResult,
    )
    note = StringField(_l("Note"), validators=[Optional(), Length(max=500)])


@dataclass
class Entry:
    """An item on the page: `is_open` once its turn has come, `sent` when it is among what was sent."""

    item: ChecklistItem
    form: ItemForm
    is_open: bool
    sent: bool
    saved: checklists.ChecklistAnswer | None
    problem: str | None = None


@blueprint.get("/visits/<ref>/checklist")
@access.roles(*READERS)
def visit_checklist(ref: str) -> Response:
    visit = read(ref)
    if not works_on(visit):
        return _record(visit)
    if not visit_progress.progress(session, visit=visit).is_open(VisitStep.PERSON):
        return go_on(visit)
    return checklist_page(visit)


@blueprint.post("/visits/<ref>/checklist")
@access.roles(Role.AGENT)
@commits
def save_checklist(ref: str) -> Response:
    visit, form = find(ref), PortalForm()
    before = visit_progress.progress(session, visit=visit)
    if wants_fragment() and not before.is_open(VisitStep.PERSON):
        return go_on(visit)
    open_step(ref, VisitStep.PERSON)
    sent = [entry for entry in _entries(visit, posted=True) if entry.sent]
    kept = [_save(visit, entry) for entry in sent] if form.validate_on_submit() else [False]
    valid = all(kept)
    after = visit_progress.progress(session, visit=visit)
    if wants_fragment() and len(sent) == 1 and _looks_alike(before, after):
        return page("agent/visits/_saved.html", status=200 if valid else 422, entry=sent[0])
    if not valid:
        return _page(visit, form, _with_problems(visit, sent), status=422)
    return go_on(visit)


def checklist_page(visit: Visit, *, revealed: reveals.Value | None = None) -> Response:
    """The checklist as it stands; `revealed` is the one value that was asked for."""
    return _page(visit, PortalForm(formdata=None), _entries(visit), revealed=revealed)


def _record(visit: Visit) -> Response:
    """What was answered, for somebody who did not come along."""
    return step_page(
        "agent/visits/checklist_record.html",
        visit,
        answers=checklists.answers(session, visit=visit),
        items=checklists.ORDER,
        names={f"{ActorKind.STAFF}:{each.staff.ref}": each.staff.name for each in visit.crew},
    )


def _entries(visit: Visit, *, posted: bool = False) -> list[Entry]:
    """The items in order: with what was sent, else with what was answered."""
    progress = visit_progress.progress(session, visit=visit)
    answers = checklists.answers(session, visit=visit)
    return [
        Entry(
            item=item,
            form=ItemForm(request.form if posted else None, obj=answers.get(item), prefix=f"{item}-"),
            is_open=progress.is_open(checklists.step_of(item)),
            sent=bool(request.form.get(f"{item}-result")),
            saved=answers.get(item),
        )
        for item in checklists.ORDER
    ]


def _save(visit: Visit, entry: Entry) -> bool:
    """Keep one answer; False, with the problem in words, when it cannot be kept."""
    if not entry.form.validate():
        entry.problem = str(next(iter(entry.form.errors.values()))[0])
        return False
    try:
        entry.saved = checklists.answer(
            session,
            visit=visit,
            item=entry.item,
            result=entry.form.result.data,
            note=entry.form.note.data or "",
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        entry.problem = words.refusal(refusal)
    return entry.problem is None


def _with_problems(visit: Visit, sent: list[Entry]) -> list[Entry]:
    """All items as they stand now; those that could not be kept still show what was entered."""
    kept = {entry.item: entry for entry in sent if entry.problem}
    return [kept.get(entry.item, entry) for entry in _entries(visit)]


def _looks_alike(before: visit_progress.Progress, after: visit_progress.Progress) -> bool:
    return (before.current, before.right_person) == (after.current, after.right_person)


def _page(
    visit: Visit,
    form: PortalForm,
    entries: list[Entry],
    *,
    revealed: reveals.Value | None = None,
    status: int = 200,
) -> Response:
    on_file = checklists.on_file(session, visit=visit, actor=access.actor(), now=clock.now())
    return step_page(
        "agent/visits/checklist.html",
        visit,
        status=status,
        form=form,
        entries=entries,
        questions=QUESTIONS,
        on_file=on_file,
        values={**on_file.contact.values, **({revealed.field: revealed} if revealed else {})},
    )
