"""The columns of a loan book: which there are, and how the text of each cell is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from portal.domain import money
from portal.vocabulary import DayCount, IdType, Locale, Method, PaymentKind, Product

LARGEST_AMOUNT = 10**15  # minor units; the rows of a loan still add up within 64 bits
LONGEST_AMOUNT = 40
MOST_DIGITS = 12  # before the point: with two digits behind it, below the largest amount
MOST_PERIODS = 1200
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")

MOST_REMEMBERED = 20_000
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


_CODE, _AMOUNT = text(64), text(LONGEST_AMOUNT)
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
    Column("principal", _AMOUNT),
    Column("annual_rate", rate),
    Column("start_date", day),
    Column("periods", whole(1, MOST_PERIODS)),
    Column("method", one_of(Method)),
    Column("day_count", one_of(DayCount)),
    Column("credit_limit", _AMOUNT, needed=False),
)
INSTALMENTS = (
    Column("contract_no", _CODE),
    Column("number", whole(1, MOST_PERIODS)),
    Column("due_date", day),
    Column("principal", _AMOUNT),
    Column("interest", _AMOUNT),
    Column("fees", _AMOUNT),
    Column("principal_paid", _AMOUNT),
    Column("interest_paid", _AMOUNT),
    Column("fees_paid", _AMOUNT),
)
PAYMENTS = (
    Column("payment_id", _CODE),
    Column("contract_no", _CODE),
    Column("paid_on", day),
    Column("amount", _AMOUNT),
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


class Memory(dict[str, Any]):
    """What cells of a column were read as, up to a number of different ones: most come again."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> Any:
        value = self._read(cell)
        if len(self) < MOST_REMEMBERED:
            self[cell] = value
        return value


def _of_cell(column: Column) -> Reader:
    def read(cell: str) -> Any:
        if cell:
            return column.read(cell)
        if column.needed:
            raise ValueError("is blank")
        return column.blank

    return read


Memories = list[tuple[str, Memory]]


class Reading:
    """Reads the rows of one set, and remembers what the cells of it were read as."""

    def __init__(self) -> None:
        self._texts: dict[str, Memories] = {
            kind: [(column.name, Memory(_of_cell(column))) for column in columns]
            for kind, columns in KINDS.items()
        }
        self._typed: dict[tuple[str, str | None], Memories] = {
            (kind, currency): [
                (name, _amounts(kind, name, currency) if name in AMOUNTS[kind] else memory)
                for name, memory in self._texts[kind]
            ]
            for kind in AMOUNTS
            for currency in money.MINOR_DIGITS
        }

    def read(
        self, kind: str, cells: Mapping[str, str], wrong: list[CellError], currency: str | None = None
    ) -> Row:
        """Read the cells of a row; cells that cannot be read are left out and added to `wrong`.

        Amounts are read as minor units of `currency`, else of the row's own; without one they stay text."""
        currency = currency or cells.get("currency")
        memories = self._typed.get((kind, currency)) or self._texts[kind]
        try:
            return {name: memory[cells.get(name, "")] for name, memory in memories}
        except ValueError:
            return _one_by_one(memories, cells, wrong)


def _amounts(kind: str, name: str, currency: str) -> Memory:
    column = next(column for column in KINDS[kind] if column.name == name)
    return Memory(_of_cell(replace(column, read=partial(amount, currency=currency))))


def _one_by_one(memories: Memories, cells: Mapping[str, str], wrong: list[CellError]) -> Row:
    row: Row = {}
    for name, memory in memories:
        cell = cells.get(name, "")
        try:
            row[name] = memory[cell]
        except ValueError as error:
            wrong.append(CellError(name, cell, _reason(error, cell)))
    return row


def needed(kind: str) -> tuple[str, ...]:
    """The columns that a file of this kind must have."""
    return tuple(column.name for column in KINDS[kind] if column.needed)


def _reason(error: ValueError, cell: str) -> str:
    """Say why without the value, which stands beside the reason."""
    return str(error).removeprefix(f"{cell!r} ").rstrip(".")
