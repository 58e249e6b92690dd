"""Choosing a visit: first the place, then a day and a time; and moving one that is booked."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from flask import Response, flash, g, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Form, HiddenField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, Length, Optional, ValidationError

from portal import formats
from portal.borrower import blueprint
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.services import bookings, cases, slots_on_offer, visits
from portal.services.bookings import Wish
from portal.services.cases import Case
from portal.services.slots_on_offer import DayOffer, Diary, Slot
from portal.services.visits import Visit
from portal.vocabulary import PlaceKind
from portal.web import access, words
from portal.web.forms import CHOSEN, PortalForm
from portal.web.locale import current_locale
from portal.web.page import go_to, page
from portal.web.transactions import commits, session
from portal.web.words import operations

LONGEST_ADDRESS, LONGEST_NAME = 200, 80


class PlaceForm(Form):
    """What decides which times are looked at. Asked by GET: nothing personal is in it."""

    place = RadioField(
        _l("Where shall we meet?"),
        choices=[SelectChoice(each.value, words.LABELS[each]) for each in PlaceKind],
        validators=[CHOSEN],
    )
    discreet = BooleanField(_l("Nobody at home knows about this"), validators=[Optional()])

    def validate_place(self, field: RadioField) -> None:
        if self.discreet.data and field.data == PlaceKind.HOME:
            raise ValidationError(
                _("If nobody at home knows, please choose another place. Then nothing comes to your home.")
            )


class TimeForm(PortalForm):
    slot = RadioField(_l("Time"), choices=[], validate_choice=False, validators=[CHOSEN])

    def validate_slot(self, field: RadioField) -> None:
        if self.starts_at is None:
            raise ValidationError(_("Please choose one of the times."))

    @property
    def starts_at(self) -> datetime | None:
        try:
            moment = datetime.fromisoformat(self.slot.data or "")
        except ValueError:
            return None
        return moment if moment.tzinfo else None


class BookingForm(TimeForm):
    place = HiddenField(validators=[AnyOf([each.value for each in PlaceKind])])
    discreet = HiddenField()
    address = StringField(_l("Address"), validators=[Length(max=LONGEST_ADDRESS)])
    companion = StringField(
        _l("Somebody who will be with you"), validators=[Optional(), Length(max=LONGEST_NAME)]
    )

    def validate_address(self, field: StringField) -> None:
        if self.place.data == PlaceKind.OTHER_ADDRESS and not (field.data or "").strip():
            raise ValidationError(_("Please write the address where we should meet."))

    @property
    def wish(self) -> Wish:
        return Wish(
            place=PlaceKind(self.place.data),
            address=self.address.data or "",
            companion=self.companion.data or "",
            discreet=bool(self.discreet.data),
        )


@blueprint.get("/visits/new")
def new_visit() -> Response:
    case, chosen = _case(), PlaceForm(request.args)
    diary = slots_on_offer.diary(session, case=case, policy=g.policy, now=clock.now())
    free = [slot for offer in slots_on_offer.days(diary) for slot in offer.slots]
    if not free or (rules := _obstacles(case, free[0])):
        return page("borrower/visits/closed.html", rules=rules if free else [])
    if "place" not in request.args or not chosen.validate():
        home = bookings.masked_home(session, case=case)
        return page("borrower/visits/place.html", form=chosen, home=home, branch=g.lender.hand_in_place)
    form = BookingForm(formdata=None, place=chosen.place.data, discreet="1" if chosen.discreet.data else "")
    return _booking_page(form)


@blueprint.post("/visits")
@commits
def book_visit() -> Response:
    form = BookingForm()
    if not form.validate_on_submit() or form.starts_at is None:
        return _booking_page(form, status=422)
    try:
        booked = bookings.book(
            session,
            case=_case(),
            starts_at=form.starts_at,
            wish=form.wish,
            policy=g.policy,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        return _booking_page(form, **_refuse(form, refusal))
    flash(_("Your visit is booked. We have sent you a confirmation."), "success")
    return go_to(url_for("borrower.visit", ref=booked.ref))


@blueprint.get("/visits/<ref>/move")
def move_visit_page(ref: str) -> Response:
    return _move_page(TimeForm(formdata=None), _visit(ref))


@blueprint.post("/visits/<ref>/move")
@commits
def move_visit(ref: str) -> Response:
    form, visit = TimeForm(), _visit(ref)
    if not form.validate_on_submit() or form.starts_at is None:
        return _move_page(form, visit, status=422)
    try:
        moved = bookings.move(
            session,
            visit=visit,
            case=visit.case,
            starts_at=form.starts_at,
            policy=g.policy,
            actor=access.actor(),
            now=clock.now(),
        )
    except Refused as refusal:
        return _move_page(form, visit, **_refuse(form, refusal))
    flash(_("Your visit is moved. We have sent you a confirmation."), "success")
    return go_to(url_for("borrower.visit", ref=moved.ref))


def _booking_page(form: BookingForm, *, status: int = 200, taken: bool = False) -> Response:
    """The days and times for a place. A time that is gone comes with the nearest others."""
    diary = slots_on_offer.diary(session, case=_case(), policy=g.policy, now=clock.now())
    place = form.place.data if form.place.data in set(PlaceKind) else PlaceKind.BRANCH.value
    choice: dict[str, Any] = {"place": place, "discreet": form.discreet.data or None}
    return page(
        "borrower/visits/new.html",
        status=status,
        form=form,
        place=PlaceKind(place),
        home=bookings.masked_home(session, case=_case()),
        branch=g.lender.hand_in_place,
        place_url=url_for("borrower.new_visit"),
        **_times(form, diary, lambda day: url_for("borrower.new_visit", **choice, day=day), taken=taken),
    )


def _move_page(form: TimeForm, visit: Visit, *, status: int = 200, taken: bool = False) -> Response:
    now = clock.now()
    diary = slots_on_offer.diary(session, case=visit.case, policy=g.policy, now=now, leaving_out=visit)
    return page(
        "borrower/visits/move.html",
        status=status,
        form=form,
        visit=visit,
        late=visits.is_late(visit, policy=g.policy, now=now),
        **_times(
            form, diary, lambda day: url_for("borrower.move_visit_page", ref=visit.ref, day=day), taken=taken
        ),
    )


def _refuse(form: TimeForm, refusal: Refused) -> dict[str, Any]:
    """Put a refusal where it belongs; say what the page becomes. To be outrun is nobody's mistake: no red."""
    if refusal.code == "slot_taken":
        return {"status": 409, "taken": True}
    fields = {"visit_address_missing": form.address} if isinstance(form, BookingForm) else {}
    at_time = refusal.code.startswith(("slot_", "day_"))
    form.refuse(refusal, form.slot if at_time else fields.get(refusal.code))
    return {"status": 422}


