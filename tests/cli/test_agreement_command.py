"""`portal agreement verify`: any changed byte is found."""

import json

import pytest
from click.testing import CliRunner

from portal.cli import portal
from portal.infra.files import FileStore
from portal.services import agreements
from portal.vocabulary import Signer
from tests import factories
from tests.agreements_made import offered, sealed
from tests.certificates import one_certificate  # noqa: F401  (a fixture)
from tests.conftest import KEYS


@pytest.fixture
def run(settings):
    environ = {
        "PORTAL_INSTANCE_PATH": str(settings.instance),
        "PORTAL_DATABASE_URL": settings.database_url,
    } | KEYS
    return lambda *arguments: CliRunner().invoke(
        portal, ["agreement", "verify", *map(str, arguments)], env=environ
    )


@pytest.fixture
def original(session, settings, tmp_path):
    folder = FileStore(settings.files)
    agreement = sealed(session, factories.lender(session), folder)
    data = agreements.original(session, agreement=agreement, party=Signer.BORROWER, folder=folder)
    session.commit()
    path = tmp_path / "original.pdf"
    path.write_bytes(data)
    return path


def test_an_untouched_original_is_told_with_its_signer_and_time(run, original):
    result = run(original)
    assert result.exit_code == 0, result.output
    assert "intact" in result.stdout
    assert "sealed by pingan-bank en at 2026-03-02T02:00:00+00:00" in result.stdout


def test_json_is_one_object_on_stdout(run, original):
    result = run(original, "--json")
    assert json.loads(result.stdout) == {
        "file": str(original),
        "intact": True,
        "trusted": True,
        "signer": "pingan-bank en",
        "sealed_at": "2026-03-02T02:00:00+00:00",
        "problem": None,
    }


def test_one_flipped_byte_is_found_wherever_it_is(run, original):
    data = original.read_bytes()
    for place in (10, len(data) // 3, len(data) // 2, 3 * len(data) // 4, len(data) - 3):
        changed = bytearray(data)
        changed[place] ^= 1
        original.write_bytes(changed)
        result = run(original)
        assert result.exit_code == 1, place
        assert result.stdout == ""
        assert str(original) in result.stderr


def test_bytes_added_at_the_end_are_found(run, original):
    original.write_bytes(original.read_bytes() + b"\n")
    result = run(original, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problem"] == "changed"


def test_a_document_that_was_never_sealed_is_no_original(run, session, settings, tmp_path):
    folder = FileStore(settings.files)
    agreement = offered(session, factories.lender(session), folder)
    path = tmp_path / "document.pdf"
    path.write_bytes(agreements.document(session, agreement=agreement, folder=folder))
    session.commit()
    result = run(path)
    assert result.exit_code == 1
    assert "carries no seal" in result.stderr


def test_a_seal_of_somebody_else_is_not_trusted(run, original, session):
    session.query(factories.Lender).update({"certificate": None})
    session.commit()
    result = run(original)
    assert result.exit_code == 1
    assert "no lender of this installation" in result.stderr


@pytest.mark.parametrize("name", ["missing.pdf", "."])
def test_what_is_not_a_file_is_an_input_error(run, tmp_path, name):
    assert run(tmp_path / name).exit_code == 2
