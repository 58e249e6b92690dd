"""Tries counted in Redis, over a socket: in one step, forgotten by themselves, and never let go uncounted.

The Redis is a small one made for tests; TEST_REDIS_URL names a real one to use instead."""

import os
import socket
import threading
import warnings
from datetime import timedelta

import pytest
import redis
import structlog

from portal.domain.refusals import Refused
from portal.infra import counters
from portal.infra.counters import Counter, Counters, NotCounted
from portal.infra.ids import new_ref
from portal.services import throttles
from tests.conftest import NOW

LIMIT = throttles.Limit(name="test", most=5, minutes=15)
COUNTER = Counter(b"somebody", NOW, timedelta(minutes=15))


@pytest.fixture(scope="module")
def redis_url():
    """A Redis that listens on a port of its own."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fakeredis import TcpFakeServer

        server = TcpFakeServer(("127.0.0.1", 0))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def shared(redis_url, installation):
    """Counters in Redis, used by the throttles of this process."""
    made = Counters(redis_url)
    made._redis.flushdb()
    counters.use(made)
    yield made
    counters.use(None)
    made.close()


@pytest.fixture
def nobody(installation):
    """Counters in a Redis that nobody runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Counters(f"redis://127.0.0.1:{port}/0")
    counters.use(made)
    throttles._told.clear()
    yield made
    counters.use(None)
    made.close()


def tried(session, times, now=NOW, subject="somebody"):
    for _ in range(times):
        throttles.count(session, limit=LIMIT, subject=subject, now=now)


def test_the_sixth_of_five_tries_is_refused_and_the_database_holds_none(shared, session):
    tried(session, 5)
    with pytest.raises(Refused, match="too_many_tries"):
        tried(session, 1)

    assert throttles.used(session, limit=LIMIT, subject="somebody", now=NOW) == 6
    tried(session, 5, subject="somebody else")
    tried(session, 5, now=NOW + timedelta(minutes=15))
    counters.use(None)
    assert throttles.used(session, limit=LIMIT, subject="somebody", now=NOW) == 0


def test_eight_at_once_get_no_more_tries_than_one(shared, installation):
    let_through = []

    def go():
        with installation.writing() as session:
            for _ in range(3):
                try:
                    tried(session, 1)
                    let_through.append(1)
                except Refused:
                    pass

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(let_through) == 5


def test_a_count_forgets_itself_once_its_window_is_over(shared):
    shared.add(COUNTER, now=NOW)

    assert 0 < shared._redis.ttl(COUNTER.key) <= 15 * 60


def test_what_a_savepoint_counted_is_undone_with_it_and_only_that(shared, session):
    tried(session, 1)
    with session.begin_nested() as kept:
        tried(session, 1)
        with session.begin_nested():
            tried(session, 1)
        kept.commit()
    with session.begin_nested() as undone:
        tried(session, 1)
        with session.begin_nested():
            tried(session, 1)
        undone.rollback()
    session.rollback()

    assert throttles.used(session, limit=LIMIT, subject="somebody", now=NOW) == 3


def test_without_redis_the_database_counts_and_says_so_once_a_minute(nobody, session):
    with structlog.testing.capture_logs() as said:
        tried(session, 5)
        with pytest.raises(Refused, match="too_many_tries"):
            tried(session, 1)
        tried(session, 1, now=NOW + timedelta(seconds=59), subject="another")
        tried(session, 1, now=NOW + timedelta(seconds=61), subject="another")

    assert [each["event"] for each in said] == ["redis_does_not_answer"] * 2
    assert throttles.used(session, limit=LIMIT, subject="somebody", now=NOW) == 6


def test_a_redis_that_hangs_holds_nobody_up_for_long(session):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        hanging = Counters(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with pytest.raises(NotCounted, match="Timeout"):
            hanging.add(COUNTER, now=NOW)
        with pytest.raises(NotCounted, match="a moment ago"):
            hanging.add(COUNTER, now=NOW + timedelta(seconds=9))
        hanging.close()


def test_a_redis_that_is_back_counts_again(shared, redis_url):
    elsewhere = Counters("redis://127.0.0.1:1/0")
    with pytest.raises(NotCounted):
        elsewhere.add(COUNTER, now=NOW)
    elsewhere._redis = redis.Redis.from_url(redis_url)

    assert elsewhere.add(COUNTER, now=NOW + timedelta(seconds=11)) == 1
    assert elsewhere.value(COUNTER, now=NOW + timedelta(seconds=11)) == 1
    elsewhere.close()


def test_two_subjects_and_two_windows_are_two_counters():
    later = Counter(COUNTER.digest, NOW + COUNTER.length, COUNTER.length)
    other = Counter(new_ref().encode(), NOW, COUNTER.length)

    assert len({COUNTER.key, later.key, other.key}) == 3
