"""One signing certificate for all tests: making one takes longer than the tests that need it."""

from datetime import datetime
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from portal.infra import signing
from tests.conftest import NOW

_make = signing.new_certificate


@cache
def _once(common_name: str) -> tuple[Any, Any]:
    """Return its key and the certificate, read once: checking a key takes long too."""
    key, certificate, _ = pkcs12.load_key_and_certificates(_make(common_name, NOW, b"once"), b"once")
    return key, certificate


def _locked_again(common_name: str, _now: datetime, passphrase: bytes) -> bytes:
    key, certificate = _once(common_name)
    lock = BestAvailableEncryption(passphrase)
    return pkcs12.serialize_key_and_certificates(b"seal", key, certificate, None, lock)


@pytest.fixture(autouse=True)
def one_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give lenders of the same name the same key, each under a passphrase of its own."""
    monkeypatch.setattr(signing, "new_certificate", _locked_again)
