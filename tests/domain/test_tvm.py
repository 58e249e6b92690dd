from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain import tvm
from portal.domain.money import round_exact
from portal.domain.tvm import TvmError

PROPERTY = settings(max_examples=60, deadline=None)
MONTHLY = Fraction(45, 12_000)  # 4.5 % a year


def test_a_payment_repays_what_was_lent():
    assert round_exact(tvm.pmt(MONTHLY, 360, 100_000_000)) == 506_685
    assert tvm.pmt(Decimal("0.1"), 1, 1000) == 1100
    assert tvm.pmt(0, 4, 1000) == 250


def test_payments_are_worth_what_they_repay_and_grow_to_more():
    assert abs(tvm.pv(Decimal("0.1"), 2, 121) - 210) < Decimal("1e-30")
    assert abs(tvm.fv(Decimal("0.1"), 2, 100) - 210) < Decimal("1e-30")
    assert (tvm.pv(0, 3, 50), tvm.fv(0, 3, 50)) == (150, 150)


def test_the_number_of_payments_may_end_with_a_part():
    assert tvm.nper(0, 400, 1000) == Decimal("2.5")
    assert abs(tvm.nper(Decimal("0.1"), 121, 210) - 2) < Decimal("1e-30")


def test_a_rate_may_be_zero_or_below():
    assert abs(tvm.rate(2, 121, 210) - Decimal("0.1")) < Decimal("1e-30")
    assert abs(tvm.rate(4, 250, 1000)) < Decimal("1e-30")
    assert abs(tvm.rate(1, 60, 100) + Decimal("0.4")) < Decimal("1e-30")
    assert abs(tvm.rate(1, 500, 100) - 4) < Decimal("1e-30")


@PROPERTY
@given(st.fractions("0.0001", "0.2"), st.integers(1, 120), st.integers(1, 10**9))
def test_each_function_undoes_the_others(rate, nper, lent):
    paid = tvm.pmt(rate, nper, lent)
    assert abs(tvm.pv(rate, nper, paid) - lent) < Decimal("1e-15")
    assert abs(tvm.nper(rate, paid, lent) - nper) < Decimal("1e-8")
    assert abs(tvm.rate(nper, paid, lent) - Decimal(rate.numerator) / rate.denominator) < Decimal("1e-20")


@pytest.mark.parametrize(
    ("function", "arguments", "code"),
    [
        (tvm.pmt, (Decimal("-0.01"), 1, 1), "rate_negative"),
        (tvm.pmt, (0, 0, 1), "periods_out_of_range"),
        (tvm.pmt, (0, 1, 0), "amount_not_positive"),
        (tvm.pv, (0, 1, -1), "amount_not_positive"),
        (tvm.fv, (0, 0, 1), "periods_out_of_range"),
        (tvm.nper, (Decimal("0.1"), 10, 100), "payment_below_interest"),
        (tvm.rate, (0, 1, 1), "periods_out_of_range"),
    ],
)
def test_what_has_no_answer_is_an_error(function, arguments, code):
    with pytest.raises(TvmError) as refused:
        function(*arguments)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


def test_a_payment_just_above_the_interest_repays_in_the_end():
    assert tvm.nper(Decimal("0.1"), Decimal("10.01"), 100) > 70
