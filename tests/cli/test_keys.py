"""`portal keys rotate`, and the keys with which the portal refuses to start in production."""

import base64
import json
import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.cli import portal
from portal.config import Settings, SettingsError, weakness
from portal.infra import crypto
from portal.infra.installation import keyring
from portal.jobs import key_rotation
from portal.models import Borrower, DataKey
from tests import factories
from tests.conftest import KEYS


def drawn():
    return base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture
def environ(settings):
    place = {"PORTAL_INSTANCE_PATH": str(settings.instance), "PORTAL_DATABASE_URL": settings.database_url}
    return place | KEYS


@pytest.fixture
def run(environ, monkeypatch):
    monkeypatch.setattr(crypto, "REREAD_SECONDS", 0.1)
    monkeypatch.setattr(key_rotation, "MARGIN_SECONDS", 0.1)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments, **options: CliRunner().invoke(portal, arguments, **options)


@pytest.fixture
def borrowers(session):
    lender = factories.lender(session)
    made = [factories.borrower(session, lender, name=f"Borrower {number}") for number in range(30)]
    session.commit()
    return made


def test_the_keys_of_every_lender_are_replaced(run, session, borrowers):
    factories.lender(session, "spdb-puhui")
    session.commit()

    result = run("keys", "rotate", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["complete"]
    assert [each["lender"] for each in told["lenders"]] == ["pingan-bank", "spdb-puhui"]
    assert (told["lenders"][0]["destroyed"], told["lenders"][0]["left"]) == (1, 0)
    assert told["lenders"][0]["values"] >= 5 * len(borrowers)


def test_people_read_what_was_done(run, session, borrowers):
    result = run("keys", "rotate", "--lender", "pingan-bank")

    assert re.fullmatch(
        r"pingan-bank: [\d,]+ values, 0 files, 0 letters sealed again; "
        r"nothing is sealed under an older key; destroyed 1\n",
        result.stdout,
    )


KILLED = """
import os, signal, sys
from portal.infra import crypto
from portal.infra.installation import keyring
from portal.jobs import key_rotation
from portal.services import keys
crypto.REREAD_SECONDS = key_rotation.MARGIN_SECONDS = 0.1
keys.AT_A_TIME = 7
before, moment = keys.reseal_rows, int(sys.argv.pop(1))
def reseal_rows(*arguments, **options):
    global moment
    done = before(*arguments, **options)
    moment -= 1
    if moment == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
keys.reseal_rows = reseal_rows
from portal.cli import main
main()
"""


@pytest.mark.parametrize("moment", [1, 9])
def test_a_rotation_that_is_killed_is_finished_when_run_again(
    run, session, installation, environ, borrowers, moment
):
    command = [sys.executable, "-c", KILLED, str(moment), "keys", "rotate"]
    killed = subprocess.run(command, env=os.environ | environ, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    told = json.loads(run("keys", "rotate", "--json").stdout)

    assert (told["complete"], told["lenders"][0]["resumed"]) == (True, True)
    session.expire_all()
    crypto.use(keyring(installation.settings, installation.engine))  # the command's own is closed
    (ref,) = session.scalars(select(DataKey.ref))
    names = session.scalars(select(Borrower).order_by(Borrower.id)).all()
    assert [each.name for each in names] == [f"Borrower {number}" for number in range(30)]
    assert {crypto.sealed_under(each.name_sealed) for each in names} == {ref}


def test_the_master_key_is_replaced_and_the_old_one_opens_nothing(run, session, borrowers, monkeypatch):
    new = drawn()
    result = run("keys", "rotate", "--master", "--json", env={"PORTAL_NEW_MASTER_KEY": new})
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"keys": 2})
    assert new not in result.output

    refused = run("audit", "verify")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "PORTAL_MASTER_KEY is not the one of this database" in refused.stderr

    refused = run("db", "upgrade")
    assert (refused.exit_code, refused.stderr.count("\n")) == (3, 1)

    monkeypatch.setenv("PORTAL_MASTER_KEY", new)
    assert run("keys", "rotate", "--json").exit_code == 0


def test_with_both_master_keys_set_the_old_one_is_replaced_by_the_new(run, session, borrowers, monkeypatch):
    new = drawn()
    both = {"PORTAL_MASTER_KEY": new, "PORTAL_OLD_MASTER_KEY": KEYS["PORTAL_MASTER_KEY"]}
    assert run("keys", "rotate", "--json", env=both).exit_code == 0
    assert run("keys", "rotate", "--master", "--json", env=both).exit_code == 0

    assert run("keys", "rotate", "--json", env={"PORTAL_MASTER_KEY": new}).exit_code == 0


def test_without_a_setting_the_new_master_key_is_asked_for_and_not_shown(run, session, borrowers):
    new = drawn()
    result = run("keys", "rotate", "--master", input=f"{new}\n")

    assert result.exit_code == 0
    assert new not in result.output


@pytest.mark.parametrize(
    ("arguments", "environ_too", "said"),
    [
        (("--master", "--lender", "pingan-bank"), {}, "leave out --lender"),
        (("--lender", "moon"), {}, "there is no lender 'moon'"),
        (("--master",), {"PORTAL_NEW_MASTER_KEY": "short"}, "PORTAL_NEW_MASTER_KEY is not base64"),
        (("--master",), {"PORTAL_NEW_MASTER_KEY": "c2hvcnQ="}, "PORTAL_NEW_MASTER_KEY holds 5 bytes"),
        (("--master",), {"PORTAL_NEW_MASTER_KEY": KEYS["PORTAL_SECRET_KEY"]}, "different bytes"),
    ],
)
def test_what_cannot_be_done_is_said(run, session, borrowers, arguments, environ_too, said):
    result = run("keys", "rotate", *arguments, env=environ_too)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def key(content):
    return base64.b64encode(content).decode()


