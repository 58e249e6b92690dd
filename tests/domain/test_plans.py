"""Plans: all kinds, by weeks and by months, each repaying the debt to the cent or refused with a code."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from portal.domain.allocation import DebtParts
from portal.domain.concessions import Concession
from portal.domain.plan_choices import choices, most_periods
from portal.domain.plans import (
    METHODS,
    Basis,
    Terms,
    bearing_from,
    draft,
    evenly,
    interest_of_grace,
    last_difference,
    share_of,
    stage_weights,
)
from portal.domain.refusals import Refused
from portal.vocabulary import ConcessionKind, DayCount, Frequency, Method, PlanChoice

START = date(2026, 1, 31)
PARTS = DebtParts(principal=300_000, interest=9_000, penalty=2_000, fees=100)


def basis(**named):
    return Basis(
        **{
            "parts": PARTS,
            "rate_ppm": 120_000,
            "rate_cap_ppm": 240_000,
            "day_count": DayCount.TWELFTHS,
            "start": START,
            "most_periods": 36,
            "min_instalment": 100,
        }
        | named
    )


def terms(method=Method.EQUAL_INSTALMENT, periods=6, **named):
    return Terms(method=method, periods=1 if method is Method.LUMP_SUM else periods, **named)


def refused(of, what):
    with pytest.raises(Refused) as error:
        draft(of, what)
    return error.value.code, error.value.facts


@pytest.mark.parametrize("frequency", list(Frequency))
@pytest.mark.parametrize("method", METHODS)
def test_every_kind_repays_the_whole_debt_row_by_row(method, frequency):
    plan = draft(basis(), terms(method, 12, frequency=frequency))

    assert sum(row.principal for row in plan.rows) == plan.principal == PARTS.total
    assert [row.total for row in plan.rows] == [row.principal + row.interest for row in plan.rows]
    assert plan.rows[-1].balance == 0
    assert plan.difference == plan.interest > 0
    assert all(earlier.due_date < later.due_date for earlier, later in pairwise(plan.rows))


@pytest.mark.parametrize(
    ("frequency", "first", "second"),
    [
        (Frequency.WEEKLY, date(2026, 2, 7), date(2026, 2, 14)),
        (Frequency.FORTNIGHTLY, date(2026, 2, 14), date(2026, 2, 28)),
        (Frequency.MONTHLY, date(2026, 2, 28), date(2026, 3, 31)),
    ],
)
def test_due_dates_follow_the_frequency_and_keep_their_anchor(frequency, first, second):
    rows = draft(basis(), terms(frequency=frequency)).rows

    assert [row.due_date for row in rows[:2]] == [first, second]


def test_equal_instalments_are_level_to_the_last():
    plan = draft(basis(), terms())

    totals = [row.total for row in plan.rows]
    assert len(set(totals[:-1])) == 1
    assert plan.last_difference == totals[-1] - totals[0]
    assert abs(plan.last_difference) <= 10
    assert plan.largest_month == max(totals)


def test_equal_principal_falls_by_its_interest_alone():
    plan = draft(basis(), terms(Method.EQUAL_PRINCIPAL))

    assert [row.principal for row in plan.rows] == [51_850] * 6
    assert [row.interest for row in plan.rows] == [3_000, 2_500, 2_000, 1_500, 1_000, 500]
    assert plan.last_difference == 0


def test_rising_instalments_have_three_stages_a_quarter_apart():
    assert stage_weights(3) == (Decimal(1), Decimal("1.25"), Decimal("1.5"))
    assert stage_weights(7) == (*[1] * 3, *[Decimal("1.25")] * 2, *[Decimal("1.5")] * 2)
    assert stage_weights(1) == (Decimal(1),)
    plan = draft(basis(parts=DebtParts(principal=300_000)), terms(Method.STEPPED, 9))
    first, second, third = (plan.rows[place].total for place in (0, 3, 6))
    assert abs(second - first * 1.25) <= 1
    assert abs(third - first * 1.5) <= 1
    assert plan.last_difference == plan.rows[8].total - plan.rows[7].total


def test_interest_first_pays_interest_and_then_the_debt():
    plan = draft(basis(parts=DebtParts(principal=300_000)), terms(Method.INTEREST_FIRST, 3))

    assert [(row.principal, row.interest) for row in plan.rows] == [(0, 3_000), (0, 3_000), (300_000, 3_000)]
    assert plan.last_difference is None


def test_one_payment_is_one_instalment():
    plan = draft(basis(), terms(Method.LUMP_SUM))

    assert [row.total for row in plan.rows] == [PARTS.total + 3_000]
    assert refused(basis(), Terms(method=Method.LUMP_SUM, periods=2)) == (
        "plan_lump_sum_one_payment",
        {"periods": 2},
    )


def test_both_yearly_rates_are_named_and_zero_rate_costs_nothing():
    plan = draft(basis(parts=DebtParts(principal=300_000)), terms(periods=12))
    assert abs(plan.apr_nominal_ppm - 120_000) <= 20
    assert plan.apr_effective_ppm > plan.apr_nominal_ppm

    free = draft(basis(rate_ppm=0), terms(periods=12))
    assert (free.interest, free.apr_nominal_ppm, free.apr_effective_ppm) == (0, 0, 0)


def test_a_weekly_plan_with_grace_has_no_nominal_rate_and_a_monthly_one_has():
    grace = (Concession(ConcessionKind.GRACE, months=2),)

    assert draft(basis(), terms(frequency=Frequency.WEEKLY, concessions=grace)).apr_nominal_ppm is None
    assert draft(basis(), terms(concessions=grace)).apr_nominal_ppm is not None


def test_weekly_instalments_of_one_calendar_month_count_together():
    plan = draft(basis(), terms(periods=8, frequency=Frequency.WEEKLY))

    march = [row.total for row in plan.rows if row.due_date.month == 3]
    assert len(march) == 4
    assert plan.largest_month == sum(march)
    assert plan.fits(sum(march))
    assert not plan.fits(sum(march) - 1)


def test_a_rate_above_the_cap_enters_no_plan_and_at_the_cap_it_does():
    assert draft(basis(rate_ppm=240_000), terms()).annual_rate_ppm == 240_000
    assert refused(basis(rate_ppm=240_001), terms()) == (
        "plan_rate_above_cap",
        {"rate_ppm": 240_001, "cap_ppm": 240_000},
    )
    assert draft(basis(rate_ppm=240_001, rate_cap_ppm=None), terms()).annual_rate_ppm == 240_001
    half = (Concession(ConcessionKind.INTEREST_REDUCTION, share=Decimal("0.5")),)
    assert draft(basis(rate_ppm=480_000), terms(concessions=half)).annual_rate_ppm == 240_000


def test_an_instalment_that_does_not_cover_its_first_interest_is_refused():
    of = basis(rate_ppm=900_000, rate_cap_ppm=None, parts=DebtParts(principal=300_000))

    assert refused(of, terms(Method.STEPPED, 36)) == ("plan_instalment_below_interest", {"periods": 36})
    assert draft(of, terms(Method.EQUAL_INSTALMENT, 36)).rows[0].principal > 0


@pytest.mark.parametrize(
    ("periods", "code"), [(0, "plan_too_long"), (37, "plan_too_long"), (-1, "plan_too_long")]
)
def test_no_instalments_or_too_many_are_refused(periods, code):
    assert refused(basis(), terms(periods=periods)) == (code, {"periods": periods, "most": 36})


def test_one_period_and_the_most_are_plans():
    assert len(draft(basis(), terms(periods=1)).rows) == 1
    assert len(draft(basis(), terms(periods=36)).rows) == 36


def test_a_debt_too_small_for_its_instalments_is_refused_never_zero():
    small = basis(parts=DebtParts(principal=3), min_instalment=0)

    assert refused(small, terms(periods=12)) == ("plan_instalment_too_small", {"periods": 12})
    exactly = basis(parts=DebtParts(principal=600), rate_ppm=0)
    assert min(row.total for row in draft(exactly, terms(periods=6)).rows) == 100
    assert refused(exactly, terms(periods=7))[0] == "plan_instalment_too_small"


def test_a_card_minimum_is_no_plan():
    assert refused(basis(), terms(Method.MINIMUM_PAYMENT)) == ("plan_method_not_offered", {})


def test_each_concession_once_and_only_those_of_plans():
    grace = Concession(ConcessionKind.GRACE, months=1)
    pause = Concession(ConcessionKind.PAUSE, months=1)

    assert refused(basis(), terms(concessions=(pause,)))[0] == "concession_not_offered"
    assert refused(basis(), terms(concessions=(grace, grace)))[0] == "concession_not_offered"


def test_when_everything_is_waived_no_plan_is_left():
    everything = (
        Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal(1)),
        Concession(ConcessionKind.INTEREST_WAIVER, share=Decimal(1)),
    )
    waived = basis(parts=DebtParts(interest=500, penalty=20))

    assert refused(waived, terms(concessions=everything)) == ("plan_nothing_left", {})


@pytest.mark.parametrize("day", [START, date(2026, 3, 1), date(9999, 12, 31)])
def test_the_first_payment_is_after_today_and_not_after_the_first_period(day):
    assert refused(basis(), terms(first_due=day)) == (
        "plan_first_due_out_of_range",
        {"latest": date(2026, 2, 28)},
    )


def test_the_first_payment_may_be_tomorrow_and_later_ones_follow_its_day():
    rows = draft(basis(), terms(first_due=date(2026, 2, 1))).rows

    assert [row.due_date for row in rows[:3]] == [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]


def test_the_interest_of_grace_is_shared_evenly_and_bears_none():
    grace = (Concession(ConcessionKind.GRACE, months=2),)
    plan = draft(
        basis(parts=DebtParts(principal=300_000)), terms(Method.INTEREST_FIRST, 3, concessions=grace)
    )

    ends = bearing_from(START, grace_months=2, first_due=plan.rows[0].due_date)
    assert (ends, plan.rows[0].due_date) == (date(2026, 3, 31), date(2026, 4, 30))
    waited = interest_of_grace(300_000, Decimal("0.12"), start=START, ends=ends, day_count=DayCount.TWELFTHS)
    assert waited == 6_000
    assert [row.interest for row in plan.rows] == [5_000, 5_000, 5_000]


def test_without_room_for_it_grace_begins_no_later_than_the_plan():
    assert bearing_from(START, grace_months=1, first_due=date(2026, 2, 28)) == START
    assert bearing_from(START, grace_months=0, first_due=date(2026, 2, 28)) == START


def test_a_remainder_goes_to_the_last_row():
    assert evenly(10, 3) == [3, 3, 4]
    assert evenly(0, 2) == [0, 0]
    assert evenly(7, 1) == [7]
    assert share_of(10) == Decimal("0.1")


def test_what_does_not_bear_interest_is_a_plan_of_its_own():
    plan = draft(basis(parts=DebtParts(interest=1_000)), terms(periods=3))

    assert [(row.principal, row.interest, row.balance) for row in plan.rows] == [
        (333, 0, 667),
        (333, 0, 334),
        (334, 0, 0),
    ]


@pytest.mark.parametrize(
    ("method", "rows", "difference"),
    [
        (Method.EQUAL_INSTALMENT, [(90, 100)], None),
        (Method.EQUAL_INSTALMENT, [(90, 100), (93, 103)], 3),
        (Method.EQUAL_PRINCIPAL, [(90, 100), (88, 89)], -2),
        (Method.STEPPED, [(1, 100)] * 4 + [(1, 125)], None),
        (Method.STEPPED, [(1, 100)] * 5 + [(1, 99)], -1),
        (Method.INTEREST_FIRST, [(0, 1), (0, 1), (100, 101)], None),
        (Method.LUMP_SUM, [(100, 101)], None),
    ],
)
def test_the_last_instalment_is_compared_with_a_regular_one(method, rows, difference):
    assert last_difference(method, rows) == difference


def test_side_by_side_stand_the_shortest_that_fits_a_gentler_one_and_another_kind():
    found = choices(basis(), terms(), affordable=60_000)

    assert [(each.choice, each.draft.terms.method) for each in found] == [
        (PlanChoice.SOONEST, Method.EQUAL_INSTALMENT),
        (PlanChoice.GENTLER, Method.EQUAL_INSTALMENT),
        (PlanChoice.FALLING, Method.EQUAL_PRINCIPAL),
    ]
    assert [each.draft.terms.periods for each in found] == [6, 9, 6]
    assert not draft(basis(), terms(periods=5)).fits(60_000)
    assert all(each.fits for each in found)


def test_falling_instalments_are_compared_with_level_ones():
    found = choices(basis(), terms(Method.EQUAL_PRINCIPAL), affordable=60_000)

    assert [each.choice for each in found] == [PlanChoice.SOONEST, PlanChoice.GENTLER, PlanChoice.LEVEL]
    assert found[-1].draft.terms.method is Method.EQUAL_INSTALMENT


def test_one_payment_has_no_gentler_form_and_a_length_of_ones_own_stands_beside():
    assert most_periods(basis(), Method.LUMP_SUM) == 1
    assert most_periods(basis(), Method.STEPPED) == 36
    once = choices(basis(), terms(Method.LUMP_SUM), affordable=60_000)
    assert [(each.choice, each.fits) for each in once] == [
        (PlanChoice.SOONEST, False),
        (PlanChoice.FALLING, True),
    ]
    own = choices(basis(), terms(), affordable=60_000, own_periods=2)
    assert [(each.choice, each.draft.terms.periods, each.fits) for each in own][1] == (
        PlanChoice.OWN,
        2,
        False,
    )


def test_where_nothing_fits_the_longest_plan_is_shown():
    found = choices(basis(), terms(), affordable=0)

    assert {each.draft.terms.periods for each in found} == {36}
    assert not any(each.fits for each in found)


def test_a_small_debt_is_laid_out_in_as_many_instalments_as_it_can_have():
    small = basis(parts=DebtParts(principal=500), rate_ppm=0)

    assert choices(small, terms(), affordable=0)[0].draft.terms.periods == 5
