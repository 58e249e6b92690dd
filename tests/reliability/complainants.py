"""Borrowers who file complaints over HTTP and do not give up: no answer means the same request again."""

import http.client
import random
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from portal.infra import tenancy
from portal.services import browser_sessions
from portal.web.sessions import COOKIE
from tests import factories
from tests.reliability.fleet import Place, Stuck, now

PAGE = "/my/complaints"
PAUSE = 0.02
LIFE = timedelta(days=1)
# Of so many acknowledged requests one is sent once more, and one with other words under the used key.
REPEATS_EVERY = 20


@dataclass
class Tally:
    """What the borrowers saw, together."""

    acknowledged: dict[str, str] = field(default_factory=dict)  # key -> where the answer pointed to
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str) -> None:
        with self.lock:
            self.counts[name] += 1

    def complain(self, problem: str) -> None:
        with self.lock:
            self.problems.append(problem)


@dataclass(frozen=True)
class SignedIn:
    """A borrower's cookie, and who they are."""

    name: str
    cookie: str


def signed_in_borrowers(place: Place, count: int) -> list[SignedIn]:
    """A lender with late borrowers, each with a case, each signed in at a browser of their own."""
    with place.installation.writing.begin() as session:
        lender = factories.lender(session)
        cases = [factories.late_borrower(session, lender) for _ in range(count)]
        identities = [f"borrower:{lender.id}:{case.borrower.ref}" for case in cases]
        found = []
        for number, identity in enumerate(identities):
            token = secrets.token_urlsafe(32)
            data = {
                "_user_id": identity,
                "_fresh": True,
                "lender_id": lender.id,
                "idle_seconds": LIFE.total_seconds(),
                "ends_at": (now() + LIFE).isoformat(),
            }
            browser_sessions.save(session, token=token, replaces=None, data=data, life=LIFE, now=now())
            found.append(SignedIn(f"b{number}", token))
        assert tenancy.lender_of(session) == lender.id
    return found


class Complainant(threading.Thread):
    """Files so many complaints, each until it is acknowledged."""

    def __init__(self, who: SignedIn, port: int, complaints: int, tally: Tally, *, seed: int, until: float):
        super().__init__(name=who.name, daemon=True)
        self.who, self.port, self.complaints = who, port, complaints
        self.tally, self.until = tally, until
        self.chance = random.Random(seed)
        self.line: http.client.HTTPConnection | None = None
        self.csrf = ""

    def run(self) -> None:
        try:
            status, page = self._ask("GET")
            found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
            if found is None:
                raise Stuck(f"no form, but {status}: {page[:200]}")
            self.csrf = found[1]
            for number in range(self.complaints):
                self._file(f"{self.name}-{number}")
        except Exception as error:  # told to the test, which has no ear in this thread
            self.tally.complain(f"{self.name}: {error!r}")
        finally:
            self._hang_up()

    def _file(self, key: str) -> None:
        fields = self._fields(key)
        status, location = self._ask("POST", fields)
        if status != HTTPStatus.SEE_OTHER:
            self.tally.complain(f"{key}: answered {status}")
            return
        with self.tally.lock:
            self.tally.acknowledged[key] = location
        what = self.chance.randrange(REPEATS_EVERY)
        if what == 0:
            self._once_more(fields, key, location)
        elif what == 1:
            self._in_other_words(fields, key)

    def _once_more(self, fields: Mapping[str, str], key: str, location: str) -> None:
        again = self._ask("POST", fields)
        self.tally.add("replayed")
        if again != (HTTPStatus.SEE_OTHER, location):
            self.tally.complain(f"{key}: first {location}, on repetition {again[0]} {again[1][:80]}")

    def _in_other_words(self, fields: Mapping[str, str], key: str) -> None:
        status, _ = self._ask("POST", {**fields, "text": "Something else"})
        self.tally.add("refused")
        if status != HTTPStatus.CONFLICT:
            self.tally.complain(f"{key}: other words under a used key were answered {status}")

    def _fields(self, key: str) -> dict[str, str]:
        return {
            "csrf_token": self.csrf,
            "idempotency_key": key,
            "topic": "conduct",
            "about": "",
            "text": f"Statement {key}",
        }

    def _ask(self, method: str, fields: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Ask until there is an answer. Returns its status, and where it points to, else its text."""
        while time.monotonic() < self.until:
            try:
                return self._send(method, fields)
            except (OSError, http.client.HTTPException) as error:
                if not isinstance(error, ConnectionRefusedError):  # nothing was sent then
                    self.tally.add("unanswered")
                self._hang_up()
                time.sleep(PAUSE)
        raise Stuck("no answer in time")

    def _send(self, method: str, fields: Mapping[str, str] | None) -> tuple[int, str]:
        if self.line is None:
            self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {
            "Cookie": f"{COOKIE}={self.who.cookie}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.line.request(method, PAGE, urlencode(fields) if fields else None, headers)
        answer = self.line.getresponse()
        text = answer.read().decode()
        return answer.status, answer.headers.get("Location") or text

    def _hang_up(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None
