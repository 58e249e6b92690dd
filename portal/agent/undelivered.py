"""Messages that did not arrive, and sending one again."""

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField
from wtforms.fields.choices import SelectChoice

from portal.agent import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import dead_letters
from portal.vocabulary import Channel, MessageState, Role
from portal.web import access, words
from portal.web.forms import PortalForm
from portal.web.page import go_to, page
from portal.web.transactions import commits, session
from portal.web.words import deliveries

ANY = SelectChoice("", _l("All"))
CHANNELS = (Channel.SMS, Channel.EMAIL)


class UndeliveredFilters(Form):
    state = SelectField(_l("State"))
    channel = SelectField(_l("Channel"))

    def filters(self) -> dead_letters.Filters:
        state, channel = self.state.data, self.channel.data
        return dead_letters.Filters(
            channel=Channel(channel) if channel in CHANNELS else None,
            state=MessageState(state) if state in dead_letters.NOT_ARRIVED else None,
        )


@blueprint.get("/messages")
@access.roles(Role.ADMIN, Role.LEAD, Role.MANAGER, Role.AUDITOR)
def undelivered() -> Response:
    form, after = UndeliveredFilters(request.args), request.args.get("after")
    states = [SelectChoice(each.value, words.LABELS[each]) for each in dead_letters.NOT_ARRIVED]
    form.state.choices = [ANY, *states]
    form.channel.choices = [ANY, *(SelectChoice(each.value, words.LABELS[each]) for each in CHANNELS)]
    found = dead_letters.page_of(session, filters=form.filters(), after=after, actor=access.actor())
    chosen = {name: value for name, value in form.data.items() if value}
    return page(
        "agent/messages/undelivered.html",
        form=form,
        lines=found.lines,
        said=deliveries,
        filtered=bool(chosen),
        may_send=access.may("agent.send_message_again"),
        failed=MessageState.FAILED,
        first_url=url_for("agent.undelivered", **chosen) if after else None,
        next_url=url_for("agent.undelivered", after=found.after, **chosen) if found.after else None,
    )


@blueprint.post("/messages/<ref>/again")
@access.roles(Role.ADMIN, Role.LEAD)
@commits
def send_message_again(ref: str) -> Response:
    message = access.or_404(dead_letters.find(session, ref, actor=access.actor()))
    if PortalForm().validate_on_submit():
        try:
            dead_letters.send_again(session, message=message, actor=access.actor(), now=clock.now())
            flash(_("It is in the outbox again and leaves with the next round."), "success")
        except Refused as refusal:
            flash(words.refusal(refusal), "error")
    return go_to(url_for("agent.undelivered"))
