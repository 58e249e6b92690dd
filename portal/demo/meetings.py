"""From the door to the sealed agreement: the second half of the demo's stories."""

from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal

from portal.demo import books, lines, signing
from portal.demo.journeys import Scene, begun_lately, book_on, complaint_new, papers
from portal.demo.stage import Story
from portal.domain.actor import Actor
from portal.domain.concessions import Concession
from portal.models import Agreement, Budget, Plan, Visit
from portal.services import (
    accounts,
    agreements,
    approvals,
    budgets,
    checklists,
    findings,
    followups,
    on_site,
    plans,
    visits,
)
from portal.vocabulary import ArrearsReason, BudgetLine, ChecklistResult, ConcessionKind, VisitOutcome

LEAD_DAYS = 8  # between booking and visit: longer than for those that come today, who find other hours
SPENDING = {
    BudgetLine.RENT: 250_000,
    BudgetLine.FOOD: 180_000,
    BudgetLine.UTILITIES: 35_000,
    BudgetLine.TRANSPORT: 30_000,
}
MONTHS_WANTED = 9
A_LITTLE, A_LOT = Decimal("0.10"), Decimal("0.50")  # of the penalty interest: an agent's yes, a lead's yes
ROUND_WAGE = 10_000  # minor units
CURE_EXTRA = Decimal("1.02")


def under_way(scene: Scene) -> Story:
    """The crew sits at the table; both sides compared their codes."""
    day, starts_at = begun_lately(scene)
    visit = yield from _booked(scene, day, starts_at)
    assert visit.window_start == starts_at
    yield from _at_the_door(scene, visit)


def plan_waiting(scene: Scene) -> Story:
    """A visit found a plan that the lead has to approve."""
    yield from _planned(scene, days=4, waiver=A_LOT)


def agreement_offered(scene: Scene) -> Story:
    """The lead approved the plan; the agreement waits for the borrower's signature."""
    plan = yield from _planned(scene, days=5, waiver=A_LOT)
    stage = scene.stage
    yield scene.ago(3, 9, 40)
    answer = lines.YES[stage.staff["lead"].locale]
    lead, now = stage.actor("lead"), stage.clock
    approvals.decide(
        stage.session, plan=plan, version=plan.version, approved=True, answer=answer, actor=lead, now=now
    )
    yield scene.ago(3, 14, 0)
    agreements.offer(
        stage.session, plan=plan, folder=stage.folder, actor=stage.actor("lead"), now=stage.clock
    )


def repaying_long(scene: Scene) -> Story:
    """In repayment for two months: the first instalment came, the first follow-up took place."""
    yield from _repaying(scene, days=62)


def repaying(scene: Scene) -> Story:
    """In repayment for a month: the first follow-up is due."""
    yield from _repaying(scene, days=34)


def repaying_with_complaint(scene: Scene) -> Story:
    """In repayment for a month; since yesterday there is a complaint that nobody has taken on."""
    yield from repaying(scene)
    yield from complaint_new(scene)


def cured(scene: Scene) -> Story:
    """Everything overdue was paid, and nothing is left to agree on."""
    yield scene.ago(4, 12, 0)
    owed = sum(row.principal + row.interest for row in scene.contracts[0].rows if _is_due(scene, row))
    books.pay(scene.stage, contract_no=scene.contracts[0].contract_no, amount=int(owed * CURE_EXTRA))


def _is_due(scene: Scene, row: books.Row) -> bool:
    return not row.paid and row.due < scene.stage.day


def _booked(scene: Scene, day: date, *wanted: datetime) -> Generator[datetime, None, Visit]:
    """Everything up to a booked visit; returns the visit."""
    stage = scene.stage
    yield from papers(scene, before=(stage.today - day).days + LEAD_DAYS + 1)
    yield stage.at(day - timedelta(days=LEAD_DAYS), 18, 20)
    return book_on(scene, day, *wanted)


def _at_the_door(scene: Scene, visit: Visit) -> Story:
    """Arrive, and compare the code of the day."""
    stage = scene.stage
    yield visit.window_start + timedelta(minutes=6)
    on_site.arrive(stage.session, visit=visit, position=None, actor=_leader(visit), now=stage.clock)
    yield visit.window_start + timedelta(minutes=11)
    code = visits.code_of_today(visit, policy=stage.policy, now=stage.clock)
    assert code is not None
    on_site.compare_code(
        stage.session,
        visit=visit,
        typed=code,
        card_shown=True,
        actor=_leader(visit),
        now=stage.clock,
    )


def _at_the_table(scene: Scene, visit: Visit, *, waiver: Decimal) -> Generator[datetime, None, Plan]:
    """Checklist, findings and budget, then the soonest plan that fits; returns it."""
    stage, leader = scene.stage, _leader(visit)
    yield visit.window_start + timedelta(minutes=25)
    for item in checklists.ORDER:
        checklists.answer(
            stage.session,
            visit=visit,
            item=item,
            result=ChecklistResult.CONFIRMED,
            note="",
            actor=leader,
            now=stage.clock,
        )
    findings.record(
        stage.session,
        visit=visit,
        reason=ArrearsReason.INCOME_FALL,
        difficulties=lines.DIFFICULTIES[scene.person.locale],
        product_views=lines.VIEWS[scene.person.locale],
        actor=leader,
        now=stage.clock,
    )
    yield visit.window_start + timedelta(minutes=55)
    budget = _save_budget(scene, visit, leader)
    yield visit.window_start + timedelta(minutes=75)
    return _propose(scene, visit, budget, waiver, leader)


