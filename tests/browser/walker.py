"""Somebody walking through the pages: presses, fills in, looks; every page looked at is checked."""

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 375, "height": 812}
TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1440, "height": 900}
PICTURES = Path("test-results/journey")
LANGUAGES = {"zh_Hant": "zh-TW", "zh_Hans": "zh-CN", "en": "en-GB"}
AXE_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],  # of the rest, one example each
}
TURN, QUIET_TURNS = 40, 3  # milliseconds; half a second, as Playwright's "networkidle", is most of a journey


class Walker:
    """One person with one browser. `look` checks what is on the screen and keeps a picture of it."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        *,
        who: str,
        language: str,
        size: dict[str, int],
        scripts: bool = True,
        theme: str = "light",
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            base_url=address,
            viewport=size,
            locale=LANGUAGES[language],
            java_script_enabled=scripts,
            color_scheme=theme,
            accept_downloads=True,
        )
        self.context.set_default_timeout(45_000)
        self.page: Page = self.context.new_page()
        self.scripts = scripts
        self.folder = PICTURES / f"{language}{'' if scripts else '-without-scripts'}"
        self.who = who
        self.looked = 0
        self.problems: list[str] = []
        self.under_way: set[Request] = set()
        self.page.on("request", self._asks)
        self.page.on("requestfinished", self._has_its_answer)
        self.page.on("requestfailed", self._has_its_answer)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))

    def go(self, path: str) -> None:
        response = self.page.goto(path)
        assert response is not None
        assert response.status < 400, f"{path} answered {response.status}"

    def press(self, selector: str) -> None:
        """Press a button or link and wait for what comes."""
        self.page.locator(selector).first.click()
        self.wait()

    def settle(self) -> None:
        """Wait until an answer that was saved by itself, and what it opens, is on the screen."""
        for _ in range(2):
            self.page.wait_for_timeout(250)
            self.wait()

    def wait(self) -> None:
        """Wait until the page is loaded and has asked for nothing for a moment."""
        quiet = 0
        while quiet < QUIET_TURNS:
            self.page.wait_for_load_state("load")
            self.page.wait_for_timeout(TURN)
            quiet = 0 if self.under_way else quiet + 1

    def fill(self, name: str, value: str) -> None:
        self.page.locator(f'[name="{name}"]').first.fill(value)

    def choose(self, name: str, value: str) -> None:
        """Choose one of several, or tick a box; also where the input itself is drawn by its label."""
        self.page.locator(f'input[name="{name}"][value="{value}"]').first.check(force=True)

    def text(self) -> str:
        return self.page.locator("body").inner_text()

    def look(self, name: str) -> None:
        """Keep a picture of the page: no barrier, no sideways scroll, nothing said to the console."""
        self.looked += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        picture = self.folder / f"{self.who}-{self.looked:02}-{name}.png"
        self.page.screenshot(path=picture, full_page=True)
        if self.scripts:
            wide = self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{name}: the page is {wide} px wider than the screen"
            found = Axe().run(self.page, options=AXE_OPTIONS)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert not self.problems, f"{name}: {self.problems}"

    def close(self) -> None:
        assert not self.problems, self.problems
        self.context.close()

    def _asks(self, request: Request) -> None:
        self.under_way.add(request)

    def _has_its_answer(self, request: Request) -> None:
        self.under_way.discard(request)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not re.search(r"status of (409|422)", message.text):
            self.problems.append(message.text)
