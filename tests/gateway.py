"""A gateway for SMS and a mail server on this machine, which write down what they are handed."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler


class Gateway:
    """Takes SMS by HTTP and knows a repeat by its key, as real gateways do."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: Counter[str] = Counter()  # by key, repeats too
        self.taken: dict[str, dict[str, Any]] = {}  # what would have reached telephones
        self.order: list[str] = []
        self.lock = threading.Lock()
        self.port = 0

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/send?:to={{to}}"

    def take(self, key: str, content: dict[str, Any]) -> None:
        with self.lock:
            self.requests[key] += 1
            if key not in self.taken:
                self.taken[key] = content
                self.order.append(key)


@contextmanager
def sms_gateway() -> Iterator[Gateway]:
    gateway = Gateway()

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if gateway.status == 200:
                gateway.take(self.headers["Idempotency-Key"], content)
            self.send_response(gateway.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            """Say nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Requests) as server:
        gateway.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield gateway
        server.shutdown()
        thread.join()


@contextmanager
def mail_server(**replies: str) -> Iterator[tuple[str, list[Any]]]:
    """An SMTP server: its address as a setting, and the mails it took, parsed.

    `replies`: what it answers instead where a recipient of mail.example has that name."""
    refused = {f"{name}@mail.example": reply for name, reply in replies.items()}
    mails: list[Any] = []

    class Box(Handler):
        async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
            self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
        ) -> str:
            if reply := refused.get(address):
                return reply
            envelope.rcpt_tos.append(address)
            return "250 OK"

        def handle_message(self, message: Any) -> None:
            mails.append(message)

    controller = Controller(Box(), hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        where = f"127.0.0.1:{controller.port}"
        yield f"mailto://{where}?smtp=127.0.0.1&mode=insecure&from=service@bank.example&to={{to}}", mails
    finally:
        controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
