"""Cases at which everything happened, and the address of each staff page that shows a part of them."""

import atexit
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pysqlite3.dbapi2
from flask import Flask
from sqlalchemy import make_url
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from portal.config import Settings
from portal.domain.concessions import Concession
from portal.infra import crypto, tenancy
from portal.infra.files import FileStore
from portal.infra.installation import keyring
from portal.models import Borrower, Case, ContactPoint, FollowUp, Lender, Plan, Relief, Staff, Visit
from portal.services import complaints, proofs
from portal.services.files import Upload
from portal.vocabulary import (
    Channel,
    ComplaintTopic,
    ConcessionKind,
    ContactKind,
    Locale,
    PlaceKind,
    ProofKind,
    Role,
)
from tests import factories
from tests.agreements_made import borrower_of, offered, sealed, sign
from tests.at_the_table import budget_of, propose, visit_of
from tests.conftest import NOW
from tests.factories import TODAY, actor_of
from tests.web import calls_and_objections

ID_NO, PHONE, EMAIL = "A987654321", "+886955512345", "canary.person@example.test"
AREA, STREET, ELSEWHERE = "臺北市中正區", "光明測試路99號7樓", "高雄市鹽埕區另一測試街8號"
# No page shows one of these unasked. The agreement itself, and the picture of a paper, are documents.
CANARIES = (
    ID_NO,
    ID_NO[:5],
    PHONE,
    PHONE[4:],
    EMAIL,
    EMAIL[:6],
    STREET,
    STREET[:2],
    "另一測試街",
    "25.03396",
)
DOCUMENTS = {
    "agent.agreement_document",
    "agent.agreement_page",
    "agent.agreement_original",
    "agent.proof_page_picture",
    "agent.book_example_set",
}


@dataclass
class Everything:
    lender: Lender
    staff: dict[Role, Staff]
    visits: list[Visit] = field(default_factory=list)
    refs: dict[str, list[str]] = field(default_factory=dict)

    def add(self, *rows: object) -> None:
        for row in rows:
            self.refs.setdefault(PAGES[row.__tablename__], []).append(row.ref)

    def pages(self, app: Flask) -> Iterator[tuple[str, str]]:
        """Yield (endpoint, address) of every staff page, once for each thing it can be about."""
        adapter = app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            if rule.endpoint.startswith("agent.") and "GET" in rule.methods:
                for values in self._values(rule):
                    yield rule.endpoint, adapter.build(rule.endpoint, {n: values[n] for n in rule.arguments})

    def _values(self, rule: Rule) -> list[dict[str, Any]]:
        """What to fill into an address: the reference of each thing it can name; at least one."""
        if not rule.arguments:
            return [{}]
        kind = rule.rule.split("/")[2]
        if kind == "templates":
            return [TEXT]
        return [{"ref": ref, "number": 1} for ref in self.refs["cases" if kind == "calls" else kind]]


TEXT = {"name": "overdue_reminder", "channel": "sms", "locale": "en"}
PAGES = {
    "case": "cases",
    "visit": "visits",
    "proof": "proofs",
    "plan": "plans",
    "agreement": "agreements",
    "follow_up": "followups",
    "complaint": "complaints",
    "staff": "people",
    "decision": "decisions",
    "override": "overrides",
    "dispute": "disputes",
    "contest": "contests",
    "book_upload": "import",
    "relief": "reliefs",
}


@dataclass
class Kept:
    """What was made once: the database, the files, and the names of the rows in it."""

    database: Path
    files: Path
    lender: int
    staff: dict[Role, int]
    visits: list[int]
    refs: dict[str, list[str]]


_kept: list[Kept] = []


def make(session: Session, settings: Settings) -> Everything:
    """Return everything, on SQLite: made by the first test of a process that asks, then a copy of that."""
    database, files = Path(make_url(settings.database_url).database or ""), Path(settings.files_at)
    if _kept:
        return _again(session, settings, _kept[0], database, files)
    made = _make(session, FileStore(files))
    folder = Path(mkdtemp(prefix="everything-"))
    atexit.register(shutil.rmtree, folder)
    shutil.copytree(files, folder / "files")
    with connect(database) as now, connect(folder / "portal.sqlite") as then:
        now.backup(then)
    staff = {role: person.id for role, person in made.staff.items()}
    visits = [visit.id for visit in made.visits]
    refs = {kind: [*named] for kind, named in made.refs.items()}
    _kept.append(Kept(folder / "portal.sqlite", folder / "files", made.lender.id, staff, visits, refs))
    return made


def _again(session: Session, settings: Settings, kept: Kept, database: Path, files: Path) -> Everything:
    with connect(kept.database) as then, connect(database) as now:
        then.backup(now)
    shutil.copytree(kept.files, files, dirs_exist_ok=True)
    crypto.use(keyring(settings, session.get_bind().engine))  # its root key came with the database
    tenancy.enter(session, kept.lender)
    made = Everything(
        lender=session.get_one(Lender, kept.lender),
        staff={role: session.get_one(Staff, key) for role, key in kept.staff.items()},
        visits=[session.get_one(Visit, key) for key in kept.visits],
        refs={kind: [*named] for kind, named in kept.refs.items()},
    )
    session.commit()
    return made


