"""Restarts under load without a failed request: of two servers in turn, and of one that renews itself."""

import contextlib
import http.client
import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from portal.web.sessions import COOKIE
from tests.reliability.complainants import PAGE, SignedIn, Tally, signed_in_borrowers
from tests.reliability.fleet import Place, Process, answers, free_port, processes, wait_until
from tests.reliability.server_kills import _compare

READ = ("/my", "/healthz", "/static/css/base.css")
PATIENCE = 60
BEFORE_AND_AFTER = 0.5  # seconds of load before the first and after the last restart


@dataclass(frozen=True)
class Found:
    """What the borrowers were answered while servers came and went."""

    restarts: int
    answered: int
    acknowledged: int
    turned: int  # requests that the proxy took to another server or line, unnoticed by whoever asked
    lost: int
    doubled: int
    slowest: float
    seconds: float
    problems: tuple[str, ...]


class Guest(threading.Thread):
    """A borrower behind a proxy, who reads and complains until told to leave, and never asks twice.

    The proxy asks the servers by lot, and the next one when one cannot be reached or breaks off, as nginx
    does with `proxy_next_upstream error timeout non_idempotent`: our POSTs carry a key, so that twice sent is
    once done. With `keep` it keeps its lines; one that was closed it opens anew, as every client does."""

    def __init__(self, who: SignedIn, ports: list[int], tally: Tally, *, keep: bool, seed: int) -> None:
        super().__init__(name=who.name, daemon=True)
        self.who, self.ports, self.tally, self.keep = who, ports, tally, keep
        self.chance = random.Random(seed)
        self.lines: dict[int, http.client.HTTPConnection] = {}
        self.leave = threading.Event()
        self.keys: list[str] = []
        self.slowest = 0.0

    def run(self) -> None:
        try:
            csrf = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self._read(PAGE))[1]
            while not self.leave.is_set():
                self._read(self.chance.choice(READ))
                self._file(f"{self.name}-{len(self.keys)}", csrf)
        except Exception as error:  # told to the test, which has no ear in this thread
            self.tally.complain(f"{self.name}: {error!r}")
        finally:
            for line in self.lines.values():
                line.close()

    def _read(self, path: str) -> str:
        status, text = self._ask("GET", path)
        if status != HTTPStatus.OK:
            self.tally.complain(f"GET {path}: answered {status}")
        return text

    def _file(self, key: str, csrf: str) -> None:
        self.keys.append(key)
        fields = {"csrf_token": csrf, "idempotency_key": key, "topic": "conduct", "about": ""}
        status, location = self._ask("POST", PAGE, fields | {"text": f"Statement {key}"})
        if status != HTTPStatus.SEE_OTHER:
            self.tally.complain(f"{key}: answered {status}")
        with self.tally.lock:
            self.tally.acknowledged[key] = location

    def _ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Ask until one server answered. Raises ConnectionError when none did."""
        began, problem = time.monotonic(), None
        for port in self._turn():
            try:
                answer = self._ask_one(port, method, path, fields)
            except (OSError, http.client.HTTPException) as error:
                problem = error
                self._hang_up(port)
                self.tally.add("turned")
            else:
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.tally.add("answered")
                return answer
        raise ConnectionError(f"{method} {path}: {problem!r}") from problem

    def _turn(self) -> Iterator[int]:
        for port in self.chance.sample(self.ports, len(self.ports)):
            if port in self.lines:
                yield port
            yield port

    def _ask_one(
        self, port: int, method: str, path: str, fields: Mapping[str, str] | None
    ) -> tuple[int, str]:
        if port not in self.lines:
            self.lines[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        line, form = self.lines[port], "application/x-www-form-urlencoded"
        headers = {"Cookie": f"{COOKIE}={self.who.cookie}", "Content-Type": form}
        line.request(method, path, urlencode(fields) if fields else None, headers)
        answer = line.getresponse()
        text = answer.read().decode()
        if not self.keep or answer.headers.get("Connection") == "close":
            self._hang_up(port)
        return answer.status, answer.headers.get("Location") or text

    def _hang_up(self, port: int) -> None:
        if line := self.lines.pop(port, None):
            line.close()


def in_turn(place: Place, *, rounds: int, clients: int = 4, seed: int = 1) -> Found:
    """Two servers behind a proxy: each is ended and started again, one after the other, so many times."""
    servers = {port: _serve(place, port, workers=1) for port in (free_port(), free_port())}

    def restart() -> int:
        for port, server in [*servers.items()] * rounds:
            assert server.running is not None
            server.running.terminate()
            assert server.running.wait(PATIENCE) == 0
            server.start()
            wait_until(lambda port=port: answers(port), server, patience=PATIENCE)
        return rounds * len(servers)

    return _under_load(place, servers, restart, clients=clients, seed=seed)


def renewed(place: Place, *, times: int, clients: int = 4, seed: int = 1) -> Found:
    """One server on one machine, told to go on with new code: it hands its socket to its successor."""
    port = free_port()
    server = _serve(place, port, workers=2)

    def renew() -> int:
        assert server.running is not None
        group = server.running.pid
        for _ in range(times):
            (before,) = _masters(group)
            os.kill(before, signal.SIGHUP)
            wait_until(lambda before=before: _ended(server, before), patience=PATIENCE)
            assert len(_masters(group)) == 1, "nobody took over"
        return times

    return _under_load(place, {port: server}, renew, clients=clients, seed=seed)


def _under_load(
    place: Place, servers: Mapping[int, Process], act: Callable[[], int], *, clients: int, seed: int
) -> Found:
    began, tally = time.monotonic(), Tally()
    guests = [
        Guest(who, list(servers), tally, keep=number % 2 == 1, seed=seed + number)
        for number, who in enumerate(signed_in_borrowers(place, clients))
    ]
    with processes(*servers.values()), _no_successors(servers.values()):
        for server in servers.values():
            server.start()
        for port, server in servers.items():
            wait_until(lambda port=port: answers(port), server, patience=PATIENCE)
        for guest in guests:
            guest.start()
        try:
            time.sleep(BEFORE_AND_AFTER)
            restarts = act()
            time.sleep(BEFORE_AND_AFTER)
        finally:
            for guest in guests:
                guest.leave.set()
            for guest in guests:
                guest.join(PATIENCE)
    lost, doubled, problems = _compare(place, tally, [key for guest in guests for key in guest.keys])
    return Found(
        restarts=restarts,
        answered=tally.counts["answered"],
        acknowledged=len(tally.acknowledged),
        turned=tally.counts["turned"],
        lost=lost,
        doubled=doubled,
        slowest=round(max(guest.slowest for guest in guests), 2),
        seconds=round(time.monotonic() - began, 1),
        problems=(*tally.problems, *problems),
    )


def _serve(place: Place, port: int, *, workers: int) -> Process:
    return Process(place, ("serve", "--workers", str(workers), "--port", str(port)), f"serve-{port}")


@contextlib.contextmanager
def _no_successors(servers: Iterable[Process]) -> Iterator[None]:
    """A successor is no child of ours, but of our child's group."""
    try:
        yield
    finally:
        for server in servers:
            if server.running is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.running.pid, signal.SIGKILL)


def _ended(server: Process, pid: int) -> bool:
    if server.running is not None and server.running.pid == pid:
        return server.running.poll() is not None
    return not Path(f"/proc/{pid}").exists()


def _masters(group: int) -> list[int]:
    """The processes of a group whose parent is not of it: the first, or its successor."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                parents[int(stat.parent.name)] = int(fields[1])
    return [pid for pid, parent in parents.items() if parent not in parents]
