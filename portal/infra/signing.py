"""Sealing a PDF: a PAdES certification that permits no change, and the check that finds any changed byte."""

import asyncio
import io
import logging
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from asn1crypto import cms, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12 as pkcs12_files
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

T = TypeVar("T")

FIELD = "Seal"
CERTIFICATE_YEARS = 10
TSA_SECONDS = 20

# The report carries the outcome; pyHanko would add a traceback to the log for every untrusted file.
logging.getLogger("pyhanko.sign.validation").setLevel(logging.CRITICAL)


class SealError(Exception):
    """The document could not be sealed: wrong passphrase, no PDF, or sealed before."""


@dataclass(frozen=True)
class SealReport:
    """What the check of a sealed file found.

    `problem` is None for a good seal, else not_a_pdf, unsigned, several_signatures, not_a_seal, changed,
    changes_allowed, untrusted or unreadable."""

    intact: bool
    covers_whole_file: bool
    trusted: bool
    signer: str
    signed_at: datetime | None
    problem: str | None


def new_certificate(common_name: str, now: datetime, passphrase: bytes) -> bytes:
    """A self-made signing certificate and its key for one lender, as an encrypted PKCS#12 file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * CERTIFICATE_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    encryption = serialization.BestAvailableEncryption(passphrase)
    return pkcs12_files.serialize_key_and_certificates(b"seal", key, certificate, None, encryption)


def _usage() -> x509.KeyUsage:
    """Sign documents and stand by the signature, nothing else."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def certificate_of(pkcs12: bytes, passphrase: bytes) -> x509.Certificate:
    """The public certificate in a PKCS#12 file; raises SealError for a wrong passphrase."""
    return _load(pkcs12, passphrase)[1]


def _load(pkcs12: bytes, passphrase: bytes) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    try:
        key, certificate, _ = pkcs12_files.load_key_and_certificates(pkcs12, passphrase)
    except ValueError as problem:
        raise SealError(
            "the signing certificate does not open: wrong passphrase or damaged file"
        ) from problem
    if certificate is None or not isinstance(key, rsa.RSAPrivateKey):
        raise SealError("the signing certificate holds no RSA key and certificate")
    return key, certificate


def _signer(pkcs12: bytes, passphrase: bytes) -> signers.SimpleSigner:
    key, certificate = _load(pkcs12, passphrase)
    encoded = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signers.SimpleSigner(
        signing_cert=_asn1(certificate),
        signing_key=keys.PrivateKeyInfo.load(encoded),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run pyHanko's asynchronous work to its end in a thread of its own, whoever's loop runs in this one."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


def seal(
    pdf: bytes,
    *,
    pkcs12: bytes,
    passphrase: bytes,
    reason: str,
    name: str,
    now: datetime,
    tsa: str | None = None,
) -> bytes:
    """The PDF certified by the lender with no changes permitted, time-stamped by `tsa` (a URL) when given.

    Raises SealError for a wrong passphrase, an unreadable or already signed file, or a silent authority."""
    signer = _signer(pkcs12, passphrase)
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        if writer.prev.embedded_signatures:
            raise SealError("the document is signed already")
        return _run(_certify(writer, signer, reason=reason, name=name, now=now, tsa=tsa))
    except (PdfReadError, SigningError, TimestampRequestError, OSError, ValueError) as problem:
        raise SealError(f"the document cannot be sealed: {problem}") from problem


async def _certify(
    writer: IncrementalPdfFileWriter,
    signer: signers.SimpleSigner,
    *,
    reason: str,
    name: str,
    now: datetime,
    tsa: str | None,
) -> bytes:
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        name=name,
        certify=True,
        subfilter=fields.SigSeedSubFilter.PADES,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    timestamper = HTTPTimeStamper(tsa, timeout=TSA_SECONDS) if tsa else None
    session = signers.PdfSigner(metadata, signer, timestamper=timestamper).init_signing_session(writer)
    session.system_time = now  # pyHanko would read the clock
    validation = await session.perform_presign_validation(writer)
    size = await session.estimate_signature_container_size(validation)
    document = session.prepare_tbs_document(validation_info=validation, bytes_reserved=size)
    prepared, out = document.digest_tbs_document()
    signed = await document.perform_signature(
        document_digest=prepared.document_digest,
        pdf_cms_signed_attrs=PdfCMSSignedAttributes(signing_time=now),
    )
    await signed.post_signature_processing(out)
    return bytes(out.getvalue())  # type: ignore[attr-defined]


def verify(pdf: bytes, *, trusted: Sequence[x509.Certificate]) -> SealReport:
    """Whether the file is exactly as it was sealed, and by one of these certificates. Never raises."""
    if not pdf.startswith(b"%PDF-"):
        return _refusal("not_a_pdf")
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if len(signatures) != 1:
            return _refusal("several_signatures" if signatures else "unsigned")
        return _examine(signatures[0], pdf, [_asn1(certificate) for certificate in trusted])
    except Exception:  # a damaged file may break the parser anywhere; the answer is the report
        return _refusal("unreadable")


def _refusal(problem: str) -> SealReport:
    return SealReport(
        intact=False, covers_whole_file=False, trusted=False, signer="", signed_at=None, problem=problem
    )


def _examine(
    signature: EmbeddedPdfSignature, pdf: bytes, trusted: Sequence[asn1_x509.Certificate]
) -> SealReport:
    signed_at = signature.self_reported_timestamp
    if signature.sig_object_type != "/Sig" or signed_at is None:
        return _refusal("not_a_seal")
    moment = ValidationContext(
        trust_roots=trusted, moment=signed_at, best_signature_time=signed_at, allow_fetching=False
    )
    status = _run(async_validate_pdf_signature(signature, moment))
    whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE and _exact(signature, pdf)
    stamp = status.timestamp_validity
    intact = status.intact and status.valid and whole and (stamp is None or (stamp.intact and stamp.valid))
    locked = signature.docmdp_level is fields.MDPPerm.NO_CHANGES
    problem = None
    if not intact:
        problem = "changed"
    elif not locked:
        problem = "changes_allowed"
    elif not status.trusted:
        problem = "untrusted"
    return SealReport(
        intact=intact,
        covers_whole_file=whole,
        trusted=status.trusted,
        signer=str(signature.signer_cert.subject.native.get("common_name", "")),
        signed_at=signed_at,
        problem=problem,
    )


def _exact(signature: EmbeddedPdfSignature, pdf: bytes) -> bool:
    """Whether the one part a signature cannot cover, itself, is written exactly as it is written here."""
    start, length, after, rest = (int(number) for number in signature.byte_range)
    if start != 0 or after + rest != len(pdf):
        return False
    room = pdf[length:after]
    content = cms.ContentInfo({"content_type": "signed_data", "content": signature.signed_data}).dump(
        force=True
    )
    written = room == b"<" + content.hex().upper().encode().ljust(len(room) - 2, b"0") + b">"
    return written and _plain_envelope(signature)


def _plain_envelope(signature: EmbeddedPdfSignature) -> bool:
    """Whether the fields around the signature that no digest covers hold what they hold in every seal."""
    signed, signer = signature.signed_data, signature.signer_info
    named = [algorithm.dump() for algorithm in signed["digest_algorithms"]]
    return bool(
        signed["version"].native == signer["version"].native == "v1"
        and named == [signer["digest_algorithm"].dump()]
        and len(signed["certificates"]) == 1
    )
