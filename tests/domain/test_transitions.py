import pytest

from portal.domain import transitions
from portal.domain.refusals import Refused
from portal.vocabulary import (
    AgreementState,
    CaseState,
    ComplaintState,
    DisputeState,
    FollowUpState,
    PlanState,
    PromiseState,
    ProofState,
    VisitState,
)
from tests.domain.built_anew import anew

C, V, K = CaseState, VisitState, ComplaintState
KINDS = {
    "case": CaseState,
    "proof": ProofState,
    "visit": VisitState,
    "plan": PlanState,
    "agreement": AgreementState,
    "follow_up": FollowUpState,
    "promise": PromiseState,
    "complaint": ComplaintState,
    "dispute": DisputeState,
}
LINES = {
    "case": [
        *(C.CONFIRMED, C.CONTACTING, C.REGISTERED, C.DOCUMENTS, C.BOOKED, C.VISITED),
        *(C.PLANNING, C.IN_REPAYMENT, C.SETTLED, C.ARCHIVED),
    ],
    "visit": [V.PROPOSED, V.AGREED, V.ASSIGNED, V.ARRIVED, V.VERIFIED, V.DONE],
    "complaint": [
        *(K.RECEIVED, K.ACKNOWLEDGED, K.INVESTIGATING, K.DECIDED, K.CLOSED),
        *(K.REVIEW_REQUESTED, K.REVIEWED),
    ],
    "proof": [ProofState.MISSING, ProofState.RECEIVED, ProofState.UNDER_REVIEW, ProofState.ACCEPTED],
    "plan": [PlanState.DRAFT, PlanState.WAITING_APPROVAL, PlanState.APPROVED, PlanState.AGREED],
    "agreement": [AgreementState.OFFERED, AgreementState.SIGNED, AgreementState.SEALED],
    "follow_up": [FollowUpState.SCHEDULED, FollowUpState.DONE],
    "dispute": [DisputeState.OPEN, DisputeState.UPHELD],
    "promise": [PromiseState.ACTIVE, PromiseState.VERIFYING, PromiseState.KEPT],
}
FINAL = {
    "case": {C.ARCHIVED},
    "visit": {V.DONE, V.MOVED, V.CANCELLED, V.ABSENT, V.REFUSED, V.STOPPED},
    "complaint": {K.WITHDRAWN},
    "proof": {ProofState.REJECTED, ProofState.EXPIRED},
    "plan": {PlanState.REFUSED, PlanState.AGREED, PlanState.WITHDRAWN},
    "agreement": {AgreementState.SEALED, AgreementState.DECLINED},
    "follow_up": {FollowUpState.DONE, FollowUpState.CANCELLED},
    "dispute": {DisputeState.UPHELD, DisputeState.NOT_UPHELD, DisputeState.WITHDRAWN},
    "promise": {PromiseState.KEPT, PromiseState.WITHDRAWN},
}

STEPS_OF_A_CASE = {
    "confirmed": "contacting registered documents booked visited planning cured",
    "contacting": "registered documents booked visited planning refused cured",
    "registered": "documents booked visited planning refused cured",
    "documents": "booked visited planning refused cured",
    "booked": "visited planning refused cured",
    "visited": "planning refused cured",
    "planning": "in_repayment refused legal cured",
    "in_repayment": "settled broken cured",
    "settled": "archived cured",
    "refused": "contacting planning legal cured",
    "broken": "planning legal cured",
    "legal": "planning settled cured",
    "cured": "archived confirmed",
    "archived": "",
}


@pytest.fixture(autouse=True)
def tables_built_for_each_test(monkeypatch):
    monkeypatch.setattr(transitions, "MOVES", anew(transitions.__name__).MOVES)


@pytest.mark.parametrize("thing", KINDS)
def test_every_state_of_a_thing_is_in_its_table(thing):
    assert set(transitions.MOVES[thing]) == set(KINDS[thing])


@pytest.mark.parametrize("thing", LINES)
def test_the_main_line_can_be_walked_step_by_step(thing):
    line = LINES[thing]
    for old, new in zip(line, line[1:], strict=False):
        transitions.check(thing, old, new)


@pytest.mark.parametrize("thing", FINAL)
def test_only_the_last_states_have_nothing_after_them(thing):
    assert {state for state in KINDS[thing] if transitions.is_final(thing, state)} == FINAL[thing]


@pytest.mark.parametrize("thing", KINDS)
def test_staying_is_no_move(thing):
    assert not any(transitions.allowed(thing, state, state) for state in KINDS[thing])


