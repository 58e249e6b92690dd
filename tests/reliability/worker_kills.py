"""kill -9 of workers with messages waiting and nights to make up: each effect once, however often."""

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from portal.infra import tenancy
from portal.infra.delivery import SUFFIX
from portal.jobs import nights
from portal.models import JobRun, Lender, Message
from portal.models.audit_entry import AuditEntry
from portal.services import audit, job_runs, notifications
from portal.vocabulary import JobState, MessageState
from tests import factories
from tests.reliability.fleet import Place, Process, now, processes, wait_until

LATE_BORROWERS = 20
NIGHT_DONE = (JobRun.job == nights.JOB, JobRun.state == JobState.DONE)
# Writes down each night that a book is aged, in the transaction that does it: what is undone is not seen.
WITNESS = {
    "sqlite": (
        "CREATE TABLE night_seen (lender_id INTEGER, aged_on TEXT)",
        "CREATE TRIGGER night_seen AFTER UPDATE OF aged_on ON lender "
        "BEGIN INSERT INTO night_seen VALUES (NEW.id, NEW.aged_on); END",
    ),
    "postgresql": (
        "CREATE TABLE night_seen (lender_id bigint, aged_on text)",
        "CREATE FUNCTION see_night() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        "'BEGIN INSERT INTO public.night_seen VALUES (NEW.id, NEW.aged_on::text); RETURN NEW; END'",
        "CREATE TRIGGER night_seen AFTER UPDATE OF aged_on ON lender FOR EACH ROW "
        "EXECUTE FUNCTION see_night()",
    ),
}
DISMISS = {
    "sqlite": ("DROP TRIGGER night_seen", "DROP TABLE night_seen"),
    "postgresql": ("DROP FUNCTION see_night CASCADE", "DROP TABLE night_seen"),
}


@dataclass(frozen=True)
class Found:
    kills: int
    messages: int
    files: int
    sent: int
    nights: int
    seconds: float
    problems: tuple[str, ...]


def run(
    place: Place,
    owner: Engine,
    *,
    messages: int,
    kills: int,
    missed: int = 30,
    workers: int = 2,
    hurry: bool = False,
    seed: int = 1,
    patience: float = 180,
) -> Found:
    """Let workers deliver so many messages and make up so many nights, and kill them so many times meanwhile.

    `hurry`: put the leases of the dead back by hand instead of waiting for them to end."""
    chance, began = random.Random(seed), time.monotonic()
    days = _prepare(place, messages, missed)
    crew = [Process(place, ("worker",), f"worker{number}") for number in range(workers)]
    with _witness(owner), processes(*crew):
        for each in crew:
            each.start()
        for after_nights, after_messages in _moments(chance, kills, messages, len(days)):
            wait_until(
                lambda n=after_nights, m=after_messages: _nights_done(place) >= n and _files(place) >= m,
                *crew,
                patience=patience,
            )
            time.sleep(chance.uniform(0, 0.05))
            victims = crew if hurry or chance.random() < 0.5 else [chance.choice(crew)]
            for each in victims:
                each.kill()
            if hurry:
                _let_leases_end(place)
            for each in victims:
                each.start()
        wait_until(
            lambda: _nights_done(place) >= len(days) and not _unsent(place),
            *crew,
            patience=patience,
            every=0.1,
        )
        problems = _compare(place, owner, days)
    return Found(
        kills=kills,
        messages=messages,
        files=_files(place),
        sent=messages - _unsent(place),
        nights=len(days),
        seconds=round(time.monotonic() - began, 1),
        problems=tuple(problems),
    )


@contextmanager
def _witness(owner: Engine) -> Iterator[None]:
    name = owner.dialect.name
    with owner.begin() as connection:
        for statement in WITNESS[name]:
            connection.execute(text(statement))
    yield
    with owner.begin() as connection:
        for statement in DISMISS[name]:
            connection.execute(text(statement))


