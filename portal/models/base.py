"""The root of every model: keys that carry the lender, public references, sealed values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, cached_property
from string import Formatter
from typing import Any, ClassVar, Self, overload

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    inspect,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column, relationship

from portal.infra import crypto, ids, tenancy
from portal.infra.tenancy import OfLender
from portal.models.types import UtcDateTime, Whole, Word

TYPES = {int: Whole, str: Text(), bytes: LargeBinary(), datetime: UtcDateTime()}


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = TYPES


class Row(OfLender, Base):
    """A row of one lender. Every reference to another row carries the lender, so that none can cross over."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True, sort_order=-9)
    # No index of its own: the key (lender_id, id) serves, and a second one misleads the planners of both
    # databases into reading all rows of a lender for one.
    lender_id: Mapped[int] = mapped_column(ForeignKey("lender.id"), sort_order=-8)
    ref: Mapped[str] = mapped_column(unique=True, sort_order=-7)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, sort_order=90)

    def __init__(
        self, *, lender_id: int, created_at: datetime, ref: str | None = None, **values: object
    ) -> None:
        # Sealed values are bound to the lender and the reference, so these come first.
        super().__init__(lender_id=lender_id, ref=ref or ids.new_ref(), created_at=created_at, **values)


class EditedRow(Row):
    """A row that people edit. A save from a stale copy is refused, not silently lost."""

    __abstract__ = True

    version: Mapped[int] = mapped_column(sort_order=91)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  (SQLAlchemy calls it with the class)
        return {"version_id_col": cls.version}


@dataclass(frozen=True)
class BlindIndex:
    """A column by which a sealed value is found. `field` is what the hash is for; it may hold columns of the
    row, in braces."""

    column: str
    field: str

    def of(self, row: Any, value: str) -> bytes:
        """Return the index of a value under the current key, for a row that has the columns named."""
        return crypto.keyring().index(row.lender_id, self.field_of(row), value)

    @cached_property
    def names(self) -> list[str]:
        """The columns that `field` names."""
        return [name for _, name, _, _ in Formatter().parse(self.field) if name]

    def field_of(self, row: Any) -> str:
        if not self.names:
            return self.field
        return self.field.format(**{name: getattr(row, name) for name in self.names})


class Sealed:
    """A text attribute kept encrypted in a column beside it: `name = Sealed("name_sealed")`."""

    def __init__(self, column: str, *, index: BlindIndex | None = None) -> None:
        self.column = column
        self.index = index

    @overload
    def __get__(self, row: None, owner: type[Row]) -> Self: ...
    @overload
    def __get__(self, row: Row, owner: type[Row]) -> str: ...

    def __get__(self, row: Row | None, owner: type[Row]) -> Self | str:
        if row is None:
            return self
        sealed = getattr(row, self.column)
        if sealed is None:
            return ""
        return crypto.keyring().open(row.lender_id, self.place(row.ref), sealed).decode()

    def __set_name__(self, owner: type[Row], _name: str) -> None:
        self.owner = owner

    def __set__(self, row: Row, value: str | None) -> None:
        setattr(row, self.column, self.seal(row.lender_id, row.ref, value))

    def seal(self, lender_id: int, ref: str, value: str | None) -> bytes | None:
        """Return what the column of the row with this reference holds: for rows that are written in bulk."""
        if not value:
            return None
        return crypto.keyring().seal(lender_id, self.place(ref), value.encode())

    def place(self, ref: str) -> str:
        """Where the value of the row with this reference stands: it opens nowhere else."""
        return f"{self.owner.__tablename__}|{self.column}|{ref}"


@cache
def sealed_of(model: type[Row]) -> tuple[Sealed, ...]:
    """Return the sealed attributes of a model."""
    return tuple(each for owner in model.__mro__ for each in vars(owner).values() if isinstance(each, Sealed))


@event.listens_for(Row, "before_insert", propagate=True)
@event.listens_for(Row, "before_update", propagate=True)
def _seal_anew(_mapper: object, _connection: object, row: Row) -> None:
    """What was sealed a while ago, under a key that is being replaced, is written under the current one: the
    old key is destroyed once nothing in the database needs it."""
    for sealed in sealed_of(type(row)):
        added = inspect(row).attrs[sealed.column].history.added
        if not added or added[0] is None or crypto.keyring().is_current(row.lender_id, added[0]):
            continue
        value = sealed.__get__(row, type(row))
        sealed.__set__(row, value)
        if sealed.index:
            setattr(row, sealed.index.column, sealed.index.of(row, value))


def belongs(column: str, table: str) -> ForeignKeyConstraint:
    """A reference to a row of the same lender."""
    return ForeignKeyConstraint(["lender_id", column], [f"{table}.lender_id", f"{table}.id"])


def keys(*constraints: Any) -> tuple[Any, ...]:
    """The constraints of a lender's table: what it names, and the key others name it by."""
    return (UniqueConstraint("lender_id", "id"), *constraints)


def word(words: type[StrEnum], **options: Any) -> MappedColumn[Any]:
    """A column that holds a word of `vocabulary.py`."""
    return mapped_column(Word(words), **options)


def to(target: str, column: str, **options: Any) -> Any:
    """A relationship along one reference. Only the id is carried: the lender is always set by hand."""
    owner, _, name = column.partition(".")
    return relationship(
        target, primaryjoin=f"foreign({owner}.{name}) == {target}.id", viewonly=True, lazy="select", **options
    )


def finish(base: type[Base]) -> None:
    """Give every table its SQLite strictness and a check on each column that holds a word, and note which
    tables belong to lenders."""
    for mapper in base.registry.mappers:
        if issubclass(mapper.class_, OfLender):
            tenancy.TABLES.add(str(mapper.local_table))
    for table in base.metadata.tables.values():
        table.dialect_kwargs["sqlite_strict"] = True
        for column in table.columns:
            if isinstance(column.type, Word):
                _check_words(table, column.name, column.type)


def _check_words(table: Table, name: str, kind: Word) -> None:
    allowed = ", ".join(f"'{item.value}'" for item in kind.words)
    table.append_constraint(CheckConstraint(f"{name} IN ({allowed})", name=f"{name}_word"))
