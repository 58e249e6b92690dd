"""Booking keeps the rules of days, crews and places; a time belongs to one visit."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.domain.slots import Slot
from portal.models import Decision, Message, Training, Visit, VisitCell, VisitMove
from portal.services import audit, bookings, cases, policies, slots_on_offer, visits
from portal.services.bookings import Wish
from portal.vocabulary import CaseState, HoldReason, PlaceKind, Role, VisitState
from tests import factories
from tests.booking import ready_case
from tests.conftest import NOW

NINE = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)  # a Thursday, three days ahead
DAY = timedelta(days=1)


@pytest.fixture
def lender(session):
    made = factories.lender(session)
    for name in ("Ann Example", "Ben Example"):
        factories.staff(session, made, Role.AGENT, name=name)
    return made


@pytest.fixture
def policy(lender):
    return policies.of(lender, NOW)


@pytest.fixture
def case(session, lender):
    return ready_case(session, lender)


@pytest.fixture
def book(session, case, policy):
    def do(starts_at=NINE, *, of=case, now=NOW, **wish):
        return bookings.book(
            session,
            case=of,
            starts_at=starts_at,
            wish=Wish(**({"place": PlaceKind.BRANCH} | wish)),
            policy=policy,
            actor=factories.actor_of(of.borrower),
            now=now,
        )

    return do


@pytest.fixture
def move(session, case, policy):
    def do(visit, starts_at, now=NOW):
        return bookings.move(
            session,
            visit=visit,
            case=case,
            starts_at=starts_at,
            policy=policy,
            actor=factories.actor_of(case.borrower),
            now=now,
        )

    return do


def code_of(refused):
    return refused.value.code


def offered(session, case, policy, now=NOW):
    return slots_on_offer.days(slots_on_offer.diary(session, case=case, policy=policy, now=now))


def test_a_booked_visit_has_time_place_crew_purpose_and_a_decision(session, book, case):
    visit = book(place=PlaceKind.HOME, companion="An aunt")

    assert (visit.window_start, visit.window_end) == (NINE, NINE + timedelta(hours=2))
    assert (visit.place, visit.companion, visit.purpose) == ("1 Test Road", "An aunt", "plan")
    assert [person.name for person in visits.crew_of(visit)] == ["Ann Example", "Ben Example"]
    assert session.get_one(Decision, visit.decision_id).allowed
    moves = session.scalars(select(VisitMove).order_by(VisitMove.id))
    assert [each.to_state for each in moves] == [VisitState.AGREED, VisitState.ASSIGNED]
    assert case.state is CaseState.BOOKED


@pytest.mark.parametrize(("days", "code"), [(-1, "day_lead_time"), (-3, "day_lead_time")])
def test_a_visit_needs_three_days_of_preparation(book, days, code):
    with pytest.raises(Refused) as refused:
        book(NINE + days * DAY)

    assert code_of(refused) == code


def test_days_are_counted_in_the_lenders_zone(book):
    """17:00 UTC on Monday is Tuesday in Shanghai: Thursday is then two days away."""
    with pytest.raises(Refused, match="day_lead_time"):
        book(now=datetime(2026, 3, 2, 17, 0, tzinfo=UTC))


def test_between_two_visits_lie_three_days_in_both_directions(book):
    book(NINE + 4 * DAY)

    for days in (2, 3, 5, 6):
        with pytest.raises(Refused, match="day_spacing"):
            book(NINE + days * DAY)
    book(NINE + 7 * DAY)


def test_a_third_visit_in_a_month_waits_for_the_next(book):
    book()
    book(NINE + 4 * DAY)

    with pytest.raises(Refused, match="day_month_full"):
        book(NINE + 8 * DAY)


def test_nobody_comes_on_a_public_holiday(book):
    with pytest.raises(Refused, match="day_holiday"):
        book(datetime(2026, 5, 1, 1, 0, tzinfo=UTC))


def test_one_pair_has_one_visit_at_a_time(session, book, lender):
    book()
    other = ready_case(session, lender)

    with pytest.raises(Refused, match="slot_taken"):
        book(of=other)
    book(NINE + timedelta(hours=2), of=other)


def test_two_pairs_have_two_visits_at_a_time(session, book, lender):
    for name in ("Cem Example", "Dai Example"):
        factories.staff(session, lender, Role.AGENT, name=name)

    first, second = book(), book(of=ready_case(session, lender))

    crews = [{person.id for person in visits.crew_of(visit)} for visit in (first, second)]
    assert not crews[0] & crews[1]


def test_the_key_of_the_table_decides_even_when_both_saw_it_free(session, book, lender, monkeypatch):
    visit = book()
    crew = tuple(person.id for person in visits.crew_of(visit))
    slot = Slot(starts_at=visit.window_start, ends_at=visit.window_end, crew=crew)
    monkeypatch.setattr(slots_on_offer, "take", lambda *args, **facts: slot)

    with pytest.raises(Refused, match="slot_taken"):
        book(of=ready_case(session, lender))

    assert session.query(Visit).count() == 1


def test_only_trained_people_come(session, book, lender):
    for training in session.scalars(select(Training).where(Training.module == "compliance")):
        session.delete(training)
    session.flush()

    with pytest.raises(Refused, match="slot_taken"):
        book()


def test_a_training_that_runs_out_before_the_visit_does_not_count(session, case, policy):
    for training in session.scalars(select(Training)):
        training.passed_on = NINE.date() - timedelta(days=policy.visit.training_valid_days - 1)
    session.flush()

    days = [offer.day for offer in offered(session, case, policy) if offer.slots]

    assert days == [NINE.date(), (NINE + DAY).date()]


def test_the_gate_refuses_while_the_debt_is_disputed_and_keeps_its_decision(session, book, case):
    actor = factories.actor_of(case.borrower)
    cases.hold(session, case=case, reason=HoldReason.DISPUTE, subject=None, actor=actor, now=NOW)

    with pytest.raises(Refused, match="contact_gate"):
        book()

    assert [decision.allowed for decision in session.scalars(select(Decision))] == [False]
    assert session.query(VisitCell).count() == 0


def test_another_address_must_be_named(book):
    with pytest.raises(Refused, match="visit_address_missing"):
        book(place=PlaceKind.OTHER_ADDRESS, address=" ")


def test_a_moved_visit_is_left_out_of_its_own_spacing(book, move):
    visit = book()

    moved = move(visit, NINE + DAY)

    assert moved.moved_from_id == visit.id
    assert (visit.state, moved.state) == (VisitState.MOVED, VisitState.ASSIGNED)


def test_the_new_day_of_a_moved_visit_keeps_the_lead_time(session, book, move):
    visit = book(NINE + 4 * DAY)

    with pytest.raises(Refused, match="day_lead_time"):
        move(visit, NINE - DAY)

    assert visit.state is VisitState.ASSIGNED
    assert session.query(VisitCell).count() == 16


@pytest.mark.parametrize(("now", "reason"), [(NINE - DAY, None), (NINE, "late")])
def test_a_late_change_is_noted_and_nothing_else(session, book, move, now, reason):
    move(book(), NINE + 4 * DAY, now=now)

    query = select(VisitMove.reason).where(VisitMove.to_state == VisitState.MOVED)
    assert session.scalars(query).all() == [reason]


def test_a_taken_back_consent_cancels_what_lies_ahead(session, book, case):
    first, second = book(), book(NINE + 4 * DAY)

    cancelled = visits.cancel_future(
        session, case=case, reason="consent_revoked", actor=factories.actor_of(case.borrower), now=NOW
    )

    assert cancelled == [first, second]
    assert {visit.state for visit in cancelled} == {VisitState.CANCELLED}
    assert session.query(VisitCell).count() == 0


def test_a_visit_that_has_begun_is_not_cancelled_any_more(session, book, case, policy):
    visit = book()
    visit.state = VisitState.VERIFIED

    with pytest.raises(Refused, match="move_not_allowed"):
        visits.cancel(
            session,
            visit=visit,
            case=case,
            policy=policy,
            actor=factories.actor_of(case.borrower),
            now=NOW,
        )


def test_the_code_is_there_on_the_day_only(book, policy):
    visit = book()

    assert visits.code_of_today(visit, policy=policy, now=NINE - DAY) is None
    assert len(visits.code_of_today(visit, policy=policy, now=NINE)) == 4


def test_every_change_is_confirmed_and_recorded(session, book, move, case, policy):
    moved = move(book(), NINE + 4 * DAY)
    visits.cancel(
        session, visit=moved, case=case, policy=policy, actor=factories.actor_of(case.borrower), now=NOW
    )

    told = [message.template for message in session.scalars(select(Message).order_by(Message.id))]
    assert told == ["visit_booked", "visit_moved", "visit_cancelled"]
    done = [event.action for event in audit.timeline(session, case=case)]
    assert {"visit_booked", "visit_moved", "visit_cancelled"} <= set(done)
    assert audit.verify(session, lender_id=case.lender_id).intact


def test_no_day_is_offered_that_a_rule_closes(session, book, case, policy):
    book(NINE + 4 * DAY)

    days = [offer.day.day for offer in offered(session, case, policy)]

    assert days == [5, 6, 12, 13, 14, 15, 16]
