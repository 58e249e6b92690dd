"""A sealed PDF says so when a single byte of it is changed."""

import asyncio
import io
from datetime import UTC, datetime

import pikepdf
import pytest
from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12 as pkcs12_files
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from portal.infra import signing
from portal.infra.signing import SealError, certificate_of, new_certificate, seal, verify

NOW = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
PASSPHRASE = b"a passphrase for the tests"


@pytest.fixture(scope="module")
def lender():
    return new_certificate("Example Lender", NOW, PASSPHRASE)


@pytest.fixture(scope="module")
def certificate(lender):
    return certificate_of(lender, PASSPHRASE)


def plain():
    pdf = pikepdf.new()
    pdf.add_blank_page()
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def sealed_with(lender, **options):
    return seal(
        plain(),
        pkcs12=lender,
        passphrase=PASSPHRASE,
        reason="Agreement",
        name="Example Lender",
        now=NOW,
        **options,
    )


@pytest.fixture(scope="module")
def sealed(lender):
    return sealed_with(lender)


def changed(data, position):
    copy = bytearray(data)
    copy[position] ^= 1
    return bytes(copy)


def test_a_sealed_document_is_intact_trusted_and_says_who_and_when(sealed, certificate):
    report = verify(sealed, trusted=[certificate])
    assert (report.intact, report.covers_whole_file, report.trusted) == (True, True, True)
    assert (report.signer, report.signed_at, report.problem) == ("Example Lender", NOW, None)


def test_the_seal_permits_no_changes_and_is_pades(sealed):
    signature = PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0]
    assert signature.docmdp_level is fields.MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.sig_object["/Reason"] == "Agreement"


def test_a_seal_by_someone_else_is_intact_but_not_trusted(sealed):
    other = certificate_of(new_certificate("Example Lender", NOW, b"x"), b"x")
    for trusted in ([other], []):
        report = verify(sealed, trusted=trusted)
        assert (report.intact, report.trusted, report.problem) == (True, False, "untrusted")


def test_the_seal_stays_good_after_the_certificate_has_expired():
    then = datetime(2012, 5, 1, tzinfo=UTC)
    old = new_certificate("Example Lender", datetime(2010, 5, 1, tzinfo=UTC), PASSPHRASE)
    data = seal(plain(), pkcs12=old, passphrase=PASSPHRASE, reason="r", name="n", now=then)
    report = verify(data, trusted=[certificate_of(old, PASSPHRASE)])
    assert (report.trusted, report.signed_at, report.problem) == (True, then, None)


def test_a_changed_byte_anywhere_outside_the_signature_is_found(sealed, certificate):
    for position in range(0, len(sealed), 211):
        if not verify(changed(sealed, position), trusted=[certificate]).intact:
            continue
        pytest.fail(f"byte {position} of {len(sealed)} was changed unseen")


def test_a_changed_byte_in_the_signature_itself_is_found(sealed, certificate):
    start, length, after, _ = PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0].byte_range
    assert start == 0
    unprotected = [
        *range(length, length + 84),
        length + 2196,
        *range(length + 84, after, 211),
        after - 1,
        after - 2,
    ]
    unseen = [at for at in unprotected if verify(changed(sealed, at), trusted=[certificate]).intact]
    assert unseen == []


def test_the_signature_in_small_letters_is_a_changed_file(sealed, certificate):
    _, length, after, _ = PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0].byte_range
    copy = sealed[:length] + sealed[length:after].lower() + sealed[after:]
    assert verify(copy, trusted=[certificate]).problem == "changed"


def test_appended_and_missing_bytes_are_found(sealed, certificate):
    for data in (sealed + b"\n", sealed + b"% a note", sealed[:-1], sealed[: len(sealed) // 2]):
        report = verify(data, trusted=[certificate])
        assert not report.intact
        assert report.problem


def test_a_later_revision_is_found(sealed, certificate):
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    writer.root["/Added"] = writer.add_object(writer.root["/Pages"])
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    report = verify(out.getvalue(), trusted=[certificate])
    assert (report.intact, report.covers_whole_file) == (False, False)


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"", "not_a_pdf"), (b"hello", "not_a_pdf"), (b"%PDF-1.7 nothing", "unreadable"), (plain(), "unsigned")],
)
def test_other_files_are_a_clear_problem_not_an_exception(data, problem, certificate):
    report = verify(data, trusted=[certificate])
    assert (report.intact, report.problem) == (False, problem)


def test_a_signature_that_permits_changes_is_not_a_seal(lender, certificate):
    writer = IncrementalPdfFileWriter(io.BytesIO(plain()))
    metadata = signers.PdfSignatureMetadata(field_name="Other", md_algorithm="sha256", certify=True)
    signer = signing._signer(lender, PASSPHRASE)
    data = signers.sign_pdf(writer, metadata, signer).getvalue()
    assert verify(data, trusted=[certificate]).problem == "changes_allowed"


def test_a_sealed_document_cannot_be_sealed_again(sealed, lender):
    with pytest.raises(SealError, match="signed already"):
        seal(sealed, pkcs12=lender, passphrase=PASSPHRASE, reason="r", name="n", now=NOW)


def test_a_wrong_passphrase_and_a_damaged_document_are_named(lender):
    with pytest.raises(SealError, match="passphrase"):
        seal(plain(), pkcs12=lender, passphrase=b"wrong", reason="r", name="n", now=NOW)
    with pytest.raises(SealError, match="cannot be sealed"):
        seal(b"not a document", pkcs12=lender, passphrase=PASSPHRASE, reason="r", name="n", now=NOW)


def test_sealing_works_while_an_event_loop_runs(lender, certificate):
    async def inside():
        return verify(sealed_with(lender), trusted=[certificate])

    assert asyncio.run(inside()).problem is None


def test_a_time_stamp_from_an_authority_is_inside_the_seal(lender, certificate, monkeypatch):
    key, own, _ = pkcs12_files.load_key_and_certificates(
        new_certificate("Example Authority", NOW, b"tsa"), b"tsa"
    )
    encoded = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    asked = []

    def authority(url, timeout):
        asked.append(url)
        return DummyTimeStamper(
            asn1_x509.Certificate.load(own.public_bytes(serialization.Encoding.DER)),
            keys.PrivateKeyInfo.load(encoded),
            fixed_dt=NOW,
        )

    monkeypatch.setattr(signing, "HTTPTimeStamper", authority)
    stamped = sealed_with(lender, tsa="https://tsa.example/")
    signature = PdfFileReader(io.BytesIO(stamped)).embedded_signatures[0]
    assert asked == ["https://tsa.example/"]
    attributes = [attribute["type"].native for attribute in signature.signer_info["unsigned_attrs"]]
    assert attributes == ["signature_time_stamp_token"]
    assert verify(stamped, trusted=[certificate]).problem is None


def test_an_authority_that_does_not_answer_stops_the_sealing(lender):
    with pytest.raises(SealError, match="cannot be sealed"):
        sealed_with(lender, tsa="http://127.0.0.1:9/")
