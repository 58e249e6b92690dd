"""Follow-ups: after a month at the latest, then every three months, each with an owner."""

from datetime import UTC, date, datetime

import pytest

from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Case
from portal.services import cases, followups
from portal.vocabulary import CaseState, FollowUpState, Role
from tests import factories
from tests.agreements_made import borrower_of, offered, planned_case, sealed, sign
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW
from tests.plain_papers import plain_papers  # noqa: F401  (a fixture)


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def lender(session):
    return factories.lender(session)


def scheduled(session, agreement):
    return [line.follow_up for line in followups.of_agreement(session, agreement=agreement)]


def sealed_at(session, lender, folder, moment, *, periods=12, case=None):
    lead = factories.staff(session, lender, Role.LEAD)
    case = case or planned_case(session, lender)
    plan = factories.approved_plan(session, case, periods=periods, start=moment.date())
    agreement = offered(session, lender, folder, by=lead, case=case, plan=plan, now=moment)
    sign(session, agreement, borrower_of(session, agreement), folder, now=moment)
    sign(session, agreement, lead, folder, now=moment)
    return agreement, lead


def test_they_come_after_one_month_and_then_every_three_until_the_last_payment(session, lender, folder):
    agreement, _ = sealed_at(session, lender, folder, NOW)
    assert [each.due_on for each in scheduled(session, agreement)] == [
        date(2026, 4, 2),
        date(2026, 7, 2),
        date(2026, 10, 2),
        date(2027, 1, 2),
    ]
    assert [each.number for each in scheduled(session, agreement)] == [1, 2, 3, 4]


def test_after_the_31st_they_keep_to_the_end_of_shorter_months_and_come_back(session, lender, folder):
    agreement, _ = sealed_at(session, lender, folder, datetime(2026, 1, 31, 4, 0, tzinfo=UTC))
    assert [each.due_on for each in scheduled(session, agreement)] == [
        date(2026, 2, 28),
        date(2026, 5, 31),
        date(2026, 8, 31),
        date(2026, 11, 30),
    ]


def test_even_the_shortest_plan_is_followed_up_once(session, lender, folder):
    agreement, _ = sealed_at(session, lender, folder, NOW, periods=1)
    assert [each.due_on for each in scheduled(session, agreement)] == [date(2026, 4, 2)]


def test_the_owner_is_the_owner_of_the_case_or_who_signed(session, lender, folder):
    agreement, lead = sealed_at(session, lender, folder, NOW)
    assert {each.owner_id for each in scheduled(session, agreement)} == {lead.id}
    owner = factories.staff(session, lender, Role.AGENT)
    owned, _ = sealed_at(session, lender, folder, NOW, case=planned_case(session, lender, owner=owner))
    assert {each.owner_id for each in scheduled(session, owned)} == {owner.id}


def test_a_new_agreement_restarts_them(session, lender, folder):
    older, lead = sealed_at(session, lender, folder, NOW)
    case = session.get_one(Case, older.case_id)
    for state in (CaseState.BROKEN, CaseState.PLANNING):
        cases.move(session, case=case, to=state, actor=factories.actor_of(lead), now=NOW)
    newer, _ = sealed_at(session, lender, folder, NOW, case=case)
    assert {each.state for each in scheduled(session, older)} == {FollowUpState.CANCELLED}
    assert {each.state for each in scheduled(session, newer)} == {FollowUpState.SCHEDULED}


def test_the_list_shows_what_is_due_in_the_person_s_scope(session, lender, folder):
    owner, other = factories.staff(session, lender), factories.staff(session, lender)
    sealed_at(session, lender, folder, NOW, case=planned_case(session, lender, owner=owner))
    lead = factories.staff(session, lender, Role.LEAD)

    def numbers(person, until):
        lines = followups.due(session, until=until, actor=factories.actor_of(person), now=NOW)
        return [line.follow_up.number for line in lines]

    assert numbers(owner, date(2026, 4, 1)) == []
    assert numbers(owner, date(2026, 4, 2)) == [1]
    assert numbers(lead, date(2026, 8, 1)) == [1, 2]
    assert numbers(other, date(2026, 8, 1)) == []


def test_one_that_took_place_keeps_who_when_and_a_note_and_leaves_the_list(session, lender, folder):
    lead = factories.staff(session, lender, Role.LEAD)
    agreement = sealed(session, lender, folder, by=lead)
    first = scheduled(session, agreement)[0]
    actor = factories.actor_of(lead)
    followups.finish(session, follow_up=first, note="The plan still fits.", actor=actor, now=NOW)
    assert (first.state, first.done_by, first.done_at) == (FollowUpState.DONE, lead.id, NOW)
    assert first.note == "The plan still fits."
    lines = followups.due(session, until=date(2026, 4, 30), actor=actor, now=NOW)
    assert first not in [line.follow_up for line in lines]
    with pytest.raises(Refused) as refusal:
        followups.finish(session, follow_up=first, note="Again", actor=actor, now=NOW)
    assert refusal.value.code == "follow_up_not_open"
