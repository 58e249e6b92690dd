"""What is slow to make and the same in every test: made once for each process, by whoever needs it first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from portal.infra import db

STATEMENTS = 4000


class CompiledTemplates(BytecodeCache):
    """Templates as Python code, for every application; Jinja looks whether the source is still the same."""

    def __init__(self) -> None:
        self.code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self.code[bucket.key, bucket.checksum] = bucket.code


def address_builders() -> Callable[[Rule, bool], object]:
    """Werkzeug compiles, for each address, two functions that build it: the same for the same address."""
    compile_builder, made = Rule._compile_builder, dict[object, object]()

    def builder(rule: Rule, append_unknown: bool = True) -> object:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    return builder


def _do_not_wait_for_the_disk(connection: Any, _record: object) -> None:
    """No test cuts the power; what kills a process leaves the operating system its pages."""
    connection.execute("PRAGMA synchronous = OFF").close()


@contextmanager
def shared() -> Iterator[None]:
    """Applications share compiled templates and addresses; engines of one kind of database, statements."""
    statements: dict[str, LRUCache[object, object]] = {}
    make_engine = db.make_engine

    @wraps(make_engine)
    def made(url: str) -> Engine:
        engine = make_engine(url)
        known = statements.setdefault(engine.dialect.name, LRUCache(STATEMENTS))
        engine.update_execution_options(compiled_cache=known)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _do_not_wait_for_the_disk)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        patch.setattr(Rule, "_compile_builder", address_builders())
        patch.setattr(db, "make_engine", made)
        # A statement is looked up with its dialect, of which each engine has its own: alike, but not equal.
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture
def engines_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of how a database is opened."""
    monkeypatch.setattr(db, "make_engine", db.make_engine.__wrapped__)
