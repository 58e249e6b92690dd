"""Asking every actor for every row of the table, and looking for what must not be in the answer."""

import html
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import pypdfium2
from PIL import Image
from werkzeug.test import TestResponse

from tests.isolation.asked import NOT_SIGNED_IN, SEES, STAFF, TOKENS, UPLOAD, WHOLE_BOOK, Kind, Row, Thing
from tests.isolation.one_borrower import paper
from tests.isolation.world import (
    ALPHA,
    BETA,
    COLOURS,
    HOUSE,
    ONE,
    PEOPLE,
    RARE,
    TWO,
    Group,
    Somebody,
    World,
)

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
REFERENCE = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
OTHER = {ALPHA: BETA, BETA: ALPHA, ONE: TWO, TWO: ONE}
ENTRIES = ("/", "/agent/sign-in")
REFUSED = frozenset({404})
REFUSED_IN_A_FORM = frozenset({404, 409, 422})


@dataclass(frozen=True)
class Question:
    """One request of the matrix: who asks for what, and the statuses that are right."""

    row: Row
    who: Somebody
    names: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    expected: frozenset[int]
    whose: str

    def __str__(self) -> str:
        return f"{self.row} by {self.who}, {self.whose}"


def questions(world: World, row: Row, who: Somebody) -> Iterator[Question]:
    """Everything one actor is asked to try at one address."""
    own = _filled(world, row, who)
    if who.kind not in row.who:
        expected = frozenset({303}) if who.kind in NOT_SIGNED_IN else frozenset({403})
        yield Question(row, who, *own, expected, "which is not for them")
        return
    yield Question(row, who, *own, row.answer, "their own")
    for thing in _things(row):
        lender = who.lender or ALPHA
        sees_all = who.kind in SEES.get(thing, WHOLE_BOOK)
        refused = REFUSED_IN_A_FORM if thing in row.form.values() else REFUSED
        others = row.answer if sees_all else refused
        yield _asking(world, row, who, thing, (lender, OTHER[who.side]), others, "of the other borrower")
        strangers = row.answer if thing in TOKENS else refused
        stranger = (OTHER[lender], who.side)
        yield _asking(world, row, who, thing, stranger, strangers, "of another lender")
        yield _asking(world, row, who, thing, None, strangers, "unknown")


def _things(row: Row) -> list[Thing]:
    named = [*row.names.values(), *row.query.values(), *row.form.values()]
    return list(dict.fromkeys(each for each in named if isinstance(each, Thing)))


def _filled(world: World, row: Row, who: Somebody, **other: str) -> tuple[dict[str, str], ...]:
    lender, side = who.lender or ALPHA, who.side
    mine = {Thing.SESSION: who.session}
    things = world.things[lender, side] | mine | other
    return tuple(
        {key: things[value] if isinstance(value, Thing) else value for key, value in given.items()}
        for given in (row.names, row.query, row.form)
    )


def _asking(
    world: World,
    row: Row,
    who: Somebody,
    thing: Thing,
    group: Group | None,
    expected: frozenset[int],
    whose: str,
) -> Question:
    """The same question with one thing of somebody else."""
    value = world.things[group][thing] if group else UNKNOWN
    filled = _filled(world, row, who, **{thing: value})
    return Question(row, who, *filled, expected, f"{thing} {whose}")


def ask(world: World, question: Question, method: str | None = None) -> TestResponse:
    """Send it. Whatever it writes stays only where the whole matrix would notice: a success is taken back."""
    row = question.row
    with world.app.test_request_context():
        url = world.app.url_for(row.endpoint, **question.names, **question.query)
    browser, sent = world.browser(question.who), method or row.method
    if sent != "POST":
        return browser.open(url, method=sent)
    data = {key: _file() if value == UPLOAD else value for key, value in question.form.items()}
    if question.expected <= {403, 404}:
        return browser.post(url, data=data)
    with world.undone():
        return browser.post(url, data=data)


