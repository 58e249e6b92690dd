"""How the text of a cell of a loan book is read. Each reader raises ValueError with the reason."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from portal.domain import money

LARGEST_AMOUNT = 10**15  # minor units; the rows of a loan still add up within 64 bits
LONGEST_AMOUNT = 40
MOST_DIGITS = 12  # before the point: with two digits behind it, below the largest amount
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")

Reader = Callable[[str], Any]


def text(longest: int) -> Reader:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"is longer than {longest} characters")
        return cell

    return read


def one_of(words: type[StrEnum] | tuple[StrEnum, ...]) -> Reader:
    by_text = {word.value.casefold().replace("-", "_"): word for word in words}

    def read(cell: str) -> StrEnum:
        try:
            return by_text[cell.casefold().replace("-", "_")]
        except KeyError:
            raise ValueError(f"is not one of {', '.join(words)}") from None

    return read


def day(cell: str) -> str:
    """Read a day of the calendar, which stays the text it is."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell, re.ASCII):
        raise ValueError("is not a date such as 2026-03-01")
    try:
        read = date.fromisoformat(cell)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    if not 1900 <= read.year <= 2200:
        raise ValueError("is not between the years 1900 and 2200")
    return cell


def whole(least: int, most: int) -> Reader:
    def read(cell: str) -> int:
        if not re.fullmatch(r"\d{1,9}", cell, re.ASCII) or not least <= int(cell) <= most:
            raise ValueError(f"is not a whole number from {least} to {most}")
        return int(cell)

    return read


def decimal_between(least: str, most: str) -> Reader:
    low, high = Decimal(least), Decimal(most)

    def read(cell: str) -> Decimal:
        try:
            value = Decimal(cell)
        except InvalidOperation:
            raise ValueError("is not a decimal number") from None
        if not value.is_finite() or not low <= value <= high:
            raise ValueError(f"is not between {least} and {most}")
        return value

    return read


def rate(cell: str) -> int:
    """Read a yearly rate as whole ppm: 0.146 is 14.6 %."""
    try:
        value: Decimal = decimal_between("0", "1")(cell)
    except ValueError as error:
        raise ValueError(f"{error}; write 14.6 % as 0.146") from None
    return money.rate_to_ppm(value)


def currency(cell: str) -> str:
    money.minor_digits(cell)
    return cell


def amount(cell: str, currency: str) -> int:
    """Read decimal text as minor units."""
    if len(cell) > LONGEST_AMOUNT:
        raise ValueError(f"is longer than {LONGEST_AMOUNT} characters")
    digits = money.minor_digits(currency)
    if cell.isascii():  # nearly every amount is plain, and is read without the care of the others
        units, point, rest = cell.partition(".")
        plain = units.isdigit() and len(units) <= MOST_DIGITS
        if plain and (not point or (rest.isdigit() and len(rest) <= digits)):
            return int(units + rest.ljust(digits, "0"))
    minor = money.parse_amount(cell, currency)
    if minor > LARGEST_AMOUNT:
        raise ValueError("is larger than any amount of a loan book")
    return minor


def email(cell: str) -> str:
    if len(cell) > 200 or not _EMAIL.fullmatch(cell):
        raise ValueError("is not an e-mail address")
    return cell


def timezone(cell: str) -> str:
    try:
        ZoneInfo(cell)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone such as Asia/Taipei") from None
    return cell


def phone(cell: str, region: str) -> str:
    """Read a telephone number as +886…; numbers without a country are of the lender's region."""
    try:
        number = phonenumbers.parse(cell, region)
    except phonenumbers.NumberParseException:
        raise ValueError("is not a telephone number") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("is not a telephone number that can exist")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def yes_no(cell: str) -> bool:
    if cell.casefold() not in _YES | _NO:
        raise ValueError("is neither yes nor no")
    return cell.casefold() in _YES


def moment(cell: str) -> datetime:
    """Read a day and time; one without a zone is for the caller to place."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", cell, re.ASCII):
        raise ValueError("is not a time such as 2026-03-01T09:30 or 2026-03-01T09:30+08:00")
    try:
        read = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError("is not a time of the calendar") from None
    day(cell[:10])
    return read
