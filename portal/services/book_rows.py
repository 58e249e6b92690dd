"""The columns of a loan book: which there are, and how the text of each cell is read."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from portal.domain import money
from portal.vocabulary import DayCount, IdType, Locale, Method, PaymentKind, Product

LARGEST_AMOUNT = 10**15  # minor units; the rows of a loan still add up within 64 bits
MOST_PERIODS = 1200
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")

Row = dict[str, Any]
Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """`read` raises ValueError with the reason. A blank cell of a column that may be blank is `blank`."""

    name: str
    read: Reader
    needed: bool = True
    blank: Any = None


class CellError(ValueError):
    """One cell of a row cannot be read."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


def text(longest: int) -> Reader:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"is longer than {longest} characters")
        return cell

    return read


def one_of(words: type[StrEnum]) -> Reader:
    by_text = {word.value.casefold().replace("-", "_"): word for word in words}

    def read(cell: str) -> StrEnum:
        try:
            return by_text[cell.casefold().replace("-", "_")]
        except KeyError:
            raise ValueError(f"is not one of {', '.join(words)}") from None

    return read


@lru_cache(maxsize=4096)
def day(cell: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell, re.ASCII):
        raise ValueError("is not a date such as 2026-03-01")
    try:
        read = date.fromisoformat(cell)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    if not 1900 <= read.year <= 2200:
        raise ValueError("is not between the years 1900 and 2200")
    return read


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


@lru_cache(maxsize=8192)
def amount(cell: str, currency: str) -> int:
    """Read decimal text as minor units."""
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


_CODE = text(64)
BORROWERS = (
    Column("borrower_no", _CODE),
    Column("name", text(200)),
    Column("id_type", one_of(IdType), needed=False, blank=IdType.NONE),
    Column("id_no", text(40), needed=False),
    Column("phone", text(40), needed=False),
    Column("email", email, needed=False),
    Column("language", one_of(Locale)),
    Column("province", text(100), needed=False),
    Column("city", text(100), needed=False),
    Column("address", text(300), needed=False),
    Column("lat", decimal_between("-90", "90"), needed=False),
    Column("lon", decimal_between("-180", "180"), needed=False),
    Column("timezone", timezone, needed=False),
)
LOANS = (
    Column("contract_no", _CODE),
    Column("borrower_no", _CODE),
    Column("product", one_of(Product)),
    Column("currency", currency),
    Column("principal", text(40)),
    Column("annual_rate", rate),
    Column("start_date", day),
    Column("periods", whole(1, MOST_PERIODS)),
    Column("method", one_of(Method)),
    Column("day_count", one_of(DayCount)),
    Column("credit_limit", text(40), needed=False),
)
INSTALMENTS = (
    Column("contract_no", _CODE),
    Column("number", whole(1, MOST_PERIODS)),
    Column("due_date", day),
    Column("principal", text(40)),
    Column("interest", text(40)),
    Column("fees", text(40)),
    Column("principal_paid", text(40)),
    Column("interest_paid", text(40)),
    Column("fees_paid", text(40)),
)
PAYMENTS = (
    Column("payment_id", _CODE),
    Column("contract_no", _CODE),
    Column("paid_on", day),
    Column("amount", text(40)),
    Column("currency", currency),
    Column("kind", one_of(PaymentKind), needed=False, blank=PaymentKind.PAYMENT),
    Column("reference", text(100), needed=False, blank=""),
)
KINDS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {"borrowers": BORROWERS, "loans": LOANS, "instalments": INSTALMENTS, "payments": PAYMENTS}
)
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {kind: tuple(column.name for column in columns) for kind, columns in KINDS.items()}
)
AMOUNTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "loans": ("principal", "credit_limit"),
        "instalments": ("principal", "interest", "fees", "principal_paid", "interest_paid", "fees_paid"),
        "payments": ("amount",),
    }
)


def needed(kind: str) -> tuple[str, ...]:
    """The columns that a file of this kind must have."""
    return tuple(column.name for column in KINDS[kind] if column.needed)


def read(kind: str, cells: Mapping[str, str], wrong: list[CellError]) -> Row:
    """Read the cells of a row; cells that cannot be read are left out and added to `wrong`."""
    row: Row = {}
    for column in KINDS[kind]:
        cell = cells.get(column.name, "")
        if not cell:
            if column.needed:
                wrong.append(CellError(column.name, "", "is blank"))
            else:
                row[column.name] = column.blank
            continue
        try:
            row[column.name] = column.read(cell)
        except ValueError as error:
            wrong.append(CellError(column.name, cell, _reason(error, cell)))
    return row


def read_amounts(kind: str, row: Row, currency: str) -> Iterator[CellError]:
    """Turn the amounts of a row from text into minor units of a currency."""
    for name in AMOUNTS[kind]:
        cell = row.get(name)
        if cell is None:
            continue
        try:
            row[name] = amount(cell, currency)
        except ValueError as error:
            del row[name]
            yield CellError(name, cell, _reason(error, cell))


def _reason(error: ValueError, cell: str) -> str:
    """Say why without the value, which stands beside the reason."""
    return str(error).removeprefix(f"{cell!r} ").rstrip(".")
