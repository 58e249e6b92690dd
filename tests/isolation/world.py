"""Two lenders who have everything twice, with words in it that give away whose it is.

Each text is marked: `canary(lender, side)` says which lender and which of their two borrowers it is about.
A mark begins with a rare character, so that it shows even where a name is masked to its first letter."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.orm import Session, sessionmaker

from portal.infra import crypto
from portal.infra.tenancy import OfLender, TenantSession
from portal.models import (
    Base,
    Borrower,
    Complaint,
    Payment,
    PaymentAccount,
    Staff,
)
from portal.models.base import Sealed
from portal.web.sessions import COOKIE
from tests.isolation.asked import Kind, Thing

ALPHA, BETA = "Alpha", "Beta"
ONE, TWO, HOUSE, PEOPLE = "One", "Two", "House", "People"
RARE = {
    (ALPHA, ONE): "龘",
    (ALPHA, TWO): "靐",
    (BETA, ONE): "齉",
    (BETA, TWO): "齾",
    (ALPHA, PEOPLE): "鱻",
    (BETA, PEOPLE): "麤",
    (ALPHA, HOUSE): "爨",
    (BETA, HOUSE): "癵",
}
# The ground of each borrower's papers, which a picture of them shows.
COLOURS = {
    (ALPHA, ONE): (200, 20, 20),
    (ALPHA, TWO): (20, 150, 20),
    (BETA, ONE): (20, 20, 200),
    (BETA, TWO): (200, 180, 20),
}
PRESETS = {ALPHA: "pingan-bank", BETA: "spdb-puhui"}
# Secrets that no person wrote; whatever else is sealed holds a mark.
SECRETS = {("visit", "seed"), ("staff", "authenticator"), ("signature", "mark")}
# Texts that are stored as they are, because people find rows by them.
PLAIN = {
    Borrower: ("borrower_no",),
    Payment: ("payment_no", "reference"),
    Staff: ("number",),
    Complaint: ("number",),
    PaymentAccount: ("number",),
}
Group = tuple[str, str]


class Side(StrEnum):
    """Which of the two borrowers of a lender somebody belongs to; both: whoever is in the house."""

    ONE = ONE
    TWO = TWO


def canary(lender: str, side: str) -> str:
    return f"{RARE[lender, side]}Kanarie{lender}{side}"


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """An actor of the matrix. `cookie` is what their browser holds."""

    kind: Kind
    lender: str | None
    side: str = ONE
    cookie: str | None = None
    session: str = "no session of theirs"

    def __str__(self) -> str:
        side = f" {self.side}" if self.kind in (Kind.BORROWER, Kind.AGENT) else ""
        return f"{self.kind}{side} of {self.lender}"


@dataclass
class World:
    app: Flask
    session: Session
    owner: Engine
    keyring: crypto.Keyring
    things: dict[Group, dict[Thing, str]] = field(default_factory=dict)
    refs: dict[Group, set[str]] = field(default_factory=dict)
    people: list[Somebody] = field(default_factory=list)
    lenders: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, int]] = field(default_factory=set)
    _kept: dict[Path, Path] = field(default_factory=dict)

    def browser(self, person: Somebody) -> FlaskClient:
        """A browser that holds what this person's browser holds."""
        browser = self.app.test_client()
        if person.cookie:
            browser.set_cookie(COOKIE, person.cookie)
        return browser

    def of(self, kind: Kind, lender: str = ALPHA, side: str = ONE) -> Somebody:
        return next(
            each for each in self.people if (each.kind, each.lender, each.side) == (kind, lender, side)
        )

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Let what is written be committed, and take it back at the end."""
        real = self.app.extensions["installation"]
        with real.engine.connect() as connection, connection.begin() as all_of_it:
            options = {"expire_on_commit": False, "join_transaction_mode": "create_savepoint"}
            writing = sessionmaker(connection, class_=TenantSession, **options)
            self.app.extensions["installation"] = replace(real, writing=writing)
            try:
                with self._files_kept():
                    yield
            finally:
                self.app.extensions["installation"] = real
                all_of_it.rollback()

    @contextmanager
    def _files_kept(self) -> Iterator[None]:
        """Bring back files that were removed. Each has a second name, made once: the world stays as it is."""
        folder = self.app.extensions["installation"].settings.instance / "files"
        if not self._kept:
            beside = Path(mkdtemp(prefix="kept-", dir=folder.parent))
            shutil.copytree(folder, beside, copy_function=os.link, dirs_exist_ok=True)
            named = (path for path in beside.rglob("*") if path.is_file())
            self._kept = {folder / path.relative_to(beside): path for path in named}
        yield
        for path, kept in self._kept.items():
            if not path.exists():
                os.link(kept, path)

    def content(self) -> dict[str, int]:
        """How many rows each table holds. Sessions of browsers apart: a page with a form begins one."""
        tables = [table for table in Base.metadata.tables if table != "web_session"]
        counts = ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables)
        with self.owner.connect() as connection:
            return dict(zip(tables, connection.execute(text(f"SELECT {counts}")).one(), strict=True))

    def mark(self, group: Group) -> None:
        """Say in every text of the rows added since of whom they speak, and remember their names."""
        lender, side = group
        self.session.flush()
        for mapper in Base.registry.mappers:
            if not issubclass(mapper.class_, OfLender):
                continue
            for row in self.session.scalars(select(mapper.class_)):
                key = (mapper.class_.__tablename__, inspect(row).identity[0])
                if key[1] and (*key, lender) not in self._seen:
                    self._seen.add((*key, lender))
                    _mark_row(row, canary(lender, side))
                    if hasattr(row, "ref"):
                        self.refs.setdefault(group, set()).add(row.ref)
        self.session.commit()


def _mark_row(row: object, mark: str) -> None:
    for name in sealed_names(type(row)):
        if (row.__tablename__, name) not in SECRETS and mark not in getattr(row, name):
            setattr(row, name, f"{mark} {name}")
    for name in PLAIN.get(type(row), ()):
        setattr(row, name, f"{mark[1:]}-{row.id}-{name}"[:60])


def sealed_names(model: type) -> list[str]:
    return [name for each in model.__mro__ for name, value in vars(each).items() if isinstance(value, Sealed)]
