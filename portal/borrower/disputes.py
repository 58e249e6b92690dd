"""What I owe is not right: saying so, by when the answer comes, and the answer."""

from datetime import date

from flask import Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import cases, disputes
from portal.vocabulary import DisputeKind
from portal.web import access, words
from portal.web.forms import CHOSEN, FILLED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

LONGEST = 5_000
ALL = "all"


class DisputeForm(PortalForm):
    kind = RadioField(
        _l("What is not right?"),
        choices=[SelectChoice(kind.value, words.LABELS[kind]) for kind in DisputeKind],
        validators=[CHOSEN],
    )
    loan = RadioField(_l("Which loan?"), validators=[CHOSEN])
    words = TextAreaField(
        _l("What should we know?"),
        description=_l("For example when you paid, how much, and from which account."),
        validators=[FILLED, Length(max=LONGEST)],
    )


@blueprint.get("/disputes")
def dispute_list() -> Response:
    case = cases.open_case_of(session, borrower=access.actor(), now=clock.now())
    told = disputes.of_case(session, case) if case else []
    return page("borrower/disputes/disputes.html", disputes=told, has_case=case is not None, today=_today())


@blueprint.get("/disputes/new")
def new_dispute() -> Response:
    form, _case = _form(blank=True)
    return page("borrower/disputes/new.html", form=form)


@blueprint.post("/disputes")
@commits
def open_dispute() -> Response:
    form, case = _form()
    if not form.validate_on_submit():
        return page("borrower/disputes/new.html", form=form, status=422)
    loans = {loan.ref: loan for loan in cases.loans_of(session, case)}
    try:
        dispute = disputes.open(
            session,
            case=case,
            loan=loans.get(form.loan.data),
            kind=DisputeKind(form.kind.data),
            words=form.words.data,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        form.refuse(refusal)
        return page("borrower/disputes/new.html", form=form, status=409)
    return go_to(url_for("borrower.dispute", ref=dispute.ref))


@blueprint.get("/disputes/<ref>")
def dispute(ref: str) -> Response:
    found = _find(ref)
    return page(
        "borrower/disputes/dispute.html",
        dispute=found,
        loan=disputes.loan_of(session, found),
        waits=disputes.waits_for_correction(session, found),
        today=_today(),
    )


@blueprint.post("/disputes/<ref>/withdrawal")
@commits
def withdraw_dispute(ref: str) -> Response:
    disputes.withdraw(session, dispute=_find(ref), actor=access.actor(), now=clock.now())
    return go_to(url_for("borrower.dispute", ref=ref))


def _find(ref: str) -> disputes.Dispute:
    return access.or_404(disputes.find(session, ref, actor=access.actor(), now=clock.now()))


def _form(*, blank: bool = False) -> tuple[DisputeForm, cases.Case]:
    """The form with the loans of the open case; without one there is nothing to dispute here."""
    case = access.or_404(cases.open_case_of(session, borrower=access.actor(), now=clock.now()))
    form = DisputeForm(formdata=None) if blank else DisputeForm()
    loans = cases.loans_of(session, case)
    each = [SelectChoice(loan.ref, f"{words.label(loan.product)} {loan.contract_no}") for loan in loans]
    form.loan.choices = [*each, SelectChoice(ALL, _("All of it"))] if len(each) != 1 else each
    if blank:
        named = request.args.get("loan", "")
        only = loans[0].ref if len(loans) == 1 else None
        form.loan.data = named if named in {loan.ref for loan in loans} else only
    return form, case


def _today() -> date:
    return clock.now().astimezone(g.zone).date()
