"""Relief on the loans of a case: what was given and from when on; a manager may take one back."""

from flask import Response, flash, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from portal.agent import blueprint
from portal.agent.cases import find as find_case
from portal.domain import masking
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import reliefs
from portal.vocabulary import Role
from portal.web import access
from portal.web.forms import FILLED, PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session

READERS = (Role.AGENT, Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR)
LONGEST_REASON = 500


class WithdrawalForm(PortalForm):
    reason = TextAreaField(
        _l("Why is this relief withdrawn?"), validators=[FILLED, Length(max=LONGEST_REASON)]
    )


@blueprint.get("/cases/<ref>/reliefs")
@access.roles(*READERS)
def relief_list(ref: str) -> Response:
    case = find_case(ref)
    return page(
        "agent/reliefs/reliefs.html",
        case=case,
        borrower=masking.name(case.borrower.name),
        lines=reliefs.of_case(session, case=case),
    )


@blueprint.get("/reliefs/<ref>")
@access.roles(*READERS)
def relief(ref: str) -> Response:
    return _page(_find(ref), WithdrawalForm(formdata=None))


@blueprint.post("/reliefs/<ref>/withdrawal")
@access.roles(Role.MANAGER)
@commits
def withdraw_relief(ref: str) -> Response:
    line, form, actor, now = _find(ref), WithdrawalForm(), access.actor(), clock.now()
    if not form.validate_on_submit():
        return _page(line, form, status=422)
    case = reliefs.case_of(session, line, actor=actor, now=now)
    try:
        reliefs.withdraw(
            session, relief=line.relief, case=case, reason=form.reason.data or "", actor=actor, now=now
        )
    except Refused as refusal:
        form.refuse(refusal)
        return _page(_find(ref), form, status=409)
    flash(_("The relief is withdrawn. What is owed is computed anew from its first day."), "success")
    return go_to(url_for(".relief_list", ref=case.ref))


def _find(ref: str) -> reliefs.Line:
    return access.or_404(reliefs.find(session, ref, actor=access.actor(), now=clock.now()))


def _page(line: reliefs.Line, form: WithdrawalForm, *, status: int = 200) -> Response:
    case = reliefs.case_of(session, line, actor=access.actor(), now=clock.now())
    borrower = masking.name(case.borrower.name)
    return page(
        "agent/reliefs/relief.html", status=status, line=line, case=case, form=form, borrower=borrower
    )
