"""Taking in a loan book: checked whole, then written whole or not at all, never held in memory."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.infra import book_files
from portal.infra.book_files import BookSet, Problem, RawRow
from portal.models import BookImport, Borrower, ContactPoint, Instalment, Lender, Loan, Payment
from portal.models.functions import refresh_statistics
from portal.services import audit, book_checks, book_rows, policies
from portal.services.book_checks import Keys
from portal.services.book_rows import CellError, Row
from portal.services.book_writing import CHUNK, WRITERS, Target
from portal.vocabulary import JobState

KINDS = tuple(book_rows.KINDS)
COLUMNS = book_rows.NAMES
MOST_PROBLEMS = 1000
Progress = Callable[[str, int], None]
T = TypeVar("T")


@dataclass
class Check:
    """What a set holds and what is wrong with it. Nothing was written."""

    book: BookSet
    keys: Keys
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    id_warnings: int = 0
    first_warning: Problem | None = None

    @property
    def too_many(self) -> bool:
        return len(self.problems) >= MOST_PROBLEMS


@dataclass(frozen=True)
class Outcome:
    """What an import did. `unchanged`: the very same set was taken in before."""

    unchanged: bool
    counts: dict[str, int]


def find(session: Session, *, lender: Lender, book: BookSet) -> BookImport | None:
    """Return the import of the very same set."""
    return session.scalar(
        select(BookImport).where(BookImport.lender_id == lender.id, BookImport.digest == book.digest)
    )


def check(session: Session, *, lender: Lender, book: BookSet, progress: Progress = lambda *_: None) -> Check:
    """Read every row of a set and collect up to 1,000 problems. Writes nothing."""
    found = Check(book, _keys_of(session, lender, book.as_of))
    for kind in KINDS:
        for raw in _raw_rows(book, kind):
            if found.too_many:
                return found
            if isinstance(raw, Problem):
                found.problems.append(raw)
                continue
            found.problems.extend(_problems(found, kind, raw))
            found.counts[kind] += 1
            if found.counts[kind] % CHUNK == 0:
                progress(kind, found.counts[kind])
    del found.problems[MOST_PROBLEMS:]
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
    """Write a checked set. Refused: the book already stands at a later day, or the files were changed."""
    book = check.book
    if done := find(session, lender=lender, book=book):
        return Outcome(unchanged=True, counts=done.counts)
    _refuse_older(session, lender, book)
    counts = {kind: check.counts[kind] for kind in KINDS if kind in book.files}
    entry = BookImport(
        lender_id=lender.id,
        created_at=now,
        digest=book.digest,
        as_of=book.as_of,
        state=JobState.DONE,
        counts=counts,
        finished_at=now,
    )
    session.add(entry)
    session.flush()
    target = Target(session, lender.id, entry.id, book.as_of, now)
    for kind in KINDS:
        for number, chunk in enumerate(_chunks(_typed_rows(check, kind))):
            WRITERS[kind](target, chunk)
            progress(kind, number * CHUNK + len(chunk))
    if not book.unchanged():
        raise Refused("book_changed_while_read")
    audit.record(
        session,
        actor=actor,
        action="book_imported",
        subject=entry,
        now=now,
        digest=book.digest,
        as_of=book.as_of.isoformat(),
        loans=counts.get("loans"),
        instalments=counts.get("instalments"),
        payments=counts.get("payments"),
    )
    refresh_statistics(session, Borrower, ContactPoint, Loan, Instalment, Payment)
    session.expire_all()
    return Outcome(unchanged=False, counts=counts)


def _keys_of(session: Session, lender: Lender, as_of: date) -> Keys:
    """Start with the numbers that are in the book already: a set may refer to them."""
    keys = Keys(region=policies.in_force(lender.preset, as_of).business.calendar)
    numbers = select(Borrower.borrower_no).where(Borrower.lender_id == lender.id)
    for number in session.scalars(numbers.execution_options(yield_per=CHUNK)):
        keys.in_book("borrower", number)
    loans = select(Loan.contract_no, Loan.currency, Loan.principal).where(Loan.lender_id == lender.id)
    for loan in session.execute(loans.execution_options(yield_per=CHUNK)):
        keys.in_book("loan", loan.contract_no, f"{loan.currency} {loan.principal}")
    return keys


def _raw_rows(book: BookSet, kind: str) -> Iterator[RawRow | Problem]:
    if file := book.files.get(kind):
        yield from book_files.rows(file, needed=book_rows.needed(kind), known=COLUMNS[kind])


def _problems(found: Check, kind: str, raw: RawRow) -> Iterator[Problem]:
    wrong: list[CellError] = []
    row = book_checks.typed(kind, raw.cells, found.keys, wrong)
    if wrong:
        found.keys.broken(kind, row)
    else:
        wrong.extend(book_checks.check(kind, row, found.keys))
        _warn(found, kind, raw, row)
    for each in wrong:
        value = raw.cells.get(each.column) or each.value
        yield Problem(found.book.files[kind].name, raw.line, each.column, value, each.reason)


def _warn(found: Check, kind: str, raw: RawRow, row: Row) -> None:
    if column := book_checks.warning(kind, row):
        found.id_warnings += 1
        if found.first_warning is None:
            name = found.book.files[kind].name
            found.first_warning = Problem(name, raw.line, column, "", "the check digit does not fit")


def _typed_rows(check: Check, kind: str) -> Iterator[Row]:
    """Read the rows a second time. They were right a moment ago: if not, the file was changed."""
    for raw in _raw_rows(check.book, kind):
        wrong: list[CellError] = []
        row = book_checks.typed(kind, raw.cells, check.keys, wrong) if isinstance(raw, RawRow) else {}
        if wrong or not row:
            raise Refused("book_changed_while_read")
        yield row


def _chunks(rows: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _refuse_older(session: Session, lender: Lender, book: BookSet) -> None:
    newest = session.scalar(select(func.max(BookImport.as_of)).where(BookImport.lender_id == lender.id))
    if newest is not None and book.as_of < newest:
        raise Refused("book_older", as_of=book.as_of.isoformat(), newest=newest.isoformat())
