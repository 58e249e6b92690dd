"""Why the contact gate said no, and a second person's yes to one act all the same."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, Length
from wtforms.widgets import HiddenInput

from portal.agent import blueprint
from portal.agent.cases import find as find_case
from portal.domain import masking
from portal.domain.contact_decision import RuleId
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import decisions, gate, gate_again, overrides
from portal.vocabulary import Action, Role
from portal.web import access, words
from portal.web.forms import CHOSEN, FILLED, REQUIRED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session
from portal.web.words import gate_facts, operations

if TYPE_CHECKING:
    from portal.models import Case, Decision

READERS = (Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)
ALLOWED, REFUSED = "allowed", "refused"
ANSWERS = {ALLOWED: True, REFUSED: False}
ALLOW, REFUSE = "allow", "refuse"
LONGEST = 1000


@dataclass(frozen=True, kw_only=True)
class RuleShown:
    """A rule as a page shows it: its sentence and where it comes from."""

    line: gate.RuleLine
    sentence: str
    source: str


class DecisionFilters(Form):
    answer = SelectField(_l("Answer"))
    action = SelectField(_l("What was asked"))


class RequestForm(PortalForm):
    rules = SelectMultipleField(_l("Which rule should not count this once?"), validators=[CHOSEN])
    reason = TextAreaField(_l("Why is it right for the borrower?"), validators=[FILLED, Length(max=LONGEST)])


class AnswerForm(PortalForm):
    version = IntegerField(widget=HiddenInput(), validators=[REQUIRED])
    answer = TextAreaField(_l("Your reason"), validators=[FILLED, Length(max=LONGEST)])
    decision = StringField(validators=[AnyOf([ALLOW, REFUSE])])


@blueprint.get("/cases/<ref>/decisions")
@access.roles(*READERS)
def decision_list(ref: str) -> Response:
    case, form = find_case(ref), DecisionFilters(request.args)
    any_ = SelectChoice("", _("All"))
    form.answer.choices = [any_, SelectChoice(REFUSED, _("Refused")), SelectChoice(ALLOWED, _("Allowed"))]
    form.action.choices = [any_, *(SelectChoice(each.value, words.LABELS[each]) for each in Action)]
    action = form.action.data
    found = decisions.page_of(
        session,
        case=case,
        allowed=ANSWERS.get(form.answer.data or ""),
        action=Action(action) if action in set(Action) else None,
        after=request.args.get("after"),
    )
    chosen = {name: value for name, value in form.data.items() if value}
    return page(
        "agent/overrides/decisions.html",
        case=case,
        borrower=masking.name(case.borrower.name),
        form=form,
        found=found,
        filtered=bool(chosen),
        first_url=url_for(".decision_list", ref=ref, **chosen) if request.args.get("after") else None,
        next_url=url_for(".decision_list", ref=ref, after=found.after, **chosen) if found.after else None,
    )


@blueprint.get("/decisions/<ref>")
@access.roles(*READERS)
def decision(ref: str) -> Response:
    found, case = _find(ref)
    return _decision_page(case, found, RequestForm(formdata=None))


@blueprint.post("/decisions/<ref>")
@access.roles(*overrides.ASKERS)
@commits
def ask_override(ref: str) -> Response:
    (found, case), form = _find(ref), RequestForm()
    _offer_rules(form, found, case)
    if not form.validate_on_submit():
        return _decision_page(case, found, form, status=422)
    try:
        asked = overrides.request(
            session,
            decision=found,
            rules=[RuleId(each) for each in form.rules.data or []],
            reason=form.reason.data or "",
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _decision_page(case, found, form, status=409)
    flash(_("Your question waits for a lead or a manager."), "success")
    return go_to(url_for(".override", ref=asked.ref))


@blueprint.get("/overrides/<ref>")
@access.roles(*READERS)
def override(ref: str) -> Response:
    sheet = _sheet(ref)
    return _override_page(sheet, AnswerForm(formdata=None, data={"version": sheet.override.version}))


@blueprint.post("/overrides/<ref>")
@access.roles(*overrides.DECIDERS)
@commits
def decide_override(ref: str) -> Response:
    sheet, form = _sheet(ref), AnswerForm()
    if not form.validate_on_submit():
        return _override_page(sheet, form, status=422)
    try:
        overrides.decide(
            session,
            override=sheet.override,
            version=form.version.data or 0,
            approved=form.decision.data == ALLOW,
            answer=form.answer.data or "",
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _override_page(_sheet(ref), form, status=409)
    flash(_("Your answer was kept; whoever asked sees it here."), "success")
    return go_to(url_for(".approvals_list"))


def _find(ref: str) -> tuple["Decision", "Case"]:
    return access.or_404(decisions.find(session, ref, actor=access.actor(), now=clock.now()))


def _sheet(ref: str) -> overrides.Sheet:
    actor, now = access.actor(), clock.now()
    found = access.or_404(overrides.find(session, ref, actor=actor, now=now))
    return overrides.sheet(session, found, actor=actor, now=now)


def _shown(lines: list[gate.RuleLine], currency: str) -> list[RuleShown]:
    return [
        RuleShown(line=each, sentence=operations.rule(each, currency), source=operations.rule_source(each))
        for each in lines
    ]


def _offer_rules(form: RequestForm, found: "Decision", case: "Case") -> None:
    """Put the rules that may be asked for into the form, each with its sentence."""
    askable = overrides.askable(found)
    lines = [each for each in gate.explain(found) if each.id in askable]
    form.rules.choices = [SelectChoice(each.id.value, operations.rule(each, case.currency)) for each in lines]


def _decision_page(case: "Case", found: "Decision", form: RequestForm, *, status: int = 200) -> Response:
    _offer_rules(form, found, case)
    asked = [each for each in overrides.of_case(session, case=case) if each.action is found.action]
    facts, actor, now = gate_again.told(found), access.actor(), clock.now()
    again = facts is not None and not found.allowed
    opens, told = None, None
    if facts is not None:
        number = gate_again.number(session, found)
        told = gate_facts.groups(facts, number=number, currency=case.currency)
        if again:
            opens = gate_again.opens(session, found, facts, case=case, actor=actor, now=now)
    return page(
        "agent/overrides/decision.html",
        status=status,
        case=case,
        borrower=masking.name(case.borrower.name),
        decision=found,
        who=decisions.asked_by(session, found, actor=actor),
        again=again,
        opens=opens,
        open_now=now,
        facts=told,
        rules=_shown(gate.explain(found), case.currency),
        asked=asked,
        open_ref=overrides.open_ref(asked, now=now),
        form=form,
    )


def _override_page(sheet: overrides.Sheet, form: AnswerForm, *, status: int = 200) -> Response:
    return page(
        "agent/overrides/override.html",
        status=status,
        borrower=masking.name(sheet.case.borrower.name),
        sheet=sheet,
        refusal=sheet.refusal,
        rules=rules_of(sheet),
        barred=words.refusal(Refused(sheet.barred)) if sheet.barred else None,
        form=form,
    )


def rules_of(sheet: overrides.Sheet) -> list[RuleShown]:
    """The rules somebody wants set aside, as they stood when they refused."""
    wanted = overrides.rules_of(sheet.override)
    lines = gate.explain(sheet.refusal) if sheet.refusal else []
    return _shown([each for each in lines if each.id in wanted and not each.passed], sheet.case.currency)
