"""A schedule of 360 instalments, an interest pause and a change of rate applied, with both yearly rates.

The peer is a bare loop of decimal arithmetic that makes 360 rows of the same columns: due date, interest of
the actual days to the cent, principal, total, balance. It knows no pauses, no other rate, no short months and
no yearly rate. `--rows` sets how many schedules a run works out."""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from bench.measure import Measure, beside
from portal.domain import apr
from portal.domain.schedule import Contract, replay
from portal.domain.schedule_facts import InterestPause, RateChange
from portal.vocabulary import DayCount, Method

MOST = 6
SCHEDULES = 1000
RUNS = 5
PERIODS = 360
PRINCIPAL = 100_000_000
RATE = Decimal("0.0475")
START = date(2026, 1, 28)  # a day that every month has
CENT = Decimal("0.01")
CONCESSIONS = (
    InterestPause(date(2028, 2, 10), date(2028, 5, 9)),
    RateChange(date(2031, 7, 1), Decimal("0.0395")),
)
BareRow = tuple[int, date, Decimal, Decimal, Decimal, Decimal]


def run(rows: int | None = None) -> list[Measure]:
    """Work out many schedules, and run the bare loop as often."""
    times = rows or SCHEDULES
    product, peer = product_schedule(), bare_rows()
    assert len(product) == len(peer) == PERIODS
    name = f"{times:,} schedules of {PERIODS} instalments, two concessions, both yearly rates"
    return [
        beside(name, _repeated(product_schedule, times), _repeated(bare_rows, times), most=MOST, runs=RUNS)
    ]


def product_schedule() -> list[int]:
    """Return the totals of a schedule whose yearly rates were found."""
    contract = Contract(
        principal=PRINCIPAL,
        annual_rate=RATE,
        periods=PERIODS,
        start=START,
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.ACT_365,
    )
    schedule = replay(contract, CONCESSIONS)
    totals = [row.total for row in schedule.rows]
    nominal = apr.nominal_apr([-PRINCIPAL, *totals], 12)
    effective = apr.effective_apr(schedule.flows())
    assert RATE > effective > nominal > CONCESSIONS[1].annual_rate
    return totals


def bare_rows() -> list[BareRow]:
    """Return the rows of the same debt without concessions, from a loop of decimals."""
    balance, monthly = Decimal(PRINCIPAL) / 100, RATE / 12
    growth = (1 + monthly) ** PERIODS
    instalment = (balance * monthly * growth / (growth - 1)).quantize(CENT, ROUND_HALF_UP)
    daily, begin = RATE / 365, START
    rows: list[BareRow] = []
    for number in range(1, PERIODS + 1):
        year, month = divmod(START.year * 12 + START.month - 1 + number, 12)
        due = date(year, month + 1, START.day)
        interest = (balance * daily * (due - begin).days).quantize(CENT, ROUND_HALF_UP)
        principal = balance if number == PERIODS else instalment - interest
        balance -= principal
        rows.append((number, due, principal, interest, principal + interest, balance))
        begin = due
    return rows


def _repeated(work: Callable[[], object], times: int) -> Callable[[], None]:
    def repeat() -> None:
        for _ in range(times):
            work()

    return repeat