def _file() -> tuple[io.BytesIO, str]:
    return io.BytesIO(paper("new", (90, 90, 90))), "new.pdf"


def known_to(world: World, who: Somebody) -> set[Group]:
    """Whose words an actor may read: their own, those of the house and its staff; none before the entry."""
    if who.kind in NOT_SIGNED_IN:
        return {(who.lender, HOUSE)} if who.lender else set()
    assert who.lender
    house = {(who.lender, HOUSE), (who.lender, PEOPLE)}
    sides = (ONE, TWO) if who.kind in STAFF - {Kind.AGENT} else (who.side,)
    return house | {(who.lender, side) for side in sides}


def leaks(world: World, question: Question, answer: TestResponse, logged: str) -> list[str]:
    """What an answer, or a line written about it, tells of somebody it must not tell of."""
    allowed = known_to(world, question.who)
    sent = {*question.names.values(), *question.query.values(), *question.form.values()}
    for lender in (ALPHA, BETA):  # the token of a link leads to its lender's own page, with its name
        tokens = {world.things[lender, side][token] for side in (ONE, TWO) for token in TOKENS}
        if tokens & sent:
            allowed = allowed | {(lender, HOUSE)}
    said = text_of(answer)
    names = set(REFERENCE.findall(said)) - sent
    found = []
    for group in RARE:
        if group not in allowed:
            mark = f"Kanarie{group[0]}{group[1]}"
            found += [f"{mark} in the answer"] * (mark in said or RARE[group] in said)
            found += [f"a name of {mark}"] * bool(names & world.refs.get(group, set()))
            found += [f"the picture of {mark}"] * (group in COLOURS and _shows(answer, COLOURS[group]))
        if group[1] != HOUSE:  # lines that are logged name nobody at all
            mark = f"Kanarie{group[0]}{group[1]}"
            found += [f"{mark} in the log"] * (mark in logged or RARE[group] in logged)
    return found


def text_of(answer: TestResponse) -> str:
    """All that can be read in an answer: headers, and the body whatever kind it is of."""
    headers = "\n".join(f"{key}: {unquote(value)}" for key, value in answer.headers)
    body = answer.get_data()
    if answer.mimetype == "application/pdf":
        return f"{headers}\n{body.decode('latin-1')}\n{_text_of_pdf(body)}"
    if answer.mimetype.startswith("image/"):
        return f"{headers}\n{body.decode('latin-1')}"
    plain = body.decode("utf-8", "replace")
    if answer.mimetype == "application/json":
        plain += json.dumps(json.loads(body), ensure_ascii=False)
    return f"{headers}\n{plain}\n{html.unescape(unquote(plain))}"


def _text_of_pdf(data: bytes) -> str:
    words = []
    with pypdfium2.PdfDocument(data) as document:
        words += document.get_metadata_dict().values()
        for index in range(len(document)):
            sheet = document[index]
            text = sheet.get_textpage()
            words.append(text.get_text_range())
            text.close()
            sheet.close()
    return "".join("".join(words).split())


def _shows(answer: TestResponse, colour: tuple[int, int, int]) -> bool:
    if not answer.mimetype.startswith("image/") or answer.status_code != 200 or not answer.data:
        return False
    picture = Image.open(io.BytesIO(answer.data)).convert("RGB")
    found = picture.getpixel((picture.width // 2, picture.height // 2))
    return sum(abs(one - other) for one, other in zip(found, colour, strict=True)) < 60


def is_at_the_entry(answer: TestResponse) -> bool:
    return answer.headers.get("Location", "").split("?")[0] in ENTRIES


def everybody(world: World, row: Row) -> Iterator[Question]:
    """All questions about one address. Who may not open it is tried at one lender and on one database: a role
    is turned away before the page asks for anything."""
    everywhere = world.owner.dialect.name == "postgresql"
    for who in world.people:
        if who.kind in row.who or (who.lender != BETA and not everywhere):
            yield from questions(world, row, who)
