"""Reads a debt page as a careful reader would: its tables, sums and rows, and nothing from anywhere else."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from xml.etree.ElementTree import Element

import html5lib

from tests.client import NAMESPACE

PARTS = ("Principal", "Interest", "Fees", "Penalty")
DAY = r"(\d+ \w{3,4} \d{4})"
MONEY = r"([^\d\s]+ [\d,]+\.\d\d)"
SPAN = re.compile(
    rf"{DAY} to {DAY}: {MONEY} × ([\d.]+)% × (\d+) days ÷ (\d+)(?: \((\d+) days? not charged\))?"
)
LATE_FEE_SHARE = re.compile(rf"([\d.]+)% of the unpaid minimum of {MONEY}, once: {MONEY}")
LATE_FEE_FIXED = re.compile(rf"Unpaid minimum number (\d+) in a row: {MONEY}, once")
MET = re.compile(rf"Instalment (\d+), due on {DAY}: (.*)")
NAMES = {"Penalty interest": "Penalty", "Late fees": "Penalty"}


def text(element: Element) -> str:
    return " ".join("".join(element.itertext()).replace("\u00a0", " ").split())


def minor(written: str) -> int:
    digits = re.sub(r"[^\d]", "", written)
    return (-1 if "−" in written else 1) * int(digits or 0)


def day(written: str) -> date:
    number, month, year = written.split()
    return datetime.strptime(f"{number} {month[:3]} {year}", "%d %b %Y").date()  # "Sept" is written out


def percent(written: str) -> Fraction:
    return Fraction(written.rstrip("%")) / 100


@dataclass
class Span:
    first: date
    last: date
    principal: int
    rate: Fraction
    days: int
    basis: int
    not_charged: int


@dataclass
class Instalment:
    number: int
    due: date
    asked: dict[str, int]
    before: dict[str, int]  # paid in the books, without what was taken back of it
    since: dict[str, int]
    waived: dict[str, int]
    reduced: dict[str, int]
    unpaid: dict[str, int]
    spans: list[Span]
    share_fee: tuple[Fraction, int, int] | None
    fixed_fee: tuple[int, int] | None


@dataclass
class Payment:
    number: str
    on: date
    kind: str
    amount: int
    takes_back: str
    in_the_books: bool
    met: list[tuple[int, str, int]] = field(default_factory=list)
    credit: int = 0


class DebtPage:
    """One loan, from the part of a page that is about it."""

    def __init__(self, root: Element, whole: Element) -> None:
        self.root = root
        self.today = day(re.search(rf"As of {DAY}", text(whole))[1])
        badge = re.search(r"(\d+) days? late", text(root))
        self.dpd = int(badge[1]) if badge else 0
        self.facts = {
            text(row[0]): text(row[1])
            for row in root.iter(f"{NAMESPACE}div")
            if [each.tag for each in row][:2] == [f"{NAMESPACE}dt", f"{NAMESPACE}dd"]
        }
        self.as_of = day(self.facts["Figures of the lender's books of"])
        self.parts = {NAMES.get(row[0], row[0]): row[1:] for row in self.table("Parts of this debt")[1:]}
        self.instalments = sorted(
            (self._instalment(each) for each in root.iter(f"{NAMESPACE}details") if self._number(each)),
            key=lambda each: (each.due, each.number),
        )
        self.payments = [self._payment(each) for each in self._items("What was paid")]
        self.reliefs = self.table("What was given")[1:]
        self.principal_days = [
            (day(row[0]), day(row[1]), int(row[2].replace(",", "")), minor(row[3]), minor(row[4]))
            for row in self.table("Principal by the day")[1:-1]
        ]
        self.tomorrow = self._section("What tomorrow adds")

    def table(self, caption: str) -> list[list[str]]:
        for table in self.root.iter(f"{NAMESPACE}table"):
            if text(next(table.iter(f"{NAMESPACE}caption"))) == caption:
                return [[text(cell) for cell in row] for row in table.iter(f"{NAMESPACE}tr")]
        return []

    def relief_days(self, kind: str) -> set[date]:
        """The days that relief of a kind covers."""
        found = set()
        for row in self.reliefs:
            if row[0] == kind:
                last = day(row[2]) if row[2] != "until withdrawn" else self.today + timedelta(days=1)
                found |= {day(row[1]) + timedelta(days=at) for at in range((last - day(row[1])).days + 1)}
        return found

    def _section(self, heading: str) -> str:
        return " ".join(text(each) for each in self._sections(heading))

    def _sections(self, heading: str) -> list[Element]:
        return [
            each
            for each in self.root.iter(f"{NAMESPACE}div")
            if len(each) and each[0].tag == f"{NAMESPACE}h3" and text(each[0]) == heading
        ]

    def _items(self, heading: str) -> list[Element]:
        return [item for each in self._sections(heading) for item in each.iter(f"{NAMESPACE}li")]

    @staticmethod
    def _number(details: Element) -> re.Match[str] | None:
        return re.match(rf"Instalment (\d+), due on {DAY}: ", text(details[0]))

    def _instalment(self, details: Element) -> Instalment:
        said = self._number(details)
        table = next(details.iter(f"{NAMESPACE}table"))
        _head, *rows, total = [[text(cell) for cell in row] for row in table.iter(f"{NAMESPACE}tr")]
        cells = {NAMES.get(row[0], row[0]): [minor(cell) for cell in row[1:]] for row in rows}
        columns = [{part: cells.get(part, [0] * 7)[at] for part in PARTS} for at in range(7)]
        assert [sum(column.values()) for column in columns] == [minor(cell) for cell in total[1:]]
        asked, paid, back, since, waived, reduced, unpaid = columns
        lines = [text(each) for each in details.iter(f"{NAMESPACE}p")]
        share = [found for line in lines if (found := LATE_FEE_SHARE.search(line))]
        fixed = [found for line in lines if (found := LATE_FEE_FIXED.search(line))]
        return Instalment(
            int(said[1]),
            day(said[2]),
            asked,
            {part: paid[part] - back[part] for part in PARTS},
            since,
            waived,
            reduced,
            unpaid,
            [self._span(found) for line in lines if (found := SPAN.search(line))],
            (percent(share[0][1]), minor(share[0][2]), minor(share[0][3])) if share else None,
            (int(fixed[0][1]), minor(fixed[0][2])) if fixed else None,
        )

    @staticmethod
    def _span(found: re.Match[str]) -> Span:
        return Span(
            day(found[1]),
            day(found[2]),
            minor(found[3]),
            percent(found[4]),
            int(found[5]),
            int(found[6]),
            int(found[7] or 0),
        )

    @staticmethod
    def _payment(item: Element) -> Payment:
        head, *more = [text(each) for each in item.iter(f"{NAMESPACE}p")]
        amount, *rest = more
        on, kind, number = re.match(rf"{DAY} · (.+) (\S+)$", head).groups()
        back = [found[1] for line in rest if (found := re.match(r"Takes back (\S+)\.$", line))]
        credit = [minor(line) for line in rest if line.startswith("Kept as credit")]
        made = Payment(
            number,
            day(on),
            kind,
            minor(amount),
            back[0] if back else "",
            any(line.startswith("Counted in the lender's books") for line in rest),
            credit=sum(credit),
        )
        for line in rest:
            if said := MET.match(line):
                for part, sum_ in re.findall(rf"(\w[\w ]*?) {MONEY}", said[3]):
                    made.met.append((int(said[1]), NAMES.get(part, part), minor(sum_)))
        return made


def read(html: str) -> DebtPage:
    root = html5lib.parse(html)
    return DebtPage(root, root)


def read_all(html: str) -> dict[str, DebtPage]:
    """Each loan of the staff's page by its contract number."""
    root = html5lib.parse(html)
    cards = [each for each in root.iter(f"{NAMESPACE}section") if each.get("class") == "card"]
    return {
        text(card).split()[2]: DebtPage(card, root)
        for card in cards
        if (card.get("aria-labelledby") or "").startswith("confirmed-")
    }
