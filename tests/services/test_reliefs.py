"""Relief: what an agreement gives on contracts, from its day on, and what withdrawing it does."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.infra.files import FileStore
from portal.models import Relief
from portal.models.audit_entry import AuditEntry
from portal.services import debts, lenders, reliefs
from portal.vocabulary import CaseState, ConcessionKind, PlaceKind, ReliefKind, Role, VisitState
from tests import agreements_made, at_the_table, factories
from tests.agreements_in_force import agreed, loan_of, waiver
from tests.at_the_table import policy_of
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import NOW
from tests.factories import TODAY
from tests.plain_papers import plain_papers  # noqa: F401  (a fixture)

LATER = TODAY + timedelta(days=40)


@pytest.fixture
def folder(settings):
    return FileStore(settings.files)


@pytest.fixture
def case(session):
    return factories.late_borrower(session, factories.lender(session), late=3)


@pytest.fixture
def manager(session, case):
    return factories.actor_of(factories.staff(session, lenders.get(session, case.lender_id), Role.MANAGER))


def of_kind(session, kind):
    return session.scalars(select(Relief).where(Relief.kind == kind)).one()


def penalty(session, case, day=LATER):
    return debts.debt_of(session, case=case, policy=policy_of(), business_date=day).total.penalty


def interest(session, case, day=LATER):
    return debts.debt_of(session, case=case, policy=policy_of(), business_date=day).overdue.interest


def withdraw(session, case, relief, actor, reason="Given by mistake"):
    return reliefs.withdraw(session, relief=relief, case=case, reason=reason, actor=actor, now=NOW)


def refused(act, *args, **named):
    with pytest.raises(Refused) as refusal:
        act(*args, **named)
    return refusal.value.code


def test_an_agreement_gives_its_waivers_and_stops_the_penalty_from_its_day_on(session, case, folder):
    given = (waiver(ConcessionKind.PENALTY_WAIVER, 60), waiver(ConcessionKind.INTEREST_WAIVER, 25))

    agreement = agreed(session, case, folder, concessions=given)

    lines = reliefs.of_case(session, case=case)
    assert {(each.relief.kind, each.relief.share_ppm) for each in lines} == {
        (ReliefKind.PENALTY_WAIVER, 600_000),
        (ReliefKind.INTEREST_WAIVER, 250_000),
        (ReliefKind.PENALTY_STOP, None),
    }
    assert {each.relief.first_day for each in lines} == {agreement.effective_on} == {TODAY}
    assert all(each.relief.last_day is None and each.relief.amount is None for each in lines)
    assert {each.agreement.id for each in lines} == {agreement.id}
    assert {each.loan.id for each in lines} == {loan_of(session, case).id}
    assert all(each.in_force and each.given_by for each in lines)
    assert reliefs.of_loans(session, [loan_of(session, case)]) == lines


def test_what_only_shapes_the_plan_is_no_relief_on_the_contract(session, case, folder):
    agreed(session, case, folder, concessions=(waiver(ConcessionKind.INTEREST_REDUCTION, 50),), periods=12)

    assert [each.relief.kind for each in reliefs.of_case(session, case=case)] == [ReliefKind.PENALTY_STOP]


def test_at_home_relief_begins_when_the_cooling_off_ends(session, case, folder):
    agent = factories.staff(session, lenders.get(session, case.lender_id))
    visit = at_the_table.visit_of(session, case, agent, state=VisitState.VERIFIED)
    plan = factories.approved_plan(session, case, visit=visit)
    case.state = CaseState.PLANNING
    agreement = agreements_made.offered(
        session, lenders.get(session, case.lender_id), folder, by=agent, case=case, plan=plan
    )
    assert agreement.place_kind is PlaceKind.HOME
    agreements_made.sign(session, agreement, case.borrower, folder)
    agreements_made.sign(session, agreement, agent, folder)

    assert agreement.effective_on == TODAY + timedelta(days=3)
    assert of_kind(session, ReliefKind.PENALTY_STOP).first_day == TODAY + timedelta(days=3)


def test_penalty_stops_only_by_a_concession(session, case, folder):
    """The day the agreement takes effect is the first that costs nothing."""
    before = penalty(session, case, TODAY - timedelta(days=1))
    assert penalty(session, case) > penalty(session, case, TODAY) > before > 0

    agreed(session, case, folder)

    assert penalty(session, case) == penalty(session, case, TODAY) == before


def test_a_waiver_takes_its_share_of_what_is_owed_on_its_day(session, case, folder):
    loan_of(session, case).as_of = TODAY - timedelta(days=1)
    owed, charged = penalty(session, case, TODAY), interest(session, case, TODAY)

    agreed(
        session,
        case,
        folder,
        concessions=(
            waiver(ConcessionKind.PENALTY_WAIVER, 100),
            waiver(ConcessionKind.INTEREST_WAIVER, 50),
        ),
    )

    assert owed > 0 == penalty(session, case)
    assert interest(session, case, TODAY) == charged - (charged + 1) // 2


def test_withdrawn_relief_is_recomputed_from_its_day(session, case, folder, manager):
    before, later = penalty(session, case, TODAY), penalty(session, case)
    agreed(session, case, folder, concessions=(waiver(ConcessionKind.PENALTY_WAIVER, 60),))
    assert penalty(session, case) < before

    withdraw(session, case, of_kind(session, ReliefKind.PENALTY_STOP), manager)
    withdraw(session, case, of_kind(session, ReliefKind.PENALTY_WAIVER), manager)

    assert (penalty(session, case, TODAY), penalty(session, case)) == (before, later)


def test_withdrawn_relief_stays_with_who_when_and_why(session, case, folder, manager):
    agreed(session, case, folder)
    stop = of_kind(session, ReliefKind.PENALTY_STOP)

    withdraw(session, case, stop, manager, " Agreed on the wrong loan ")

    line = reliefs.of_case(session, case=case)[0]
    assert not line.in_force
    assert (stop.withdrawn_at, stop.withdrawn_by) == (NOW, str(manager))
    assert (stop.withdrawal_reason, line.withdrawn_by) == ("Agreed on the wrong loan", "Test Staff")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "relief_withdrawn")).one()
    assert (entry.subject, entry.case_ref) == (f"relief/{stop.ref}", case.ref)
    assert entry.facts == {"kind": "penalty_stop", "first_day": TODAY.isoformat()}


def test_each_relief_given_is_on_the_chain_with_its_agreement(session, case, folder):
    agreement = agreed(session, case, folder, concessions=(waiver(ConcessionKind.PENALTY_WAIVER, 10),))

    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "relief_given").order_by(AuditEntry.sequence)
    ).all()
    assert [entry.facts["kind"] for entry in entries] == ["penalty_waiver", "penalty_stop"]
    assert entries[0].facts["share_ppm"] == 100_000
    assert {entry.facts["agreement"] for entry in entries} == {agreement.ref}


def test_only_a_manager_withdraws_with_a_reason_and_once(session, case, folder, manager):
    agreed(session, case, folder)
    stop = of_kind(session, ReliefKind.PENALTY_STOP)
    lead = factories.actor_of(factories.staff(session, lenders.get(session, case.lender_id), Role.LEAD))

    assert refused(withdraw, session, case, stop, lead) == "relief_manager_only"
    assert refused(withdraw, session, case, stop, manager, "  ") == "relief_reason_missing"
    assert stop.withdrawn_at is None
    withdraw(session, case, stop, manager)
    assert refused(withdraw, session, case, stop, manager) == "relief_withdrawn_already"


def test_relief_is_given_once_and_not_before_the_seal(session, case, folder, manager):
    agreement = agreed(session, case, folder)
    given = {"agreement": agreement, "case": case, "actor": manager, "now": NOW}

    assert refused(reliefs.grant_from_agreement, session, **given) == "relief_given_already"
    agreement.effective_on = None
    assert refused(reliefs.grant_from_agreement, session, **given) == "relief_agreement_not_sealed"


def test_whoever_sees_the_case_sees_its_relief_and_nobody_else(session, case, folder, manager):
    agreed(session, case, folder)
    ref = of_kind(session, ReliefKind.PENALTY_STOP).ref
    of = lenders.get(session, case.lender_id)
    stranger = factories.actor_of(factories.staff(session, of))
    other = factories.late_borrower(session, of)

    found = reliefs.find(session, ref, actor=manager, now=NOW)
    assert reliefs.case_of(session, found, actor=manager, now=NOW).id == case.id
    assert reliefs.find(session, ref, actor=factories.actor_of(case.borrower), now=NOW) == found
    assert reliefs.find(session, ref, actor=stranger, now=NOW) is None
    assert reliefs.find(session, ref, actor=factories.actor_of(other.borrower), now=NOW) is None
    assert reliefs.of_case(session, case=other) == []
