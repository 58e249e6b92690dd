"""What a night writes for all cases at once is what the rules say of each, on books nobody thought of."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from portal.domain.strategy import next_step
from portal.models import Case, Contact, ContactPoint, Decision, Hold, Loan, Payment, Promise, Strategy
from portal.services import ageing, book_cases, call_list_building, cases, policies, strategies
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Channel,
    ContactKind,
    ContactOutcome,
    HoldReason,
    NextStep,
    PaymentKind,
    PromiseState,
    StepReason,
)
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY

CN = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


@pytest.fixture(params=["pingan-bank", "spdb-puhui"])
def lender(session, request):
    return factories.lender(session, request.param)


def build(session, lender, day=TODAY, now=None):
    now = now or datetime(day.year, day.month, day.day, 1, tzinfo=CN)
    return call_list_building.build(
        session, lender=lender, policy=policies.of(lender, NOW), business_date=day, now=now
    )


def night(session, lender, day=TODAY):
    policy = policies.of(lender, NOW)
    ageing.age_loans(session, lender=lender, policy=policy, business_date=day)
    book_cases.follow_ageing(
        session, lender=lender, policy=policy, business_date=day, actor=factories.nightly(lender), now=NOW
    )
    return build(session, lender, day)


def touch(session, case, *, at, channel=Channel.PHONE, outcome=ContactOutcome.NO_ANSWER, **more):
    decision = Decision(
        lender_id=case.lender_id,
        created_at=at,
        case_id=case.id,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        allowed=True,
        rules={"asked": []},
        pack_version="test 1",
        actor="system:test",
    )
    session.add(decision)
    session.flush()
    session.add(
        Contact(
            lender_id=case.lender_id,
            created_at=at,
            case_id=case.id,
            decision_id=decision.id,
            channel=channel,
            inbound=False,
            at=at,
            outcome=outcome,
            **more,
        )
    )
    session.flush()


class Book:
    """Cases by chance, each with a history by chance; the same seed makes the same."""

    def __init__(self, session, lender, seed):
        self.session, self.lender, self.chance = session, lender, random.Random(seed)

    def fill(self, count):
        for _ in range(count):
            borrower = factories.borrower(self.session, self.lender)
            borrower.timezone = self.chance.choice([None, None, "Asia/Tokyo", "Europe/London"])
            if self.chance.random() < 0.2:
                for point in self.session.scalars(
                    select(ContactPoint).where(ContactPoint.borrower_id == borrower.id)
                ):
                    if self.chance.random() < 0.6:
                        self.session.delete(point)
            product = self.chance.choice(["consumer_loan", "consumer_loan", "card"])
            little = {"instalment": 400, "interest": 10} if self.chance.random() < 0.3 else {}
            late = self.chance.choice([0, 1, 1, 2, 3])
            factories.loan(self.session, borrower, late=late, product=product, **little)
        self.session.flush()

    def happen(self, now):
        """Let something happen on some of the cases before a moment."""
        for case in self.session.scalars(select(Case).where(Case.closed_at.is_(None))).all():
            for _ in range(self.chance.choice([0, 0, 0, 1, 2, 4])):
                self._contact(case, now)
            if self.chance.random() < 0.1:
                cases.hold(
                    self.session,
                    case=case,
                    reason=self.chance.choice(list(HoldReason)),
                    subject=None,
                    actor=factories.nightly(self.lender),
                    now=now - DAY,
                )
            if self.chance.random() < 0.15:
                self._promise(case, now)
            if self.chance.random() < 0.1:
                case.state = self.chance.choice([CaseState.REGISTERED, CaseState.LEGAL, CaseState.REFUSED])
        self.session.flush()

    def _contact(self, case, now):
        channel = self.chance.choice([Channel.PHONE, Channel.PHONE, Channel.SMS])
        spoken = self.chance.choice(
            [ContactOutcome.NO_ANSWER, ContactOutcome.REACHED, ContactOutcome.WRONG_NUMBER]
        )
        at = now - timedelta(minutes=self.chance.randint(1, 12 * 24 * 60))
        back = now + timedelta(hours=self.chance.randint(-30, 50)) if self.chance.random() < 0.1 else None
        outcome = spoken if channel is Channel.PHONE else ContactOutcome.SENT
        touch(self.session, case, at=at, channel=channel, outcome=outcome, call_back_at=back)

    def _promise(self, case, now):
        state = self.chance.choice([PromiseState.ACTIVE, PromiseState.BROKEN, PromiseState.KEPT])
        if self.session.scalar(select(Promise.id).where(Promise.case_id == case.id)):
            return
        self.session.add(
            Promise(
                lender_id=case.lender_id,
                created_at=now - 5 * DAY,
                case_id=case.id,
                amount=100,
                currency=case.currency,
                due_on=now.date() + self.chance.randint(-2, 2) * DAY,
                state=state,
                decided_on=None if state is PromiseState.ACTIVE else now.date() - DAY,
            )
        )


def written(row):
    return (row.step, row.reason, row.facts, row.earliest_at, row.due, row.rank, row.bucket, row.recheck_on)


def by_rules(session, case, policy, now):
    """What the pure function says of a case, as its row would be written."""
    facts = strategies.facts_of(session, case=case, policy=policy, now=now)
    step = next_step(facts, policy, now)
    bucket = policy.ageing.bucket(facts.dpd)
    values = strategies.values_of(
        step, bucket=bucket.name if bucket else None, chosen=None, policy=policy, now=now
    )
    return tuple(
        values[name]
        for name in ("step", "reason", "facts", "earliest_at", "due", "rank", "bucket", "recheck_on")
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_night_says_of_every_case_what_the_rules_say(session, lender, monkeypatch, seed):
    monkeypatch.setattr(call_list_building, "CHUNK", 7)
    policy, book = policies.of(lender, NOW), Book(session, lender, seed)
    book.fill(40)
    reasons, plain, looked_at = set(), 0, []

    for number in range(9):
        day = TODAY + number * DAY
        now = datetime(day.year, day.month, day.day, 1, tzinfo=CN)
        built = night(session, lender, day)
        looked_at.append(built.looked_at)
        plain += built.looked_at - built.one_by_one
        for case in session.scalars(select(Case).where(Case.closed_at.is_(None))).all():
            row = strategies.of_case(session, case=case)
            expected = by_rules(session, case, policy, now)
            # A row that the night had no reason to look at was written on an earlier day: it may be due
            # since then, where the rules say from the next business morning on.
            same = slice(None) if row.computed_at >= now else slice(0, 3)
            assert written(row)[same] == expected[same], (case.id, day)
            assert (row.rank, row.bucket) == expected[5:7]
            assert row.due == expected[4] or day.weekday() > 4
            reasons.add(row.reason)
        if number in (0, 3):
            book.happen(now + timedelta(hours=18))
            for case in session.scalars(select(Case).where(Case.closed_at.is_(None))).all():
                strategies.recompute(
                    session,
                    case=case,
                    policy=policy,
                    actor=factories.nightly(lender),
                    now=now + timedelta(hours=18),
                )

    assert plain > 10
    assert sum(looked_at[1:3]) < 2 * looked_at[0]  # only what changed
    assert len(reasons) >= 8, reasons


def test_a_second_build_of_the_same_day_changes_nothing(session, lender):
    Book(session, lender, 3).fill(12)
    night(session, lender)
    after = NOW + timedelta(hours=1)
    build(session, lender, now=after)
    before = {row.case_id: (*written(row), row.version) for row in session.scalars(select(Strategy))}

    assert build(session, lender, now=after + timedelta(hours=1)).looked_at == 0
    assert {row.case_id: (*written(row), row.version) for row in session.scalars(select(Strategy))} == before


def test_what_is_newly_overdue_stands_on_the_list_of_the_next_business_morning(session, lender):
    loan = factories.loan(session, factories.borrower(session, lender), late=0)
    due = TODAY + 25 * DAY
    night(session, lender, due)
    assert session.scalars(select(Strategy)).all() == []

    night(session, lender, due + DAY)
    row = session.scalars(select(Strategy)).one()
    assert (loan.dpd, row.reason) == (1, StepReason.FIRST_CONTACT)
    first = due + DAY
    while first.weekday() > 4:
        first += DAY
    assert row.earliest_at == datetime(first.year, first.month, first.day, 8, tzinfo=CN)
    assert row.due is (first == due + DAY)


def test_a_partial_payment_that_moves_the_bucket_is_looked_at_and_skips_no_step(session, lender):
    loan = factories.loan(session, factories.borrower(session, lender), late=3)
    night(session, lender)
    case = session.scalars(select(Case)).one()
    touch(session, case, at=NOW)
    touch(session, case, at=NOW + timedelta(hours=3))
    touch(session, case, at=NOW + timedelta(hours=4), channel=Channel.SMS, outcome=ContactOutcome.SENT)
    night(session, lender, TODAY + DAY)
    session.add(
        Payment(
            lender_id=loan.lender_id,
            created_at=NOW,
            loan_id=loan.id,
            payment_no="PART",
            paid_on=TODAY + DAY,
            amount=120_000,
            currency="CNY",
            kind=PaymentKind.PAYMENT,
            reference="",
        )
    )
    session.flush()
    built = night(session, lender, TODAY + 2 * DAY)
    row = strategies.of_case(session, case=case)

    assert built.looked_at >= 1
    assert (loan.dpd, row.bucket) == (37, "M2")
    assert row.step is NextStep.WAIT  # the message of the day before still has its time
    assert row.recheck_on is not None


def test_a_number_found_for_somebody_who_could_not_be_reached_puts_them_on_the_list(session, lender):
    borrower = factories.borrower(session, lender)
    factories.loan(session, borrower, late=2)
    points = session.scalars(select(ContactPoint).where(ContactPoint.borrower_id == borrower.id)).all()
    number = next(each for each in points if each.kind is ContactKind.PHONE)
    for point in points:
        session.delete(point)
    session.flush()
    night(session, lender)
    assert session.scalars(select(Strategy)).one().reason is StepReason.NO_CHANNEL

    session.add(
        ContactPoint(
            lender_id=lender.id,
            created_at=NOW,
            borrower_id=borrower.id,
            kind=ContactKind.PHONE,
            main=True,
            value_sealed=number.value_sealed,
            value_index=number.value_index,
        )
    )
    session.flush()
    night(session, lender, TODAY + DAY)

    row = session.scalars(select(Strategy)).one()
    assert (row.step, row.reason) == (NextStep.CALL, StepReason.FIRST_CONTACT)


def test_a_closed_case_has_no_strategy_and_another_lenders_is_left_alone(session, lender):
    other = factories.lender(session, "pingan-puhui")
    elsewhere = factories.late_borrower(session, other)
    case = factories.late_borrower(session, lender)
    build(session, lender)
    assert strategies.of_case(session, case=case) is not None
    case.state, case.closed_at = CaseState.ARCHIVED, NOW
    session.flush()
    build(session, lender)

    assert session.scalars(select(Strategy)).all() == []
    with factories.of_lender(session, other.id):
        assert strategies.of_case(session, case=elsewhere) is None


def test_a_claim_outlives_the_night_and_a_choice_its_days(session, lender):
    case = factories.late_borrower(session, lender)
    lead = factories.staff(session, lender)
    build(session, lender)
    actor, policy = factories.actor_of(lead), policies.of(lender, NOW)
    strategies.set_by_person(
        session,
        case=case,
        step=NextStep.EMAIL,
        until=TODAY + 3 * DAY,
        reason="Asked for a letter",
        policy=policy,
        actor=actor,
        now=NOW,
    )
    chosen = StepReason.SET_BY_PERSON
    for days, expected in ((1, chosen), (3, chosen), (4, StepReason.FIRST_CONTACT)):
        build(session, lender, TODAY + days * DAY)
        row = strategies.of_case(session, case=case)
        assert row.reason is expected, days
        assert (row.set_by == lead.id) is (expected is chosen)
    assert row.set_reason_sealed is None


def test_building_takes_the_same_few_statements_for_many_new_cases(session, lender, installation):
    statements: list[str] = []
    event.listen(installation.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counts = []
    for more in (1, 30):
        for _ in range(more):
            factories.late_borrower(session, lender)
        statements.clear()
        build(session, lender)
        counts.append(len(statements))

    assert counts[0] == counts[1]
    assert session.query(Loan).count() == 31


@pytest.mark.parametrize(("missing", "reason"), [(0, StepReason.TOO_EARLY), (1, StepReason.FIRST_CONTACT)])
def test_what_is_little_on_a_card_is_little_to_the_night_too(session, lender, missing, reason):
    card = factories.loan(session, factories.borrower(session, lender), late=1, product="card")
    case = factories.case(session, card)
    amount = policies.of(lender, NOW).contact.ignored_shortfall + missing
    card.dpd, card.overdue_amount, card.overdue_principal = 10, amount, amount
    card.overdue_interest = card.overdue_fees = 0
    session.flush()

    build(session, lender)

    assert strategies.of_case(session, case=case).reason is reason


def test_a_hold_that_nobody_told_the_strategy_of_is_seen_at_night_and_so_is_its_end(session, lender):
    case = factories.late_borrower(session, lender)
    build(session, lender)
    held = Hold(
        lender_id=lender.id,
        created_at=NOW,
        case_id=case.id,
        reason=HoldReason.HOSPITAL,
        actor="system:test",
    )
    session.add(held)
    session.flush()

    build(session, lender, TODAY + DAY)
    assert strategies.of_case(session, case=case).reason is StepReason.ON_HOLD

    held.ended_at, held.ended_by = NOW + DAY, "system:test"
    session.flush()
    build(session, lender, TODAY + 2 * DAY)
    assert strategies.of_case(session, case=case).step is NextStep.CALL
