"""The portal as processes of its own: started, killed without a warning, started again.

Ports lie below the range that the kernel gives to clients: a client that keeps knocking at a dead server's
port could otherwise be given that very port as its own."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from portal.config import Settings
from portal.infra import crypto
from portal.infra.installation import Installation, open_installation
from tests.conftest import KEYS

PORTS = range(20_000, 30_000)
PATIENCE = 180


class Stuck(AssertionError):
    """Something did not happen in time, or a process ended that should run."""


@dataclass(frozen=True)
class Place:
    """An installation, as its processes know it (`environ`) and as the test looks into it."""

    environ: Mapping[str, str]
    installation: Installation
    logs: Path

    @property
    def is_sqlite(self) -> bool:
        return self.installation.engine.dialect.name == "sqlite"


@contextmanager
def place(database_url: str, folder: Path) -> Iterator[Place]:
    """An installation in a folder, on a database with the newest schema."""
    settings = {"PORTAL_INSTANCE_PATH": str(folder / "instance"), "PORTAL_DATABASE_URL": database_url}
    installation = open_installation(Settings.load(settings | KEYS))
    crypto.keyring().root()  # as at every start, while no transaction is under way
    try:
        yield Place(KEYS | settings | {"PATH": os.environ["PATH"]}, installation, folder)
    finally:
        installation.engine.dispose()


def now() -> datetime:
    """The real time, which the processes live in; the clock of the tests stands still."""
    return datetime.now(UTC)


@dataclass
class Process:
    """One `portal …` command with all its children: a process group, killed as one."""

    place: Place
    arguments: tuple[str, ...]
    name: str
    running: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "portal.cli", *self.arguments]
        with (self.place.logs / f"{self.name}.log").open("ab") as log:
            self.running = subprocess.Popen(
                command, env=dict(self.place.environ), stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """kill -9, as when the power fails: nothing gets the chance to tidy up."""
        if self.running is not None:
            if self.running.poll() is None:
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None

    def check_alive(self) -> None:
        if self.running is not None and self.running.poll() is not None:
            raise Stuck(f"{self.name} ended with {self.running.returncode}; see {self.place.logs}")


@contextmanager
def processes(*members: Process) -> Iterator[None]:
    """Whatever happens, none of them is left behind."""
    try:
        yield
    finally:
        for each in members:
            each.kill()


def wait_until(
    condition: Callable[[], object], *members: Process, patience: float = PATIENCE, every: float = 0.02
) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        for each in members:
            each.check_alive()
        if time.monotonic() > deadline:
            raise Stuck("took too long")
        time.sleep(every)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """A port that nobody listens on. Never from a seed: two runs at once would meet."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
