"""What comes next on a case, and why; a person may choose another step for a while, with a reason."""

from datetime import date, timedelta

from flask import Response, flash, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, TextAreaField
from wtforms.validators import Length

from portal.agent import blueprint
from portal.agent.cases import find as find_case
from portal.domain import masking
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import strategies
from portal.services.cases import Case
from portal.vocabulary import NextStep, Role
from portal.web import access, words
from portal.web.forms import FILLED, REQUIRED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session
from portal.web.words.calls import why

READERS = (Role.AGENT, Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)
CHOOSERS = (Role.CALLER, Role.LEAD, Role.MANAGER)
LONGEST_REASON = 500
USUALLY = timedelta(days=7)


class StrategyForm(PortalForm):
    step = RadioField(_l("What comes next?"), validators=[REQUIRED])
    until = DateField(_l("Until which day does this hold?"), validators=[REQUIRED])
    reason = TextAreaField(_l("Why?"), validators=[FILLED, Length(max=LONGEST_REASON)])


@blueprint.get("/cases/<ref>/strategy")
@access.roles(*READERS)
def strategy(ref: str) -> Response:
    return _page(find_case(ref), StrategyForm(formdata=None, until=_today() + USUALLY))


@blueprint.post("/cases/<ref>/strategy")
@access.roles(*CHOOSERS)
@commits
def set_strategy(ref: str) -> Response:
    case, form = find_case(ref), _with_choices(StrategyForm())
    if not form.validate_on_submit():
        return _page(case, form, status=422)
    try:
        strategies.set_by_person(
            session,
            case=case,
            step=NextStep(form.step.data),
            until=form.until.data,
            reason=form.reason.data or "",
            policy=g.policy,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        return _page(case, form, problem=words.refusal(refusal), status=422)
    flash(_("The next step is changed."), "success")
    return go_to(url_for(".case", ref=ref))


@blueprint.post("/cases/<ref>/strategy/release")
@access.roles(*CHOOSERS)
@commits
def release_strategy(ref: str) -> Response:
    case = find_case(ref)
    try:
        strategies.release(session, case=case, policy=g.policy, actor=access.actor(), now=clock.now())
    except Refused as refusal:
        form = StrategyForm(formdata=None, until=_today() + USUALLY)
        return _page(case, form, problem=words.refusal(refusal), status=409)
    flash(_("The rules say again what comes next."), "success")
    return go_to(url_for(".case", ref=ref))


def _page(case: Case, form: StrategyForm, *, problem: str = "", status: int = 200) -> Response:
    found = strategies.of_case(session, case=case)
    return page(
        "agent/strategies/strategy.html",
        status=status,
        case=case,
        borrower=masking.name(case.borrower.name),
        form=_with_choices(form),
        strategy=found,
        strategy_url=None,
        why=why(found) if found else "",
        problem=problem,
        may_choose=access.actor().has(*CHOOSERS) and case.closed_at is None,
    )


def _with_choices(form: StrategyForm) -> StrategyForm:
    form.step.choices = [(each.value, words.LABELS[each]) for each in NextStep if each is not NextStep.NONE]
    return form


def _today() -> date:
    return clock.now().astimezone(g.zone).date()
