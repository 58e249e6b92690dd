"""A debt by the day against a count that walks every day with exact fractions and rounds nothing."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.daily_debt import DailyInstalment, DailyPayment, daily_debt

PROPERTY = settings(max_examples=60, deadline=None)
START = date(2027, 1, 1)
LENGTH = 150
# Cents that rounding each piece by itself may add up to.
NEAR = 20


class Walk:
    """Principal, interest and extra interest of each instalment, carried from one day to the next."""

    def __init__(self, rate, rows):
        self.rate, self.rows = rate, rows
        self.begins = [START, *(row.due for row in rows)]
        self.principal = [Fraction(row.principal) for row in rows]
        self.interest = [Fraction(0)] * len(rows)
        self.extra = [Fraction(0)] * len(rows)
        self.credit = Fraction(0)

    def pass_day(self, day):
        last = len(self.rows) - 1
        for place, row in enumerate(self.rows):
            if self.begins[place] < day <= row.due:
                self.interest[place] += self.rate * sum(self.principal[place:])
            if row.due < day:
                self.extra[min(place + 1, last)] += self.rate * self.principal[place]

    def pay(self, amount):
        left = Fraction(amount)
        for place in range(len(self.rows)):
            for owed in (self.extra, self.interest, self.principal):
                part = min(left, owed[place])
                owed[place] -= part
                left -= part
        self.credit += left


@st.composite
def debts(draw):
    count = draw(st.integers(1, 4))
    days = sorted(draw(st.sets(st.integers(10, LENGTH - 20), min_size=count, max_size=count)))
    principals = [1_000 * draw(st.integers(100, 9_000)) for _ in days]
    rate = Fraction(draw(st.integers(0, 20)), 10_000)
    rows, left, before = [], sum(principals), 0
    for day, principal in zip(days, principals, strict=True):
        planned = round(left * rate * (day - before))
        rows.append(DailyInstalment(START + timedelta(days=day), principal, planned))
        left, before = left - principal, day
    paid = draw(st.lists(st.tuples(st.integers(0, LENGTH), st.integers(1, 6_000)), max_size=5))
    payments = [DailyPayment(START + timedelta(days=day), 1_000 * thousands) for day, thousands in paid]
    return rate, rows, payments


@PROPERTY
@given(debts())
def test_early_late_and_partial_payments_do_what_a_count_of_every_day_says(debt):
    rate, rows, payments = debt
    end = START + timedelta(days=LENGTH)
    walk = Walk(rate, rows)
    for number in range(LENGTH + 1):
        day = START + timedelta(days=number)
        if number:
            walk.pass_day(day)
        for payment in payments:
            if payment.on == day:
                walk.pay(payment.amount)
    found = daily_debt(
        sum(row.principal for row in rows),
        start=START,
        daily_rate=rate,
        instalments=rows,
        payments=payments,
        as_of=end,
    )
    for place, line in enumerate(found.lines):
        assert abs(line.unpaid.principal - walk.principal[place]) <= NEAR
        assert abs(line.unpaid.interest - walk.interest[place]) <= NEAR
        assert abs(line.unpaid.penalty - walk.extra[place]) <= NEAR
    assert abs(found.credit - walk.credit) <= NEAR
