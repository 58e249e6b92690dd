"""Which job ran, for whom and when. The unique row decides: a second worker, a restart or a missed night
neither doubles a run nor skips one."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import JobRun as JobRun
from portal.models import Lender
from portal.vocabulary import JobState

# So long a worker may take from the row that begins its run to the lock under which it works.
SETTLES_WITHIN = timedelta(seconds=10)
AGAIN_AFTER_FAILURE = timedelta(minutes=10)


def start(
    session: Session, *, job: str, lender: Lender, slot: str, now: datetime, again: bool = False
) -> JobRun | None:
    """Begin a run of a job for a lender and slot. None: it is done, or another worker is at it.

    A run that failed is begun again after a while, and so is one whose worker died. `again`: somebody asks
    for a run that ended to be repeated. The caller commits before it works, so that others see the run, and
    works in a transaction that holds it."""
    run_id = _insert(session, job, lender, slot, now)
    if run_id is not None:
        return session.get_one(JobRun, run_id)
    return _take_over(session, job, lender, slot, now, again=again)


def hold(session: Session, *, run: JobRun) -> JobRun | None:
    """Lock a run that was begun, until the end of the transaction that does its work and notes its end.

    The lock is the sign of life: the database lets go of it when the worker dies, however it dies, and gives
    the run to nobody else before. None: another worker was quicker."""
    query = select(JobRun).where(
        JobRun.id == run.id, JobRun.state == JobState.RUNNING, JobRun.started_at == run.started_at
    )
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def finish(session: Session, *, run: JobRun, result: dict[str, object], now: datetime) -> None:
    """Note that a run is done, with its counts."""
    _end(session, run, JobState.DONE, result, now)


def fail(session: Session, *, run: JobRun, problem: str, now: datetime) -> None:
    """Note that a run failed, unless another worker has it by now. `problem` is the kind of error: nothing
    personal."""
    if held := hold(session, run=run):
        _end(session, held, JobState.FAILED, {"problem": problem}, now)


def last_done(session: Session, *, job: str, lender: Lender, until: str) -> str | None:
    """Return the latest slot that was done, none later than `until`. Slots of a job sort by time."""
    query = select(JobRun.slot).where(
        JobRun.job == job,
        JobRun.lender_id == lender.id,
        JobRun.state == JobState.DONE,
        JobRun.slot <= until,
    )
    return session.scalars(query.order_by(JobRun.slot.desc()).limit(1)).first()


def _insert(session: Session, job: str, lender: Lender, slot: str, now: datetime) -> int | None:
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    insert = build(JobRun).values(
        job=job, lender_id=lender.id, slot=slot, state=JobState.RUNNING, started_at=now
    )
    return session.scalar(insert.on_conflict_do_nothing().returning(JobRun.id))


def _take_over(
    session: Session, job: str, lender: Lender, slot: str, now: datetime, *, again: bool
) -> JobRun | None:
    """Begin a run anew that failed or was given up. Of several workers one gets it: the row tells which.

    A run that its worker holds is passed over on PostgreSQL; on SQLite nobody else writes meanwhile."""
    given_up = (JobRun.state == JobState.RUNNING) & (JobRun.started_at <= now - SETTLES_WITHIN)
    to_repeat = (JobRun.state == JobState.FAILED) & (JobRun.finished_at <= now - AGAIN_AFTER_FAILURE)
    free = JobRun.state != JobState.RUNNING if again else to_repeat
    query = select(JobRun).where(
        JobRun.job == job, JobRun.lender_id == lender.id, JobRun.slot == slot, given_up | free
    )
    run = session.scalar(query.with_for_update(skip_locked=True).execution_options(populate_existing=True))
    if run is not None:
        run.state, run.started_at, run.finished_at, run.result = JobState.RUNNING, now, None, None
        session.flush()
    return run


def _end(session: Session, run: JobRun, state: JobState, result: dict[str, object], now: datetime) -> None:
    run.state, run.result, run.finished_at = state, result, now
    session.flush()
