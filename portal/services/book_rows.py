"""The columns of a loan book: which there are, and how a row of them is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from portal.domain import money
from portal.services import book_cells as cells_as
from portal.services.book_cells import LONGEST_AMOUNT, Reader
from portal.vocabulary import (
    Channel,
    ContactKind,
    ContactOutcome,
    DayCount,
    IdType,
    Locale,
    Method,
    PartyRole,
    PaymentKind,
    Product,
)

MOST_PERIODS = 1200
MOST_REMEMBERED = 20_000
HISTORY = (Channel.PHONE, Channel.SMS, Channel.EMAIL, Channel.LETTER, Channel.VISIT)
"""The channels of contacts of the time before the portal."""
Row = dict[str, Any]


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


_CODE, _AMOUNT = cells_as.text(64), cells_as.text(LONGEST_AMOUNT)
BORROWERS = (
    Column("borrower_no", _CODE),
    Column("name", cells_as.text(200)),
    Column("id_type", cells_as.one_of(IdType), needed=False, blank=IdType.NONE),
    Column("id_no", cells_as.text(40), needed=False),
    Column("phone", cells_as.text(40), needed=False),
    Column("email", cells_as.email, needed=False),
    Column("language", cells_as.one_of(Locale)),
    Column("province", cells_as.text(100), needed=False),
    Column("city", cells_as.text(100), needed=False),
    Column("address", cells_as.text(300), needed=False),
    Column("lat", cells_as.decimal_between("-90", "90"), needed=False),
    Column("lon", cells_as.decimal_between("-180", "180"), needed=False),
    Column("timezone", cells_as.timezone, needed=False),
)
LOANS = (
    Column("contract_no", _CODE),
    Column("borrower_no", _CODE),
    Column("product", cells_as.one_of(Product)),
    Column("currency", cells_as.currency),
    Column("principal", _AMOUNT),
    Column("annual_rate", cells_as.rate),
    Column("start_date", cells_as.day),
    Column("periods", cells_as.whole(1, MOST_PERIODS)),
    Column("method", cells_as.one_of(Method)),
    Column("day_count", cells_as.one_of(DayCount)),
    Column("credit_limit", _AMOUNT, needed=False),
)
INSTALMENTS = (
    Column("contract_no", _CODE),
    Column("number", cells_as.whole(1, MOST_PERIODS)),
    Column("due_date", cells_as.day),
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
    Column("paid_on", cells_as.day),
    Column("amount", _AMOUNT),
    Column("currency", cells_as.currency),
    Column("kind", cells_as.one_of(PaymentKind), needed=False, blank=PaymentKind.PAYMENT),
    Column("reference", cells_as.text(100), needed=False, blank=""),
)
CONTACT_POINTS = (
    Column("borrower_no", _CODE),
    Column("kind", cells_as.one_of(ContactKind)),
    Column("value", cells_as.text(300)),
    Column("province", cells_as.text(100), needed=False),
    Column("city", cells_as.text(100), needed=False),
    Column("lat", cells_as.decimal_between("-90", "90"), needed=False),
    Column("lon", cells_as.decimal_between("-180", "180"), needed=False),
)
PARTIES = (
    Column("contract_no", _CODE),
    Column("party_no", _CODE),
    Column("role", cells_as.one_of(PartyRole)),
    Column("name", cells_as.text(200)),
    Column("id_type", cells_as.one_of(IdType), needed=False, blank=IdType.NONE),
    Column("id_no", cells_as.text(40), needed=False),
    Column("phone", cells_as.text(40), needed=False),
    Column("scope", cells_as.text(200), needed=False, blank=""),
    Column("consent", cells_as.yes_no),
    Column("signs", cells_as.yes_no),
)
CONTACTS = (
    Column("contract_no", _CODE, needed=False),
    Column("borrower_no", _CODE, needed=False),
    Column("at", cells_as.moment),
    Column("channel", cells_as.one_of(HISTORY)),
    Column("inbound", cells_as.yes_no, needed=False, blank=False),
    Column("outcome", cells_as.one_of(ContactOutcome)),
    Column("feedback", cells_as.text(2000), needed=False),
)
KINDS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "borrowers": BORROWERS,
        "loans": LOANS,
        "instalments": INSTALMENTS,
        "payments": PAYMENTS,
        "contact_points": CONTACT_POINTS,
        "parties": PARTIES,
        "contacts": CONTACTS,
    }
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
    return Memory(_of_cell(replace(column, read=partial(cells_as.amount, currency=currency))))


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
