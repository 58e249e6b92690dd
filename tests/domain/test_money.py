from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.money import (
    LARGEST_AMOUNT,
    MINOR_DIGITS,
    MoneyError,
    Rounding,
    amount_text,
    distribute,
    parse_amount,
    rate_from_ppm,
    rate_to_ppm,
    round_exact,
    to_decimal,
)

PROPERTY = settings(max_examples=60, deadline=None)
AMOUNTS = st.integers(-LARGEST_AMOUNT, LARGEST_AMOUNT)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("18,420.00", "TWD", 1842000),
        ("0.1", "CNY", 10),
        ("500", "JPY", 500),
        (" 7 ", "HKD", 700),
        ("１，２００．５０", "CNY", 120050),
        ("0", "EUR", 0),
    ],
)
def test_amounts_are_read_as_minor_units(text, currency, minor):
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1.005", "CNY", "amount_too_many_decimals"),
        ("1.5", "JPY", "amount_too_many_decimals"),
        ("", "CNY", "amount_not_a_number"),
        ("1e5", "CNY", "amount_not_a_number"),
        ("1,23", "CNY", "amount_not_a_number"),
        ("12,34,567", "CNY", "amount_not_a_number"),
        ("1.2.3", "CNY", "amount_not_a_number"),
        ("NT$ 5", "TWD", "amount_not_a_number"),
        ("NaN", "CNY", "amount_not_finite"),
        ("-Infinity", "CNY", "amount_not_finite"),
        ("-1.00", "CNY", "amount_negative"),
        ("92233720368547758.08", "CNY", "amount_too_large"),
        ("9" * 10_000, "CNY", "amount_too_large"),
        ("1", "XYZ", "unknown_currency"),
    ],
)
def test_what_is_not_an_amount_is_refused_with_its_reason(text, currency, code):
    with pytest.raises(MoneyError) as refused:
        parse_amount(text, currency)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


def test_a_negative_amount_is_read_where_it_may_be_one():
    assert parse_amount("-0.50", "USD", allow_negative=True) == -50


@PROPERTY
@given(AMOUNTS, st.sampled_from(sorted(MINOR_DIGITS)))
def test_what_is_written_is_read_back_exactly(minor, currency):
    assert parse_amount(amount_text(minor, currency), currency, allow_negative=True) == minor
    assert to_decimal(minor, currency).scaleb(MINOR_DIGITS[currency]) == minor


@pytest.mark.parametrize(
    ("value", "half_up", "half_even", "up", "down"),
    [
        (Decimal("0.5"), 1, 0, 1, 0),
        (Decimal("1.5"), 2, 2, 2, 1),
        (Decimal("-2.5"), -3, -2, -3, -2),
        (Fraction(1, 3), 0, 0, 1, 0),
        (Decimal("2.4999999999999999999999999999"), 2, 2, 3, 2),
        (7, 7, 7, 7, 7),
    ],
)
def test_rounding_is_exact(value, half_up, half_even, up, down):
    wanted = [half_up, half_even, up, down]
    names = [Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.UP, Rounding.DOWN]
    assert [round_exact(value, rounding) for rounding in names] == wanted


@PROPERTY
@given(st.decimals(-(10**12), 10**12, places=6), st.sampled_from(list(Rounding)))
def test_rounding_agrees_with_the_decimal_library(value, rounding):
    assert round_exact(value, rounding) == int(value.quantize(Decimal(1), rounding=f"ROUND_{rounding.value}"))


def test_amounts_can_be_rounded_to_whole_units():
    assert round_exact(30549, multiple_of=100) == 30500


@PROPERTY
@given(AMOUNTS, st.integers(1, 600))
def test_parts_add_up_and_differ_by_at_most_one(amount, parts):
    shares = distribute(amount, parts)
    assert sum(shares) == amount
    assert len(shares) == parts
    assert max(shares) - min(shares) <= 1


def test_nothing_is_divided_into_no_parts():
    with pytest.raises(MoneyError):
        distribute(100, 0)


def test_rates_are_kept_as_whole_parts_per_million():
    assert rate_from_ppm(149_900) == Decimal("0.1499")
    assert rate_to_ppm(Decimal("0.1234565")) == 123_457