RANDOM = key(bytes.fromhex("9f3a61d20c85be47e81d5a7233c6f09b4417ad6ee25bc8903f76f21ab05dc9e4"))
OTHER = key(bytes.fromhex("1c74d9e6a82f5b03c1fe906d37b84a29e55f08d3917acb62204ef7b6885d13aa"))
GOOD = {
    "PORTAL_ENVIRONMENT": "production",
    "PORTAL_TRUSTED_HOSTS": "goodterms.example",
    "PORTAL_BASE_URL": "https://goodterms.example",
    "PORTAL_MASTER_KEY": RANDOM,
    "PORTAL_SECRET_KEY": OTHER,
}
WEAK = {
    "missing": ({"PORTAL_MASTER_KEY": ""}, "PORTAL_MASTER_KEY is missing"),
    "no base64": ({"PORTAL_SECRET_KEY": "secret!"}, "PORTAL_SECRET_KEY is not base64"),
    "short": ({"PORTAL_MASTER_KEY": key(b"short")}, "PORTAL_MASTER_KEY holds 5 bytes"),
    "long": ({"PORTAL_MASTER_KEY": key(secrets.token_bytes(33))}, "PORTAL_MASTER_KEY holds 33 bytes"),
    "all bytes equal": (
        {"PORTAL_MASTER_KEY": key(bytes(32))},
        "PORTAL_MASTER_KEY has only 1 different bytes",
    ),
    "few bytes": ({"PORTAL_SECRET_KEY": key(bytes(range(8)) * 4)}, "PORTAL_SECRET_KEY has only 8"),
    "counting": ({"PORTAL_MASTER_KEY": key(bytes(range(32)))}, "PORTAL_MASTER_KEY follows a pattern"),
    "text": ({"PORTAL_MASTER_KEY": key(b"abcdefghijkmnopQRSTUVWXYZ2345678"[::-1])}, "PORTAL_MASTER_KEY"),
    "a sentence": ({"PORTAL_MASTER_KEY": key(b"The quick brown fox jumps, 12345")}, "is text, not random"),
    "both the same": ({"PORTAL_SECRET_KEY": RANDOM}, "PORTAL_SECRET_KEY is the same as PORTAL_MASTER_KEY"),
    "the old one kept": ({"PORTAL_OLD_MASTER_KEY": RANDOM}, "PORTAL_OLD_MASTER_KEY is the same as"),
    "no HTTPS": ({"PORTAL_BASE_URL": "http://goodterms.example"}, "begins with https://"),
    "no host names": ({"PORTAL_TRUSTED_HOSTS": ""}, "PORTAL_TRUSTED_HOSTS is empty"),
}


@pytest.mark.parametrize("why", WEAK)
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_in_production_the_portal_does_not_start_with(tmp_path, monkeypatch, why, command):
    changed, said = WEAK[why]
    for name, value in (GOOD | {"PORTAL_INSTANCE_PATH": str(tmp_path)} | changed).items():
        monkeypatch.setenv(name, value)

    result = CliRunner().invoke(portal, [command])

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not any(value in result.stderr for value in (RANDOM, OTHER))


def test_in_production_strong_keys_start(tmp_path):
    settings = Settings.load(GOOD | {"PORTAL_INSTANCE_PATH": str(tmp_path)})

    assert (settings.production, len(settings.master_key)) == (True, 32)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_in_production_key_files_are_private(tmp_path, mode):
    path = tmp_path / "keys.toml"
    path.write_text(f'master_key = "{RANDOM}"\n')
    path.chmod(mode)
    environ = GOOD | {"PORTAL_INSTANCE_PATH": str(tmp_path)}

    with pytest.raises(SettingsError, match=r"keys.toml can be read by others: run chmod 600"):
        Settings.load(environ)

    path.chmod(0o600)
    assert Settings.load(environ).production


def test_settings_without_keys_may_be_read_by_others(tmp_path):
    path = tmp_path / "portal.toml"
    path.write_text('base_url = "https://goodterms.example"\n')
    path.chmod(0o644)
    environ = GOOD | {"PORTAL_INSTANCE_PATH": str(tmp_path)}
    assert Settings.load(environ).production

    path.write_text(f'master_key = "{RANDOM}"\n')
    with pytest.raises(SettingsError, match=r"portal.toml can be read by others"):
        Settings.load(environ)


def test_outside_production_keys_are_made_and_they_are_strong(tmp_path):
    settings = Settings.load({"PORTAL_INSTANCE_PATH": str(tmp_path)})

    assert (weakness(settings.master_key), weakness(settings.secret_key)) == (None, None)
    assert (tmp_path / "keys.toml").stat().st_mode & 0o777 == 0o600


def test_no_key_that_is_printed_anywhere_in_the_project_would_start():
    """Whoever copies a key from documentation or tests is told so; the two of this file are never printed."""
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    texts = [
        Path(name) for name in names if Path(name).suffix in {".py", ".md", ".toml", ".example", ".html"}
    ]
    printed = {
        found
        for path in texts
        if path.is_file()
        for found in re.findall(r"(?<![\w+/])[\w+/]{43}=(?!=)", path.read_text("utf-8"))
    }
    assert set(KEYS.values()) <= printed
    assert not [found for found in printed if weakness(base64.b64decode(found)) is None]


def test_random_keys_are_never_called_weak():
    assert not any(weakness(secrets.token_bytes(32)) for _ in range(2000))
