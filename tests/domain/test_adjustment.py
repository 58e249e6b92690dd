"""What a change does to a plan in force: before and after, from a day on."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal.domain.adjustment import AdjustmentError, compare
from portal.domain.allocation import DebtParts
from portal.domain.concessions import Concession
from portal.domain.plans import Basis, Terms, draft
from portal.vocabulary import ConcessionKind, DayCount, Frequency, Method

START = date(2026, 1, 15)


def plan(parts=None, **named):
    basis = Basis(
        parts=parts or DebtParts(principal=300_000, fees=1_000),
        rate_ppm=120_000,
        rate_cap_ppm=None,
        day_count=DayCount.TWELFTHS,
        start=START,
        most_periods=36,
        min_instalment=1,
    )
    return draft(basis, Terms(**{"method": Method.EQUAL_PRINCIPAL, "periods": 6} | named))


def change(kind, months=1):
    return Concession(kind, months=months)


def figures(rows):
    return [(row.due_date, row.principal, row.interest) for row in rows]


def code_of(of, what, day):
    with pytest.raises(AdjustmentError) as error:
        compare(of, what, day=day)
    return error.value.code


def test_a_pause_takes_the_interest_of_its_months_and_moves_no_date():
    of = plan()

    found = compare(of, change(ConcessionKind.PAUSE), day=date(2026, 3, 15))

    assert figures(found.kept) == figures(of.rows[:2])
    assert figures(found.before.rows) == figures(of.rows[2:])
    assert [row.due_date for row in found.after.rows] == [row.due_date for row in of.rows[2:]]
    assert [row.interest for row in found.after.rows] == [0, 1_500, 1_000, 500]
    assert [row.principal for row in found.after.rows] == [row.principal for row in of.rows[2:]]
    assert found.difference == -2_000 == found.after.interest - found.before.interest


def test_a_pause_of_two_months_ends_with_its_last_day():
    found = compare(plan(), change(ConcessionKind.PAUSE, 2), day=date(2026, 3, 15))

    assert [row.interest for row in found.after.rows] == [0, 0, 1_000, 500]


def test_an_extension_divides_what_is_left_into_more_instalments():
    of = plan()

    found = compare(of, change(ConcessionKind.EXTENSION, 2), day=date(2026, 3, 15))

    assert len(found.after.rows) == 6
    assert found.after.last_due == date(2026, 9, 15)
    assert found.before.last_due == date(2026, 7, 15)
    assert sum(row.principal for row in found.after.rows) == sum(row.principal for row in of.rows[2:])
    assert [row.interest for row in found.after.rows] == [2_000, 1_667, 1_333, 1_000, 667, 333]
    assert found.after.largest_month < found.before.largest_month
    assert found.difference > 0
    assert found.after.rows[-1].balance == 0


def test_a_new_grace_moves_the_dates_and_interest_runs_on():
    of = plan()

    found = compare(of, change(ConcessionKind.GRACE, 2), day=date(2026, 3, 15))

    assert found.before.next_payment.due_date == date(2026, 4, 15)
    assert found.after.next_payment.due_date == date(2026, 6, 15)
    assert [row.interest for row in found.after.rows] == [6_000, 1_500, 1_000, 500]
    assert [row.principal for row in found.after.rows] == [row.principal for row in of.rows[2:]]
    assert found.difference == 4_000


def test_the_rows_of_each_side_add_up():
    for kind in (ConcessionKind.PAUSE, ConcessionKind.EXTENSION, ConcessionKind.GRACE):
        found = compare(plan(method=Method.EQUAL_INSTALMENT), change(kind, 3), day=date(2026, 2, 20))

        for side in (found.before, found.after):
            assert side.total == sum(row.principal + row.interest for row in side.rows)
            assert side.interest == sum(row.interest for row in side.rows)
        assert sum(row.principal for row in (*found.kept, *found.after.rows)) == 301_000


def test_the_interest_of_grace_stays_with_the_rows_that_are_left():
    of = plan(concessions=(change(ConcessionKind.GRACE, 2),), method=Method.INTEREST_FIRST, periods=3)

    found = compare(of, change(ConcessionKind.PAUSE), day=of.rows[0].due_date)

    assert [row.interest for row in of.rows] == [5_000, 5_000, 5_000]
    assert [row.interest for row in found.after.rows] == [2_000, 5_000]


def test_the_first_and_the_last_day_of_a_plan_are_its_edges():
    of = plan()
    pause = change(ConcessionKind.PAUSE)

    assert len(compare(of, pause, day=START).before.rows) == 6
    assert code_of(of, pause, START - timedelta(days=1)) == "change_before_start"
    last = of.rows[-1].due_date
    assert len(compare(of, pause, day=last - timedelta(days=1)).before.rows) == 1
    assert code_of(of, pause, last) == "change_after_end"


def test_a_change_on_a_due_date_leaves_that_instalment_alone():
    of = plan()

    on_it = compare(of, change(ConcessionKind.GRACE), day=date(2026, 2, 15))
    before_it = compare(of, change(ConcessionKind.GRACE), day=date(2026, 2, 14))

    assert (len(on_it.kept), len(before_it.kept)) == (1, 0)
    assert before_it.after.next_payment.due_date == date(2026, 3, 15)


def test_only_changes_of_time_change_a_plan_in_force():
    waiver = Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal(1))

    assert code_of(plan(), waiver, START) == "change_not_an_adjustment"


@pytest.mark.parametrize("kind", [ConcessionKind.EXTENSION, ConcessionKind.GRACE])
def test_a_plan_by_weeks_is_paused_but_not_moved_by_months(kind):
    of = plan(frequency=Frequency.WEEKLY)

    assert code_of(of, change(kind), START) == "change_in_months_only"
    assert compare(of, change(ConcessionKind.PAUSE), day=START).after.interest < of.interest


def test_one_payment_is_not_extended():
    of = plan(method=Method.LUMP_SUM, periods=1)

    assert code_of(of, change(ConcessionKind.EXTENSION), START) == "lump_sum_is_one_payment"


def test_without_principal_there_is_nothing_to_adjust():
    of = plan(parts=DebtParts(interest=1_000))

    assert code_of(of, change(ConcessionKind.PAUSE), START) == "plan_bears_no_interest"
