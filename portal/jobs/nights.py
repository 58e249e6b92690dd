"""Which nights are due: each lender's own, in its zone, and those that were missed while no worker ran."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from structlog import get_logger

from portal.infra import clock
from portal.infra.installation import Installation
from portal.services import ageing, job_runs, lenders, night, policies

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

JOB = "nightly"
STARTS_AT = time(1, 0)
MOST_MISSED = 31
log = get_logger()


def run(installation: Installation, *, now: datetime) -> int:
    """Run the nights that are due and that no other worker runs. Returns how many were done."""
    with installation.reading() as session:
        codes = [each.code for each in lenders.all_lenders(session)]
    return sum(_run_nights(installation, code, now) for code in codes)


def due_days(session: "Session", lender: lenders.Lender, now: datetime) -> Iterator[date]:
    """Name the business dates to run, the oldest first. After a month without a night, only the newest."""
    local = now.astimezone(ZoneInfo(policies.of(lender, now).business.timezone))
    newest = local.date() if local.time() >= STARTS_AT else local.date() - timedelta(days=1)
    done = job_runs.last_done(session, job=JOB, lender=lender, until=newest.isoformat())
    missed = (newest - date.fromisoformat(done)).days if done else 1
    for ago in reversed(range(missed if missed <= MOST_MISSED else 1)):
        yield newest - timedelta(days=ago)


def _run_nights(installation: Installation, code: str, now: datetime) -> int:
    """Run one lender's nights in order; the ones after a failed night wait for it."""
    with installation.reading() as session:
        days = list(due_days(session, _enter(session, code), now))
    done = 0
    for day in days:
        try:
            result = run_night(installation, lender_code=code, business_date=day)
        except Exception:  # one lender's bad night must not stop the others'; it is tried again
            log.exception("night_failed", lender=code, date=day.isoformat())
            break
        if result is None:
            break
        done += 1
    return done


def run_night(
    installation: Installation,
    *,
    lender_code: str,
    business_date: date,
    again: bool = False,
    progress: ageing.Progress = ageing.quiet,
) -> dict[str, object] | None:
    """Do one night of one lender; returns each step's counts. None: it is done, or another worker is at it.

    The work and the note that it is done are one transaction: a worker that dies leaves neither behind, and
    nobody repeats what is there. `again`: somebody asks for a night that is done to be repeated."""
    with installation.writing.begin() as session:
        lender = _enter(session, lender_code)
        slot = business_date.isoformat()
        run = job_runs.start(session, job=JOB, lender=lender, slot=slot, now=clock.now(), again=again)
    if run is None:
        return None
    try:
        return _work(installation, lender_code, business_date, run, progress)
    except Exception as error:
        with installation.writing.begin() as session:
            _enter(session, lender_code)
            job_runs.fail(session, run=run, problem=type(error).__name__, now=clock.now())
        raise


def _work(
    installation: Installation, code: str, day: date, begun: job_runs.JobRun, progress: ageing.Progress
) -> dict[str, object] | None:
    with installation.writing.begin() as session:
        lender = _enter(session, code)
        run = job_runs.hold(session, run=begun)
        if run is None:
            return None
        now = clock.now()
        result = night.run(session, lender=lender, business_date=day, now=now, progress=progress)
        job_runs.finish(session, run=run, result=result, now=clock.now())
    return result


def _enter(session: "Session", code: str) -> lenders.Lender:
    lender = lenders.find(session, code)
    if lender is None:
        raise LookupError(f"there is no lender {code!r}")
    lenders.enter(session, lender)
    return lender
