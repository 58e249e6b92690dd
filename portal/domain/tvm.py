"""The time value of money: equal payments at the end of each period, and what they are worth.

Rates are those of one period, as fractions of one. What is lent and what is paid are both above zero; results
are not rounded to cents. Source: the annuity formula pv = pmt × (1 − (1 + r)^−n) ÷ r."""

from decimal import Decimal, localcontext
from fractions import Fraction

from portal.domain.instalments import DIGITS
from portal.domain.money import CodedError, Exact

# How often the distance to a rate is halved: enough for more digits than are kept.
HALVINGS = 190


class TvmError(CodedError):
    """Figures for which there is no payment, no number of periods or no rate."""


def pmt(rate: Exact, nper: int, pv: Exact) -> Decimal:
    """Return the payment of each period that repays `pv` in `nper` of them. Raises TvmError."""
    with localcontext() as context:
        context.prec = DIGITS
        return _decimal(pv) / _annuity_factor(_rate(rate), _nper(nper))


def pv(rate: Exact, nper: int, pmt: Exact) -> Decimal:
    """Return what `nper` payments are worth today. Raises TvmError."""
    with localcontext() as context:
        context.prec = DIGITS
        return _decimal(pmt) * _annuity_factor(_rate(rate), _nper(nper))


def fv(rate: Exact, nper: int, pmt: Exact) -> Decimal:
    """Return what `nper` payments have grown to when the last is made. Raises TvmError."""
    with localcontext() as context:
        context.prec = DIGITS
        each = _rate(rate)
        return _decimal(pmt) * _annuity_factor(each, _nper(nper)) * (1 + each) ** nper


def nper(rate: Exact, pmt: Exact, pv: Exact) -> Decimal:
    """Return how many payments repay `pv`, the last one in part. Raises TvmError."""
    with localcontext() as context:
        context.prec = DIGITS
        each, paid, lent = _rate(rate), _decimal(pmt), _decimal(pv)
        if paid <= lent * each:
            raise TvmError("payment_below_interest", f"Payments of {paid} never repay {lent}.")
        return lent / paid if each == 0 else (paid / (paid - lent * each)).ln() / (1 + each).ln()


def rate(nper: int, pmt: Exact, pv: Exact) -> Decimal:
    """Return the rate of one period at which `nper` payments repay `pv`; below zero where they fall short.

    Raises TvmError."""
    with localcontext() as context:
        context.prec = (
            3 * DIGITS
        )  # near a rate of zero the formula takes nearly equal numbers from each other
        count, wanted = _nper(nper), _decimal(pv) / _decimal(pmt)
        low, high = Decimal(-1), Decimal(1)
        while _annuity_factor(high, count) > wanted:
            high *= 2
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if _annuity_factor(middle, count) > wanted:
                low = middle
            else:
                high = middle
        return middle


def _annuity_factor(rate: Decimal, nper: int) -> Decimal:
    """Return what payments of 1 are worth: the fewer the higher the rate."""
    return Decimal(nper) if rate == 0 else (1 - (1 + rate) ** -nper) / rate


def _decimal(amount: Exact) -> Decimal:
    exact = Fraction(amount)
    if exact <= 0:
        raise TvmError("amount_not_positive", "What is lent and what is paid are above zero.")
    return Decimal(exact.numerator) / exact.denominator


def _rate(rate: Exact) -> Decimal:
    exact = Fraction(rate)
    if exact < 0:
        raise TvmError("rate_negative", "The rate of a period is not below zero.")
    return Decimal(exact.numerator) / exact.denominator


def _nper(nper: int) -> int:
    if nper < 1:
        raise TvmError("periods_out_of_range", "There is at least one payment.", periods=nper)
    return nper
