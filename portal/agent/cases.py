"""The list of cases, and one case with everything that happened on it."""

from typing import Any

from flask import Response, g, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from portal.agent import blueprint
from portal.domain.actor import ActorKind
from portal.infra import clock
from portal.services import case_files, case_list, cases
from portal.services.audit import Event
from portal.vocabulary import CaseState, Role
from portal.web import access, words
from portal.web.page import page
from portal.web.transactions import session
from portal.web.words import case_events

READERS = (Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)
ANY = SelectChoice("", _l("All"))


class CaseFilters(Form):
    state = SelectField(_l("State"))
    bucket = SelectField(_l("Bucket"))
    search = StringField(_l("Contract or borrower number"))

    def filters(self) -> case_list.Filters:
        state = self.state.data
        return case_list.Filters(
            state=CaseState(state) if state in set(CaseState) else None,
            bucket=self.bucket.data or "",
            search=(self.search.data or "")[:40],
        )


@blueprint.get("/cases")
@access.roles(*READERS)
def case_index() -> Response:
    form = CaseFilters(request.args)
    form.state.choices = [ANY, *(SelectChoice(each.value, words.LABELS[each]) for each in CaseState)]
    form.bucket.choices = [ANY, *(SelectChoice(each.name, each.name) for each in g.policy.ageing.buckets)]
    found = case_list.page_of(
        session,
        filters=form.filters(),
        after=request.args.get("after"),
        actor=access.actor(),
        now=clock.now(),
    )
    chosen = {name: value for name, value in form.data.items() if value}
    return page(
        "agent/cases/cases.html",
        form=form,
        found=found,
        filtered=bool(chosen),
        first_url=url_for("agent.case_index", **chosen) if request.args.get("after") else None,
        next_url=url_for("agent.case_index", after=found.after, **chosen) if found.after else None,
    )


@blueprint.get("/cases/<ref>")
@access.roles(*READERS, Role.AGENT)
def case(ref: str) -> Response:
    actor, now = access.actor(), clock.now()
    found = access.or_404(cases.find(session, ref, actor=actor, now=now))
    opened = case_files.open_file(session, case=found, actor=actor, now=now)
    return page(
        "agent/cases/case.html",
        file=opened,
        happened=[_entry(event, opened) for event in opened.events],
        may_list=actor.has(*READERS),
        most=case_files.NEWEST,
    )


def _entry(event: Event, file: case_files.CaseFile) -> dict[str, Any]:
    """An act as the timeline shows it: its sentence, the words of its facts, and who did it."""
    known = case_events.EVENTS.get(event.action)
    said = (known or case_events.UNNAMED).said
    facts = [
        words.label(kind(str(event.facts[name]))) for name, kind in said.items() if event.facts.get(name)
    ]
    return {
        "at": event.at,
        "title": (known or case_events.UNNAMED).sentence,
        "text": " · ".join(facts) if known else event.action,
        "icon": (known or case_events.UNNAMED).icon,
        "tone": (known or case_events.UNNAMED).tone,
        "by": file.names.get(event.actor) or case_events.ACTORS[ActorKind(event.actor.partition(":")[0])],
    }
