"""What holds for all contracts and facts."""

import copy
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.dates import Step, StepUnit
from portal.domain.money import round_exact
from portal.domain.schedule import (
    Contract,
    ScheduleError,
    replay,
    schedule_of,
)
from portal.domain.schedule_facts import (
    DueDateChange,
    EarlyEffect,
    EarlyRepayment,
    InterestPause,
    PaymentHoliday,
    RateChange,
    TermExtension,
)
from portal.domain.timeline import Timeline
from portal.vocabulary import DayCount, Frequency, Method

PROPERTY = settings(max_examples=80, deadline=None)
BASES = {DayCount.ACT_365: 365, DayCount.ACT_360: 360}
CONTRACTS = st.builds(
    Contract,
    principal=st.integers(50_000, 10**10),
    annual_rate=st.decimals("0", "0.36", places=4),
    periods=st.integers(2, 24),
    start=st.dates(date(2019, 1, 1), date(2030, 12, 31)),
    method=st.sampled_from([Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST]),
    day_count=st.sampled_from([DayCount.ACT_365, DayCount.ACT_360]),
    frequency=st.sampled_from([*Frequency, Step(StepUnit.MONTH, 3), Step(StepUnit.DAY, 20)]),
)


@st.composite
def loans_with_facts(draw):
    """A contract and facts of its life, each on a day of its own."""
    contract = draw(CONTRACTS)
    length = (contract.dates()[-1] - contract.start).days
    offsets = draw(st.lists(st.integers(0, length), min_size=1, max_size=4, unique=True))
    facts, lengths = [], st.integers(1, 60)
    for offset in offsets:
        since = contract.start + timedelta(days=offset)
        later = since + timedelta(days=draw(lengths))
        kinds = [
            st.just(InterestPause(since, later)),
            st.builds(RateChange, st.just(since), st.decimals("0", "0.36", places=3)),
            st.builds(PaymentHoliday, st.just(since), st.integers(1, 3)),
            st.builds(TermExtension, st.just(since), st.integers(1, 6)),
            st.just(DueDateChange(since, later)),
            st.builds(
                EarlyRepayment,
                st.just(since),
                st.integers(1, contract.principal // 4),
                st.sampled_from(EarlyEffect),
            ),
        ]
        facts.append(draw(st.one_of(kinds)))
    return contract, facts


# What a fact on a day within the loan may still find: later facts, or the debt, leave no place for it.
NO_ROOM = {
    "fact_after_end",
    "holiday_too_long",
    "due_date_out_of_order",
    "instalment_below_interest",
    "repayment_above_balance",
    "debt_too_small",
}


def replayed(contract, facts):
    try:
        return replay(contract, facts)
    except ScheduleError as error:
        if error.code not in NO_ROOM:
            raise
        return None


def rate_on(today, contract, facts):
    """The rate of the latest change up to a day."""
    changes = [fact for fact in facts if isinstance(fact, RateChange) and fact.day <= today]
    return max(changes, key=lambda fact: fact.day).annual_rate if changes else contract.annual_rate


def by_the_day(contract, facts, schedule):
    """Each row's interest from nothing but the row before it: every day by itself, rounded once."""
    found, begin, balance = [], contract.start, contract.principal
    pauses = [fact for fact in facts if isinstance(fact, InterestPause)]
    repaid = [(fact.day, fact.amount) for fact in facts if isinstance(fact, EarlyRepayment)]
    since = begin  # a repayment on the very first day belongs to the first period
    for row in schedule.rows:
        exact = Fraction(0)
        for number in range((row.due_date - begin).days):
            today = begin + timedelta(days=number + 1)
            if not any(pause.day <= today <= pause.last_day for pause in pauses):
                bearing = balance - sum(amount for day, amount in repaid if since <= day < today)
                exact += bearing * Fraction(rate_on(today, contract, facts)) / BASES[contract.day_count]
        found.append(round_exact(exact))
        begin, balance = row.due_date, row.balance
        since = begin + timedelta(days=1)
    return found


@PROPERTY
@given(loans_with_facts())
def test_the_interest_of_every_row_is_that_of_its_days_one_by_one(loan):
    contract, facts = loan
    if schedule := replayed(contract, facts):
        assert [row.interest for row in schedule.rows] == by_the_day(contract, facts, schedule)


@PROPERTY
@given(loans_with_facts())
def test_whatever_happens_rows_add_up_to_the_debt(loan):
    contract, facts = loan
    if (schedule := replayed(contract, facts)) is None:
        return
    balance, begin = contract.principal, contract.start
    for number, row in enumerate(schedule.rows, start=1):
        balance -= row.principal
        assert (row.number, row.balance, row.total) == (number, balance, row.principal + row.interest)
        assert min(row.principal, row.interest, row.balance) >= 0
        assert row.due_date > begin
        begin = row.due_date
    assert balance == 0
    assert sum(amount for _, amount in schedule.flows()) == schedule.total_interest


@PROPERTY
@given(loans_with_facts(), st.randoms())
def test_a_fact_that_is_dated_back_counts_as_if_given_in_time(loan, random):
    contract, facts = loan
    shuffled = random.sample(facts, len(facts))
    assert replayed(contract, shuffled) == replayed(contract, facts)


@PROPERTY
@given(loans_with_facts())
def test_a_fact_changes_nothing_that_was_due_before_it(loan):
    contract, facts = loan
    facts = sorted(facts, key=lambda fact: fact.day)
    last = facts[-1].day
    with_it, without = replayed(contract, facts), replayed(contract, facts[:-1])
    if with_it and without:
        before = [row for row in without.rows if row.due_date < last]
        assert list(with_it.rows[: len(before)]) == before


@PROPERTY
@given(loans_with_facts())
def test_looking_at_the_schedule_after_each_fact_comes_to_the_same_as_from_the_start(loan):
    contract, facts = loan
    facts = sorted(facts, key=lambda fact: fact.day)
    if (whole := replayed(contract, facts)) is None:
        return
    timeline = Timeline(contract)
    for number, fact in enumerate(facts):
        assert schedule_of(copy.deepcopy(timeline)) == replayed(contract, facts[:number])
        timeline = timeline.apply(fact)
    assert schedule_of(timeline) == whole
