from datetime import date, timedelta

import pytest

from portal.domain import policy, proofs
from portal.domain.proofs import ProofFacts
from portal.infra import policy_files
from portal.vocabulary import ProofKind, ProofState

DOCUMENTS = policy.build(policy_files.read("pingan-bank")).documents
TODAY = date(2026, 3, 2)


def proof(kind, state=ProofState.RECEIVED, **facts):
    return ProofFacts(kind=kind, state=state, received_on=facts.pop("received_on", TODAY), **facts)


def all_three(state=ProofState.RECEIVED):
    return [proof(kind, state) for kind in (ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME)]


def state_of(kind, rows):
    return next(each for each in proofs.checklist(rows, on=TODAY, documents=DOCUMENTS) if each.kind is kind)


def is_complete(rows):
    return proofs.complete(rows, on=TODAY, documents=DOCUMENTS)


def test_without_any_paper_every_required_kind_is_missing():
    states = proofs.checklist([], on=TODAY, documents=DOCUMENTS)
    assert [each.kind for each in states] == list(ProofKind)
    assert all(each.state is ProofState.MISSING for each in states)
    assert proofs.still_needed(states) == [ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME]
    assert [each.required for each in states] == [True, True, True, False]


@pytest.mark.parametrize("state", [ProofState.RECEIVED, ProofState.UNDER_REVIEW, ProofState.ACCEPTED])
def test_booking_opens_when_every_required_kind_is_received_and_not_rejected(state):
    assert is_complete(all_three(state))
    assert not is_complete(all_three(state)[:2])


@pytest.mark.parametrize("state", [ProofState.REJECTED, ProofState.EXPIRED])
def test_a_rejected_or_expired_paper_does_not_open_booking(state):
    rows = [*all_three()[:2], proof(ProofKind.INCOME, state)]
    assert not is_complete(rows)
    assert state_of(ProofKind.INCOME, rows).text_key == f"proof_{state.value}"


def test_a_new_paper_takes_the_place_of_a_rejected_one():
    rows = [*all_three(), proof(ProofKind.INCOME, ProofState.REJECTED)]
    assert is_complete(rows)
    assert state_of(ProofKind.INCOME, rows).state is ProofState.RECEIVED


@pytest.mark.parametrize(
    ("kind", "age", "state"),
    [
        (ProofKind.INCOME, 90, ProofState.ACCEPTED),
        (ProofKind.INCOME, 91, ProofState.EXPIRED),
        (ProofKind.RESIDENCE, 180, ProofState.ACCEPTED),
        (ProofKind.RESIDENCE, 181, ProofState.EXPIRED),
        (ProofKind.IDENTITY, 4000, ProofState.ACCEPTED),
        (ProofKind.OTHER, 4000, ProofState.ACCEPTED),
    ],
)
def test_a_paper_grows_too_old_on_the_day_after_its_last(kind, age, state):
    dated = proof(kind, ProofState.ACCEPTED, dated_on=TODAY - timedelta(days=age))
    assert state_of(kind, [dated]).state is state


def test_a_paper_without_a_date_ages_from_the_day_it_came():
    came = proof(ProofKind.INCOME, received_on=TODAY - timedelta(days=91))
    assert state_of(ProofKind.INCOME, [came]).state is ProofState.EXPIRED


def test_an_identity_document_counts_until_its_own_expiry():
    assert state_of(ProofKind.IDENTITY, [proof(ProofKind.IDENTITY, expires_on=TODAY)]).opens_booking
    gone = proof(ProofKind.IDENTITY, expires_on=TODAY - timedelta(days=1))
    assert state_of(ProofKind.IDENTITY, [gone]).state is ProofState.EXPIRED


def test_a_rejected_paper_stays_rejected_however_old():
    old = proof(ProofKind.INCOME, ProofState.REJECTED, dated_on=date(2020, 1, 1))
    assert state_of(ProofKind.INCOME, [old]).state is ProofState.REJECTED


def test_the_optional_kind_never_holds_booking_up():
    assert is_complete([*all_three(), proof(ProofKind.OTHER, ProofState.REJECTED)])
