"""What has served its time goes; what is still asked for, and what is evidence, stays."""

import importlib
import os
import pkgutil
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from portal import services
from portal.jobs import leftovers as job
from portal.models import CodeChallenge, IdempotencyRecord, Invitation, Signature, Throttle
from portal.services import codes, idempotency, leftovers, throttles
from portal.vocabulary import CodePurpose
from tests import factories
from tests.agreements_made import borrower_of, offered, sign
from tests.conftest import NOW

LIMIT = throttles.Limit(name="test", most=3, minutes=24 * 60)


@pytest.fixture
def lender(session):
    made = factories.lender(session)
    session.commit()
    return made


def count(session, kind):
    session.expire_all()
    found = session.scalar(select(func.count()).select_from(kind))
    session.rollback()
    return found


def send_code(session, borrower, *, now=NOW):
    codes.send(
        session, borrower=borrower, purpose=CodePurpose.ENTRY, subject="link", browser=b"browser", now=now
    )
    session.commit()


def test_answers_are_kept_for_a_week(session, installation, lender):
    once = idempotency.Once(actor="a", endpoint="/e", key="k", parameters=b"p")
    idempotency.remember(session, once=once, location="/there", now=NOW)
    session.commit()

    assert job.run(installation, now=NOW + idempotency.KEPT - timedelta(seconds=1)) == 0
    assert job.run(installation, now=NOW + idempotency.KEPT) == 1
    assert count(session, IdempotencyRecord) == 0


def test_a_window_of_tries_goes_long_after_it_closed(session, installation, lender):
    throttles.count(session, limit=LIMIT, subject="somebody", now=NOW)
    session.commit()

    assert job.run(installation, now=NOW + timedelta(minutes=LIMIT.minutes)) == 0
    assert throttles.used(session, limit=LIMIT, subject="somebody", now=NOW) == 1
    session.rollback()
    assert job.run(installation, now=NOW + leftovers.WINDOWS_KEPT) == 1
    assert count(session, Throttle) == 0


def test_windows_are_kept_for_longer_than_any_limit_looks_back():
    limits = []
    for module in pkgutil.iter_modules(services.__path__):
        for value in vars(importlib.import_module(f"portal.services.{module.name}")).values():
            several = value if isinstance(value, tuple) else (value,)
            limits += [each for each in several if isinstance(each, throttles.Limit)]

    assert len(limits) >= 5
    assert all(2 * timedelta(minutes=limit.minutes) < leftovers.WINDOWS_KEPT for limit in limits)


def test_spent_codes_go_after_a_day_and_those_of_signatures_stay(session, installation, lender):
    folder = installation.files
    lead = factories.staff(session, lender)
    agreement = offered(session, lender, folder, by=lead)
    sign(session, agreement, borrower_of(session, agreement), folder)
    send_code(session, factories.borrower(session, lender))
    signed = count(session, Signature)
    codes_sent = count(session, CodeChallenge)
    assert codes_sent > signed > 0

    assert job.run(installation, now=NOW + codes.LIFE) == 0
    job.run(installation, now=NOW + codes.LIFE + leftovers.CODES_KEPT + timedelta(hours=1))

    assert count(session, CodeChallenge) == signed


def test_an_invitation_that_ended_goes_after_a_month(session, installation, lender):
    staff = factories.staff(session, lender)
    common = {"lender_id": lender.id, "created_at": NOW, "staff_id": staff.id, "actor": "staff:test"}
    session.add(Invitation(**common, token_hash=b"old", expires_at=NOW))
    session.add(Invitation(**common, token_hash=b"new", expires_at=NOW + timedelta(days=3)))
    session.commit()

    job.run(installation, now=NOW + leftovers.INVITATIONS_KEPT)

    assert count(session, Invitation) == 1


def test_each_lender_is_cleaned_and_the_log_counts_without_a_name(session, installation, lender):
    other = factories.lender(session, "spdb-puhui")
    for each in (lender, other):
        with factories.of_lender(session, each.id):
            send_code(session, factories.borrower(session, each))

    with capture_logs() as logs:
        assert job.run(installation, now=NOW + timedelta(days=1, hours=1)) == 2

    told = [(each["lender"], each["codes"]) for each in logs if "lender" in each]
    assert told == [("pingan-bank", 1), ("spdb-puhui", 1)]
    assert not [each for each in logs if "Test Borrower" in str(each)]


def test_the_draft_of_a_letter_whose_worker_was_killed_is_swept_up(installation, lender):
    folder = installation.settings.outbox / str(lender.id)
    folder.mkdir(parents=True)
    names = (".01A.sealed.0a0b0c0d", ".01B.sealed.0a0b0c0d", "01A.sealed")
    for name, age in zip(names, (3601, 60, 9999), strict=True):
        (folder / name).write_bytes(b"sealed")
        os.utime(folder / name, (NOW.timestamp() - age,) * 2)

    assert job.run(installation, now=NOW) == 1
    assert sorted(each.name for each in folder.iterdir()) == [".01B.sealed.0a0b0c0d", "01A.sealed"]
