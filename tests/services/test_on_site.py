"""A visit on site: arriving, comparing codes, the order of the steps, leaving."""

from datetime import timedelta

import pytest

from portal.domain import arrival_code
from portal.domain.refusals import Refused
from portal.services import audit, checklists, findings, on_site, visit_progress
from portal.vocabulary import (
    ArrearsReason,
    CaseState,
    ChecklistItem,
    ChecklistResult,
    Role,
    StepState,
    VisitOutcome,
    VisitPurpose,
    VisitState,
    VisitStep,
)
from tests import factories
from tests.conftest import NOW

TAIPEI_101 = on_site.Position(latitude=25.033964, longitude=121.564468, accuracy=12)


class Site:
    """A visit of two agents, and the acts of the first of them."""

    def __init__(self, session, **options):
        self.session = session
        self.lender = factories.lender(session)
        self.case = factories.late_borrower(session, self.lender)
        self.case.state = CaseState.BOOKED
        factories.ready_for_a_visit(session, self.case)
        crew = [factories.staff(session, self.lender, Role.AGENT, name=name) for name in ("Ann", "Ben")]
        self.actor = factories.actor_of(crew[0])
        self.visit = factories.visit(session, self.case, crew=crew, **options)

    def arrive(self, now=NOW, position=None, actor=None):
        on_site.arrive(self.session, visit=self.visit, position=position, actor=actor or self.actor, now=now)

    def code(self):
        return arrival_code.code_of_day(bytes.fromhex(self.visit.seed), factories.TODAY)

    def compare(self, typed=None, now=NOW, card_shown=True):
        on_site.compare_code(
            self.session,
            visit=self.visit,
            typed=typed or self.code(),
            card_shown=card_shown,
            actor=self.actor,
            now=now,
        )

    def answer(self, item, result=ChecklistResult.CONFIRMED, note=""):
        return checklists.answer(
            self.session, visit=self.visit, item=item, result=result, note=note, actor=self.actor, now=NOW
        )

    def find_out(self):
        return findings.record(
            self.session,
            visit=self.visit,
            reason=ArrearsReason.INCOME_FALL,
            difficulties="",
            product_views="",
            actor=self.actor,
            now=NOW,
        )

    def leave(self, outcome, note=""):
        on_site.leave(
            self.session,
            visit=self.visit,
            outcome=outcome,
            note=note,
            position=None,
            actor=self.actor,
            now=NOW + timedelta(hours=1),
        )

    @property
    def current(self):
        return visit_progress.progress(self.session, visit=self.visit).current

    @property
    def actions(self):
        return [event.action for event in audit.timeline(self.session, case=self.case)]


@pytest.fixture
def site(session):
    return Site(session)


def test_arriving_asks_the_gate_and_keeps_where_only_when_it_was_given(site, session):
    site.arrive(position=TAIPEI_101)

    assert site.visit.state is VisitState.ARRIVED
    assert visit_progress.moves_of(session, visit=site.visit)[-1].position == "25.03396,121.56447,12"
    assert site.actions[:2] == ["visit_arrived", "contact_allowed"]


def test_without_a_tap_no_place_is_kept(site, session):
    site.arrive()

    assert visit_progress.moves_of(session, visit=site.visit)[-1].position_sealed is None


def test_a_visit_that_was_only_agreed_gets_its_crew_on_arrival(session):
    site = Site(session, state=VisitState.AGREED)

    site.arrive()

    states = [move.to_state for move in visit_progress.moves_of(session, visit=site.visit)]
    assert states == [VisitState.ASSIGNED, VisitState.ARRIVED]


@pytest.mark.parametrize("days", [-1, 1])
def test_arriving_on_another_day_is_refused(site, days):
    with pytest.raises(Refused) as refused:
        site.arrive(now=NOW + timedelta(days=days))

    assert refused.value.code == "not_the_day"


def test_the_day_of_a_visit_is_the_lenders_and_not_utc(session):
    start = NOW.replace(hour=23, minute=30) - timedelta(days=1)  # 07:30 of the next day in Shanghai
    site = Site(session, starts=start)

    with pytest.raises(Refused) as refused:
        site.arrive(now=start - timedelta(hours=8))

    assert refused.value.code == "not_the_day"


def test_the_gate_keeps_a_crew_away_whose_training_is_missing(session):
    site = Site(session)
    untrained = factories.staff(session, site.lender, Role.AGENT, name="New", trained=False)
    other = factories.visit(
        session, site.case, crew=[untrained, untrained_partner(session, site)], starts=NOW
    )

    with pytest.raises(Refused) as refused:
        on_site.arrive(session, visit=other, position=None, actor=factories.actor_of(untrained), now=NOW)

    assert refused.value.code == "contact_gate"
    assert "crew_trained" in [line.id for line in refused.value.facts["rules"]]
    assert "contact_refused" in site.actions


def untrained_partner(session, site):
    return factories.staff(session, site.lender, Role.AGENT, name="Also new", trained=False)


def test_somebody_who_did_not_come_cannot_arrive(site, session):
    other = factories.staff(session, site.lender, Role.AGENT, name="Other")

    with pytest.raises(Refused) as refused:
        site.arrive(actor=factories.actor_of(other))

    assert refused.value.code == "not_in_crew"


def test_the_right_code_verifies_the_visit(site):
    site.arrive()
    site.compare()

    assert site.visit.state is VisitState.VERIFIED
    assert site.current is VisitStep.PERSON


def test_the_tablet_shows_only_half_of_the_code(site, session):
    shown = on_site.shown_digits(session, visit=site.visit)

    assert site.code().startswith(shown)
    assert len(shown) == 2


