"""Carriers that reach people: SMS gateways and mail servers, by the addresses that Apprise knows.

An address is a setting with two gaps: `{to}` is the recipient, `{ref}` the message's reference, which the
gateway takes as idempotency key. `jsons://gateway.example/send?:to={to}&+Idempotency-Key={ref}` posts JSON;
`mailtos://user:password@mail.example?from=bank@mail.example&to={to}` sends mail. Where an address has no
`{ref}` and its kind carries headers, the header Idempotency-Key is added."""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import apprise

from portal.infra.delivery import Carrier, Letter, NotDelivered
from portal.vocabulary import Channel

TO, REF = "{to}", "{ref}"
HEADER = "Idempotency-Key"
_STATUS = re.compile(r"error=(\d{3})")
_ONE_RECIPIENT = re.compile(r"[^\s,;%<>\"'()\[\]\\:/?#&=]+")  # whatever could make two of one
_UNREACHED = re.compile(r"connection error", re.IGNORECASE)
_REPLY = "Socket Exception: {"  # smtplib's replies by recipient; Apprise tells them at the level of debugging
_RECIPIENT_REFUSED = re.compile(re.escape(_REPLY) + r".*: \((\d{3}), b")


class _Told(logging.Filter):
    """What Apprise says of a failure, kept by thread: its lines hold addresses, so none goes to a log."""

    def __init__(self) -> None:
        super().__init__()
        self.here = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        if (lines := getattr(self.here, "lines", None)) is not None:
            line = record.getMessage()
            if record.levelno >= logging.WARNING or line.startswith(_REPLY):
                lines.append(line)
        return False

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        lines: list[str] = []
        self.here.lines = lines
        try:
            yield lines
        finally:
            self.here.lines = None


_told = _Told()
_logger = logging.getLogger("apprise")
_logger.filters, _logger.propagate = [_told], False
_logger.setLevel(logging.DEBUG)


def problem_of(address: str) -> str | None:
    """Say why an address cannot carry messages, without the address: it may hold a password. None: it can."""
    if TO not in address:
        return f"has no {TO}: write it where the recipient stands"
    with _told.listening():
        known = _server(_filled(address, to="+886900000001", ref="x")) or _server(
            _filled(address, to="somebody@mail.example", ref="x")
        )
    return None if known else "is no address that Apprise knows: see docs/messages.md"


@dataclass(frozen=True)
class Gateway:
    """Hands a letter to the gateway behind an address."""

    address: str

    def deliver(self, letter: Letter) -> None:
        if not _ONE_RECIPIENT.fullmatch(letter.recipient):
            raise NotDelivered("the recipient on file is no single address")
        with _told.listening() as lines:
            server = _server(_filled(self.address, to=letter.recipient, ref=letter.ref))
            if server is None:
                raise NotDelivered("the address of the gateway does not take this recipient")
            taken = server.notify(
                body=letter.body,
                title=letter.subject or "",
                body_format=apprise.NotifyFormat.TEXT,
            )
        if not taken:
            raise _problem("\n".join(lines))


@dataclass(frozen=True)
class Carriers:
    """The carrier of each channel: a lender's own gateway, else the installation's, else the folder.

    `own` looks up the addresses of a lender by its id: what there is, by channel."""

    folder: Carrier
    shared: dict[Channel, str]
    own: Callable[[int], dict[Channel, str]]

    def deliver(self, letter: Letter) -> None:
        addresses = self.shared | self.own(letter.lender_id)
        address = addresses.get(Channel(letter.channel))
        carrier = Gateway(address) if address else self.folder
        carrier.deliver(letter)


def _filled(address: str, *, to: str, ref: str) -> str:
    """Put recipient and reference into an address. Both are quoted: neither can change where it leads."""
    with_ref = address if REF in address else _with(address, f"+{HEADER}={REF}")
    plain = with_ref if "format=" in with_ref else _with(with_ref, "format=text")
    return plain.replace(TO, quote(to, safe="")).replace(REF, quote(ref, safe=""))


def _with(address: str, argument: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{argument}"


def _server(url: str) -> "apprise.NotifyBase | None":
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _problem(told: str) -> NotDelivered:
    """What a gateway answered, in words that name nobody."""
    if reply := _RECIPIENT_REFUSED.search(told):
        code = int(reply[1])  # 5yz is permanent, 4yz passes (RFC 5321, 4.2.1)
        return NotDelivered(f"the mail server refused the recipient: {code}", for_good=code >= 500)
    if status := _STATUS.search(told):
        code = int(status[1])
        return NotDelivered(f"the gateway answered {code}", gateway_down=code >= 500 or code == 429)
    if _UNREACHED.search(told):
        return NotDelivered("the gateway does not answer", gateway_down=True)
    return NotDelivered("the gateway did not take it")
