"""Pages as somebody signed in gets them, on a book of a thousand loans and on one of a million.

Of each page the 95th percentile on the large book stands beside the one on the small book, which it may
exceed by three tenths, and beside a bare page, which it may take four times as long as: Flask, one query
along an index, and a template of 25 rows, on the large book. The three are asked for by turns, so that what
else the machine does meets all of them alike. The queries of a page are counted without the frame of every
page: whose session it is, who that is and of which lender."""

import re
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from bench import databases, page_book
from bench.measure import Measure
from portal import create_app
from portal.infra import clock, crypto, tenancy
from portal.infra.installation import Installation, keyring
from portal.models import Loan
from portal.services import browser_sessions
from portal.web.sessions import COOKIE

LOANS = 1_000_000
FEW = 1_000
ROUNDS, TIMES = 3, 100
WARM = 5
MOST_BESIDE_FEW, MOST_BESIDE_BARE, MOST_QUERIES = 1.3, 4, 8
FRAME = Counter(web_session=1, lender=2, staff=1, staff_role=1, borrower=1)
MAIN_TABLE = re.compile(r"\sFROM \"?(\w+)")
BARE = """<!doctype html><html lang="en"><title>Loans</title><h1>Loans</h1><table>
{% for each in rows %}<tr><td><a href="/loans/{{ each.ref }}">{{ each.contract_no }}</a></td>
<td>{{ each.currency }}</td><td>{{ each.outstanding }}</td><td>{{ each.dpd }}</td>
<td>{{ each.as_of }}</td></tr>
{% endfor %}</table></html>"""


@dataclass(frozen=True)
class Site:
    """An application on a book, and who is signed in at which page of it."""

    app: Flask
    keys: crypto.Keyring
    lender_id: int
    visitors: dict[str, tuple[FlaskClient, str]]

    def get(self, page: str) -> str:
        """A process serves one installation: the keys follow the one that is asked."""
        crypto.use(self.keys)
        client, url = self.visitors[page]
        answer = client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        return answer.text

    def queries(self, page: str) -> int:
        """How many queries the page itself makes."""
        seen: Counter[str] = Counter()
        engine = self.app.extensions["installation"].engine
        note = lambda *args: seen.update([_read(args[2])])  # noqa: E731
        event.listen(engine, "before_cursor_execute", note)
        self.get(page)
        event.remove(engine, "before_cursor_execute", note)
        del seen[""]
        return (seen - FRAME).total()


def run(*, rows: int | None = None) -> list[Measure]:
    """Measure on each database there is. `rows` is how many loans the large book has."""
    return [
        measure
        for name, small, large in databases.pairs()
        for measure in _measured(name, small, large, rows or LOANS)
    ]


def _measured(name: str, small: Installation, large: Installation, rows: int) -> Iterator[Measure]:
    real = clock.now
    clock.now = lambda: page_book.NOW
    try:
        few, many = (_site(name, each, count) for each, count in ((small, min(FEW, rows)), (large, rows)))
        bare = _bare(many.app.extensions["installation"], many.lender_id)
        _tell(f"{name}: asking for pages")
        for page in many.visitors:
            yield from _of_page(f"{page}, {name}", page, few, many, bare)
    finally:
        clock.now = real


def _of_page(name: str, page: str, few: Site, many: Site, bare: Callable[[], object]) -> Iterator[Measure]:
    works = (lambda: few.get(page), lambda: many.get(page), bare)
    for work in works * WARM:
        work()
    rounds = [_timed(works) for _ in range(ROUNDS)]
    of_few, of_many, of_bare = (_p95(sum((each[at] for each in rounds), [])) for at in range(3))
    runs = [round(_p95(each[1]), 2) for each in rounds]
    for what, peer, most in (
        (f"{name}, beside a thousand loans", of_few, MOST_BESIDE_FEW),
        (f"{name}, beside a bare page", of_bare, MOST_BESIDE_BARE),
    ):
        yield Measure(
            name=what,
            value=round(of_many, 2),
            limit=round(most * peer, 2),
            ratio=round(of_many / peer, 3),
            unit="ms",
            runs=runs,
            ok=of_many <= most * peer,
        )
    counted = [float(few.queries(page)), float(many.queries(page))]
    yield Measure(
        name=f"queries of {name}",
        value=counted[1],
        limit=MOST_QUERIES,
        ratio=round(counted[1] / MOST_QUERIES, 3),
        unit="queries",
        runs=counted,
        ok=counted[0] == counted[1] <= MOST_QUERIES,
    )


def _timed(works: tuple[Callable[[], object], ...]) -> list[list[float]]:
    """Milliseconds of each work, all of them by turns."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(TIMES):
        for values, work in zip(found, works, strict=True):
            start = time.perf_counter()
            work()
            values.append((time.perf_counter() - start) * 1000)
    return found


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _read(statement: str) -> str:
    """The table that a query reads, nothing of other statements."""
    return found[1] if statement.startswith("SELECT") and (found := MAIN_TABLE.search(statement)) else ""


def _site(name: str, installation: Installation, rows: int) -> Site:
    _tell(f"{name}: making a book of {rows:,} loans, its cases and its call list")
    crypto.use(keyring(installation.settings, installation.engine))
    crypto.keyring().root()  # while no transaction is under way
    made = page_book.filled(name, installation, rows)
    app = create_app(installation.settings)
    visitors = {
        page: (_signed_in(app, identity, made.lender_id), url) for page, (identity, url) in made.pages.items()
    }
    return Site(app, crypto.keyring(), made.lender_id, visitors)


def _signed_in(app: Flask, identity: str, lender_id: int) -> FlaskClient:
    token, life = secrets.token_urlsafe(32), timedelta(days=365)
    data = {
        "_user_id": identity,
        "_fresh": True,
        "lender_id": lender_id,
        "idle_seconds": int(life.total_seconds()),
        "ends_at": (clock.now() + life).isoformat(),
    }
    with app.extensions["installation"].writing.begin() as session:
        browser_sessions.save(session, token=token, replaces=None, data=data, life=life, now=clock.now())
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    return client


def _bare(installation: Installation, lender_id: int) -> Callable[[], object]:
    """The peer: the newest loans of the lender, along their key."""
    app = Flask("bare")
    query = select(Loan).order_by(Loan.id.desc()).limit(25)

    template = app.jinja_env.from_string(BARE)

    @app.get("/")
    def loans() -> str:
        with installation.reading() as session:
            tenancy.enter(session, lender_id)
            return template.render(rows=session.scalars(query).all())

    client = app.test_client()
    return lambda: client.get("/")


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)  # noqa: T201
