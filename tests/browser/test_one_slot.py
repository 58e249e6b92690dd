"""Two borrowers want the same time, each in a browser of their own."""

import pytest
from playwright.sync_api import Browser

from portal.models import Case
from portal.vocabulary import Role
from portal.web.sessions import COOKIE
from tests import factories
from tests.booking import ready_case
from tests.browser.walker import PHONE, Walker
from tests.client import StrictClient
from tests.signing_in import sign_in_borrower

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_gets_the_time_and_the_other_a_clear_page_with_other_times(
    session, app, address: str, chromium: Browser
):
    lender = factories.lender(session)
    for _ in range(2):
        factories.staff(session, lender, Role.AGENT)
    cases = [ready_case(session, lender) for _ in range(2)]

    def at_the_times(case: Case, who: str) -> Walker:
        client = StrictClient(app, session)
        sign_in_borrower(client, case.borrower)
        walker = Walker(chromium, address, who=who, language="en", size=PHONE)
        cookie = client.http.get_cookie(COOKIE).value
        walker.context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        walker.go("/my/visits/new?place=home")
        walker.page.locator('input[name="slot"]:not([disabled])').first.check(force=True)
        return walker

    first, second = at_the_times(cases[0], "first"), at_the_times(cases[1], "second")
    for walker in (first, second):
        walker.press('main form[action$="/my/visits"] button[type="submit"]')

    assert "Who is coming" in first.text()
    assert "/my/visits" in second.page.url
    assert second.page.locator('input[name="slot"]').count() >= 3
    second.look("somebody-was-faster")
    for walker in (first, second):
        walker.close()
