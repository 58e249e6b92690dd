"""Amounts of money: whole minor units (fen, cents) of one currency, exact rounding, exact division."""

import re
import unicodedata
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

Exact = int | Decimal | Fraction

# Digits after the point. TWD is kept with two because lenders book and print NT$ amounts with cents.
MINOR_DIGITS = {"CNY": 2, "TWD": 2, "HKD": 2, "USD": 2, "GBP": 2, "EUR": 2, "JPY": 0}
LARGEST_AMOUNT = 2**63 - 1
PPM = 10**6

_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(s?nan\d*|inf(inity)?)", re.IGNORECASE | re.ASCII)


class Rounding(StrEnum):
    HALF_UP = "HALF_UP"
    HALF_EVEN = "HALF_EVEN"
    UP = "UP"
    DOWN = "DOWN"


class CodedError(ValueError):
    """A value that no rule can work with: a code for the page, a sentence for the log, and the facts."""

    def __init__(self, code: str, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.facts = facts


class MoneyError(CodedError):
    """An amount or currency that cannot be read, or cannot be divided as asked."""


def minor_digits(currency: str) -> int:
    """Return how many digits the currency has after the point; raise MoneyError for an unknown one."""
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        known = ", ".join(MINOR_DIGITS)
        raise MoneyError(
            "unknown_currency", f"{currency!r} is not a known currency ({known}).", currency=currency
        ) from None


def parse_amount(text: str, currency: str, *, allow_negative: bool = False) -> int:
    """Read decimal text such as "18,420.00" as minor units; raise MoneyError with the reason.

    Full-width digits are read; commas only where they part thousands."""
    digits = minor_digits(currency)
    cleaned = unicodedata.normalize("NFKC", text).strip()
    if _NOT_FINITE.fullmatch(cleaned):
        raise MoneyError("amount_not_finite", f"{text!r} is not a finite amount.", text=text)
    if not (_PLAIN.fullmatch(cleaned) or _GROUPED.fullmatch(cleaned)):
        raise MoneyError("amount_not_a_number", f"{text!r} is not a decimal number.", text=text)
    whole, _, decimals = cleaned.replace(",", "").partition(".")
    if len(decimals) > digits:
        raise MoneyError(
            "amount_too_many_decimals",
            f"{text!r} has {len(decimals)} decimals; {currency} has {digits}.",
            text=text,
            currency=currency,
            digits=digits,
        )
    return _within_limits(whole + decimals.ljust(digits, "0"), text, allow_negative=allow_negative)


def _within_limits(signed_digits: str, text: str, *, allow_negative: bool) -> int:
    # Counted before conversion: int() refuses very long text with an error of its own.
    if len(signed_digits.lstrip("+-").lstrip("0")) > len(str(LARGEST_AMOUNT)):
        raise MoneyError("amount_too_large", f"{text!r} is too large to be kept.", text=text)
    minor = int(signed_digits)
    if abs(minor) > LARGEST_AMOUNT:
        raise MoneyError("amount_too_large", f"{text!r} is too large to be kept.", text=text)
    if minor < 0 and not allow_negative:
        raise MoneyError("amount_negative", f"{text!r} is negative; an amount here is not.", text=text)
    return minor


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return minor units as a decimal amount with the currency's digits: 1842000 CNY is 18420.00."""
    sign, magnitude = int(minor < 0), abs(minor)
    return Decimal((sign, tuple(int(digit) for digit in str(magnitude)), -minor_digits(currency)))


def amount_text(minor: int, currency: str) -> str:
    """Return minor units as plain decimal text, the form `parse_amount` reads back."""
    return f"{to_decimal(minor, currency):f}"


def round_exact(value: Exact, rounding: Rounding = Rounding.HALF_UP, *, multiple_of: int = 1) -> int:
    """Round an exact value to a whole number of minor units, or to a whole multiple of some.

    UP and DOWN are away from and towards zero; a tie of HALF_UP goes away from zero."""
    scaled = Fraction(value) / multiple_of
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    if _rounds_away(whole, 2 * rest, scaled.denominator, rounding):
        whole += 1
    return (whole if scaled >= 0 else -whole) * multiple_of


def _rounds_away(whole: int, doubled_rest: int, denominator: int, rounding: Rounding) -> bool:
    match rounding:
        case Rounding.UP:
            return doubled_rest > 0
        case Rounding.DOWN:
            return False
        case Rounding.HALF_EVEN if doubled_rest == denominator:
            return whole % 2 == 1
        case _:
            return doubled_rest >= denominator


def distribute(amount: int, parts: int) -> list[int]:
    """Divide an amount into parts that differ by at most one minor unit and add up exactly, larger first."""
    if parts < 1:
        raise MoneyError("parts_below_one", f"An amount cannot be divided into {parts} parts.", parts=parts)
    share, rest = divmod(abs(amount), parts)
    sign = -1 if amount < 0 else 1
    return [sign * (share + (number < rest)) for number in range(parts)]


def rate_from_ppm(ppm: int) -> Decimal:
    """Return a rate kept as whole parts per million as an exact fraction of one: 150000 is 0.15."""
    return Decimal(ppm).scaleb(-6)


def rate_to_ppm(rate: Exact) -> int:
    """Return a rate (a fraction of one) as whole parts per million, HALF_UP (specification 04 section 3)."""
    return round_exact(Fraction(rate) * PPM)