def _prepare(place: Place, messages: int, missed: int) -> list[date]:
    """A lender whose last night was so many days ago, with messages that are due. Returns the missed days."""
    with place.installation.writing.begin() as session:
        lender = factories.lender(session)
        borrowers = [factories.late_borrower(session, lender).borrower for _ in range(LATE_BORROWERS)]
        for number in range(messages):
            borrower = borrowers[number % len(borrowers)]
            notifications.notify(
                session, borrower=borrower, template="code_entry", now=now(), code=f"{number:06}"
            )
        (newest,) = nights.due_days(session, lender, now())
        slot = (newest - timedelta(days=missed)).isoformat()
        run = job_runs.start(session, job=nights.JOB, lender=lender, slot=slot, now=now())
        assert run is not None
        job_runs.finish(session, run=run, result={}, now=now())
        return list(nights.due_days(session, lender, now()))


def _moments(chance: random.Random, kills: int, messages: int, days: int) -> list[tuple[int, int]]:
    """After how many (nights, messages): one half while nights are made up, the other while delivering."""
    early = kills // 2
    by_nights = sorted(chance.randrange(days) for _ in range(early))
    by_messages = sorted(chance.randrange(int(messages * 0.9)) for _ in range(kills - early))
    return [(each, 0) for each in by_nights] + [(0, each) for each in by_messages]


def _let_leases_end(place: Place) -> None:
    """What waiting a minute would do, with nobody alive."""
    with of_lender(place, writes=True) as session:
        session.execute(update(Message).where(Message.claimed_until.is_not(None)).values(claimed_until=now()))
        earlier = now() - job_runs.SETTLES_WITHIN
        session.execute(update(JobRun).where(JobRun.state == JobState.RUNNING).values(started_at=earlier))
        session.commit()


def of_lender(place: Place, *, writes: bool = False) -> Session:
    session = (place.installation.writing if writes else place.installation.reading)()
    tenancy.enter(session, session.scalars(select(Lender.id)).one())
    return session


def _nights_done(place: Place) -> int:
    with of_lender(place) as session:
        done = select(func.count()).select_from(JobRun).where(*NIGHT_DONE)
        return (session.scalar(done) or 0) - 1  # without the one long ago


def _unsent(place: Place) -> int:
    with of_lender(place) as session:
        query = select(func.count()).select_from(Message).where(Message.state != MessageState.SENT)
        return session.scalar(query) or 0


def _files(place: Place) -> int:
    return sum(1 for _ in place.installation.settings.outbox.glob(f"*/[!.]*{SUFFIX}"))


def _compare(place: Place, owner: Engine, days: Iterable[date]) -> list[str]:
    with owner.connect() as connection:
        seen = Counter(map(tuple, connection.execute(text("SELECT lender_id, aged_on FROM night_seen"))))
    with of_lender(place) as session:
        refs = list(session.scalars(select(Message.ref)))
        # A kill may leave the draft of a letter, which no reader takes for one; it is swept up later.
        folder = place.installation.settings.outbox
        files = Counter(each.name.removesuffix(SUFFIX) for each in folder.glob("*/[!.]*"))
        entries = Counter(
            session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "message_sent"))
        )
        runs = Counter(session.scalars(select(JobRun.slot).where(*NIGHT_DONE)))
        report = audit.verify(session, lender_id=session.info[tenancy.KEY])
    problems = [] if report.intact else [f"audit: {report.problem}"]
    problems += [f"{ref}: {files[ref]} files" for ref in refs if files[ref] != 1]
    problems += [f"{name}: a file of no message" for name in files.keys() - set(refs)]
    problems += [
        f"{ref}: {entries[f'message/{ref}']} entries" for ref in refs if entries[f"message/{ref}"] != 1
    ]
    problems += [f"{day}: {runs[day.isoformat()]} runs" for day in days if runs[day.isoformat()] != 1]
    for day in days:
        times = {seen[lender, day.isoformat()] for lender in {lender for lender, _ in seen}}
        if times != {1}:
            problems.append(f"{day}: loans were aged {sorted(times)} times")
    return problems
