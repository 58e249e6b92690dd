"""The call list, and one call: who is next and why, what to say, what came of it."""

from zoneinfo import ZoneInfo

from flask import Response, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal.agent import blueprint, cases
from portal.domain.refusals import Refused
from portal.infra import clock, texts
from portal.services import call_files, call_list, call_numbers, calls, message_templates
from portal.services.cases import Case
from portal.services.consents import DECLARATION, TEXTS
from portal.vocabulary import ConsentPurpose, NextStep, Role, StepReason
from portal.web import access, words
from portal.web.budgets import sign
from portal.web.calls import OutcomeForm, outcome_form
from portal.web.forms import REQUIRED, PortalForm
from portal.web.locale import NATIVE
from portal.web.page import go_to, page, redirect_in_place, wants_fragment
from portal.web.transactions import commits, session
from portal.web.words import operations
from portal.web.words.calls import outcome_said, why
from portal.web.words.timeline import METHODS

CALLERS = (Role.CALLER, Role.LEAD)
ANY = SelectChoice("", _l("All"))


class CallFilters(Form):
    reason = SelectField(_l("Reason"))
    bucket = SelectField(_l("Bucket"))
    search = StringField(_l("Contract or borrower number"))

    def filters(self, step: NextStep) -> call_list.Filters:
        reason = self.reason.data
        return call_list.Filters(
            step=step,
            reason=StepReason(reason) if reason in set(StepReason) else None,
            bucket=self.bucket.data or "",
            search=(self.search.data or "")[:40],
        )


class PartyForm(PortalForm):
    last_four = StringField(
        _l("The last four, as the person on the line says them"), validators=[REQUIRED, Length(max=20)]
    )


@blueprint.get("/calls")
@access.roles(*CALLERS, Role.AUDITOR)
def call_index() -> Response:
    form, actor, now = CallFilters(request.args), access.actor(), clock.now()
    form.reason.choices = [ANY, *(SelectChoice(each.value, words.LABELS[each]) for each in StepReason)]
    form.bucket.choices = [ANY, *(SelectChoice(each.name, each.name) for each in g.policy.ageing.buckets)]
    asked, after = request.args.get("step"), request.args.get("after")
    step = NextStep(asked) if asked in set(call_list.STEPS) else NextStep.CALL
    found = call_list.page_of(session, filters=form.filters(step), after=after, actor=actor, now=now)
    chosen = {name: value for name, value in form.data.items() if value}
    return page(
        "agent/calls/calls.html",
        form=form,
        step=step,
        found=found,
        filtered=bool(chosen),
        counts=call_list.counts(session, actor=actor, now=now),
        why=why,
        first_url=url_for(".call_index", step=step, **chosen) if after else None,
        next_url=url_for(".call_index", step=step, after=found.after, **chosen) if found.after else None,
    )


@blueprint.post("/calls")
@access.roles(*CALLERS)
@commits
def take_next_call() -> AnyResponse:
    return _next(after=None)


@blueprint.get("/calls/<ref>")
@access.roles(*CALLERS, Role.AUDITOR)
def call(ref: str) -> Response:
    return _show(cases.find(ref))


@blueprint.post("/calls/<ref>/claim")
@access.roles(*CALLERS)
@commits
def claim_call(ref: str) -> AnyResponse:
    case = cases.find(ref)
    call_list.claim(session, case=case, actor=access.actor(), now=clock.now())
    return redirect_in_place(url_for(".call", ref=ref))


@blueprint.post("/calls/<ref>/release")
@access.roles(*CALLERS)
@commits
def release_call(ref: str) -> AnyResponse:
    case = cases.find(ref)
    call_list.release(session, case=case, actor=access.actor(), now=clock.now())
    return go_to(url_for(".call_index"))


@blueprint.post("/calls/<ref>/attempts")
@access.roles(*CALLERS)
@commits
def begin_call(ref: str) -> AnyResponse:
    """The gate's answer is kept whichever it is; a refusal shows every rule."""
    case, inbound = cases.find(ref), request.form.get("inbound") == "y"
    try:
        number = call_numbers.find(session, case=case, ref=request.form.get("number", ""))
        actor, now = access.actor(), clock.now()
        calls.begin(session, case=case, inbound=inbound, number=number, actor=actor, now=now)
    except Refused as refusal:
        return _show(case, problem=words.refusal(refusal), status=409)
    return redirect_in_place(url_for(".call", ref=ref))


