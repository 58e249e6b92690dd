"""Somebody to talk to, when it is too much; and telling us only if the borrower wants to."""

from flask import Response, g, url_for

from portal.borrower import blueprint
from portal.infra import clock
from portal.services import cases, crisis
from portal.web import access
from portal.web.page import go_to, page
from portal.web.transactions import commits, session


@blueprint.get("/support")
def support() -> Response:
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    return page(
        "borrower/support/support.html",
        line=g.policy.contacts.crisis_line,
        case=case,
        running=crisis.hold_of(session, case=case) if case else None,
    )


@blueprint.post("/support")
@commits
def ask_for_quiet() -> Response:
    actor, now = access.actor(), clock.now()
    for case in cases.open_cases_of(session, borrower=actor, now=now):
        crisis.raise_alarm(session, case=case, actor=actor, now=now)
    return go_to(url_for("borrower.support"))
