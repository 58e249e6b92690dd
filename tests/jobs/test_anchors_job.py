"""The nightly anchors: one for each chain and night, however many workers there are."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from portal.jobs import anchors
from portal.models import JobRun
from portal.services.anchors import AnchorFiles
from portal.vocabulary import ChainProblem
from tests import factories, tampering
from tests.conftest import NOW

TODAY = date(2026, 3, 2)
NIGHT = timedelta(days=1)


@pytest.fixture
def lender(session):
    made = factories.lender(session)
    session.commit()
    return made


@pytest.fixture
def files(settings):
    return AnchorFiles(settings.anchors)


def days(files):
    return {chain: files.days(chain) for chain in files.chains()}


def runs(session):
    session.commit()
    return session.scalars(select(JobRun).order_by(JobRun.id)).all()


def test_each_chain_gets_one_anchor_a_night(installation, session, lender, files):
    assert anchors.run(installation, now=NOW) == 2
    assert anchors.run(installation, now=NOW + timedelta(hours=1)) == 0
    assert anchors.run(installation, now=NOW + NIGHT) == 2

    assert days(files) == {
        "installation": [TODAY, TODAY + NIGHT],
        "pingan-bank": [TODAY, TODAY + NIGHT],
    }
    assert {each.result["problem"] for each in runs(session)} == {None}


@pytest.mark.usefixtures("lender")
def test_the_night_ends_in_the_zone_of_the_lender(installation, files):
    before_two_at_night = datetime(2026, 3, 2, 17, 59, tzinfo=UTC)  # 01:59 on the 3rd in Shanghai

    assert anchors.run(installation, now=before_two_at_night) == 0
    assert anchors.run(installation, now=before_two_at_night + timedelta(minutes=1)) == 2
    assert files.days("pingan-bank") == [date(2026, 3, 3)]


@pytest.mark.usefixtures("lender")
def test_a_night_that_was_missed_is_not_made_up_for(installation, files):
    anchors.run(installation, now=NOW)
    anchors.run(installation, now=NOW + 3 * NIGHT)

    assert files.days("pingan-bank") == [TODAY, TODAY + 3 * NIGHT]


def test_several_workers_at_once_write_one(installation, session, lender, files):
    written = []
    workers = [
        threading.Thread(target=lambda: written.append(anchors.run(installation, now=NOW))) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(written) == 2
    assert {each: len(files.days(each)) for each in files.chains()} == {"installation": 1, "pingan-bank": 1}
    assert len(runs(session)) == 2


def test_a_chain_that_is_not_whole_is_told_and_not_anchored(installation, session, lender, files, owner):
    with owner.begin() as connection:
        tampering.edit(connection, lender.id, 2)

    with capture_logs() as logs:
        assert anchors.run(installation, now=NOW) == 1
        assert anchors.run(installation, now=NOW + timedelta(minutes=10)) == 0

    assert [(each["event"], each["chain"], each["problems"]) for each in logs] == [
        ("chain_not_whole", "pingan-bank", ["edited"])
    ]
    assert files.chains() == ["installation"]
    assert runs(session)[0].result["problem"]["kind"] == ChainProblem.EDITED


@pytest.mark.usefixtures("lender")
def test_an_anchor_that_was_written_before_its_run_was_noted_is_kept(installation, session, files, owner):
    anchors.run(installation, now=NOW)
    before = files.read("pingan-bank", TODAY)
    session.commit()
    with owner.begin() as connection:
        connection.execute(JobRun.__table__.delete())

    assert anchors.run(installation, now=NOW) == 0
    assert files.read("pingan-bank", TODAY) == before


@pytest.mark.usefixtures("lender")
def test_an_anchor_that_was_taken_away_is_missed(installation, files):
    from portal.services import anchors as service

    anchors.run(installation, now=NOW)
    (files.folder / "pingan-bank" / f"{TODAY}.json").unlink()

    with installation.reading() as session:
        chain = service.chains(session)[0]
        service.enter(session, chain)
        verified = service.verify(session, chain=chain, files=files, now=NOW)
    assert [(each.kind, each.day) for each in verified.problems] == [(ChainProblem.ANCHOR_GONE, TODAY)]
