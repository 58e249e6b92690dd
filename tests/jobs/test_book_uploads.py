"""The worker and the loan books that were handed in: one at a time, told how far, and once, whoever dies."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from portal.domain.refusals import Refused
from portal.infra.tenancy import TenantSession
from portal.jobs import book_uploads as job
from portal.models import BookImport, BookUpload, Instalment, StoredFile
from portal.services import book_upload_work as work
from portal.services import book_uploads, files, imports, lenders
from portal.services.book_uploads import HandedIn
from portal.vocabulary import Role, UploadState
from tests import factories
from tests.conftest import KEYS, NOW
from tests.web.test_agent_imports import packed

KILLED_WHILE = """
import os, signal, sys
from portal.config import Settings
from portal.infra import clock
from portal.infra.installation import open_installation
from portal.jobs import book_uploads
from portal.services import imports, policies
from tests.conftest import NOW

def kill(*_arguments, **_facts):
    os.kill(os.getpid(), signal.SIGKILL)
policies.load_all()
clock.now = lambda: NOW
if sys.argv[1] == "writing":
    imports.audit.record = kill  # every row is written by then, and nothing is committed
else:
    book_uploads.work.hold = kill  # the set is unpacked and being checked
book_uploads.run(open_installation(Settings.load(os.environ)), now=NOW)
"""


@pytest.fixture
def lender(session):
    return factories.lender(session, "taiwan", preset="tw")


@pytest.fixture
def hand_in(session, lender, installation):
    actor = factories.actor_of(factories.staff(session, lender, Role.ADMIN))

    def one(data: bytes | None = None, *, dry_run: bool = False, name: str = "march.zip") -> BookUpload:
        sent = HandedIn(name=name, data=data or packed(), mapping=None, as_of=None, dry_run=dry_run)
        made = book_uploads.hand_in(session, sent=sent, folder=installation.files, actor=actor, now=NOW)
        session.commit()
        return made

    return one


def state(session, upload) -> UploadState:
    session.rollback()
    session.refresh(upload)
    return upload.state


def claimed(installation, lender, now=NOW):
    with installation.writing.begin() as session:
        own = lenders.find(session, lender.code)
        lenders.enter(session, own)
        return work.claim(session, lender=own, now=now)


@pytest.mark.parametrize("moment", ["checking", "writing"])
def test_a_killed_workers_upload_is_taken_up_again_with_the_same_result(
    session, installation, settings, hand_in, moment
):
    upload = hand_in()
    environ = (
        os.environ
        | KEYS
        | {
            "PORTAL_INSTANCE_PATH": str(settings.instance),
            "PORTAL_DATABASE_URL": settings.database_url,
            "PYTHONPATH": ".",
        }
    )
    child = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE, moment], env=environ, capture_output=True, check=False
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    expected = UploadState.WRITING if moment == "writing" else UploadState.CHECKING
    assert state(session, upload) is expected
    assert session.scalar(select(func.count(Instalment.id))) == 0
    left = list(settings.temporary.iterdir())
    assert left

    session.rollback()
    assert job.run(installation, now=NOW + timedelta(seconds=30)) == 0  # it may still be alive
    assert job.run(installation, now=NOW + work.LEASE * 2) == 1
    assert state(session, upload) is UploadState.DONE
    assert session.scalar(select(func.count(Instalment.id))) == 5
    assert session.scalar(select(func.count(BookImport.id))) == 1
    session.rollback()
    job.clean(installation, now=NOW)
    assert not list(settings.temporary.iterdir())


def test_a_claim_is_nobody_elses_until_it_runs_out(installation, session, lender, hand_in):
    hand_in()
    hand_in(packed(payments=None))
    first = claimed(installation, lender)
    assert claimed(installation, lender) is None
    assert claimed(installation, lender, NOW + work.LEASE - timedelta(seconds=1)) is None
    again = claimed(installation, lender, NOW + work.LEASE)
    assert (again.ref, again.tries) == (first.ref, 2)
    assert again.version != first.version


def test_whoever_lost_the_claim_writes_nothing(installation, session, lender, hand_in):
    upload = hand_in()
    lost = claimed(installation, lender)
    claimed(installation, lender, NOW + work.LEASE)
    with pytest.raises(job.Lost):
        job._Work(installation, lender.code, lost).do()
    assert state(session, upload) is UploadState.CHECKING
    assert session.scalar(select(func.count(Instalment.id))) == 0


def test_on_postgresql_a_book_being_written_keeps_its_lender_busy_beyond_the_lease(
    installation, session, lender, hand_in
):
    if installation.engine.dialect.name == "sqlite":
        return  # nobody else can write there meanwhile
    hand_in()
    hand_in()
    mine = claimed(installation, lender)
    with installation.writing.begin() as own:
        lenders.enter(own, lenders.find(own, lender.code))
        assert work.hold(own, claim=mine)
        assert claimed(installation, lender, NOW + work.LEASE * 5) is None


def test_a_set_that_kills_every_worker_is_given_up(installation, session, lender, hand_in):
    upload = hand_in()
    for tries in range(work.MOST_TRIES):
        assert claimed(installation, lender, NOW + work.LEASE * tries).tries == tries + 1
    assert job.run(installation, now=NOW + work.LEASE * 9) == 1
    assert (state(session, upload), upload.problem) == (UploadState.FAILED, "given_up")
    assert session.scalar(select(func.count(StoredFile.id))) == 0


def test_an_error_of_the_portal_is_told_without_anything_personal(
    installation, session, hand_in, monkeypatch
):
    def broken(*_arguments, **_facts):
        raise KeyError("Example Person One")

    monkeypatch.setattr(imports, "write", broken)
    upload = hand_in()
    assert job.run(installation, now=NOW) == 1
    assert (state(session, upload), upload.problem) == (UploadState.FAILED, "KeyError")


@pytest.mark.parametrize(
    "problem", [Refused("files_out_of_reach"), OperationalError("SELECT", {}, Exception("gone"))]
)
def test_what_passes_by_itself_is_tried_again(installation, session, hand_in, monkeypatch, problem):
    def out_of_reach(*_arguments, **_facts):
        raise problem

    upload = hand_in()
    with monkeypatch.context() as patch:
        patch.setattr(files, "read", out_of_reach)
        with pytest.raises(type(problem)):
            job.run(installation, now=NOW)
    assert state(session, upload) is UploadState.CHECKING
    session.rollback()
    assert job.run(installation, now=NOW + work.LEASE * 2) == 1
    assert state(session, upload) is UploadState.DONE


def test_how_far_it_is_stands_in_the_row_while_rows_are_checked(
    installation, session, lender, hand_in, monkeypatch
):
    seen = []
    real = work.tell

    def tell(own: TenantSession, **facts):
        kept = real(own, **facts)
        row = own.scalars(select(BookUpload)).one()
        seen.append((row.state, row.progress["file"], row.progress["percent"]))
        return kept

    monkeypatch.setattr(job, "TOLD_EVERY", 0)
    monkeypatch.setattr(work, "tell", tell)
    hand_in()
    job.run(installation, now=NOW)
    assert [each[:2] for each in seen] == [
        (UploadState.CHECKING, "borrowers"),
        (UploadState.CHECKING, "loans"),
        (UploadState.CHECKING, "instalments"),
        (UploadState.CHECKING, "payments"),
        (UploadState.WRITING, ""),
    ]
    percents = [each[2] for each in seen]
    assert percents == sorted(percents)
    assert 0 < percents[0] < 100


def test_files_are_kept_for_a_month_and_the_rest_of_the_upload_for_good(installation, session, hand_in):
    checked = hand_in(dry_run=True)
    wrong = hand_in(packed(payments="payment_id\nP1\n"))
    assert job.run(installation, now=NOW) == 2
    session.rollback()
    assert session.scalar(select(func.count(StoredFile.id))) == 2
    session.rollback()
    assert job.clean(installation, now=NOW + book_uploads.KEPT - timedelta(seconds=1)) == 0
    assert job.clean(installation, now=NOW + book_uploads.KEPT) == 2
    assert state(session, checked) is UploadState.DONE
    assert state(session, wrong) is UploadState.REFUSED
    assert (wrong.problems_file_id, checked.file_id) == (None, None)
    assert not list(installation.files.refs())
    assert not book_uploads.may_take_in(checked)


def test_a_lender_whose_set_fails_keeps_no_other_lender_waiting(installation, session, lender, hand_in):
    hand_in(b"PK", name="march.zip")
    other = factories.lender(session, "other", preset="tw")
    actor = factories.actor_of(factories.staff(session, other, Role.ADMIN))
    with factories.of_lender(session, other.id):
        sent = HandedIn(name="b.zip", data=packed(), mapping=None, as_of=None, dry_run=True)
        book_uploads.hand_in(session, sent=sent, folder=installation.files, actor=actor, now=NOW)
        session.commit()
    assert job.run(installation, now=NOW) == 2