def connect(path: Path) -> AbstractContextManager[Any]:
    return closing(pysqlite3.dbapi2.connect(path))


def _make(session: Session, folder: FileStore) -> Everything:
    lender = factories.lender(session)
    staff = {role: factories.staff(session, lender, role, name=f"{role.title()} Example") for role in Role}
    made = Everything(lender, staff)
    made.add(*staff.values())
    lead = staff[Role.LEAD]
    _papers(session, made, folder)
    for place in (PlaceKind.HOME, PlaceKind.OTHER_ADDRESS):
        _stop(session, made, place)
    for days in (-1, 1):
        _stop(session, made, PlaceKind.HOME, days=days)
    _plan(session, made, waits=True)
    approved = _plan(session, made, waits=False)
    case = session.get_one(Case, approved.case_id)
    made.add(offered(session, lender, folder, by=lead, case=case, plan=approved))
    _plan(session, made, waits=False)
    borrowers_turn = offered(session, lender, folder, by=lead)
    sign(session, borrowers_turn, borrower_of(session, borrowers_turn), folder)
    made.add(borrowers_turn, sealed(session, lender, folder, by=lead))
    made.add(*session.query(FollowUp).limit(1), *session.query(Relief).limit(1))
    _complaints(session, made)
    calls_and_objections.add(session, made, folder)
    for borrower in session.query(Borrower):
        _personal(session, borrower)
    made.add(*session.query(Case))
    session.commit()
    return made


def _papers(session: Session, made: Everything, folder: FileStore) -> None:
    case = factories.late_borrower(session, made.lender)
    made.add(
        proofs.hand_in(
            session,
            case=case,
            kind=ProofKind.RESIDENCE,
            upload=Upload("image/jpeg", b"page", 1, b"small"),
            channel=Channel.PORTAL,
            received_on=TODAY,
            today=TODAY,
            folder=folder,
            actor=actor_of(case.borrower),
            now=NOW,
        )
    )


def _stop(session: Session, made: Everything, place: PlaceKind, *, days: int = 0) -> None:
    """A visit that has not begun."""
    case = factories.late_borrower(session, made.lender)
    case.owner_id = made.staff[Role.AGENT].id
    crew = [made.staff[Role.AGENT]]
    visit = factories.visit(session, case, crew=crew, starts=NOW + timedelta(days=days))
    visit.place_kind, visit.place = place, ELSEWHERE if place is PlaceKind.OTHER_ADDRESS else None
    made.visits.append(visit)
    made.add(visit)


def _plan(session: Session, made: Everything, *, waits: bool) -> Plan:
    """A visit whose crew is at the table, and the plan that was made there."""
    agent, case = made.staff[Role.AGENT], factories.late_borrower(session, made.lender, late=3)
    factories.ready_for_a_visit(session, case)
    visit = visit_of(session, case, agent)
    given = (Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal(1)),) if waits else ()
    budget = budget_of(session, case, visit=visit)
    plan = propose(session, case, budget, actor_of(agent), visit=visit, periods=12, concessions=given)
    made.add(visit, plan)
    return plan


def _complaints(session: Session, made: Everything) -> None:
    """One nobody took on, and one the handler did."""
    for taken in (False, True):
        case = factories.late_borrower(session, made.lender)
        complaint = complaints.file(
            session,
            lender=made.lender,
            case=case,
            topic=ComplaintTopic.CONDUCT,
            text="Too loud",
            locale=Locale.EN,
            actor=actor_of(case.borrower),
            now=NOW,
        )
        if taken:
            handler = actor_of(made.staff[Role.HANDLER])
            complaints.claim(session, complaint=complaint, actor=handler, now=NOW)
        made.add(complaint)


def _personal(session: Session, borrower: Borrower) -> None:
    borrower.id_no = ID_NO
    points = session.query(ContactPoint).filter_by(borrower_id=borrower.id)
    for kind, value in (
        (ContactKind.PHONE, PHONE),
        (ContactKind.EMAIL, EMAIL),
        (ContactKind.ADDRESS, STREET),
    ):
        point = points.filter_by(kind=kind).one()
        point.value = value
    point.area, point.position = AREA, "25.03396,121.56447"


def forms(text: str) -> Iterator[str]:
    """Yield where the forms and buttons of a page send something."""
    for form in re.findall(r"<form\b[^>]*>", text):
        if re.search(r'method="post"', form):
            yield re.search(r'action="([^"]*)"', form)[1]
    yield from re.findall(r'\b(?:formaction|data-hx-(?:post|put|patch|delete))="([^"]*)"', text)


def links(text: str) -> Iterator[str]:
    yield from (link.partition("#")[0] for link in re.findall(r'href="(/agent[^"]*)"', text))