def test_the_card_is_shown_before_any_code_counts(site):
    site.arrive()

    with pytest.raises(Refused) as refused:
        site.compare(card_shown=False)

    assert refused.value.code == "card_first"


def test_the_sixth_try_is_refused_even_when_the_code_is_right(site):
    site.arrive()
    for _ in range(5):
        with pytest.raises(Refused) as refused:
            site.compare("0000")
        assert refused.value.code == "codes_differ"

    with pytest.raises(Refused) as refused:
        site.compare()

    assert refused.value.code == "too_many_tries"
    assert site.visit.state is VisitState.ARRIVED
    assert site.actions.count("visit_code_differed") == 5
    site.compare(now=NOW + timedelta(minutes=15))
    assert site.visit.state is VisitState.VERIFIED


def test_no_step_can_be_taken_before_its_turn(site):
    too_early = [
        site.compare,
        lambda: site.answer(ChecklistItem.NAME),
        site.find_out,
        lambda: site.leave(VisitOutcome.ABSENT),
    ]
    for act in too_early:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "step_not_open"

    site.arrive()
    for act in too_early[1:3]:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "step_not_open"
    with pytest.raises(Refused):
        site.arrive()


def test_nothing_more_opens_until_name_and_identity_document_are_confirmed(site, session):
    site.arrive()
    site.compare()
    with pytest.raises(Refused):
        site.answer(ChecklistItem.ADDRESS)

    site.answer(ChecklistItem.NAME)
    site.answer(ChecklistItem.IDENTITY_DOCUMENT, ChecklistResult.NOT_SEEN)

    assert visit_progress.progress(session, visit=site.visit).right_person is False
    with pytest.raises(Refused):
        site.answer(ChecklistItem.ADDRESS)
    site.answer(ChecklistItem.IDENTITY_DOCUMENT)
    site.answer(ChecklistItem.ADDRESS)
    assert site.current is VisitStep.CHECKLIST


def test_the_steps_open_one_after_the_other(site, session):
    site.arrive()
    site.compare()
    for item in checklists.ORDER:
        site.answer(item)
    assert site.current is VisitStep.FINDINGS
    site.find_out()
    assert site.current is VisitStep.BUDGET
    factories.budget(session, site.case, visit=site.visit)
    assert site.current is VisitStep.PLAN
    factories.approved_plan(session, site.case, visit=site.visit)
    assert site.current is VisitStep.SIGN

    states = dict(visit_progress.progress(session, visit=site.visit).steps)
    assert states[VisitStep.LEAVE] is StepState.LATER
    assert [step for step, state in states.items() if state is StepState.DONE][-1] is VisitStep.PLAN


def test_a_visit_for_documents_needs_no_budget_and_no_plan(session):
    site = Site(session, purpose=VisitPurpose.DOCUMENTS)

    steps = [step for step, _ in visit_progress.progress(session, visit=site.visit).steps]

    assert steps[-2:] == [VisitStep.FINDINGS, VisitStep.LEAVE]


def test_leaving_is_possible_from_arrival_on(site, session):
    site.arrive()

    assert visit_progress.progress(session, visit=site.visit).is_open(VisitStep.LEAVE)
    assert on_site.outcomes(session, visit=site.visit) == [
        VisitOutcome.ABSENT,
        VisitOutcome.REFUSED,
        VisitOutcome.STOPPED,
    ]


def test_a_visit_without_agreement_moves_the_case_to_planning(site, session):
    site.arrive()
    site.compare()
    site.leave(VisitOutcome.NO_AGREEMENT, note="Wants to think it over.")

    assert (site.visit.state, site.case.state) == (VisitState.DONE, CaseState.PLANNING)
    move = visit_progress.moves_of(session, visit=site.visit)[-1]
    assert (move.reason, move.note) == ("no_agreement", "Wants to think it over.")
    assert b"think" not in move.note_sealed
    assert site.current is None


def test_an_agreement_is_an_outcome_only_once_it_is_signed(site):
    site.arrive()
    site.compare()

    with pytest.raises(Refused) as refused:
        site.leave(VisitOutcome.AGREEMENT)

    assert refused.value.code == "outcome_not_possible"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (VisitOutcome.ABSENT, VisitState.ABSENT),
        (VisitOutcome.REFUSED, VisitState.REFUSED),
        (VisitOutcome.STOPPED, VisitState.STOPPED),
    ],
)
def test_a_visit_that_did_not_take_place_leaves_the_case_where_it_was(site, outcome, state):
    site.arrive()
    site.leave(outcome)

    assert (site.visit.state, site.case.state) == (state, CaseState.BOOKED)


def test_after_leaving_nothing_can_be_entered(site):
    site.arrive()
    site.compare()
    site.answer(ChecklistItem.NAME)
    site.leave(VisitOutcome.STOPPED)

    with pytest.raises(Refused):
        site.answer(ChecklistItem.NAME, ChecklistResult.NOT_SEEN)


def test_an_agent_finds_only_visits_they_go_on(site, session):
    other = factories.actor_of(factories.staff(session, site.lender, Role.AGENT, name="Other"))
    lead = factories.actor_of(factories.staff(session, site.lender, Role.AGENT, Role.LEAD, name="Lead"))
    stranger = factories.staff(session, factories.lender(session, "spdb-puhui"), Role.AGENT)

    for actor in (other, lead, factories.actor_of(stranger)):
        assert on_site.find(session, site.visit.ref, actor=actor, now=NOW) is None
    assert on_site.find(session, site.visit.ref, actor=site.actor, now=NOW) is site.visit
