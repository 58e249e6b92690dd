"""The checklist: answers are added and never changed, and stand beside what is on file."""

import pytest

from portal.domain.refusals import Refused
from portal.models import ChecklistAnswer
from portal.services import audit, checklists, findings
from portal.vocabulary import ChecklistItem, ChecklistResult, ProofKind, ProofState
from tests.conftest import NOW
from tests.services.test_on_site import Site


@pytest.fixture
def site(session):
    made = Site(session)
    made.arrive()
    made.compare()
    return made


def test_nothing_is_answered_before_somebody_looked(site, session):
    assert checklists.answers(session, visit=site.visit) == {}


def test_the_newest_answer_counts_and_the_one_before_stays(site, session):
    site.answer(ChecklistItem.NAME, ChecklistResult.NOT_SEEN)
    site.answer(ChecklistItem.NAME)

    assert checklists.answers(session, visit=site.visit)[ChecklistItem.NAME].result == "confirmed"
    assert session.query(ChecklistAnswer).count() == 2


def test_the_same_answer_again_adds_nothing(site, session):
    site.answer(ChecklistItem.NAME, note="seen")
    site.answer(ChecklistItem.NAME, note=" seen ")

    assert session.query(ChecklistAnswer).count() == 1


def test_a_difference_needs_a_note_which_is_sealed_and_not_in_the_log(site, session):
    with pytest.raises(Refused) as refused:
        site.answer(ChecklistItem.NAME, ChecklistResult.DIFFERENT)
    assert refused.value.code == "difference_unexplained"

    answer = site.answer(ChecklistItem.NAME, ChecklistResult.DIFFERENT, note="Married name")

    assert answer.note == "Married name"
    assert b"Married" not in answer.note_sealed
    newest = audit.timeline(session, case=site.case)[0]
    assert newest.facts == {"item": "name", "result": "different"}


def test_what_is_on_file_stands_beside_the_items(site, session):
    found = checklists.on_file(session, visit=site.visit, actor=site.actor, now=NOW)

    assert (found.name, found.contact.place) == ("Test Borrower", "")
    assert (ProofKind.INCOME, ProofState.ACCEPTED) in found.proofs


def test_findings_need_a_reason_and_nothing_more(site, session):
    for item in checklists.ORDER:
        site.answer(item)

    finding = site.find_out()

    assert findings.newest(session, visit=site.visit) is finding
    assert finding.difficulties_sealed is None
