"""How a yearly rate is looked for: which flows the library is asked about, from where it starts, and what is
made of its answer."""

import math
from decimal import Decimal

import pytest

from portal.domain.apr import (
    BESIDE,
    HIGHEST,
    RESIDUAL,
    _discounted,
    _guess,
    _is_a_loan,
    _polished,
    nominal_apr,
)


@pytest.mark.parametrize(
    ("amounts", "is_one"),
    [
        ([-100.0, 60.0, 60.0], True),
        ([-100.0, 0.0, 110.0], True),
        ([-100.0, 0.5, 110.0], True),
        ([100.0, -60.0, -60.0], True),
        ([100.0, 0.0, -110.0], True),
        ([0.5, -0.2, -0.4], True),
        ([100.0, 0.5, -110.0], False),
        ([-100.0, -0.5, 110.0], False),
        ([0.0, 5.0], False),
        ([0.0, -5.0], False),
    ],
)
def test_a_loan_goes_one_way_first_and_the_other_way_ever_after(amounts, is_one):
    assert _is_a_loan(amounts) is is_one


@pytest.mark.parametrize(
    ("amounts", "rate"),
    [
        ([-100.0, 0.0, 121.0], 0.1),
        ([100.0, 0.0, -121.0], 0.1),
        ([-100.0, 60.0, 60.0], 1.2 ** (1 / 1.5) - 1),
        ([-100.0, 100.0], 0.0),
    ],
)
def test_the_search_for_a_rate_starts_where_all_is_paid_at_its_average_time(amounts, rate):
    assert _guess(amounts) == pytest.approx(rate, abs=1e-12)


def test_a_rate_that_was_found_roughly_is_told_to_thirteen_digits():
    def value(rate):
        return 10 * (0.12 - rate)

    assert _polished(0.12 + 1e-7, [-1000, 1000], value) == pytest.approx(0.12, abs=1e-14)
    assert _polished(0.12 - 1e-7, [-1000, 1000], value) == pytest.approx(0.12, abs=1e-14)
    assert _polished(0.05, [-1000, 1000], value) is None  # leaves something of the flows


def test_the_slope_is_measured_on_the_side_of_higher_rates():
    asked = []

    _polished(0.12, [-1000, 1000], lambda rate: asked.append(rate) or 0.0)

    assert asked == [0.12, 0.12 + BESIDE]


def test_a_rate_that_leaves_no_slope_stays_as_it_is():
    assert _polished(0.12, [-1000, 1000], lambda rate: 0.0) == 0.12


def test_what_may_be_left_of_the_flows_is_a_share_of_them():
    limit = RESIDUAL * 2000

    assert _polished(0.12, [-1000, 1000], lambda rate: limit) == 0.12
    assert _polished(0.12, [-1000, 1000], lambda rate: math.nextafter(limit, 1)) is None


@pytest.mark.parametrize("rate", [None, math.nan, math.inf, -math.inf, -1.0, -1.5, 2 * HIGHEST])
def test_what_is_no_rate_is_not_polished(rate):
    assert _polished(rate, [-1000, 1000], lambda rate: 0.0) is None


def test_the_highest_rate_and_one_just_above_losing_all_are_rates():
    assert _polished(HIGHEST, [-1000, 1000], lambda rate: 0.0) == HIGHEST
    assert _polished(-0.99, [-1000, 1000], lambda rate: 0.0) == -0.99


def test_a_value_the_library_cannot_tell_is_no_rate():
    assert _polished(0.12, [-1000, 1000], lambda rate: None) is None
    assert _polished(0.12, [-1000, 1000], lambda rate: 0.0 if rate == 0.12 else None) is None
    assert _polished(0.12, [-1000, 1000], lambda rate: 0.0 if rate != 0.12 else None) is None


def test_amounts_too_far_away_for_floating_point_are_held_at_its_edge():
    assert _discounted(-0.999999, [0, 1, 60], [-100.0, 7.0, 200.0]) == [
        -100.0,
        pytest.approx(7e6),
        200 * math.exp(700),
    ]
    assert _discounted(1e9, [0, 60], [-100.0, 200.0]) == [-100.0, 200 * math.exp(-700)]


def test_of_two_rates_the_one_nearer_to_zero_is_told():
    # 100 (1 + r)² − 160 (1 + r) + 55 is zero at 10 % and at −50 %.
    assert nominal_apr([100, -160, 55], 1) == Decimal("0.1000000000000")
