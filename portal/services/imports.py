"""Taking in a loan book: checked whole, then written whole or not at all, never held in memory."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.infra import book_files
from portal.infra.book_files import BookSet, Problem, RawRow
from portal.models import BookImport, Lender
from portal.models.functions import refresh_statistics
from portal.services import audit, book_people_checks, book_rows, policies
from portal.services.book_checks import Checks
from portal.services.book_kinds import STAGED, TABLES, WRITERS
from portal.services.book_rows import CellError
from portal.services.book_writing import CHUNK, Target
from portal.vocabulary import JobState

KINDS = tuple(book_rows.KINDS)
COLUMNS = book_rows.NAMES
MOST_PROBLEMS = 1000
WAITING = "contacts_waiting"
READ_AT_ONCE = 1000  # small, so that what is read is forgotten before the interpreter counts it as lasting
Progress = Callable[[str, int], None]
T = TypeVar("T")


@dataclass
class Check:
    """What a set holds and what is wrong with it. Nothing was written."""

    book: BookSet
    checks: Checks
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    id_warnings: int = 0
    first_warning: Problem | None = None

    @property
    def too_many(self) -> bool:
        return len(self.problems) >= MOST_PROBLEMS

    def percent_written(self, kind: str, rows: int) -> int:
        """How much of the set is written when so many rows of a kind are, 0 to 100."""
        before = sum(self.counts[each] for each in KINDS[: KINDS.index(kind)])
        return min(100, (before + rows) * 100 // (self.counts.total() or 1))

    def take(self, kind: str, rows: Sequence[RawRow], unread: Iterable[Problem]) -> None:
        """Check some rows of a file; `unread` are those among them that could not be read at all."""
        name = self.book.files[kind].name
        found = book_people_checks.take(self.checks, kind, rows) or self.checks.take(kind, rows)
        told = [_problem(name, rows[place], error) for place, error in found.wrong]
        self.problems += sorted((*unread, *told), key=lambda each: each.line)
        del self.problems[MOST_PROBLEMS:]
        self.counts[kind] += len(rows)
        self.id_warnings += len(found.odd)
        if found.odd and self.first_warning is None:
            place, error = found.odd[0]
            self.first_warning = Problem(name, rows[place].line, error.column, "", error.reason)


def _problem(file: str, raw: RawRow, error: CellError) -> Problem:
    value = raw.cells.get(error.column) or error.value
    return Problem(file, raw.line, error.column, value, error.reason)


@dataclass(frozen=True)
class Outcome:
    """What an import did. `unchanged`: the very same set was taken in before. `waiting`: contacts of the past
    that were left out, because what they are about is no open case yet."""

    unchanged: bool
    counts: dict[str, int]
    waiting: int = 0
    taken: BookImport | None = field(default=None, compare=False)


def find(session: Session, *, lender: Lender, book: BookSet) -> BookImport | None:
    """Return the import of the very same set, unless contacts of it wait for a case: it may be sent again."""
    found = _same(session, lender, book)
    return None if found is None or found.counts.get(WAITING) else found


def _same(session: Session, lender: Lender, book: BookSet) -> BookImport | None:
    return session.scalar(
        select(BookImport).where(BookImport.lender_id == lender.id, BookImport.digest == book.digest)
    )


def check(
    session: Session,
    *,
    lender: Lender,
    book: BookSet,
    strict_ids: bool | None = None,
    progress: Progress = lambda *_: None,
) -> Check:
    """Read every row of a set and collect up to 1,000 problems. Writes nothing.

    What was read is kept, so that nothing is read while others wait to write. Refused: the files changed.

    An ID number whose check digit does not fit is a problem with `strict_ids`, else a warning; None: as the
    lender's rules say."""
    rules = policies.in_force(lender.preset, book.as_of)
    region, zone = rules.business.calendar, ZoneInfo(rules.business.timezone)
    strict = rules.book.strict_ids if strict_ids is None else strict_ids
    checks = Checks(session, lender.id, region, zone, book.as_of, strict)
    found = Check(book, checks)
    for kind in KINDS:
        for some in _chunks(_raw_rows(book, kind), READ_AT_ONCE):
            rows = [each for each in some if isinstance(each, RawRow)]
            unread = [each for each in some if isinstance(each, Problem)]
            found.take(kind, rows, unread)
            progress(kind, found.counts[kind])
            if found.too_many:
                return found
    if not book.unchanged():
        raise Refused("book_changed_while_read")
    return found


def write(
    session: Session,
    *,
    lender: Lender,
    check: Check,
    actor: Actor,
    now: datetime,
    progress: Progress = lambda *_: None,
) -> Outcome:
    """Write a checked set. Refused: the book already stands at a later day.

    Of a set that was taken in before, only contacts are written that had to wait for a case."""
    book = check.book
    entry = _same(session, lender, book)
    if entry and not entry.counts.get(WAITING):
        return Outcome(unchanged=True, counts=entry.counts, taken=entry)
    _refuse_older(session, lender, book)
    kinds = ["contacts"] if entry else [kind for kind in KINDS if kind in book.files]
    waited = entry.counts[WAITING] if entry else None
    if entry is None:
        entry = _new_import(session, lender, check, now)
    target = Target(session, lender.id, entry.id, book.as_of, now)
    waiting = 0
    for kind in kinds:
        for number, rows in enumerate(_rows_to_write(check, kind)):
            waiting += WRITERS[kind](target, check.checks.stage, rows) or 0
            progress(kind, number * CHUNK + len(rows))
    counts = {kind: number for kind, number in entry.counts.items() if kind != WAITING}
    if waiting == waited:
        return Outcome(unchanged=True, counts=counts, waiting=waiting, taken=entry)
    entry.counts = counts | ({WAITING: waiting} if waiting else {})
    _record(session, entry, actor, now)
    refresh_statistics(session, *(model for kind in kinds for model in TABLES[kind]))
    session.expire_all()
    return Outcome(unchanged=False, counts=counts, waiting=waiting, taken=entry)


def _new_import(session: Session, lender: Lender, check: Check, now: datetime) -> BookImport:
    entry = BookImport(
        lender_id=lender.id,
        created_at=now,
        digest=check.book.digest,
        as_of=check.book.as_of,
        state=JobState.DONE,
        counts={kind: check.counts[kind] for kind in KINDS if kind in check.book.files},
        finished_at=now,
    )
    session.add(entry)
    session.flush()
    return entry


def _record(session: Session, entry: BookImport, actor: Actor, now: datetime) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="book_imported",
        subject=entry,
        now=now,
        digest=entry.digest,
        as_of=entry.as_of.isoformat(),
        loans=entry.counts.get("loans"),
        instalments=entry.counts.get("instalments"),
        payments=entry.counts.get("payments"),
    )


def _raw_rows(book: BookSet, kind: str) -> Iterator[RawRow | Problem]:
    if file := book.files.get(kind):
        yield from book_files.rows(file, needed=book_rows.needed(kind), known=COLUMNS[kind])


def _rows_to_write(check: Check, kind: str) -> Iterator[list[Any]]:
    stage = check.checks.stage
    if kind in STAGED:
        return stage.chunks(STAGED[kind], CHUNK)
    return _chunks(stage.aside(kind), CHUNK)


def _chunks(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _refuse_older(session: Session, lender: Lender, book: BookSet) -> None:
    newest = session.scalar(select(func.max(BookImport.as_of)).where(BookImport.lender_id == lender.id))
    if newest is not None and book.as_of < newest:
        raise Refused("book_older", as_of=book.as_of.isoformat(), newest=newest.isoformat())
