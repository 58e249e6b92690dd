"""Nobody where they do not belong: every actor, every address, every method; one's own, and what is not."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from portal.infra import logs
from tests.isolation import asking
from tests.isolation.asked import NOT_SIGNED_IN, Kind, Row
from tests.isolation.table import ROWS

EVERY_ROW = [pytest.param(row, id=f"{row.endpoint}:{row.method}") for row in ROWS]
ONE_DATABASE = pytest.param("sqlite", marks=pytest.mark.xdist_group("world-sqlite"))
GETS = [each for each in EVERY_ROW if each.values[0].method == "GET"]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}

# What a browser or a machine sends by itself: there is no form, so there is no token.
NO_FORM = {"public.report_violation", "public.note_deliveries"}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that is logged, as it would stand on stderr."""
    stream, before = io.StringIO(), structlog.get_config()
    logs.configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False)
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def without_csrf(world) -> Iterator[None]:
    """The token of a form is looked at below; without it, every gate behind it can be tried."""
    world.app.config["WTF_CSRF_ENABLED"] = False
    yield
    world.app.config["WTF_CSRF_ENABLED"] = True


def routes(world) -> set[tuple[str, str]]:
    return {
        (rule.endpoint, method)
        for rule in world.app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_a_row_and_every_row_a_route(world):
    rows = [(row.endpoint, row.method) for row in ROWS]

    assert len(rows) == len(set(rows)), "two rows for one address"
    assert routes(world) == set(rows)


def test_every_argument_of_an_address_is_named(world):
    for rule in world.app.url_map.iter_rules():
        for row in ROWS:
            if row.endpoint == rule.endpoint:
                assert set(row.names) >= rule.arguments, row


def test_an_auditor_never_does_more_than_read():
    writing = [row for row in ROWS if row.method != "GET" and row.endpoint.startswith("agent.")]

    assert not [str(row) for row in writing if Kind.AUDITOR in row.who and not row.own_account]


@pytest.mark.parametrize("row", EVERY_ROW)
def test_everybody_gets_what_is_theirs_and_nobody_anything_else(world, logged, row: Row):
    before = world.content()
    for question in asking.everybody(world, row):
        logged.seek(0), logged.truncate(0)
        answer = asking.ask(world, question)

        assert answer.status_code in question.expected, _told(question, answer, logged)
        if question.who.kind in NOT_SIGNED_IN and question.who.kind not in row.who:
            assert asking.is_at_the_entry(answer), question
        assert asking.leaks(world, question, answer, logged.getvalue()) == [], question
    assert world.content() == before, "a read, or an act that was refused, left something behind"


def _told(question, answer, logged) -> str:
    """What went wrong, in the page's own words or those of the log."""
    words = (
        re.sub(r"<[^>]*>", " ", answer.text.partition("<main")[2]) if answer.mimetype == "text/html" else ""
    )
    return f"{question}: {answer.status_code}\n{' '.join(words.split())[:600]}\n{logged.getvalue()[-1500:]}"


@pytest.mark.parametrize("built", [ONE_DATABASE], indirect=True)
@pytest.mark.parametrize("row", GETS)
def test_a_head_says_what_the_get_says(world, row: Row):
    """Flask makes one of the other, whatever the database."""
    seen = set()
    for question in asking.everybody(world, row):
        if question.whose not in seen:
            seen.add(question.whose)
            answer = asking.ask(world, question, "HEAD")
            assert answer.status_code in question.expected, question
            assert not answer.data


def test_a_method_that_an_address_does_not_have_is_refused(world):
    declared: dict[str, set[str]] = {}
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint != "static":
            declared.setdefault(rule.rule, set()).update(rule.methods)
    for row in ROWS:
        question = next(each for each in asking.everybody(world, row) if each.who.kind in row.who)
        rule = next(each for each in world.app.url_map.iter_rules(row.endpoint))
        with world.app.test_request_context():
            url = world.app.url_for(row.endpoint, **question.names)
        others = [each.rule for each in world.app.url_map.iter_rules() if each.rule != rule.rule]
        for method in METHODS - declared[rule.rule]:
            if method == "POST" and _also_matches(world, url, others):
                continue
            answer = world.browser(question.who).open(url, method=method)
            assert answer.status_code == 405, (method, url, answer.status_code)


def _also_matches(world, url: str, others: list[str]) -> bool:
    """Whether another address takes a POST to the same path, as `/proofs/<kind>` does for `/proofs/new`."""
    from werkzeug.exceptions import HTTPException

    try:
        world.app.url_map.bind("localhost").match(url, method="POST")
    except HTTPException:
        return False
    return True


def test_every_post_needs_the_token_of_its_form(world):
    world.app.config["WTF_CSRF_ENABLED"] = True
    for row in ROWS:
        if row.method == "POST" and row.endpoint not in NO_FORM:
            question = next(each for each in asking.everybody(world, row) if each.who.kind in row.who)
            answer = asking.ask(world, question)
            assert answer.status_code == 400, row


def test_what_is_looked_for_is_there_to_be_found(world):
    """One's own marks do appear, in pages and files of each kind: to find no other's means something."""
    found = {}
    for row in ROWS:
        if row.method == "GET":
            for kind in (Kind.BORROWER, Kind.AGENT, Kind.LEAD, Kind.HANDLER, Kind.AUDITOR):
                if kind in row.who and kind not in NOT_SIGNED_IN:
                    question = next(asking.questions(world, row, world.of(kind)))
                    answer = asking.ask(world, question)
                    if "KanarieAlphaOne" in asking.text_of(answer):
                        found.setdefault(answer.mimetype, set()).add(f"{kind} {row}")
                    if asking._shows(answer, (200, 20, 20)):
                        found.setdefault("picture", set()).add(f"{kind} {row}")

    assert len(found["text/html"]) >= 40
    assert len(found["application/pdf"]) >= 6
    assert found["text/calendar"]
    assert found["picture"]
