"""A night that is killed halfway: the next one comes to the same as one that was never killed."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.jobs import nights
from portal.models import JobRun, Loan, Payment
from portal.services import job_runs
from portal.vocabulary import JobState, PaymentKind
from tests import factories
from tests.conftest import KEYS, NOW
from tests.factories import TODAY

KILLED_HALFWAY = """
import os, signal, sys
from datetime import date
from portal.config import Settings
from portal.infra.installation import open_installation
from portal.jobs import nights
from portal.services import ageing

ageing.RANGE = 2
def progress(done, total):
    if 2 * done >= total:
        os.kill(os.getpid(), signal.SIGKILL)
installation = open_installation(Settings.load(os.environ))
day = date.fromisoformat(sys.argv[1])
nights.run_night(installation, lender_code="pingan-bank", business_date=day, progress=progress)
"""


@pytest.fixture
def book(session):
    """Loans of every kind of delay, one of them paid since its opening balance."""
    lender = factories.lender(session)
    for late in range(5):
        loan = factories.loan(session, factories.borrower(session, lender), late=late)
        loan.as_of = TODAY - timedelta(days=3)
    payment = Payment(
        lender_id=lender.id,
        created_at=NOW,
        loan_id=loan.id,
        payment_no="P1",
        paid_on=TODAY - timedelta(days=1),
        amount=50_000,
        currency="CNY",
        kind=PaymentKind.PAYMENT,
        reference="",
    )
    session.add(payment)
    session.commit()
    return lender


def figures(session):
    session.rollback()  # what other transactions wrote is seen by a new one
    columns = (Loan.id, Loan.dpd, Loan.overdue_amount, Loan.penalty, Loan.outstanding, Loan.from_opening)
    return session.execute(select(*columns).order_by(Loan.id)).all()


def kill_halfway(database_url, tmp_path, day):
    environ = os.environ | KEYS
    environ |= {"PORTAL_INSTANCE_PATH": str(tmp_path / "instance"), "PORTAL_DATABASE_URL": database_url}
    child = subprocess.run(
        [sys.executable, "-c", KILLED_HALFWAY, day.isoformat()], env=environ, capture_output=True, check=False
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()


def completed(installation, code):
    """Run the night that was killed, once the database has noticed that its worker is gone."""
    for _ in range(100):
        if nights.run_night(installation, lender_code=code, business_date=TODAY) is not None:
            return
        time.sleep(0.05)
    raise AssertionError("the run that was killed is still held")


def test_a_night_killed_halfway_is_completed_by_the_next_run(
    session, book, installation, database_url, tmp_path, set_time
):
    before = figures(session)
    kill_halfway(database_url, tmp_path, TODAY)

    assert figures(session) == before  # nothing of half a night is left behind
    assert [run.state for run in session.scalars(select(JobRun))] == [JobState.RUNNING]
    set_time(datetime.now(UTC) + job_runs.SETTLES_WITHIN)  # the child went by the clock
    completed(installation, book.code)
    after = figures(session)
    assert after != before

    assert nights.run_night(installation, lender_code=book.code, business_date=TODAY, again=True) is not None
    assert figures(session) == after
    assert [run.state for run in session.scalars(select(JobRun))] == [JobState.DONE]