def test_a_refused_move_names_thing_and_states():
    with pytest.raises(Refused) as refusal:
        transitions.check("visit", V.PROPOSED, V.DONE)
    assert refusal.value.code == "move_not_allowed"
    assert refusal.value.facts == {"thing": "visit", "old": "proposed", "new": "done"}


def test_steps_of_a_case_that_a_pack_does_not_require_may_be_skipped():
    transitions.check("case", C.CONTACTING, C.BOOKED)
    transitions.check("case", C.REGISTERED, C.PLANNING)
    transitions.check("case", C.CONFIRMED, C.PLANNING)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (C.CONFIRMED, C.IN_REPAYMENT),
        (C.VISITED, C.IN_REPAYMENT),
        (C.PLANNING, C.SETTLED),
        (C.IN_REPAYMENT, C.ARCHIVED),
        (C.BOOKED, C.DOCUMENTS),
        (C.IN_REPAYMENT, C.PLANNING),
        (C.CONTACTING, C.LEGAL),
        (C.IN_REPAYMENT, C.LEGAL),
        (C.CONFIRMED, C.REFUSED),
        (C.CONFIRMED, C.BROKEN),
    ],
)
def test_a_case_skips_no_plan_no_repayment_and_never_goes_back(old, new):
    assert not transitions.allowed("case", old, new)


@pytest.mark.parametrize("old", C)
def test_a_case_makes_these_steps_and_no_others(old):
    assert {new.value for new in C if transitions.allowed("case", old, new)} == set(
        STEPS_OF_A_CASE[old].split()
    )


def test_any_open_case_is_cured_when_nothing_is_overdue():
    assert all(transitions.allowed("case", old, C.CURED) for old in set(C) - {C.CURED, C.ARCHIVED})


def test_an_archived_case_never_reopens():
    assert not any(transitions.allowed("case", C.ARCHIVED, new) for new in C)


def test_a_broken_or_legal_case_may_be_planned_again():
    assert transitions.allowed("case", C.IN_REPAYMENT, C.BROKEN)
    assert transitions.allowed("case", C.BROKEN, C.PLANNING)
    assert transitions.allowed("case", C.LEGAL, C.PLANNING)
    assert transitions.allowed("case", C.PLANNING, C.LEGAL)
    assert transitions.allowed("case", C.REFUSED, C.PLANNING)


@pytest.mark.parametrize("old", [V.PROPOSED, V.AGREED, V.ASSIGNED])
def test_a_visit_may_be_moved_or_cancelled_until_the_crew_arrives(old):
    assert transitions.allowed("visit", old, V.MOVED)
    assert transitions.allowed("visit", old, V.CANCELLED)


def test_a_visit_that_has_arrived_ends_but_is_not_moved():
    for new in (V.ABSENT, V.REFUSED, V.STOPPED):
        assert transitions.allowed("visit", V.ARRIVED, new)
    for new in (V.MOVED, V.CANCELLED):
        assert not transitions.allowed("visit", V.ARRIVED, new)


def test_nothing_of_a_visit_opens_before_identity():
    assert not transitions.allowed("visit", V.ASSIGNED, V.VERIFIED)
    assert not transitions.allowed("visit", V.ARRIVED, V.DONE)


def test_a_proof_accepted_on_paper_may_be_rejected_on_site():
    assert transitions.allowed("proof", ProofState.ACCEPTED, ProofState.REJECTED)
    assert not transitions.allowed("proof", ProofState.REJECTED, ProofState.ACCEPTED)


def test_a_plan_within_the_agents_tier_needs_no_checker():
    assert transitions.allowed("plan", PlanState.DRAFT, PlanState.APPROVED)
    assert not transitions.allowed("plan", PlanState.DRAFT, PlanState.AGREED)


def test_a_sealed_agreement_is_never_altered():
    assert not any(transitions.allowed("agreement", AgreementState.SEALED, new) for new in AgreementState)


def test_a_complaint_is_withdrawn_only_before_it_is_decided():
    for old in (K.RECEIVED, K.ACKNOWLEDGED, K.INVESTIGATING):
        assert transitions.allowed("complaint", old, K.WITHDRAWN)
    assert not transitions.allowed("complaint", K.DECIDED, K.WITHDRAWN)
    assert not transitions.allowed("complaint", K.RECEIVED, K.DECIDED)
    assert transitions.allowed("complaint", K.REVIEWED, K.CLOSED)
