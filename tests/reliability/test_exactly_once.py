"""Small versions of `make reliability`: the processes are real, and so is kill -9."""

from collections.abc import Iterator

import pytest

from portal.infra import db
from tests import databases
from tests.reliability import fleet, gateway_kills, server_kills, worker_kills, writers


@pytest.fixture
def place(database_url, tmp_path) -> Iterator[fleet.Place]:
    with fleet.place(database_url, tmp_path) as made:
        yield made


def test_a_server_killed_at_any_moment_loses_and_doubles_nothing_it_acknowledged(place):
    found = server_kills.run(place, kills=2, complaints=60, borrowers=5)

    assert found.problems == ()
    assert (found.lost, found.doubled) == (0, 0)
    assert (found.kills, found.acknowledged) == (2, 60)
    assert found.unanswered, "no request was under way at any kill"
    assert found.replayed
    assert found.refused


def test_killed_workers_deliver_every_message_once_and_run_every_night_once(place, database_url):
    owner = db.make_engine(databases.owner_url(database_url))
    try:
        found = worker_kills.run(place, owner, messages=60, kills=2, missed=3, hurry=True)
    finally:
        owner.dispose()

    assert found.problems == ()
    assert (found.files, found.sent) == (60, 60)


def test_workers_killed_while_a_gateway_takes_messages_send_each_with_one_key_and_note_it_once(place):
    found = gateway_kills.run(place, count=80, kills=2, hurry=True)

    assert found.problems == ()
    assert (found.arrived, found.contacts) == (80, 20)


def test_eight_processes_that_write_one_row_lose_no_addition_and_see_no_lock(place):
    found = writers.run(place, writers=8, additions=10)

    assert found.problems == ()
    assert found.sum == found.additions == 80
