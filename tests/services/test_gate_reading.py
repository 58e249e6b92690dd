"""What the contact gate is told: each fact read from the rows it stands in, and from no others."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from portal.domain.contact_facts import PreferredHours
from portal.models import (
    Case,
    CaseLoan,
    Complaint,
    Consent,
    Hold,
    Lender,
    Message,
    Party,
    Preference,
)
from portal.services import accounts, gate_facts
from portal.vocabulary import (
    Action,
    ActionClass,
    Channel,
    ComplaintState,
    ComplaintTopic,
    ConsentPurpose,
    ContactOutcome,
    HoldReason,
    IdType,
    Locale,
    MessageState,
    PartyRole,
    Role,
    VisitState,
)
from tests import factories, gate_told
from tests.conftest import NOW
from tests.factories import TODAY
from tests.gate_told import common, contact, decision

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
VISIT_AT = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def facts(session, case):
    """Ask what the gate is told about a call, but for what is said otherwise."""
    return gate_told.asking(session, case)


def test_a_loan_that_left_the_case_is_not_overdue_for_it(session, case, facts):
    assert (facts().overdue_confirmed, facts().dpd) == (True, 35)
    session.scalars(select(CaseLoan)).one().left_at = NOW

    assert (facts().overdue_confirmed, facts().dpd, facts().overdue_amount) == (False, 0, 0)


def test_in_a_closed_case_nothing_is_confirmed_as_overdue(case, facts):
    case.closed_at = NOW

    assert not facts().overdue_confirmed


def test_the_wishes_of_the_borrower_are_read(session, case, facts):
    session.add(
        Preference(
            **common(case),
            borrower_id=case.borrower_id,
            opted_out={"channels": ["sms"]},
            preferred={"days": [0, 2], "from": "09:00", "until": "11:30"},
            nobody_at_home_knows=True,
            represented_by="An adviser",
            exam_day=date(2026, 3, 5),
            actor="borrower:test",
        )
    )
    found = facts()
    assert found.opted_out == {Channel.SMS}
    assert found.preferred == PreferredHours(days=frozenset({0, 2}), opens=time(9), closes=time(11, 30))
    assert (found.nobody_at_home_knows, found.represented) == (True, True)
    assert found.exam_day == date(2026, 3, 5)


def test_without_wishes_nothing_is_wished(facts):
    found = facts()
    assert (found.opted_out, found.preferred, found.exam_day) == (set(), None, None)
    assert (found.nobody_at_home_knows, found.represented) == (False, False)


def test_a_breathing_space_is_counted_from_the_newest_hold_in_force(session, case, facts):
    for at, ended in ((NOW - 9 * DAY, None), (NOW - 5 * DAY, None), (NOW - DAY, NOW)):
        session.add(
            Hold(
                **common(case, at),
                case_id=case.id,
                reason=HoldReason.BREATHING_SPACE,
                actor="staff:test",
                ended_at=ended,
                ended_by="staff:test" if ended else None,
            )
        )
    assert facts().breathing_space_since == NOW - 5 * DAY


@pytest.mark.parametrize("state", ComplaintState)
def test_a_complaint_is_open_until_it_is_answered_for_good(session, case, facts, state):
    session.add(complaint(case, state=state))

    over = {ComplaintState.DECIDED, ComplaintState.CLOSED, ComplaintState.WITHDRAWN, ComplaintState.REVIEWED}
    assert facts().open_complaint is (state not in over)


def complaint(case, *, state=ComplaintState.RECEIVED, about=None):
    return Complaint(
        **common(case),
        number=f"C{state}",
        case_id=case.id,
        about_id=about,
        state=state,
        topic=ComplaintTopic.CONDUCT,
        channel=Channel.PORTAL,
        locale=Locale.EN,
        text="They shouted.",
        received_at=NOW,
        acknowledge_by=TODAY + DAY,
        decide_by=TODAY + 15 * DAY,
    )


def test_who_is_complained_about_and_who_manages_them_are_recused_and_nobody_else(
    session, lender, case, facts
):
    manager = factories.staff(session, lender, Role.MANAGER)
    agent = factories.staff(session, lender, Role.AGENT, manager=manager)
    session.add(complaint(case, about=agent.id))

    assert facts(actor=factories.actor_of(agent)).recused
    assert facts(actor=factories.actor_of(manager)).recused
    assert facts(crew=[agent]).recused
    assert not facts().recused


def test_a_notice_about_an_agency_counts_once_it_left(session, case, facts):
    notice = Message(
        **common(case),
        borrower_id=case.borrower_id,
        case_id=case.id,
        decision_id=decision(session, case, action=Action.SMS, action_class=ActionClass.SERVICE).id,
        channel=Channel.SMS,
        template=gate_facts.AGENCY_NOTICE,
        action_class=ActionClass.SERVICE,
        locale=Locale.EN,
        recipient="+886900000001",
        body="An agency acts for us.",
        state=MessageState.WAITING,
        not_before=NOW,
    )
    session.add(notice)
    assert not facts().outside_agency_notice

    notice.state = MessageState.SENT
    assert facts().outside_agency_notice


@pytest.mark.parametrize("agreed", [True, False])
def test_somebody_in_the_contract_is_one_who_agreed_to_be_asked(session, case, facts, agreed):
    loan_id = session.scalars(select(CaseLoan.loan_id)).one()
    party = Party(
        **common(case),
        loan_id=loan_id,
        party_no="1",
        role=PartyRole.GUARANTOR,
        name="Somebody Else",
        id_type=IdType.NONE,
        scope="all",
        consent=agreed,
        signs=False,
    )
    session.add(party)

    found = facts(action=Action.THIRD_PARTY, party=party)
    assert found.third_party_role == (PartyRole.GUARANTOR if agreed else None)


def test_consent_that_was_taken_back_is_none_and_a_new_one_is_one(session, case, facts):
    def consent(revoked_at=None):
        said = {"text_version": "1", "locale": Locale.EN, "channel": Channel.PORTAL, "actor": "borrower:test"}
        session.add(
            Consent(
                **common(case),
                **said,
                case_id=case.id,
                purpose=ConsentPurpose.VISIT_SERVICE,
                revoked_at=revoked_at,
            )
        )
        return facts(visit_start=VISIT_AT)

    assert (facts().consent_revoked, facts(visit_start=VISIT_AT).visit.service_consent) == (False, False)
    taken_back = consent(revoked_at=NOW)
    assert (taken_back.consent_revoked, taken_back.visit.service_consent) == (True, False)
    again = consent()
    assert (again.consent_revoked, again.visit.service_consent) == (False, True)


def test_training_counts_from_the_day_it_was_passed(session, lender, facts):
    trained, untrained = factories.staff(session, lender), factories.staff(session, lender, trained=False)
    for module in ("psychological_support", "communication", "compliance"):
        accounts.add_training(
            session, staff=untrained, module=module, passed_on=VISIT_AT.date() + DAY, now=NOW
        )
    crew = [trained, untrained]

    on_the_day = facts(visit_start=VISIT_AT, crew=crew).visit
    assert (on_the_day.crew, on_the_day.crew_trained) == (2, 1)
    assert facts(visit_start=VISIT_AT + DAY, crew=crew).visit.crew_trained == 2


def test_other_visits_are_those_of_the_month_in_the_lenders_zone_that_take_place(
    session, lender, case, facts
):
    crew = [factories.staff(session, lender) for _ in range(2)]
    edge = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)  # March begins in Shanghai
    starts = {
        edge - MINUTE: VisitState.DONE,
        edge: VisitState.DONE,
        VISIT_AT + 7 * DAY: VisitState.AGREED,
        VISIT_AT + 8 * DAY: VisitState.CANCELLED,
        datetime(2026, 3, 31, 16, 0, tzinfo=UTC): VisitState.AGREED,
    }
    made = [factories.visit(session, case, crew=crew, starts=at, state=state) for at, state in starts.items()]
    assert facts(visit_start=VISIT_AT).visit.other_visits_this_month == 2
    assert facts(visit=made[2]).visit.other_visits_this_month == 1


def test_nothing_of_another_borrower_is_told(session, case, facts):
    other = factories.late_borrower(session, session.get_one(Lender, case.lender_id))
    contact(session, other, at=NOW - MINUTE, outcome=ContactOutcome.REACHED)
    session.add(complaint(other))
    session.add(Hold(**common(other), case_id=other.id, reason=HoldReason.HOSPITAL, actor="staff:test"))

    found = facts()
    assert (found.attempts_today, found.conversations_today, found.last_conversation_at) == (0, 0, None)
    assert (found.open_complaint, found.holds) == (False, set())
    assert session.scalars(select(Case)).all() == [case, other]
