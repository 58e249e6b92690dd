"""A browser without a screen: parses every page as HTML5 and fails on what a browser would silently mend."""

import re
from collections.abc import Callable
from typing import Any

import html5lib
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.infra import tenancy

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
# What html5lib reports although HTML allows it.
ALLOWED = {"unexpected-char-after-attribute-name"}


class StrictClient:
    """Gets and posts; fills in the CSRF token and the idempotency key of the form it last saw.

    What the test's own session holds is committed before each request and read afresh after it."""

    def __init__(self, app: Flask, session: Session | None = None) -> None:
        self.app = app
        self.session = session
        self.http: FlaskClient = app.test_client()
        self.page: TestResponse | None = None

    def get(self, url: str, **options: Any) -> TestResponse:
        return self._checked(self._send(self.http.get, url, **options))

    def fragment(self, url: str, **options: Any) -> TestResponse:
        """Ask the way htmx asks."""
        return self._send(self.http.get, url, headers={"HX-Request": "true"}, **options)

    def post(self, url: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form as the page last seen would: with its hidden fields."""
        fields = self._hidden_fields() | (data or {})
        return self._checked(self._send(self.http.post, url, data=fields, **options))

    def follow(self, response: TestResponse) -> TestResponse:
        """Go where a 303 points to."""
        assert response.status_code == 303, (response.status_code, response.text[:2000])
        return self.get(response.headers["Location"])

    def _is_second_look(self) -> bool:
        """Whether this is the test's run on PostgreSQL: the same page was looked at on SQLite."""
        return self.session is not None and self.session.get_bind().dialect.name == "postgresql"

    def _send(self, method: Callable[..., TestResponse], url: str, **options: Any) -> TestResponse:
        if self.session is not None:
            self.session.commit()
        response = method(url, **options)
        if self.session is not None:
            self._look_afresh(self.session)
        return response

    def _look_afresh(self, session: Session) -> None:
        """Forget what the session knows of its own lender; of another one it could not read it again."""
        own = tenancy.lender_of(session)
        for row in session:
            if row.__dict__.get("lender_id", own) == own:
                session.expire(row)

    def _hidden_fields(self) -> dict[str, str]:
        if self.page is None:
            return {}
        pattern = r'<input[^>]*name="(csrf_token|idempotency_key)"[^>]*>'
        found = {}
        for match in re.finditer(pattern, self.page.text):
            if value := re.search(r'value="([^"]*)"', match[0]):
                found[match[1]] = value[1]
        return found

    def _checked(self, response: TestResponse) -> TestResponse:
        if response.mimetype == "text/html" and response.status_code not in (204, 301, 302, 303):
            if not self._is_second_look():
                check_page(response.text)
            self.page = response
        return response


def check_page(text: str) -> None:
    """Fail on invalid HTML, a missing title or language, or a form that posts without a CSRF token."""
    parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=True)
    tree = parser.parse(text)
    errors = [(place, code) for place, code, _ in parser.errors if code not in ALLOWED]
    assert not errors, f"{errors[:3]} in\n{_around(text, errors)}"
    assert tree.get("lang"), "the page does not say its language"
    title = tree.find(f".//{NAMESPACE}title")
    assert title is not None, "the page has no title"
    assert (title.text or "").strip(), "the page's title is empty"
    assert len(tree.findall(f".//{NAMESPACE}h1")) == 1, "a page has one main heading"
    _check_forms(tree)
    _check_ids(tree)


def _check_forms(tree: Any) -> None:
    for form in tree.iter(f"{NAMESPACE}form"):
        if form.get("method", "get").lower() == "post":
            names = {field.get("name") for field in form.iter(f"{NAMESPACE}input")}
            assert "csrf_token" in names, f"the form to {form.get('action')} has no CSRF token"


def _check_ids(tree: Any) -> None:
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    twice = {each for each in ids if ids.count(each) > 1}
    assert not twice, f"ids are used twice: {sorted(twice)}"


def _around(text: str, errors: list[tuple[tuple[int, int], str]]) -> str:
    line = errors[0][0][0] if errors else 1
    return "\n".join(text.splitlines()[max(0, line - 3) : line + 2])
