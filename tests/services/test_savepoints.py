"""A service that refuses leaves nothing behind but what it asked to be remembered."""

import pytest
from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.models import Throttle
from portal.services.savepoints import in_savepoint
from tests.factories import NOW


def row(name):
    return Throttle(digest=name.encode(), window_start=NOW, count=1)


@in_savepoint
def refuses(session):
    session.add(row("undone"))
    session.flush()
    raise Refused("no", afterwards=lambda later: later.add(row("remembered")))


@in_savepoint
def calls_one_that_refuses(session):
    session.add(row("undone as well"))
    refuses(session)


def kept(session):
    return [each.decode() for each in session.scalars(select(Throttle.digest))]


@pytest.mark.parametrize("service", [refuses, calls_one_that_refuses])
def test_what_must_be_remembered_stays_and_nothing_else(session, service):
    session.add(row("before"))

    with pytest.raises(Refused):
        service(session)

    assert sorted(kept(session)) == ["before", "remembered"]


def test_it_is_remembered_once(session):
    with pytest.raises(Refused) as refused:
        calls_one_that_refuses(session)

    assert refused.value.afterwards is None
