"""Tries are counted for all processes together, and a new window starts afresh."""

import threading
from datetime import timedelta

import pytest

from portal.domain.refusals import Refused
from portal.services import throttles
from tests.factories import NOW

LIMIT = throttles.Limit(name="test", most=5, minutes=15)


def tried(session, times, now=NOW, subject="somebody"):
    for _ in range(times):
        throttles.count(session, limit=LIMIT, subject=subject, now=now)


def test_the_sixth_of_five_tries_is_refused(session):
    tried(session, 5)
    with pytest.raises(Refused, match="too_many_tries"):
        tried(session, 1)


def test_the_next_window_starts_afresh(session):
    tried(session, 5)
    tried(session, 5, now=NOW + timedelta(minutes=15))


def test_somebody_else_is_not_held_up(session):
    tried(session, 5)
    tried(session, 5, subject="somebody else")


def test_eight_at_once_get_no_more_tries_than_one(installation):
    let_through = []

    def go():
        for _ in range(3):
            with installation.writing() as session:
                try:
                    tried(session, 1)
                    let_through.append(1)
                except Refused:
                    pass
                session.commit()

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(let_through) == 5
