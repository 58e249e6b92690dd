"""A borrower walks from a personal link to a sealed agreement and a complaint, in a real browser.

Every page on the way is looked at: no barrier that axe knows, no sideways scroll, no console error. The
pictures are kept in test-results/journey."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.infra import signing
from portal.models import Agreement, FollowUp, Staff
from tests import authenticator, factories
from tests.browser.cast import Cast, assemble, photo
from tests.browser.walker import DESK, PHONE, TABLET, Walker

pytestmark = pytest.mark.browser
SetTime = Callable[[datetime], None]


def enter(walker: Walker, cast: Cast, *, look: bool = False) -> None:
    """From the link in a message to the start page: button, last four, code."""
    walker.go(cast.link())
    seen = walker.text()
    assert cast.borrower.name not in seen
    if look:
        walker.look("link")
    walker.press("main form button")
    if look:
        walker.look("identification")
    walker.fill("last_four", "1234")
    walker.press("main form button")
    if look:
        walker.look("code")
    walker.fill("code", cast.newest_code("code_entry"))
    walker.press('main form[action$="/enter/code"] button')
    assert walker.page.url.endswith("/my"), walker.text()


def sign_in(walker: Walker, person: Staff) -> None:
    """Password, then the code of the authenticator."""
    walker.go("/agent/sign-in")
    walker.look("sign-in")
    walker.fill("email", person.email)
    walker.fill("password", factories.PASSWORD)
    walker.press("main form button")
    walker.look("second-step")
    walker.fill("code", authenticator.code())
    walker.press("main form button")
    assert walker.page.url.endswith("/agent"), walker.text()


def see_the_debt(walker: Walker) -> None:
    walker.look("home")
    walker.go("/my/debts")
    for summary in walker.page.locator("main details > summary").all():
        summary.click()
    walker.look("debts")


def consent(walker: Walker) -> None:
    walker.go("/my/consents")
    walker.look("consent")
    walker.choose("reason", "needs_guidance")
    walker.page.locator('[name="agree"]').check(force=True)
    walker.page.locator('[name="declaration"]').check(force=True)
    walker.press('main form[action$="/my/consents"] button[type="submit"]')


def upload_proofs(walker: Walker) -> None:
    walker.go("/my/proofs")
    walker.look("proofs-missing")
    for kind in ("identity", "residence", "income"):
        form = walker.page.locator(f'form[action$="/my/proofs/{kind}"]')
        summary = form.locator("xpath=ancestor::details[not(@open)]/summary")
        if summary.count():
            summary.first.click()
        chosen = {"name": f"{kind}.jpg", "mimeType": "image/jpeg", "buffer": photo(kind)}
        form.locator('input[type="file"]').last.set_input_files(chosen)
        form.locator('button[type="submit"]').click()
        walker.wait()
    walker.look("proofs-received")


def book(walker: Walker) -> None:
    walker.go("/my/visits/new")
    walker.look("place")
    walker.choose("place", "home")
    walker.press('main form[action$="/my/visits/new"] button')
    walker.look("times")
    walker.page.locator('input[name="slot"]:not([disabled])').first.check(force=True)
    walker.press('main form[action$="/my/visits"] button[type="submit"]')
    assert re.search(r"/my/visits/\w{26}$", walker.page.url), walker.text()
    walker.look("who-is-coming")


def review_proofs(walker: Walker) -> None:
    walker.look("day")
    walker.go("/agent/proofs")
    walker.look("proof-queue")
    while walker.page.locator('main a[href*="/agent/proofs/0"]').count():
        walker.press('main a[href*="/agent/proofs/0"]')
        walker.look("proof")
        walker.press('form[action$="/acceptance"] button[type="submit"]')
        walker.go("/agent/proofs")
    walker.look("proof-queue-empty")


def arrive(walker: Walker, cast: Cast, borrowers_code: str) -> None:
    walker.look("day")
    walker.go("/agent/route")
    walker.look("route")
    walker.go(f"/agent/visits/{cast.visit().ref}")
    walker.look("visit")
    walker.press('form[action$="/contact"] button[type="submit"]')
    assert "1 Test Road" in walker.text()
    walker.look("visit-with-address")
    walker.press('form[action$="/arrival"] button[type="submit"]')
    walker.look("identity")
    walker.page.locator('[name="card_shown"]').check(force=True)
    walker.fill("code", borrowers_code)
    walker.press('form[action$="/identity"] button[type="submit"]')


def verify(walker: Walker) -> None:
    """The checklist: who it is first, then the rest. Each answer is saved as it is given."""
    walker.look("checklist")
    unanswered = walker.page.locator('input[type="radio"][value="confirmed"]:not(:checked)')
    while "/checklist" in walker.page.url:
        unanswered.first.check(force=True)
        walker.settle()
    assert "/findings" in walker.page.url, walker.page.url
    walker.choose("reason", "income_fall")
    walker.fill("difficulties", "Shorter shifts since January.")
    walker.look("findings")
    walker.press('main form[action$="/findings"] button[type="submit"]')


def budget(walker: Walker) -> None:
    assert "/budget" in walker.page.url, walker.page.url
    amounts = {"wages": "12500", "rent": "2500", "food": "1800", "utilities": "300", "transport": "200"}
    entries = {"adults": "1", "children": "0"} | amounts
    for name, value in entries.items():
        walker.fill(name, value)
    walker.look("budget")
    walker.press('main form[action$="/budget"] button[type="submit"]')


def propose(walker: Walker) -> str:
    """Lay the plans side by side, with half of the penalty waived: that needs a second person."""
    assert "/plan" in walker.page.url, walker.page.url
    walker.look("plans")
    walker.fill("penalty", "50")
    walker.press('form[action$="/plan"][method="get"] button')
    walker.settle()
    walker.press('#comparison a[href*="choice="]')
    walker.settle()
    walker.fill("reason", "Income fell by a third; the waiver makes the plan fit.")
    walker.look("plan-chosen")
    walker.press('#proposal form button[type="submit"]')
    walker.look("plan-waiting")
    return walker.page.url


def approve(walker: Walker) -> None:
    walker.go("/agent/approvals")
    walker.look("approvals")
    walker.press('main a[href$="/approval"]')
    walker.look("approval")
    walker.fill("answer", "Fits the household.")
    walker.press('button[name="decision"][value="approve"]')


def lender_signs(walker: Walker, cast: Cast) -> None:
    walker.press('form[action$="/agreement"] button')
    walker.look("agreement")
    walker.press('form[action$="/code"] button[type="submit"]')
    walker.fill("code", cast.newest_code("code_signature"))
    walker.fill("typed", cast.agent.name)
    walker.look("agreement-signing")
    walker.press('form[action$="/signature"] button[type="submit"]')


def borrower_signs(walker: Walker, cast: Cast) -> bytes:
    """Read, ask for a code, sign, download the original."""
    walker.go("/my")
    walker.look("home-agreement")
    walker.press('main a[href*="/my/agreements/"]')
    walker.look("agreement")
    walker.page.locator('[name="agree"]').first.check(force=True)
    walker.press('form[action$="/code"] button[type="submit"]')
    walker.fill("code", cast.newest_code("code_signature"))
    walker.fill("typed", cast.borrower.name)
    walker.look("signing")
    walker.press('form[action$="/signature"] button[type="submit"]')
    walker.look("agreement-sealed")
    with walker.page.expect_download() as download:
        walker.page.locator('a[href$="/original"]').first.click()
    return download.value.path().read_bytes()


def complain(walker: Walker) -> None:
    walker.go("/my/complaints")
    walker.choose("topic", "contact")
    walker.fill("text", "You called twice in one morning.")
    walker.look("complaint-form")
    walker.press('main form[action$="/my/complaints"] button[type="submit"]')
    walker.look("complaint")


def decide(walker: Walker) -> None:
    walker.go("/agent/inbox")
    walker.look("inbox")
    walker.press('main a[href*="/agent/complaints/"]')
    walker.press('form[action$="/owner"] button')
    walker.look("complaint")
    walker.fill("body", "Which morning was it?")
    walker.choose("audience", "complainant")
    walker.press('form[action$="/messages"] button[type="submit"]')
    walker.press('main a[href$="/decision"]')
    walker.choose("outcome", "upheld")
    walker.fill("checked", "The call records of that week")
    walker.fill("grounds", "There were two calls within two hours.")
    walker.fill("redress", "We apologise; calls are limited to one a day.")
    walker.look("complaint-decision")
    walker.press('form[action$="/decision"] button[type="submit"]')
    walker.look("complaint-decided")


@pytest.mark.parametrize(
    ("language", "database_url", "scripts"),
    [
        pytest.param("zh_Hant", "sqlite", True, id="zh_Hant-sqlite"),
        pytest.param("en", "postgresql", True, id="en-postgresql"),
        pytest.param("zh_Hans", "sqlite", False, id="zh_Hans-sqlite-borrower-without-scripts"),
    ],
    indirect=["database_url"],
)
def test_from_an_overdue_loan_to_a_sealed_agreement_and_a_complaint(
    language: str, scripts: bool, session, app, address: str, chromium: Browser, set_time: SetTime
):
    cast = assemble(session, language=language)

    def person(who: str, size: dict[str, int]) -> Walker:
        return Walker(chromium, address, who=who, language=language, size=size)

    phone = Walker(chromium, address, who="borrower", language=language, size=PHONE, scripts=scripts)
    enter(phone, cast, look=True)
    see_the_debt(phone)
    consent(phone)
    upload_proofs(phone)
    book(phone)

    desk = person("caller", DESK)
    sign_in(desk, cast.caller)
    review_proofs(desk)

    starts = cast.visit().window_start
    set_time(starts + timedelta(minutes=5))
    enter(phone, cast)
    phone.go(f"/my/visits/{cast.visit().ref}")
    phone.look("code-of-the-day")
    code = re.sub(r"\D", "", phone.page.locator("#visit-code").inner_text())

    tablet = person("agent", TABLET)
    sign_in(tablet, leader(cast))
    arrive(tablet, cast, code)
    verify(tablet)
    budget(tablet)
    plan_url = propose(tablet)

    lead = person("lead", DESK)
    sign_in(lead, cast.lead)
    approve(lead)

    tablet.go(plan_url)
    tablet.look("plan-approved")
    lender_signs(tablet, cast)
    original = borrower_signs(phone, cast)
    (phone.folder / "original.pdf").write_bytes(original)
    assert signing.verify(original, trusted=[]).intact
    assert follow_up_months(session) == [1, 4]

    tablet.go(f"/agent/visits/{cast.visit().ref}/departure")
    tablet.choose("outcome", "agreement")
    tablet.look("departure")
    tablet.press('form[action$="/departure"] button[type="submit"]')
    tablet.go("/agent/followups")
    tablet.look("follow-ups")

    complain(phone)
    handler = person("handler", DESK)
    sign_in(handler, cast.handler)
    decide(handler)
    phone.page.reload()
    phone.look("complaint-decided")
    phone.go("/my/timeline")
    phone.look("timeline")
    phone.go("/my")
    phone.look("home-in-repayment")
    for walker in (phone, desk, tablet, lead, handler):
        walker.close()


def follow_up_months(session: Session) -> list[int]:
    """After how many months of effect the follow-ups are due."""
    session.rollback()
    effective = session.scalars(select(Agreement.effective_on)).one()
    due = session.scalars(select(FollowUp.due_on).order_by(FollowUp.number)).all()
    session.rollback()
    return [12 * (day.year - effective.year) + day.month - effective.month for day in due]


def leader(cast: Cast) -> Staff:
    """The member of the crew who goes first."""
    crew = cast.visit().crew
    by_id = {person.id: person for person in (cast.agent, cast.partner)}
    cast.agent = by_id[crew[0].staff_id]
    cast.session.rollback()
    return cast.agent
