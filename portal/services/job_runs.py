"""Which job ran, for whom and when. The unique row decides: a second worker, a restart or a missed night
neither doubles a run nor skips one."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import JobRun as JobRun
from portal.models import Lender
from portal.vocabulary import JobState

# A run that has not ended by then belonged to a worker that died.
GIVEN_UP_AFTER = timedelta(hours=1)
AGAIN_AFTER_FAILURE = timedelta(minutes=10)


def start(
    session: Session, *, job: str, lender: Lender, slot: str, now: datetime, again: bool = False
) -> JobRun | None:
    """Begin a run of a job for a lender and slot. None: it is done, or another worker is at it.

    A run that failed is begun again after a while, and so is one whose worker died. `again`: somebody asks
    for a run that ended to be repeated. The caller commits before it works, so that others see the run."""
    run_id = _insert(session, job, lender, slot, now)
    run_id = run_id or _take_over(session, job, lender, slot, now, again=again)
    return session.get(JobRun, run_id, populate_existing=True) if run_id else None


def finish(session: Session, *, run: JobRun, result: dict[str, object], now: datetime) -> None:
    """Note that a run is done, with its counts."""
    _end(session, run, JobState.DONE, result, now)


def fail(session: Session, *, run: JobRun, problem: str, now: datetime) -> None:
    """Note that a run failed. `problem` is the kind of error: nothing personal."""
    _end(session, run, JobState.FAILED, {"problem": problem}, now)


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
) -> int | None:
    """Begin a run anew that failed or was given up. Of several workers one gets it: the row tells which."""
    given_up = (JobRun.state == JobState.RUNNING) & (JobRun.started_at <= now - GIVEN_UP_AFTER)
    to_repeat = (JobRun.state == JobState.FAILED) & (JobRun.finished_at <= now - AGAIN_AFTER_FAILURE)
    free = JobRun.state != JobState.RUNNING if again else to_repeat
    taken = (
        update(JobRun)
        .where(JobRun.job == job, JobRun.lender_id == lender.id, JobRun.slot == slot, given_up | free)
        .values(state=JobState.RUNNING, started_at=now, finished_at=None, result=None)
    )
    return session.scalar(taken.returning(JobRun.id).execution_options(synchronize_session=False))


def _end(session: Session, run: JobRun, state: JobState, result: dict[str, object], now: datetime) -> None:
    run.state, run.result, run.finished_at = state, result, now
    session.flush()
