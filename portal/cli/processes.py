"""Child processes that live and end together."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import NamedTuple

GRACE_SECONDS = 15
POLL_SECONDS = 0.2


class Ended(NamedTuple):
    """A child that ended although nobody told it to."""

    name: str
    code: int


class Family:
    """`portal` commands run as children, and one wish to stop that reaches them all."""

    def __init__(self) -> None:
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.told_to_stop = False  # set by a signal handler, which must take no lock: no Event

    def start(self, name: str, *arguments: str) -> None:
        """Start a command. In a session of its own, so that Ctrl-C reaches it through us, and once."""
        command = [sys.executable, "-m", "portal.cli", name, *arguments]
        self.children[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603  (our own)

    def ended(self) -> Ended | None:
        """Return the first child that is not running any more."""
        for name, child in self.children.items():
            if (code := child.poll()) is not None:
                return Ended(name, code)
        return None

    def watch(self) -> Ended | None:
        """Wait until we are told to stop (None) or a child ends."""
        while not self.told_to_stop:
            if ended := self.ended():
                return ended
            time.sleep(POLL_SECONDS)
        return None

    def stop(self) -> None:
        """End every child: kindly, then for good."""
        for child in self.children.values():
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextlib.contextmanager
def family() -> Iterator[Family]:
    """Children that end with this block, whichever way it is left; Ctrl-C and SIGTERM ask to leave it."""
    together = Family()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        together.told_to_stop = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield together
    finally:
        together.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
