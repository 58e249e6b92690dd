"""A loan of 36,500.00 at 10 % bears 10.00 a day, so each figure can be told by counting days."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from portal.domain.schedule import Contract, ScheduleError, replay
from portal.vocabulary import DayCount, Method

# Due on 1 February, 1 March and 1 April: 31, 28 and 31 days.
LOAN = Contract(
    principal=3_650_000,
    annual_rate=Decimal("0.10"),
    periods=3,
    start=date(2026, 1, 1),
    method=Method.INTEREST_FIRST,
    day_count=DayCount.ACT_365,
)
EQUAL = replace(LOAN, method=Method.EQUAL_INSTALMENT)
FREE = replace(LOAN, method=Method.EQUAL_INSTALMENT, annual_rate=Decimal(0), principal=300_000)


def day(month, number, year=2026):
    return date(year, month, number)


def interest(*facts, loan=LOAN):
    return [row.interest for row in replay(loan, facts).rows]


def dates(*facts, loan=LOAN):
    return [(row.due_date.month, row.due_date.day) for row in replay(loan, facts).rows]


def refusal(*facts, loan=LOAN):
    with pytest.raises(ScheduleError) as refused:
        replay(loan, facts)
    assert str(refused.value).endswith(".")
    return refused.value
