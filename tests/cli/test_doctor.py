"""`portal doctor` finds what is wrong, says what to do, and tells no secret."""

import errno
import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from portal.cli import checks, portal
from portal.infra import clock, database_facts, pdf
from portal.infra.files import FileStore
from portal.models import MessageTemplate
from portal.vocabulary import Channel, Locale
from tests import databases, factories
from tests.conftest import KEYS, NOW

pytestmark = pytest.mark.usefixtures("engines_as_they_are")


@pytest.fixture
def environ(settings, monkeypatch):
    place = {"PORTAL_INSTANCE_PATH": str(settings.instance), "PORTAL_DATABASE_URL": settings.database_url}
    for name, value in (place | KEYS).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(database_facts, "clock_difference", lambda _engine: timedelta(seconds=0.1))
    return place


@pytest.fixture
def examine(environ):
    """Run the command; returns its exit code and the checks by name."""

    def examine():
        result = CliRunner().invoke(portal, ["doctor", "--json"])
        told = json.loads(result.stdout)
        assert told["healthy"] == (result.exit_code == 0)
        assert not [value for value in KEYS.values() if value in result.output]
        return result.exit_code, {each["name"]: each for each in told["checks"]}

    return examine


@pytest.fixture
def lender(session):
    made = factories.lender(session)
    session.commit()
    return made


def test_a_whole_installation_is_well(examine, lender, settings):
    code, found = examine()

    assert code == 0, found
    assert {name for name, each in found.items() if each["state"] == "warn"} <= {
        "key strength",  # of the tests
        "anchors",
        "Chromium",
    }
    names = {"database", "schema", "keys", "retired keys", "key strength", "fonts", "clock", "disk", "files"}
    names |= {"outbox", "gateway", "texts of messages", "Redis", "Chromium", "anchors"}
    if settings.database_url.startswith("sqlite"):
        assert set(found) == names | {"database settings", "key files"}
        assert "journal wal, synchronous 2, foreign keys 1" in found["database settings"]["found"]
    else:
        assert set(found) == names | {"database role", "row policies", "key files"}


def test_people_read_a_table_with_what_to_do(environ, lender):
    result = CliRunner().invoke(portal, ["doctor"])

    assert result.exit_code == 0
    assert "portal audit anchor" in result.stdout
    assert "schema" in result.stdout


def test_whatever_is_wrong_fails_with_what_to_do(examine, lender, monkeypatch, tmp_path):
    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pdf, "FONTS", tmp_path)
    monkeypatch.setattr(checks, "NO_SPACE", 10**18)
    monkeypatch.setattr(checks.tempfile, "TemporaryFile", full)
    monkeypatch.setattr(FileStore, "write", full)

    code, found = examine()

    assert code == 1
    failed = {name for name, each in found.items() if each["state"] == "fail"}
    assert failed == {"fonts", "disk", "outbox", "files"}
    assert all(each["advice"] for each in found.values() if each["state"] != "ok")


def test_a_master_key_that_does_not_fit_is_found(examine, lender, monkeypatch):
    monkeypatch.setenv("PORTAL_MASTER_KEY", KEYS["PORTAL_SECRET_KEY"])

    code, found = examine()

    assert (code, found["keys"]["state"]) == (1, "fail")
    assert "the master key does not open" in found["keys"]["found"]
    assert found["key strength"]["state"] == "warn"
    assert "both keys are the same" in found["key strength"]["found"]


def test_retired_keys_that_were_left_are_named(examine, lender, session, owner):
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO data_key (lender_id, ref, created_at, wrapped, retired_at) "
                "SELECT lender_id, 'older', created_at, wrapped, created_at FROM data_key"
            )
        )
    code, found = examine()
    assert (code, found["keys"]["state"]) == (1, "fail")  # a copy does not open: it is bound to its reference

    with owner.begin() as connection:
        connection.execute(text("DELETE FROM data_key WHERE ref = 'older'"))
        connection.execute(text("UPDATE data_key SET retired_at = created_at"))
    code, found = examine()
    assert (found["keys"]["state"], found["retired keys"]["state"]) == ("fail", "warn")
    assert "portal keys rotate" in found["retired keys"]["advice"]


