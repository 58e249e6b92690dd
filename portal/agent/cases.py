"""The list of cases, and one case with everything that happened on it."""

from typing import Any

from flask import Response, g, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from portal.agent import blueprint
from portal.domain.actor import Actor
from portal.infra import clock
from portal.services import (
    case_files,
    case_list,
    cases,
    confirmations,
    on_site,
    repayments,
    reveals,
    strategies,
    timelines,
)
from portal.vocabulary import CaseState, Role
from portal.web import access, timelines_shown, words
from portal.web.page import page, wants_fragment
from portal.web.transactions import session
from portal.web.words import case_events
from portal.web.words.calls import why
from portal.web.words.timeline import EntryKind

READERS = (Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)
REVEAL = "agent.reveal_on_case"
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
    found = find(ref)
    if wants_fragment():
        return page("agent/cases/_timeline.html", **_happened(found))
    return case_page(found)


def find(ref: str) -> cases.Case:
    """Return a case this person may see; any other does not exist."""
    return access.or_404(cases.find(session, ref, actor=access.actor(), now=clock.now()))


def case_page(found: cases.Case, *, revealed: reveals.Value | None = None) -> Response:
    """The file of a case; `revealed` is the one value that was asked for."""
    actor, now = access.actor(), clock.now()
    opened = case_files.open_file(session, case=found, actor=actor, now=now)
    today = now.astimezone(g.zone).date()
    return page(
        "agent/cases/case.html",
        file=opened,
        confirmation=confirmations.of_case(
            session, case=found, lender=g.lender, policy=g.policy, today=today
        ),
        repayment=repayments.of_case(session, case=found, policy=g.policy, today=today),
        **_strategy(found),
        values={**opened.values, **({revealed.field: revealed} if revealed else {})},
        reveal_url=url_for("agent.reveal_on_case", ref=found.ref) if access.may(REVEAL) else None,
        visit_urls=_visit_urls(opened, actor),
        **_happened(found),
    )


def _strategy(found: cases.Case) -> dict[str, Any]:
    row = strategies.of_case(session, case=found)
    return {
        "strategy": row,
        "why": why(row) if row else "",
        "strategy_url": url_for("agent.strategy", ref=found.ref),
    }


def _happened(found: cases.Case) -> dict[str, Any]:
    """A page of the timeline, filtered as the address says."""
    asked = request.args.get("kind", "")
    kind = asked if asked in set(EntryKind) else None
    after = request.args.get("after")
    actions = timelines_shown.actions_of(case_events.EVENTS, kind) if kind else None
    shown = timelines.page_of(session, case=found, actions=actions, after=after)
    return {
        "happened": timelines_shown.for_staff(shown),
        "kinds": timelines_shown.tabs_of("agent.case", kind, ref=found.ref),
        "first_url": url_for("agent.case", ref=found.ref, kind=kind) if after else None,
        "next_url": url_for("agent.case", ref=found.ref, kind=kind, after=shown.after)
        if shown.after
        else None,
    }


def _visit_urls(file: case_files.CaseFile, actor: Actor) -> dict[str, str]:
    """The pages of those visits that this person may open."""
    reads = actor.has(Role.AUDITOR)
    seen = [visit.ref for visit in file.visits if reads or on_site.is_crew(visit, actor)]
    return {ref: url_for("agent.visit", ref=ref) for ref in seen if access.may("agent.visit")}
