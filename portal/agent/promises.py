"""Promises to pay: running, looked for, kept and not kept; taking one back."""

from flask import Response, flash, g, request, url_for
from flask_babel import gettext as _

from portal.agent import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import promises
from portal.vocabulary import PromiseState, Role
from portal.web import access, words
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

CALLERS = (Role.CALLER, Role.LEAD)


@blueprint.get("/promises")
@access.roles(*CALLERS, Role.AUDITOR)
def promise_index() -> Response:
    asked, after = request.args.get("state", PromiseState.ACTIVE.value), request.args.get("after")
    state = PromiseState(asked) if asked in set(PromiseState) else PromiseState.ACTIVE
    actor, now = access.actor(), clock.now()
    found = promises.page_of(session, state=state, after=after, zone=g.zone, actor=actor, now=now)
    return page(
        "agent/promises/promises.html",
        found=found,
        state=state,
        counts=promises.counts(session, actor=actor, now=now),
        first_url=url_for(".promise_index", state=state) if after else None,
        next_url=url_for(".promise_index", state=state, after=found.after) if found.after else None,
        states=PromiseState,
    )


@blueprint.post("/promises/<ref>/withdrawal")
@access.roles(*CALLERS)
@commits
def withdraw_promise(ref: str) -> Response:
    actor, now = access.actor(), clock.now()
    promise = access.or_404(promises.find(session, ref, actor=actor, now=now))
    try:
        promises.withdraw(session, promise=promise, actor=actor, now=now)
    except Refused as refusal:
        flash(words.refusal(refusal), "warning")
        return go_to(url_for(".promise_index"))
    flash(_("The promise is taken back. It does not count as broken."), "success")
    return go_to(url_for(".promise_index", state=PromiseState.WITHDRAWN))
