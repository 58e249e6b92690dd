"""Where things stand: what is to pay, what is next, what happened."""

from flask import Response, g, url_for
from flask_login import current_user

from portal.borrower import blueprint
from portal.borrower.timeline import entries
from portal.infra import clock
from portal.services import audit, cases, debts, journey, promises, repayments
from portal.services.journey import Step
from portal.vocabulary import JourneyStep, StepState
from portal.web import access
from portal.web.page import page
from portal.web.transactions import session
from portal.web.words.borrower_entry import EVENTS

NEWEST = 4
# Which page a step is taken on; of a step with a subject, the page of that visit or agreement.
PAGES = {
    JourneyStep.CONSENT: "borrower.consents_page",
    JourneyStep.PROOFS: "borrower.proofs",
    JourneyStep.VISIT: "borrower.visits",
    JourneyStep.CREW: "borrower.visit",
    JourneyStep.PLAN: "borrower.plans_list",
    JourneyStep.SIGNATURE: "borrower.agreement",
    JourneyStep.REPAYMENT: "borrower.agreement",
}


@blueprint.get("")
def home() -> Response:
    actor, now = access.actor(), clock.now()
    case = cases.open_case_of(session, borrower=actor, now=now)
    if case is None:
        return page("borrower/home/nothing_open.html", name=current_user.display_name)
    today = now.astimezone(g.zone).date()
    telling = frozenset(action for action, event in EVENTS.items() if not event.minor)
    steps = journey.steps(session, case=case, policy=g.policy, today=today, actor=actor, now=now)
    return page(
        "borrower/home/home.html",
        name=current_user.display_name,
        debt=debts.debt_of(session, case=case, policy=g.policy, business_date=today),
        next_payment=repayments.next_payment(
            repayments.of_case(session, case=case, policy=g.policy, today=today)
        ),
        steps=steps,
        promise=promises.running_of(session, case=case),
        documents_first=g.policy.visit.requires_documents,
        url_of=_url_of,
        happened=entries(audit.timeline(session, case=case, limit=NEWEST, actions=telling)),
    )


def _url_of(step: Step) -> str | None:
    endpoint = PAGES[step.name]
    if step.state is StepState.DONE or not step.ready:
        return None
    if endpoint in ("borrower.visit", "borrower.agreement"):
        return url_for(endpoint, ref=step.subject)
    return url_for(endpoint)
