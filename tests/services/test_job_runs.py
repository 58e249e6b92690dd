"""One run for each job, lender and slot, whoever asks, however often."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.infra import tenancy
from portal.jobs import scheduler
from portal.models import JobRun, Lender
from portal.services import job_runs
from portal.vocabulary import JobState
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def lender(session) -> Lender:
    made = factories.lender(session)
    session.commit()
    return made


def begin(session, lender, *, slot="2026-03-02", now=NOW):
    return job_runs.start(session, job="nightly", lender=lender, slot=slot, now=now)


def test_a_run_begins_once_for_a_slot(session, lender):
    run = begin(session, lender)

    assert run is not None
    assert begin(session, lender) is None
    assert begin(session, lender, slot="2026-03-03") is not None


def test_a_run_that_is_done_never_begins_again(session, lender):
    job_runs.finish(session, run=begin(session, lender), result={"overdue": 3}, now=NOW)

    assert begin(session, lender, now=NOW + timedelta(days=30)) is None
    assert session.scalars(select(JobRun)).one().result == {"overdue": 3}


def test_a_failed_run_begins_again_after_a_while(session, lender):
    job_runs.fail(session, run=begin(session, lender), problem="OperationalError", now=NOW)
    assert begin(session, lender, now=NOW + timedelta(minutes=9)) is None

    again = begin(session, lender, now=NOW + job_runs.AGAIN_AFTER_FAILURE)

    assert (again.state, again.result, again.finished_at) == (JobState.RUNNING, None, None)


def test_a_run_whose_worker_died_is_taken_over(session, lender):
    begin(session, lender)
    session.commit()
    assert begin(session, lender, now=NOW + timedelta(seconds=9)) is None

    later = NOW + job_runs.SETTLES_WITHIN
    assert begin(session, lender, now=later).started_at == later
    assert begin(session, lender, now=later) is None


def test_a_run_is_taken_over_soon_enough_for_the_next_look_of_another_worker():
    between_looks = timedelta(seconds=scheduler.NIGHTS_EVERY)

    assert job_runs.SETTLES_WITHIN + between_looks <= timedelta(minutes=2)


def test_whose_run_was_taken_over_finds_that_out_before_working(session, lender):
    slow = begin(session, lender)
    session.expunge(slow)
    quick = begin(session, lender, now=NOW + job_runs.SETTLES_WITHIN)

    assert job_runs.hold(session, run=slow) is None
    job_runs.fail(session, run=slow, problem="OperationalError", now=NOW)
    assert job_runs.hold(session, run=quick).state == JobState.RUNNING


def test_while_its_worker_lives_nobody_takes_a_run_over_however_long_it_takes(installation, session, lender):
    run, lender_id, at_work = begin(session, lender), lender.id, threading.Event()
    session.commit()
    others = []

    def knock():
        at_work.wait()
        with installation.writing.begin() as own:
            tenancy.enter(own, lender_id)
            others.append(begin(own, lender, now=NOW + timedelta(hours=5)))

    other = threading.Thread(target=knock)
    other.start()
    with installation.writing.begin() as own:
        tenancy.enter(own, lender_id)
        held = job_runs.hold(own, run=run)
        at_work.set()
        other.join(0.5)
        job_runs.finish(own, run=held, result={}, now=NOW)
    other.join()

    assert others == [None]


def test_the_last_slot_that_was_done_is_known(session, lender):
    def last(until):
        return job_runs.last_done(session, job="nightly", lender=lender, until=until)

    assert last("2026-03-09") is None
    for slot in ("2026-03-01", "2026-03-02", "2027-01-01"):
        job_runs.finish(session, run=begin(session, lender, slot=slot), result={}, now=NOW)
    begin(session, lender, slot="2026-03-03")

    assert (last("2026-03-09"), last("2026-03-01")) == ("2026-03-02", "2026-03-01")


@pytest.mark.parametrize("died_before", [False, True], ids=["a fresh slot", "a slot left by a dead worker"])
def test_of_workers_that_begin_at_once_one_gets_the_run(installation, session, lender, died_before):
    at = NOW
    if died_before:
        begin(session, lender)
        session.commit()
        at = NOW + job_runs.SETTLES_WITHIN
    ready, won, lender_id = threading.Barrier(4), [], lender.id

    def work():
        ready.wait()
        with installation.writing.begin() as own:
            tenancy.enter(own, lender_id)
            if run := begin(own, lender, now=at):
                won.append(run.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert session.scalar(select(func.count()).select_from(JobRun)) == 1