def _save_budget(scene: Scene, visit: Visit, leader: Actor) -> Budget:
    """A household whose wages leave room for the debt in some nine months."""
    stage, case = scene.stage, scene.case
    owed = plans.basis_of(stage.session, case=case, policy=stage.policy, now=stage.clock).parts.total
    running = budgets.regular_instalments(
        stage.session, case=case, policy=stage.policy, business_date=stage.day
    )
    spare = int(Decimal(owed) / MONTHS_WANTED / (1 - stage.policy.budget.buffer))
    wages = sum(SPENDING.values()) + running + spare
    return budgets.save(
        stage.session,
        case=case,
        visit=visit,
        adults=1,
        children=0,
        lines=SPENDING | {BudgetLine.WAGES: -(-wages // ROUND_WAGE) * ROUND_WAGE},
        policy=stage.policy,
        actor=leader,
        now=stage.clock,
    )


def _propose(scene: Scene, visit: Visit, budget: Budget, waiver: Decimal, leader: Actor) -> Plan:
    stage, case = scene.stage, scene.case
    given = (Concession(ConcessionKind.PENALTY_WAIVER, share=waiver),)
    offered = plans.options(
        stage.session, case=case, budget=budget, concessions=given, policy=stage.policy, now=stage.clock
    )
    terms = scene.rng.choice([each for each in offered if each.fits]).draft.terms
    return plans.propose(
        stage.session,
        case=case,
        budget=budget,
        visit=visit,
        method=terms.method,
        periods=terms.periods,
        concessions=given,
        reason=lines.REASON[visit.crew[0].staff.locale],
        policy=stage.policy,
        actor=leader,
        now=stage.clock,
    )


def _planned(scene: Scene, *, days: int, waiver: Decimal) -> Generator[datetime, None, Plan]:
    """A visit some days ago that ended with a plan to be approved; returns the plan."""
    visit = yield from _visited(scene, days)
    plan = yield from _at_the_table(scene, visit, waiver=waiver)
    yield visit.window_start + timedelta(minutes=85)
    _leave(scene, visit, VisitOutcome.NO_AGREEMENT, lines.LEFT)
    return plan


def _repaying(scene: Scene, *, days: int) -> Story:
    """An agreement signed at the table; instalments as they fell due; the first follow-up once it was due."""
    stage = scene.stage
    visit = yield from _visited(scene, days)
    plan = yield from _at_the_table(scene, visit, waiver=A_LITTLE)
    leader = _leader(visit)
    agreement = agreements.offer(stage.session, plan=plan, folder=stage.folder, actor=leader, now=stage.clock)
    yield visit.window_start + timedelta(minutes=90)
    signing.sign(stage, agreement, scene.borrower)
    yield visit.window_start + timedelta(minutes=94)
    signing.sign(stage, agreement, visit.crew[0].staff)
    yield visit.window_start + timedelta(minutes=98)
    _leave(scene, visit, VisitOutcome.AGREEMENT, lines.SIGNED)
    for row in plans.sheet(stage.session, plan).rows:
        if row.due_on >= stage.today:
            break
        yield stage.at(row.due_on, 9, 0)
        books.pay(stage, contract_no=scene.contracts[0].contract_no, amount=row.principal + row.interest)
    yield from _looked_after(scene, agreement, visit)


def _looked_after(scene: Scene, agreement: Agreement, visit: Visit) -> Story:
    """The first follow-up takes place when it is due, unless that is only days ago: then it waits."""
    stage = scene.stage
    first = followups.of_agreement(stage.session, agreement=agreement)[0].follow_up
    if first.due_on > stage.today - timedelta(days=7):
        return
    yield stage.at(first.due_on, 15, 0)
    followups.finish(
        stage.session,
        follow_up=first,
        note=lines.CARED[visit.crew[0].staff.locale],
        actor=_leader(visit),
        now=stage.clock,
    )


def _visited(scene: Scene, days: int) -> Generator[datetime, None, Visit]:
    day = scene.stage.visiting_day(scene.stage.today - timedelta(days=days), step=-1)
    visit = yield from _booked(scene, day, scene.stage.at(day, 13))
    yield from _at_the_door(scene, visit)
    return visit


def _leave(scene: Scene, visit: Visit, outcome: VisitOutcome, note: lines.Line) -> None:
    on_site.leave(
        scene.stage.session,
        visit=visit,
        outcome=outcome,
        note=note[visit.crew[0].staff.locale],
        position=None,
        actor=_leader(visit),
        now=scene.stage.clock,
    )


def _leader(visit: Visit) -> Actor:
    return accounts.staff_actor(visit.crew[0].staff)
