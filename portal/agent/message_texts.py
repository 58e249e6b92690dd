"""The lender's own texts of messages: what is sent, in which language, and who changed it."""

from dataclasses import dataclass
from typing import Any

from flask import Response, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional
from wtforms.widgets import HiddenInput

from portal import formats
from portal.agent import blueprint
from portal.domain import message_rules
from portal.domain.message_rules import LONGEST_BODY, LONGEST_SUBJECT, TEXTS, Text
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import audit_trail, message_templates
from portal.vocabulary import Channel, Locale, Role
from portal.web import access, locale, record, words
from portal.web.forms import FILLED, REQUIRED, PortalForm, printable
from portal.web.page import go_to, page
from portal.web.transactions import commits, session
from portal.web.words import messages as said

READERS = (Role.ADMIN, Role.LEAD, Role.MANAGER, Role.AUDITOR)
CHANNELS = (Channel.SMS, Channel.EMAIL)
ANY = SelectChoice("", _l("All"))


class TextFilters(Form):
    channel = SelectField(_l("Channel"))
    language = SelectField(_l("Language"))


class TextForm(PortalForm):
    subject = StringField(
        _l("Subject"), filters=[printable], validators=[Optional(), Length(max=LONGEST_SUBJECT)]
    )
    body = TextAreaField(_l("Message text"), validators=[FILLED, Length(max=LONGEST_BODY)])
    seen = IntegerField(widget=HiddenInput(), validators=[REQUIRED])

    def text(self, channel: Channel) -> Text:
        body = (self.body.data or "").replace("\r\n", "\n").strip()
        return Text(subject=(self.subject.data or "") if channel is Channel.EMAIL else None, body=body)


@dataclass(frozen=True)
class Which:
    """One text, as an address names it."""

    name: str
    channel: Channel
    locale: Locale

    @property
    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "channel": self.channel, "locale": self.locale}

    @property
    def title(self) -> str:
        return str(said.TEXTS[self.name])

    @property
    def where(self) -> str:
        return f"{words.label(self.channel)} · {locale.NATIVE[self.locale]}"


@blueprint.get("/templates")
@access.roles(*READERS)
def message_texts() -> Response:
    form = TextFilters(request.args)
    form.channel.choices = [ANY, *(SelectChoice(each.value, words.LABELS[each]) for each in CHANNELS)]
    form.language.choices = [ANY, *(SelectChoice(each.value, locale.NATIVE[each]) for each in Locale)]
    own = message_templates.numbers(session, lender_id=g.lender.id)
    shown = [
        (which, own.get((which.name, which.channel, which.locale), 0))
        for which in _every()
        if form.channel.data in ("", None, which.channel) and form.language.data in ("", None, which.locale)
    ]
    return page("agent/messages/texts.html", form=form, shown=shown)


@blueprint.get("/templates/<name>/<channel>/<locale>")
@access.roles(*READERS)
def message_text(name: str, channel: str, locale: str) -> Response:
    which = _which(name, channel, locale)
    text = message_templates.in_use(session, lender_id=g.lender.id, **which.facts)
    form = TextForm(
        formdata=None, data={"subject": text.subject, "body": text.body, "seen": _versions(which)[0]}
    )
    return _page(which, form, text)


@blueprint.post("/templates/<name>/<channel>/<locale>/versions")
@access.roles(Role.ADMIN)
@commits
def save_message_text(name: str, channel: str, locale: str) -> Response:
    which, form = _which(name, channel, locale), TextForm()
    text = form.text(which.channel)
    if not form.validate_on_submit():
        return _page(which, form, text, status=422)
    if "preview" in request.form:
        return _page(which, form, text)
    try:
        message_templates.save(
            session,
            lender_id=g.lender.id,
            **which.facts,
            text=text,
            seen=form.seen.data or 0,
            policy=g.policy,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        if refusal.code != "message_text":
            form.refuse(refusal)
        return _page(which, form, text, status=422 if refusal.code == "message_text" else 409)
    flash(_("Saved. The next message is sent in these words."), "success")
    return go_to(url_for("agent.message_text", name=name, channel=channel, locale=locale))


def _page(which: Which, form: TextForm, text: Text, status: int = 200) -> Response:
    rule = TEXTS[which.name]
    found = message_rules.check(which.name, which.channel, text, message_templates.forbidden(g.policy))
    if status == 422 and found:
        form.form_errors.extend(said.problem(each) for each in found)
    _number, versions = _versions(which)
    names = audit_trail.staff_names(session, actor=access.actor())
    return page(
        "agent/messages/text.html",
        status=status,
        which=which,
        form=form,
        gaps=[(f"{{{each}}}", said.GAPS[each], each in rule.required) for each in sorted(rule.gaps)],
        problems=[said.problem(each) for each in found],
        preview=None if found else message_rules.fill(text, _made_up(which.locale)),
        segments=message_rules.segments,
        versions=[(each, record.actor(each.actor, names)) for each in versions],
        shipped=message_templates.shipped(which.name, which.channel, which.locale),
        may_change=access.may("agent.save_message_text"),
    )


def _versions(which: Which) -> tuple[int, Any]:
    """The newest number, and every version of the lender's own."""
    found = message_templates.versions(session, lender_id=g.lender.id, **which.facts)
    return (found[0].number if found else 0), found


def _which(name: str, channel: str, language: str) -> Which:
    asked = (name, channel, language)
    found = (each for each in _every() if (each.name, each.channel, each.locale) == asked)
    return access.or_404(next(found, None))


def _every() -> list[Which]:
    return [
        Which(name, channel, language)
        for name, rule in TEXTS.items()
        for channel in rule.channels
        for language in Locale
    ]


def _made_up(language: Locale) -> dict[str, str]:
    """Facts of nobody, to look at a text with."""
    return {
        "lender": g.lender.names[language.value],
        "amount": formats.money(1_842_000, g.policy.business.currency, language),
        "days": "12",
        "account": "000-111-222",
        "reference": "A-1001",
        "consequence": message_templates.consequence(g.policy, language),
        "hotline": g.policy.contacts.hotline,
        "date": formats.day(clock.now().date(), language),
        "code": "482913",
        "hours": "72",
        "url": url_for("public.start", _external=True),
        "number": "G-0001",
    }
