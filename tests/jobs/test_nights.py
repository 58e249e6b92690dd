"""Each lender's nights: in its zone, once, none skipped, whoever else is working."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from portal.jobs import nights
from portal.models import JobRun
from portal.services import job_runs
from portal.vocabulary import JobState
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def lender(session):
    made = factories.lender(session)
    session.commit()
    return made


@pytest.fixture
def ran(monkeypatch):
    """The nights that were run, in place of the work they do."""
    done = []

    def run(_session, *, lender, business_date, now, progress):
        done.append((lender.code, business_date))
        return {"overdue": 1}

    monkeypatch.setattr(nights.night, "run", run)
    return done


def rows(session):
    found = [(each.slot, each.state, each.result) for each in session.scalars(select(JobRun).order_by("id"))]
    session.rollback()
    return found


def test_a_night_does_its_work_and_keeps_what_came_of_it(installation, session, lender):
    factories.loan(session, factories.borrower(session, lender))
    session.commit()

    assert nights.run(installation, now=NOW) == 1

    ((slot, state, result),) = rows(session)
    assert (slot, state) == ("2026-03-02", JobState.DONE)
    assert "ageing" in result


def test_a_night_runs_once(installation, session, lender, ran):
    nights.run(installation, now=NOW)
    nights.run(installation, now=NOW + timedelta(hours=3))

    assert ran == [("pingan-bank", date(2026, 3, 2))]


def test_the_day_begins_in_the_zone_of_the_lender(installation, lender, ran):
    before_one_at_night = datetime(2026, 3, 2, 16, 59, tzinfo=UTC)  # 00:59 on the 3rd in Shanghai

    nights.run(installation, now=before_one_at_night)
    nights.run(installation, now=before_one_at_night + timedelta(minutes=1))

    assert [day for _, day in ran] == [date(2026, 3, 2), date(2026, 3, 3)]


def test_nights_missed_while_no_worker_ran_are_made_up_in_order(installation, lender, ran):
    nights.run(installation, now=NOW)
    nights.run(installation, now=NOW + timedelta(days=4))

    assert [day.day for _, day in ran] == [2, 3, 4, 5, 6]


def test_a_lender_nobody_worked_for_in_a_month_starts_with_the_newest_night(installation, lender, ran):
    nights.run(installation, now=NOW)
    nights.run(installation, now=NOW + timedelta(days=32))

    assert [day for _, day in ran] == [date(2026, 3, 2), date(2026, 4, 3)]


def test_a_night_that_fails_is_told_tried_again_and_stops_no_other_lender(
    installation, session, lender, set_time, monkeypatch
):
    factories.lender(session, "spdb-puhui")
    session.commit()
    broken, ran = {"pingan-bank"}, []

    def run(_session, *, lender, business_date, now, progress):
        if lender.code in broken:
            raise ZeroDivisionError
        ran.append(lender.code)
        return {}

    monkeypatch.setattr(nights.night, "run", run)
    with capture_logs() as logs:
        nights.run(installation, now=NOW)
    assert (ran, logs[0]["event"], logs[0]["lender"]) == (["spdb-puhui"], "night_failed", "pingan-bank")
    assert ("2026-03-02", JobState.FAILED, {"problem": "ZeroDivisionError"}) in rows(session)

    broken.clear()
    later = NOW + job_runs.AGAIN_AFTER_FAILURE
    set_time(later)
    nights.run(installation, now=later)
    assert ran == ["spdb-puhui", "pingan-bank"]


def test_of_two_workers_one_runs_a_night(installation, session, lender, ran):
    workers = [
        threading.Thread(target=nights.run, args=(installation,), kwargs={"now": NOW}) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(ran) == 1
    assert [state for _, state, _ in rows(session)] == [JobState.DONE]


def test_a_worker_that_dies_in_the_night_leaves_nothing_of_it_and_another_does_it(
    installation, session, lender, set_time, monkeypatch
):
    """What kill -9 leaves: the row that begins the run is there, the work is not."""
    ended = []

    def dies(_session, *, lender, business_date, now, progress):
        lender.names = {**lender.names, "en": "Half done"}
        _session.flush()
        raise KeyboardInterrupt  # passes every handler, as death does

    monkeypatch.setattr(nights.night, "run", dies)
    with pytest.raises(KeyboardInterrupt):
        nights.run(installation, now=NOW)
    assert rows(session) == [("2026-03-02", JobState.RUNNING, None)]

    monkeypatch.setattr(
        nights.night, "run", lambda _session, *, lender, **_facts: ended.append(lender.names["en"]) or {}
    )
    assert nights.run(installation, now=NOW) == 0, "it may have only just begun"
    set_time(NOW + job_runs.SETTLES_WITHIN)
    assert nights.run(installation, now=NOW) == 1

    assert ended == ["pingan-bank en"]
    assert rows(session) == [("2026-03-02", JobState.DONE, {})]
