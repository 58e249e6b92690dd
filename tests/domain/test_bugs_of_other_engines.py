"""Bugs that other engines had (specification 04 section 9): each has a test that is named after it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from portal.cli import context
from portal.domain import ledger, plans
from portal.domain.accrual import days_past_due, delinquency
from portal.domain.allocation import Component, DebtParts, Item, Order, allocate
from portal.domain.apr import AprError, effective_apr
from portal.domain.contract import Contract
from portal.domain.dates import Pause, paused_days, year_share
from portal.domain.instalments import Row
from portal.domain.penalty import short_loan
from portal.domain.relief import Relief
from portal.domain.schedule import build_schedule, replay
from portal.domain.schedule_facts import OwedInterest, Replan
from portal.domain.settlement import settlement_quote
from portal.domain.simple_interest import RateFrom, interest_parts
from portal.vocabulary import DayCount, Method, ReliefKind

ORDER = Order((Component.COSTS, Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL))
# 1,000.00 cost 0.40 a day.
TERMS = ledger.Terms(penalty_ppm=146_000, basis=365, order=ORDER)
DUE = date(2027, 3, 1)


def after(days):
    return DUE + timedelta(days=days)


def loan(days, *receipts, reliefs=(), instalments=1):
    openings = [
        ledger.Opening(n, after(30 * (n - 1)), DebtParts(principal=100_000), DebtParts())
        for n in range(1, instalments + 1)
    ]
    return ledger.standing(
        openings, receipts, reliefs=reliefs, as_of=after(-10), business_date=after(days), terms=TERMS
    )


def schedule(**named):
    terms = {
        "principal": 1_200_000,
        "annual_rate": Decimal("0.12"),
        "periods": 12,
        "start": date(2027, 1, 31),
        "method": Method.EQUAL_INSTALMENT,
        "day_count": DayCount.ACT_365,
    }
    return build_schedule(**terms | named)


def test_month_end_drift():
    days = [row.due_date.day for row in schedule(periods=13).rows]
    assert days == [28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29]


def test_an_instalment_rounded_up_so_that_the_debt_closes_early():
    rows = schedule(principal=100_00, annual_rate=Decimal(0), periods=36, instalment_multiple_of=100).rows
    assert len(rows) == 36
    assert all(row.principal > 0 for row in rows)
    assert rows[-1].balance == 0


def test_an_instalment_rounded_to_zero_on_a_tiny_debt():
    assert [row.principal for row in schedule(principal=3, annual_rate=Decimal(0), periods=3).rows] == [
        1,
        1,
        1,
    ]
    with pytest.raises(ValueError, match="too small"):
        schedule(principal=3, annual_rate=Decimal(0), periods=4)


def test_a_back_dated_payment_recomputes_penalty_days_past_due_and_allocation_from_its_date():
    known_late = ledger.Receipt("P1", after(40), 50_000)
    before = loan(45, known_late, instalments=2)
    back_dated = ledger.Receipt("P0", after(5), 100_200)
    now = loan(45, known_late, back_dated, instalments=2)
    assert (before.dpd, now.dpd) == (45, 15)
    # 5 days of the first instalment are paid with it; later money meets the second one's penalty first.
    assert [line.penalty_paid for line in now.lines] == [200, 400]
    assert now.lines[0].unpaid == DebtParts()
    assert now.lines[1].unpaid == DebtParts(principal=50_400, penalty=101)
    assert [(span.principal, span.days) for span in now.lines[1].spans] == [(100_000, 10), (50_400, 5)]


def test_recomputing_does_not_depend_on_the_order_in_which_payments_became_known():
    receipts = [ledger.Receipt(f"P{day}", after(day), 30_000) for day in (3, 8, 20)]
    assert loan(30, *receipts) == loan(30, *reversed(receipts))


def test_a_penalty_dated_in_the_future_is_paid_first():
    future = Item(1, Component.PENALTY, after(20), 5_000)
    owed = Item(1, Component.PRINCIPAL, DUE, 10_000)
    found = allocate(10_000, [future, owed], paid_on=DUE, order=ORDER)
    assert found.parts == DebtParts(principal=10_000)
    assert found.remaining == (future,)


def test_pause_edges_first_and_last_day():
    assert paused_days(DUE, after(30), [Pause(after(10), after(10))]) == 1
    assert paused_days(DUE, after(30), [Pause(after(1), after(30))]) == 30
    assert paused_days(DUE, after(30), [Pause(after(31), after(40))]) == 0
    stop = [Relief(kind=ReliefKind.PENALTY_STOP, first_day=after(2), last_day=after(3))]
    assert [loan(days, reliefs=stop).lines[0].unpaid.penalty for days in (1, 2, 3, 4)] == [40, 40, 40, 80]


def test_pause_edges_pause_on_a_due_date():
    assert paused_days(DUE, after(30), [Pause(DUE, DUE)]) == 0
    assert paused_days(DUE, after(30), [Pause(after(30), after(30))]) == 1
    counted = [delinquency(DUE, after(n), pauses=[Pause(DUE, DUE)]).delinquent_days for n in (0, 1)]
    assert counted == [0, 1]


def test_pause_edges_removed_pause():
    kinds = (ReliefKind.PENALTY_STOP, ReliefKind.DELINQUENCY_PAUSE)
    paused = loan(20, reliefs=[Relief(kind=kind, first_day=after(5), last_day=after(9)) for kind in kinds])
    assert (paused.dpd, paused.lines[0].unpaid.penalty) == (15, 600)
    removed = loan(20, reliefs=[])
    assert (removed.dpd, removed.lines[0].unpaid.penalty) == (20, 800)


def test_a_leap_year_judged_by_the_first_year():
    into_leap = year_share(date(2027, 12, 1), date(2028, 3, 1), DayCount.ACT_ACT)
    assert into_leap == Fraction(30, 365) + Fraction(61, 366)
    parts = interest_parts(
        365 * 366,
        first_day=date(2027, 12, 31),
        last_day=date(2028, 12, 31),
        rates=[RateFrom(date(2027, 1, 1), Decimal(1))],
    )
    assert [(part.days, part.exact) for part in parts] == [(1, 366), (366, 366 * 365)]


def test_a_false_root_of_the_yearly_rate():
    flows = [(DUE, -100_000), (after(365), 60_000), (after(730), 60_000)]
    rate = effective_apr(flows)
    growth = 1 + rate
    assert abs(-100_000 + 60_000 / growth + 60_000 / growth**2) < Decimal("0.01")
    assert Decimal("0.130") < rate < Decimal("0.131")


def test_a_yearly_rate_that_does_not_converge():
    # A hundredth more after one day: 1.01 to the power of 365.
    assert abs(effective_apr([(DUE, -100), (after(1), 101)]) - Decimal("36.78343433")) < Decimal("1e-6")
    with pytest.raises(AprError) as refused:
        effective_apr([(DUE, 100_000), (after(365), 60_000)])
    assert refused.value.code == "no_sign_change"


def test_days_past_due_by_the_utc_day(monkeypatch):
    monkeypatch.setattr(context, "zone_of", lambda lender, now: ZoneInfo("Asia/Shanghai"))
    last_minute = datetime(2027, 3, 1, 15, 59, tzinfo=UTC)
    midnight = last_minute + timedelta(minutes=1)
    counted = [days_past_due(context.today_at(None, now), DUE) for now in (last_minute, midnight)]
    assert counted == [0, 1]


def test_negative_interest_on_a_same_day_early_settlement():
    rows = [Row(1, after(30), 50_000, 1_000, 51_000, 50_000), Row(2, after(60), 50_000, 500, 50_500, 0)]
    quote = settlement_quote(rows, [], start=DUE, settlement_day=DUE, quoted_on=DUE, valid_days=7)
    assert (quote.total, [row.amount for row in quote.rows]) == (100_000, [100_000])


PARTS = DebtParts(principal=100_000, interest=3_000, fees=500, penalty=700, costs=40)


def plan(**named):
    basis = {
        "parts": PARTS,
        "rate_ppm": 0,
        "rate_cap_ppm": 240_000,
        "day_count": DayCount.ACT_365,
        "start": DUE,
        "most_periods": 60,
        "min_instalment": 1,
    }
    terms = plans.Terms(method=Method.EQUAL_INSTALMENT, periods=6)
    return plans.draft(plans.Basis(**basis | named), terms)


def test_a_re_plan_refused_because_of_outstanding_penalties():
    assert plan().principal == PARTS.total
    only_penalty = plan(parts=DebtParts(penalty=6_000))
    assert [row.total for row in only_penalty.rows] == [1_000] * 6


def test_a_re_plan_that_bills_twice():
    assert sum(row.total for row in plan().rows) == PARTS.total
    contract = Contract(
        principal=1_200_000,
        annual_rate=Decimal("0.12"),
        periods=12,
        start=date(2027, 1, 1),
        method=Method.EQUAL_PRINCIPAL,
        day_count=DayCount.TWELFTHS,
    )
    again = replay(
        contract,
        [
            Replan(
                date(2027, 3, 1),
                6,
                date(2027, 4, 1),
                oldest_unpaid=date(2027, 2, 1),
                interest=OwedInterest.SPREAD,
            )
        ],
    )
    assert sum(row.principal for row in again.rows) == 1_200_000
    # January on 12,000.00 and February on 12,000.00, since nothing was repaid; each once.
    assert sum(row.interest for row in again.rows) == 12_000 + 12_000


def test_a_zero_rate_treated_as_missing():
    assert [row.interest for row in schedule(annual_rate=Decimal(0)).rows] == [0] * 12
    free = ledger.Terms(penalty_ppm=0, basis=365, order=ORDER)
    opening = ledger.Opening(1, DUE, DebtParts(principal=100_000), DebtParts())
    found = ledger.standing([opening], [], as_of=DUE, business_date=after(30), terms=free)
    assert (found.dpd, found.lines[0].unpaid.penalty) == (30, 0)
    capped = short_loan(1_000, daily_rate=0, days=1, penalty_daily_rate=1, overdue_days=9, penalty_cap=0)
    assert capped.penalty == 0


@pytest.mark.parametrize("method", [Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST])
def test_rows_that_do_not_add_up(method):
    rows = schedule(method=method, principal=1_000_001).rows
    assert sum(row.principal for row in rows) == 1_000_001
    assert all(row.principal + row.interest == row.total for row in rows)
    balances = [1_000_001, *(row.balance for row in rows)]
    for (before, balance), row in zip(pairwise(balances), rows, strict=True):
        assert before - row.principal == balance
    assert balances[-1] == 0


def test_an_instalment_from_a_twelfth_of_the_rate_while_interest_is_by_days():
    by_days = schedule(start=date(2027, 1, 1))
    assert abs(by_days.difference) <= 12
    assert by_days.instalment != schedule(start=date(2027, 1, 1), day_count=DayCount.TWELFTHS).instalment