@blueprint.post("/calls/<ref>/party")
@access.roles(*CALLERS)
@commits
def confirm_party(ref: str) -> AnyResponse:
    case, form = cases.find(ref), PartyForm()
    actor, now = access.actor(), clock.now()
    decision = access.or_404(calls.under_way(session, case=case, actor=actor, now=now))
    if not form.validate_on_submit():
        return _show(case, party=form, status=422)
    try:
        fits = calls.confirm_party(
            session, case=case, decision=decision, last_four=form.last_four.data, actor=actor, now=now
        )
    except Refused as refusal:
        form.refuse(refusal, form.last_four)
        return _show(case, party=form, status=429 if refusal.code == "too_many_tries" else 422)
    if fits:
        return redirect_in_place(url_for(".call", ref=ref))
    form.last_four.errors = [_("This is not what is on file. Say nothing about a loan.")]
    return _show(case, party=form, status=422)


@blueprint.post("/calls/<ref>/contacts")
@access.roles(*CALLERS)
@commits
def record_call(ref: str) -> AnyResponse:
    case, actor, now = cases.find(ref), access.actor(), clock.now()
    decision = access.or_404(calls.under_way(session, case=case, actor=actor, now=now))
    confirmed = calls.is_confirmed(session, case=case, decision=decision, now=now)
    form = outcome_form(case.currency, confirmed=confirmed, sent=True)
    if not form.validate_on_submit():
        return _show(case, form=form, status=422)
    heard = form.heard(ZoneInfo(case.borrower.timezone or g.policy.business.timezone))
    try:
        calls.record(session, case=case, decision=decision, heard=heard, actor=actor, now=now)
    except Refused as refusal:
        form.refuse_where_it_belongs(refusal)
        return _show(case, form=form, status=422)
    flash(_("Written down: %(outcome)s.", outcome=words.label(heard.result or heard.outcome)), "success")
    return _next(after=case)


def _next(after: Case | None) -> AnyResponse:
    """On to the next call; to the list when nobody is left to call now."""
    taken = call_list.claim_next(session, actor=access.actor(), now=clock.now(), after=after)
    if taken is None:
        flash(_("Nobody else is to be called at the moment."), "info")
        return go_to(url_for(".call_index"))
    return redirect_in_place(url_for(".call", ref=taken.ref))


def _show(
    case: Case,
    *,
    form: OutcomeForm | None = None,
    party: PartyForm | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    """The page of a call; htmx gets what changes from one call to the next."""
    actor, now = access.actor(), clock.now()
    file = call_files.open_file(session, case=case, policy=g.policy, actor=actor, now=now)
    response = page(
        "agent/calls/call.html",
        "_call.html",
        status=status,
        file=file,
        form=form or outcome_form(case.currency, confirmed=file.confirmed, sent=False),
        party=party or PartyForm(formdata=None),
        problem=problem,
        why=why(file.strategy) if file.strategy else None,
        script=_script(file) if file.decision else None,
        aloud=_aloud(file) if file.confirmed else None,
        symbol=sign(case.currency),
        callers=CALLERS,
        rule=operations.rule,
        source=operations.rule_source,
        method=METHODS,
        outcome=outcome_said,
        language=NATIVE[case.borrower.locale],
        in_place=wants_fragment(),
    )
    if wants_fragment():
        response.headers["HX-Push-Url"] = url_for(".call", ref=case.ref)
    return response


def _script(file: call_files.CallFile) -> Markup:
    """What to say, in the borrower's language: until it is known who it is, nothing of a debt."""
    spoken = file.case.borrower.locale
    facts = {
        "caller": current_user.display_name,
        "lender_name": g.lender.names[spoken.value],
        "borrower": file.borrower,
        "recording": g.policy.contact.recording,
        "inbound": file.inbound,
        "by_contract": file.by_contract,
    }
    if not file.confirmed:
        return Markup(texts.render("components/script_before.html", locale=spoken, **facts))  # noqa: S704
    more = {
        "debt": file.debt,
        "reason": file.strategy.reason.value if file.strategy else "",
        "promise": file.promise,
        "consequences": message_templates.consequences(g.policy, spoken),
    }
    return Markup(texts.render("components/script_after.html", locale=spoken, **facts, **more))  # noqa: S704


def _aloud(file: call_files.CallFile) -> list[Markup]:
    """The texts of the consent to the visit service, to be read out in the borrower's language."""
    names = (TEXTS[ConsentPurpose.VISIT_SERVICE], DECLARATION)
    spoken = file.case.borrower.locale
    folder = "borrower/consents/texts"
    return [Markup(texts.render(f"{folder}/{name}.html", locale=spoken)) for name in names]  # noqa: S704
