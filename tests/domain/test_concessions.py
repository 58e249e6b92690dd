from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.allocation import DebtParts
from portal.domain.concessions import Concession, ConcessionRefused, effect_of, tier_needed
from portal.domain.dates import Pause
from portal.domain.refusals import Refused
from portal.domain.schedule import build_schedule
from portal.vocabulary import ConcessionKind, DayCount, Frequency, Method, Tier

PROPERTY = settings(max_examples=60, deadline=None)
OVERDUE = DebtParts(principal=100_000, interest=5_005, fees=300, penalty=1_001, costs=50)
START = date(2027, 1, 31)


@dataclass(frozen=True)
class Limit:
    tier: Tier
    shares: dict
    months: dict

    def covers(self, kind, share, months):
        if kind in self.shares:
            return share <= self.shares[kind]
        return months <= self.months.get(kind, 0)


PENALTY, INTEREST, REDUCTION = (
    ConcessionKind.PENALTY_WAIVER,
    ConcessionKind.INTEREST_WAIVER,
    ConcessionKind.INTEREST_REDUCTION,
)
GRACE, PAUSE = ConcessionKind.GRACE, ConcessionKind.PAUSE
NONE = {PENALTY: Decimal(0), INTEREST: Decimal(0), REDUCTION: Decimal(0)}
LIMITS = [
    Limit(Tier.MANAGER, dict.fromkeys(NONE, Decimal(1)), {GRACE: 6, PAUSE: 6}),
    Limit(Tier.AGENT, {**NONE, PENALTY: Decimal("0.10")}, {}),
    Limit(Tier.LEAD, {**NONE, PENALTY: Decimal(1)}, {GRACE: 1}),
]


def share(kind, text):
    return Concession(kind, share=Decimal(text))


def months(kind, number):
    return Concession(kind, months=number)


def effect(*concessions, **named):
    return effect_of(
        concessions, **{"overdue": OVERDUE, "annual_rate": Decimal("0.15"), "start": START, **named}
    )


@pytest.mark.parametrize(
    ("concessions", "tier"),
    [
        ([], Tier.AGENT),
        ([share(PENALTY, "0.10")], Tier.AGENT),
        ([share(PENALTY, "0.1001")], Tier.LEAD),
        ([share(PENALTY, "1")], Tier.LEAD),
        ([share(PENALTY, "0.06"), share(PENALTY, "0.06")], Tier.LEAD),
        ([months(GRACE, 1)], Tier.LEAD),
        ([months(GRACE, 2)], Tier.MANAGER),
        ([months(GRACE, 1), months(GRACE, 1)], Tier.MANAGER),
        ([share(INTEREST, "0.01")], Tier.MANAGER),
        ([share(REDUCTION, "0.5")], Tier.MANAGER),
        ([months(PAUSE, 1)], Tier.MANAGER),
        ([share(PENALTY, "0.05"), months(PAUSE, 1)], Tier.MANAGER),
        ([Concession(ConcessionKind.EARLY_SETTLEMENT_REWARD)], Tier.AGENT),
    ],
)
def test_concessions_together_need_the_yes_of_the_highest_tier(concessions, tier):
    assert tier_needed(concessions, LIMITS) is tier
    assert tier_needed(concessions[::-1], LIMITS[::-1]) is tier


@pytest.mark.parametrize(
    "concessions",
    [
        [months(GRACE, 7)],
        [months(GRACE, 4), months(GRACE, 4)],
        [share(PENALTY, "0.6"), share(PENALTY, "0.6")],
        [months(ConcessionKind.EXTENSION, 1)],
    ],
)
def test_nobody_may_go_beyond_the_limits(concessions):
    with pytest.raises(ConcessionRefused) as refused:
        tier_needed(concessions, LIMITS)
    assert isinstance(refused.value, Refused)
    assert refused.value.code == "concession_beyond_limits"
    assert refused.value.facts["kind"] is concessions[0].kind


@pytest.mark.parametrize("text", ["0", "-0.1", "1.01", "NaN"])
def test_a_share_is_above_zero_and_at_most_all(text):
    with pytest.raises(ConcessionRefused) as refused:
        share(PENALTY, text)
    assert refused.value.code == "concession_share_invalid"


def test_grace_is_at_least_a_month():
    with pytest.raises(ConcessionRefused) as refused:
        months(GRACE, 0)
    assert refused.value.code == "concession_months_invalid"


def test_without_concessions_the_whole_overdue_debt_becomes_the_plan():
    found = effect()
    assert (found.principal, found.waived, found.annual_rate) == (106_356, DebtParts(), Decimal("0.15"))
    assert (found.first_due, found.interest_pauses) == (date(2027, 2, 28), ())


def test_a_waiver_takes_its_share_of_its_own_part_only():
    found = effect(share(PENALTY, "0.5"), share(INTEREST, "0.1"))
    assert found.waived == DebtParts(penalty=501, interest=501)
    assert found.principal == 106_356 - 1002


@PROPERTY
@given(
    st.builds(DebtParts, *[st.integers(0, 10**9)] * 5),
    st.decimals("0.01", "1", places=2),
    st.decimals("0.01", "1", places=2),
)
def test_what_is_waived_and_what_is_planned_are_the_debt(overdue, penalty, interest):
    given_up = (share(PENALTY, penalty), share(INTEREST, interest))
    found = effect(*given_up, overdue=overdue)
    assert found.principal + found.waived.total == overdue.total
    assert 0 <= found.waived.penalty <= overdue.penalty
    assert 0 <= found.waived.interest <= overdue.interest


def test_a_reduction_lowers_the_rate():
    assert effect(share(REDUCTION, "0.4")).annual_rate == Decimal("0.090")


@pytest.mark.parametrize(
    ("frequency", "first_due"),
    [
        (Frequency.MONTHLY, date(2027, 4, 30)),
        (Frequency.WEEKLY, date(2027, 4, 7)),
        (Frequency.FORTNIGHTLY, date(2027, 4, 14)),
    ],
)
def test_grace_moves_the_first_instalment_by_whole_months(frequency, first_due):
    assert effect(months(GRACE, 2), frequency=frequency).first_due == first_due


def test_a_plan_after_grace_returns_to_its_anchor_day_and_bears_the_interest():
    found = effect(months(GRACE, 1))
    rows = build_schedule(
        principal=found.principal,
        annual_rate=found.annual_rate,
        periods=3,
        start=START,
        first_due=found.first_due,
        anchor_day=found.anchor_day,
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.THIRTY_360,
    ).rows
    assert [row.due_date.isoformat() for row in rows] == ["2027-03-31", "2027-04-30", "2027-05-31"]
    assert rows[0].interest == 2659  # two months of 15 % on 106 356


def test_a_pause_begins_the_day_after_the_plan_starts():
    assert effect(months(PAUSE, 1)).interest_pauses == (Pause(date(2027, 2, 1), date(2027, 2, 28)),)