def _times(form: TimeForm, diary: Diary, day_url: Callable[[str], str], *, taken: bool) -> dict[str, Any]:
    """The strip of days and the times of the chosen one, or the times nearest to one that is gone."""
    offers = slots_on_offer.days(diary)
    day = _chosen_day(form, offers)
    if taken and form.starts_at:
        slots = slots_on_offer.nearest(diary, form.starts_at)
    else:
        slots = [slot for offer in offers if offer.day == day for slot in offer.slots]
    form.slot.choices = [
        SelectChoice(slot.starts_at.isoformat(), _window(slot, with_day=taken)) for slot in slots
    ]
    strip = [_day_link(offer, day_url(offer.day.isoformat()), current=offer.day == day) for offer in offers]
    return {"days": strip, "day": day, "taken": taken, "visit_policy": g.policy.visit}


def _chosen_day(form: TimeForm, offers: Sequence[DayOffer[int]]) -> date | None:
    """The day asked for, else that of the chosen time, else the first with a free time."""
    asked = request.args.get("day") or (
        form.starts_at.astimezone(g.zone).date().isoformat() if form.starts_at else ""
    )
    free = [offer.day for offer in offers if offer.slots]
    return next((day for day in free if day.isoformat() == asked), free[0] if free else None)


def _day_link(offer: DayOffer[int], url: str, *, current: bool) -> dict[str, Any]:
    return {
        "url": url,
        "weekday": format_date(offer.day, "EEE"),
        "day": offer.day.day,
        "month": format_date(offer.day, "MMM"),
        "free": len(offer.slots),
        "current": current,
    }


def _window(slot: Slot[int], *, with_day: bool) -> str:
    locale = current_locale()
    times = f"{formats.clock(slot.starts_at, locale, g.zone)}–{formats.clock(slot.ends_at, locale, g.zone)}"
    local = slot.starts_at.astimezone(g.zone).date()
    return f"{formats.weekday(local, locale)} {times}" if with_day else times


def _obstacles(case: Case, slot: Slot[int]) -> list[tuple[str, str, str]]:
    """What keeps this borrower from booking any time at all: rule, sentence, source."""
    lines = bookings.obstacles(
        session,
        case=case,
        slot=slot,
        wish=Wish(place=PlaceKind.PHONE),
        actor=access.actor(),
        now=clock.now(),
    )
    return [
        (line.id.value, operations.rule(line, case.currency), operations.rule_source(line)) for line in lines
    ]


def _case() -> Case:
    return access.or_404(cases.open_case_of(session, borrower=access.actor(), now=clock.now()))


def _visit(ref: str) -> Visit:
    """A visit that has not begun: what is over cannot be moved."""
    found = access.or_404(visits.find(session, ref, actor=access.actor(), now=clock.now()))
    return access.or_404(found if visits.is_ahead(found) else None)
