import pytest

from portal.domain.actor import Actor, ActorKind, system, visitor
from portal.vocabulary import Role

ANN = Actor(kind=ActorKind.STAFF, lender_id=7, ref="ann", id=3, roles=frozenset({Role.LEAD, Role.CALLER}))
BORROWER = Actor(kind=ActorKind.BORROWER, lender_id=7, ref="b-9", id=9)


def test_a_row_stores_the_kind_and_reference_of_who_did_it():
    assert str(ANN) == "staff:ann"
    assert str(BORROWER) == "borrower:b-9"


def test_a_job_acts_as_the_system_of_its_lender():
    job = system(7, "nightly")
    assert job == Actor(kind=ActorKind.SYSTEM, lender_id=7, ref="nightly", id=0, roles=frozenset())
    assert str(job) == "system:nightly"


def test_a_visitor_is_the_nameless_public_of_one_lender():
    nobody = visitor(8)
    assert nobody == Actor(kind=ActorKind.VISITOR, lender_id=8, ref="public", id=0, roles=frozenset())
    assert str(nobody) == "visitor:public"


@pytest.mark.parametrize(
    ("actor", "is_staff", "is_borrower"),
    [(ANN, True, False), (BORROWER, False, True), (system(7, "x"), False, False), (visitor(7), False, False)],
)
def test_only_staff_are_staff_and_only_borrowers_are_borrowers(actor, is_staff, is_borrower):
    assert (actor.is_staff, actor.is_borrower) == (is_staff, is_borrower)


def test_one_of_the_roles_asked_for_is_enough():
    assert ANN.has(Role.LEAD)
    assert ANN.has(Role.AUDITOR, Role.CALLER)
    assert not ANN.has(Role.AUDITOR, Role.ADMIN)
    assert not ANN.has()


@pytest.mark.parametrize("actor", [BORROWER, system(7, "nightly"), visitor(7)])
def test_whoever_is_no_staff_has_no_role(actor):
    assert not actor.has(*Role)
