"""One signing certificate for all tests: making one takes longer than the tests that need it."""

from datetime import datetime
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from portal.infra import signing
from tests.conftest import NOW

_make = signing.new_certificate


@cache
def _once(common_name: str) -> bytes:
    return _make(common_name, NOW, b"once")


def _locked_again(common_name: str, _now: datetime, passphrase: bytes) -> bytes:
    key, certificate, _ = pkcs12.load_key_and_certificates(_once(common_name), b"once")
    lock = BestAvailableEncryption(passphrase)
    return pkcs12.serialize_key_and_certificates(b"seal", key, certificate, None, lock)


@pytest.fixture(autouse=True)
def one_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give lenders of the same name the same key, each under a passphrase of its own."""
    monkeypatch.setattr(signing, "new_certificate", _locked_again)
