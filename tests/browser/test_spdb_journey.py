"""From the loan book to the next step: a new overdue is called the next morning, does not answer, is written
to, promises, does not keep it, and is called again. Every act stands on the timeline.

Every page on the way is looked at: no barrier that axe knows, no sideways scroll, no console error."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.infra.book_files import open_set
from portal.jobs import nights, outbox, reminders
from portal.jobs.scheduler import carrier_of
from portal.models import Case, Lender, Message, Promise, Strategy
from portal.services import imports
from portal.vocabulary import Locale, NextStep, PromiseState, Role, StepReason
from tests import authenticator, factories
from tests.browser.test_journey import sign_in
from tests.browser.walker import DESK, PHONE, Walker
from tests.services import books

pytestmark = pytest.mark.browser
SetTime = Callable[[datetime], None]
ZONE = ZoneInfo("Asia/Shanghai")
EVENING = datetime(2026, 3, 3, 21, 0, tzinfo=ZONE)  # a Tuesday: the book arrives
MORNING = datetime(2026, 3, 4, 9, 30, tzinfo=ZONE)
FOUR = {"last_four": "1234"}
BORROWERS = """borrower_no,name,id_type,id_no,phone,email,language,province,city,address,lat,lon
B1,測試借款人,none,A900001234,+886912345678,one@example.test,{language},上海市,上海市,示範路1號,31.2,121.4
"""


def loans(columns: str) -> str:
    return f"{columns}\nL1,B1,consumer_loan,CNY,3000.00,0.146,2026-01-01,3,equal_principal,act/365,\n"


def take_in(
    session: Session, lender: Lender, folder: Path, *, as_of: str, language: str, now: datetime
) -> None:
    """Take in the book as the lender's core exported it on a day."""
    place = books.write(
        folder,
        borrowers=BORROWERS.format(language=language),
        loans=loans(books.LOANS.splitlines()[0]),
        instalments="\n".join(line for line in books.INSTALMENTS.splitlines() if not line.startswith("L2")),
        payments=None,
        set=f"as_of = {as_of}\n",
    )
    checked = imports.check(session, lender=lender, book=open_set(place, kinds=imports.KINDS))
    assert checked.problems == []
    imports.write(session, lender=lender, check=checked, actor=system(lender.id, "import"), now=now)
    session.commit()


def night(installation, set_time: SetTime, lender: Lender, morning: datetime) -> None:
    """The night before a morning."""
    set_time(morning.replace(hour=5, minute=0))
    done = nights.run_night(installation, lender_code=lender.code, business_date=morning.date())
    assert done is not None
    set_time(morning)


def newest(session: Session, model: type) -> object:
    session.rollback()
    found = session.scalars(select(model).order_by(model.id.desc())).first()
    session.rollback()
    return found


def call(walker: Walker, *, look: str | None = None) -> None:
    """From the list to the number: take the next call, then begin it."""
    walker.go("/agent/calls")
    if look:
        walker.look(f"{look}-list")
    walker.press('main form[action$="/agent/calls"] button')
    if look:
        walker.look(f"{look}-before")
    walker.press('main form[action$="/attempts"] button[type="submit"]')
    assert "tel:+886912345678" in walker.page.content()
    assert not re.search(r"1[,.]?0\d\d\.\d\d", walker.text()), "an amount before the borrower is confirmed"
    if look:
        walker.look(f"{look}-who")


def no_answer(walker: Walker) -> None:
    walker.choose("outcome", "no_answer")
    walker.press('form.outcome button[type="submit"]')


def promise(walker: Walker, *, amount: str, due_on: str) -> None:
    walker.fill("last_four", FOUR["last_four"])
    walker.press('main form[action$="/party"] button[type="submit"]')
    assert re.search(r"1,0\d\d\.\d\d", walker.text())
    walker.look("conversation")
    walker.choose("result", "promise")
    walker.fill("promise_amount", amount)
    walker.fill("promise_on", due_on)
    walker.page.locator('[name="reason"]').select_option("income_fall")
    walker.fill("words", "Shorter shifts since January.")
    walker.choose("attitude", "cooperative")
    walker.look("promise")
    walker.press('form.outcome button[type="submit"]')


@pytest.mark.parametrize(
    ("database_url", "language", "spoken", "theme", "size"),
    [("sqlite", "zh_Hans", "zh-Hans", "light", DESK), ("postgresql", "en", "en", "dark", PHONE)],
    indirect=["database_url"],
)
def test_from_the_loan_book_to_the_next_step(
    chromium: Browser,
    installation,
    address: str,
    session: Session,
    set_time: SetTime,
    tmp_path: Path,
    language: str,
    spoken: str,
    theme: str,
    size: dict[str, int],
) -> None:
    set_time(EVENING)
    lender = factories.lender(session, "spdb-puhui")
    caller = authenticator.give(session, factories.staff(session, lender, Role.CALLER, name="Cara Example"))
    caller.locale = Locale(language)
    session.commit()
    take_in(session, lender, tmp_path / "book", as_of="2026-03-02", language=spoken, now=EVENING)
    night(installation, set_time, lender, MORNING)
    walker = Walker(chromium, address, who="spdb", language=language, size=size, theme=theme)
    sign_in(walker, caller)
    walker.look("day")

    call(walker, look="first")
    no_answer(walker)
    walker.look("nobody-left")
    set_time(MORNING + timedelta(hours=3))
    sign_in(walker, caller)
    call(walker)
    no_answer(walker)

    step = newest(session, Strategy)
    assert (step.step, step.reason) == (NextStep.SMS, StepReason.PHONE_FAILED)
    reminders.run(installation, now=MORNING + timedelta(hours=3, minutes=1))
    message = newest(session, Message)
    for part in ("1,0", "3", "000-111-222", "L1"):  # amount, days, account, reference
        assert part in message.body, message.body
    assert len(message.body.strip().splitlines()) >= 3, "the consequence stands in it"
    set_time(MORNING + timedelta(hours=3, minutes=2))
    assert outbox.work(installation, carrier=carrier_of(installation)) == 1

    talked = MORNING + timedelta(days=5)
    for day in range(1, 6):
        night(installation, set_time, lender, MORNING + timedelta(days=day))
    sign_in(walker, caller)
    call(walker)
    due_on = (talked + timedelta(days=2)).date()
    promise(walker, amount="300.00", due_on=due_on.isoformat())
    made = newest(session, Promise)
    assert (made.amount, made.due_on, made.state) == (30_000, due_on, PromiseState.ACTIVE)
    walker.go("/agent/promises")
    walker.look("promises")

    take_in(session, lender, tmp_path / "newer", as_of="2026-03-12", language=spoken, now=talked)
    for day in range(6, 10):
        night(installation, set_time, lender, MORNING + timedelta(days=day))
    assert newest(session, Promise).state is PromiseState.BROKEN
    step = newest(session, Strategy)
    assert (step.step, step.reason) == (NextStep.CALL, StepReason.PROMISE_BROKEN)
    sign_in(walker, caller)
    walker.go("/agent/calls")
    walker.look("promise-broken")

    case = newest(session, Case)
    walker.go(f"/agent/cases/{case.ref}?kind=contacts")
    walker.look("timeline")
    seen = walker.text()
    for told in ("Shorter shifts since January.", "300.00"):
        assert told in seen
    assert seen.count("Cara Example") >= 3
    walker.close()