def test_a_stale_schema_is_found(examine, lender, owner):
    with owner.begin() as connection:
        head = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    code, found = examine()
    with owner.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})

    assert (code, found["schema"]["state"], found["schema"]["advice"]) == (
        1,
        "fail",
        "run `portal db upgrade`",
    )


def test_a_clock_that_is_off_is_found(examine, lender, settings, monkeypatch):
    if settings.database_url.startswith("sqlite"):
        assert examine()[1]["clock"]["found"] == "the database uses this machine's"
        return
    monkeypatch.setattr(database_facts, "clock_difference", lambda _engine: timedelta(seconds=-7))

    code, found = examine()

    assert (code, found["clock"]["found"]) == (1, "the database is 7.0 s behind")


def test_the_clock_of_the_database_is_compared_with_ours(installation, monkeypatch):
    if installation.engine.dialect.name == "sqlite":
        assert database_facts.clock_difference(installation.engine) == timedelta()
        return
    difference = database_facts.clock_difference(installation.engine)
    assert abs(difference) > timedelta(days=1)  # the tests' time stands still, long ago or ahead
    monkeypatch.setattr(clock, "now", lambda: NOW + difference)
    assert abs(database_facts.clock_difference(installation.engine)) < timedelta(seconds=60)


def test_a_superuser_and_a_missing_policy_are_found(examine, lender, settings, owner, monkeypatch):
    if settings.database_url.startswith("sqlite"):
        assert "row policies" not in examine()[1]
        return
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE borrower NO FORCE ROW LEVEL SECURITY"))
    monkeypatch.setenv("PORTAL_DATABASE_URL", databases.owner_url(settings.database_url))
    try:
        code, found = examine()
    finally:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE borrower FORCE ROW LEVEL SECURITY"))

    assert (code, found["database role"]["state"]) == (1, "fail")
    assert found["row policies"]["found"] == "missing on borrower"


def test_a_redis_that_does_not_answer_is_a_warning(examine, lender, monkeypatch):
    monkeypatch.setenv("PORTAL_REDIS_URL", "redis://:hidden-word@127.0.0.1:1/0")

    code, found = examine()

    assert (code, found["Redis"]["state"]) == (0, "warn")
    assert "hidden-word" not in str(found)


def test_a_database_that_does_not_answer_fails_without_telling_its_password(environ, monkeypatch):
    url = "postgresql+psycopg://somebody:hidden-word@127.0.0.1:1/none"
    monkeypatch.setenv("PORTAL_DATABASE_URL", url)

    result = CliRunner().invoke(portal, ["doctor", "--json"])

    assert result.exit_code == 1
    failed = [each["name"] for each in json.loads(result.stdout)["checks"] if each["state"] == "fail"]
    assert {"database", "schema", "keys"} <= set(failed)
    assert "fonts" not in failed
    assert "hidden-word" not in result.output


def test_a_lenders_own_text_that_the_pack_forbids_or_that_lacks_a_field_is_named(examine, lender, session):
    session.add(
        MessageTemplate(
            lender_id=lender.id,
            created_at=NOW,
            name="proof_complete",
            channel=Channel.SMS,
            locale=Locale.EN,
            number=1,
            subject=None,
            body="Pay, or {nobody} tells your neighbours. {hotline}",
            actor="system:test",
        )
    )
    session.commit()

    code, found = examine()

    texts = found["texts of messages"]
    assert (code, texts["state"]) == (1, "fail")
    assert f"{lender.code}: own proof_complete sms en: unknown_gap {{nobody}}" in texts["found"]
    assert "shipped" not in texts["found"]
