"""The lender's people: who works here, what they may do, whether they may come in."""

from typing import TYPE_CHECKING, Any

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Form, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Regexp
from wtforms.widgets import HiddenInput

from portal.agent import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock, ids
from portal.services import people
from portal.vocabulary import Locale, Role, StaffState
from portal.web import access, locale, stale, words
from portal.web.forms import CHOSEN, FILLED, REQUIRED, PortalForm, printable
from portal.web.page import go_to, page
from portal.web.transactions import commits, installation, session

if TYPE_CHECKING:
    from portal.models import Staff

ANY = SelectChoice("", _l("All"))
NOBODY = SelectChoice("", _l("Nobody"))
BADGES = {
    StaffState.ACTIVE: ("good", "check"),
    StaffState.INVITED: ("info", "mail"),
    StaffState.NO_AUTHENTICATOR: ("warn", "key"),
    StaffState.DISABLED: ("neutral", "lock"),
}
FIELDS = {"staff_number_taken": "number", "staff_without_role": "roles", "last_admin": "roles"}


class PeopleFilters(Form):
    state = SelectField(_l("State"))
    role = SelectField(_l("Role"))
    search = StringField(_l("Staff number"))

    def filters(self) -> people.Filters:
        state, role = self.state.data, self.role.data
        return people.Filters(
            state=StaffState(state) if state in set(StaffState) else None,
            role=Role(role) if role in set(Role) else None,
            search=(self.search.data or "")[:40],
        )


class ProfileForm(PortalForm):
    name = StringField(_l("Name"), filters=[printable], validators=[FILLED, Length(max=80)])
    number = StringField(_l("Staff number"), filters=[printable], validators=[FILLED, Length(max=20)])
    roles = SelectMultipleField(_l("Roles"), validators=[CHOSEN])
    locale = SelectField(_l("Language"))
    manager = SelectField(_l("Manager"))

    def offer(self, managers: "list[Staff]") -> None:
        """Fill in what there is to choose from."""
        self.roles.choices = [SelectChoice(each.value, words.LABELS[each]) for each in Role]
        self.locale.choices = [SelectChoice(each.value, locale.NATIVE[each]) for each in Locale]
        named = [SelectChoice(each.ref, f"{each.name} · {each.number}") for each in managers]
        self.manager.choices = [NOBODY, *named]

    def profile(self, managers: "list[Staff]") -> people.Profile:
        return people.Profile(
            number=self.number.data,
            name=self.name.data,
            roles=frozenset(Role(each) for each in self.roles.data),
            locale=Locale(self.locale.data),
            manager=next((each for each in managers if each.ref == self.manager.data), None),
        )


class InvitationForm(ProfileForm):
    email = EmailField(
        _l("E-mail address"),
        filters=[printable],
        validators=[
            REQUIRED,
            Length(max=254),
            Regexp(r"^[^@\s]+@[^@\s]+$", message=_l("This is not an e-mail address.")),
        ],
    )


class EditForm(ProfileForm):
    version = IntegerField(widget=HiddenInput(), validators=[REQUIRED])


@blueprint.get("/people")
@access.roles(*people.READERS)
def people_list() -> Response:
    form, actor = PeopleFilters(request.args), access.actor()
    form.state.choices = [ANY, *(SelectChoice(each.value, words.LABELS[each]) for each in StaffState)]
    form.role.choices = [ANY, *(SelectChoice(each.value, words.LABELS[each]) for each in Role)]
    after = request.args.get("after")
    found = people.page_of(session, filters=form.filters(), after=after, actor=actor)
    chosen = {name: value for name, value in form.data.items() if value}
    return page(
        "agent/people/people.html",
        form=form,
        lines=[_line(each) for each in found.people],
        filtered=bool(chosen),
        may_change=actor.has(Role.ADMIN),
        first_url=url_for("agent.people_list", **chosen) if after else None,
        next_url=url_for("agent.people_list", after=found.after, **chosen) if found.after else None,
    )


@blueprint.get("/people/<ref>")
@access.roles(*people.READERS)
def person(ref: str) -> Response:
    staff, actor = _find(ref), access.actor()
    return page(
        "agent/people/person.html",
        line=_line(staff),
        manager=people.manager_of(session, staff),
        own=staff.id == actor.id,
        may_change=actor.has(Role.ADMIN),
        language=locale.NATIVE[staff.locale],
        key=ids.new_ref(),
    )


@blueprint.get("/people/new")
@access.roles(Role.ADMIN)
def new_person() -> Response:
    form = InvitationForm(formdata=None, data={"locale": locale.current_locale().value, "roles": []})
    form.offer(people.possible_managers(session, actor=access.actor()))
    return page("agent/people/invite.html", form=form)


@blueprint.post("/people")
@access.roles(Role.ADMIN)
@commits
def invite_person() -> Response:
    form, actor = InvitationForm(), access.actor()
    managers = people.possible_managers(session, actor=actor)
    form.offer(managers)
    if not form.validate_on_submit():
        return page("agent/people/invite.html", status=422, form=form)
    facts: dict[str, Any] = {"actor": actor, "base_url": installation().settings.base_url}
    try:
        added = people.invite(
            session, email=form.email.data, profile=form.profile(managers), now=clock.now(), **facts
        )
    except Refused as refusal:
        form.refuse(refusal, form[{**FIELDS, "email_taken": "email"}[refusal.code]])
        return page("agent/people/invite.html", status=422, form=form)
    flash(_("The invitation is on its way. It works for three days, once."), "success")
    return go_to(url_for("agent.person", ref=added.ref))


@blueprint.get("/people/<ref>/profile")
@access.roles(Role.ADMIN)
def profile(ref: str) -> Response:
    staff = _find(ref)
    form = EditForm(formdata=None, data=_data(staff))
    form.offer(people.possible_managers(session, actor=access.actor(), of=staff))
    return page("agent/people/edit.html", form=form, person=staff, differences=())


@blueprint.post("/people/<ref>/profile")
@access.roles(Role.ADMIN)
@commits
def edit_profile(ref: str) -> Response:
    form, staff, actor = EditForm(), _find(ref), access.actor()
    managers = people.possible_managers(session, actor=actor, of=staff)
    form.offer(managers)
    if not form.validate_on_submit():
        return page("agent/people/edit.html", status=422, form=form, person=staff, differences=())
    facts: dict[str, Any] = {"version": form.version.data, "profile": form.profile(managers)}
    try:
        people.edit(session, staff=staff, actor=actor, now=clock.now(), **facts)
    except Refused as refusal:
        return _edit_refused(refusal, form, staff)
    flash(_("The changes were saved; new roles count from now on."), "success")
    return go_to(url_for("agent.person", ref=ref))


@blueprint.post("/people/<ref>/disabling")
@access.roles(Role.ADMIN)
@commits
def disable_person(ref: str) -> Response:
    people.disable(session, staff=_find(ref), actor=access.actor(), now=clock.now())
    flash(_("The account is disabled; nobody comes in with it any more."), "success")
    return go_to(url_for("agent.person", ref=ref))


@blueprint.post("/people/<ref>/enabling")
@access.roles(Role.ADMIN)
@commits
def enable_person(ref: str) -> Response:
    people.enable(session, staff=_find(ref), actor=access.actor(), now=clock.now())
    flash(_("The account is enabled again."), "success")
    return go_to(url_for("agent.person", ref=ref))


@blueprint.post("/people/<ref>/invitations")
@access.roles(Role.ADMIN)
@commits
def invite_person_again(ref: str) -> Response:
    people.invite_again(
        session,
        staff=_find(ref),
        base_url=installation().settings.base_url,
        actor=access.actor(),
        now=clock.now(),
    )
    flash(
        _("A new invitation is on its way; the old password and authenticator are gone."),
        "success",
    )
    return go_to(url_for("agent.person", ref=ref))


def _edit_refused(refusal: Refused, form: EditForm, staff: "Staff") -> Response:
    """Show a refusal at its field; or, when somebody else saved first, both texts."""
    if refusal.code == "changed_meanwhile":
        both = stale.differences(form, saved=_data(staff), version=staff.version)
        return page("agent/people/edit.html", status=409, form=form, person=staff, differences=both)
    form.refuse(refusal, form[FIELDS[refusal.code]] if refusal.code in FIELDS else None)
    return page("agent/people/edit.html", status=422, form=form, person=staff, differences=())


def _find(ref: str) -> "Staff":
    return access.or_404(people.find(session, ref, actor=access.actor()))


def _line(staff: "Staff") -> dict[str, Any]:
    """Somebody as the pages show them."""
    state = people.state_of(staff)
    return {
        "person": staff,
        "roles": [words.label(role) for role in people.roles_of(staff)],
        "state": (words.label(state), *BADGES[state]),
    }


def _data(staff: "Staff") -> dict[str, Any]:
    manager = people.manager_of(session, staff)
    return {
        "name": staff.name,
        "number": staff.number,
        "roles": [role.value for role in people.roles_of(staff)],
        "locale": staff.locale.value,
        "manager": manager.ref if manager else "",
        "version": staff.version,
    }
