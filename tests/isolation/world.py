"""Two lenders who have everything twice, with words in it that give away whose it is.

Each text is marked: `canary(lender, side)` says which lender and which of their two borrowers it is about.
A mark begins with a rare character, so that it shows even where a name is masked to its first letter."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
from flask import Flask
from flask.testing import FlaskClient
from pikepdf import Name
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.orm import Session, sessionmaker

from portal.infra import crypto, ids
from portal.infra.tenancy import OfLender, TenantSession
from portal.models import (
    Adjustment,
    Archive,
    Base,
    BookImport,
    Borrower,
    Case,
    CaseMove,
    Complaint,
    Concession,
    Contact,
    Decision,
    FollowUp,
    Invitation,
    JobRun,
    Lender,
    Payment,
    PaymentAccount,
    Promise,
    RecoveryCode,
    Registration,
    Staff,
    VisitCell,
    WebSession,
)
from portal.models.base import Sealed
from portal.services import (
    accounts,
    agreements,
    approvals,
    authenticators,
    browser_sessions,
    complaints,
    consents,
    files,
    lenders,
    links,
    proof_reviews,
    proofs,
)
from portal.vocabulary import (
    CaseState,
    Channel,
    ComplaintOutcome,
    ComplaintTopic,
    ConcessionKind,
    ConsentPurpose,
    Locale,
    PlanState,
    ProofKind,
    Role,
    ServiceReason,
    Tier,
    VisitState,
)
from portal.web import second_step
from portal.web.sessions import COOKIE
from tests import agreements_made, at_the_table, factories
from tests.client import StrictClient
from tests.factories import NOW, TODAY, actor_of
from tests.isolation.table import Kind, Thing
from tests.signing_in import sign_in_borrower, sign_in_staff

ALPHA, BETA = "Alpha", "Beta"
ONE, TWO, HOUSE, PEOPLE = "One", "Two", "House", "People"
RARE = {
    (ALPHA, ONE): "龘",
    (ALPHA, TWO): "靐",
    (BETA, ONE): "齉",
    (BETA, TWO): "齾",
    (ALPHA, PEOPLE): "鱻",
    (BETA, PEOPLE): "麤",
    (ALPHA, HOUSE): "爨",
    (BETA, HOUSE): "癵",
}
# The ground of each borrower's papers, which a picture of them shows.
COLOURS = {
    (ALPHA, ONE): (200, 20, 20),
    (ALPHA, TWO): (20, 150, 20),
    (BETA, ONE): (20, 20, 200),
    (BETA, TWO): (200, 180, 20),
}
PRESETS = {ALPHA: "pingan-bank", BETA: "spdb-puhui"}
# Secrets that no person wrote; whatever else is sealed holds a mark.
SECRETS = {("visit", "seed"), ("staff", "authenticator"), ("signature", "mark")}
# Texts that are stored as they are, because people find rows by them.
PLAIN = {
    Borrower: ("borrower_no",),
    Payment: ("payment_no", "reference"),
    Staff: ("number",),
    Complaint: ("number",),
    PaymentAccount: ("number",),
}
Group = tuple[str, str]


class Side(StrEnum):
    """Which of the two borrowers of a lender somebody belongs to; both: whoever is in the house."""

    ONE = ONE
    TWO = TWO


def canary(lender: str, side: str) -> str:
    return f"{RARE[lender, side]}Kanarie{lender}{side}"


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """An actor of the matrix. `cookie` is what their browser holds."""

    kind: Kind
    lender: str | None
    side: str = ONE
    cookie: str | None = None
    session: str = "no session of theirs"

    def __str__(self) -> str:
        side = f" {self.side}" if self.kind in (Kind.BORROWER, Kind.AGENT) else ""
        return f"{self.kind}{side} of {self.lender}"


@dataclass
class World:
    app: Flask
    session: Session
    owner: Engine
    keyring: crypto.Keyring
    things: dict[Group, dict[Thing, str]] = field(default_factory=dict)
    refs: dict[Group, set[str]] = field(default_factory=dict)
    people: list[Somebody] = field(default_factory=list)
    lenders: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    def browser(self, person: Somebody) -> FlaskClient:
        """A browser that holds what this person's browser holds."""
        browser = self.app.test_client()
        if person.cookie:
            browser.set_cookie(COOKIE, person.cookie)
        return browser

    def of(self, kind: Kind, lender: str = ALPHA, side: str = ONE) -> Somebody:
        return next(
            each for each in self.people if (each.kind, each.lender, each.side) == (kind, lender, side)
        )

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Let what is written be committed, and take it back at the end."""
        real = self.app.extensions["installation"]
        with real.engine.connect() as connection, connection.begin() as all_of_it:
            options = {"expire_on_commit": False, "join_transaction_mode": "create_savepoint"}
            writing = sessionmaker(connection, class_=TenantSession, **options)
            self.app.extensions["installation"] = replace(real, writing=writing)
            try:
                with self._files_kept():
                    yield
            finally:
                self.app.extensions["installation"] = real
                all_of_it.rollback()

    @contextmanager
    def _files_kept(self) -> Iterator[None]:
        """Bring back files that were removed."""
        folder = self.app.extensions["installation"].settings.instance / "files"
        with TemporaryDirectory(dir=folder.parent) as kept:
            shutil.copytree(folder, kept, copy_function=os.link, dirs_exist_ok=True)
            yield
            for path in Path(kept).rglob("*"):
                if path.is_file() and not (folder / path.relative_to(kept)).exists():
                    os.link(path, folder / path.relative_to(kept))

    def content(self) -> dict[str, int]:
        """How many rows each table holds. Sessions of browsers apart: a page with a form begins one."""
        tables = [table for table in Base.metadata.tables if table != "web_session"]
        counts = ", ".join(f'(SELECT count(*) FROM "{table}")' for table in tables)
        with self.owner.connect() as connection:
            return dict(zip(tables, connection.execute(text(f"SELECT {counts}")).one(), strict=True))

    def mark(self, group: Group) -> None:
        """Say in every text of the rows added since of whom they speak, and remember their names."""
        lender, side = group
        self.session.flush()
        for mapper in Base.registry.mappers:
            if not issubclass(mapper.class_, OfLender):
                continue
            for row in self.session.scalars(select(mapper.class_)):
                key = (mapper.class_.__tablename__, inspect(row).identity[0])
                if key[1] and (*key, lender) not in self._seen:
                    self._seen.add((*key, lender))
                    _mark_row(row, canary(lender, side))
                    if hasattr(row, "ref"):
                        self.refs.setdefault(group, set()).add(row.ref)
        self.session.commit()


def _mark_row(row: object, mark: str) -> None:
    for name in sealed_names(type(row)):
        if (row.__tablename__, name) not in SECRETS and mark not in getattr(row, name):
            setattr(row, name, f"{mark} {name}")
    for name in PLAIN.get(type(row), ()):
        setattr(row, name, f"{mark[1:]}-{row.id}-{name}"[:60])


def sealed_names(model: type) -> list[str]:
    return [name for each in model.__mro__ for name, value in vars(each).items() if isinstance(value, Sealed)]


def build(app: Flask, owner: Engine) -> World:
    """Make both lenders with all that belongs to them, and sign everybody in."""
    installation = app.extensions["installation"]
    lazy = installation.engine.execution_options(only_reads=True)
    with TenantSession(lazy, expire_on_commit=False) as session:
        world = World(app, session, owner, crypto.keyring())
        for name in (ALPHA, BETA):
            lender = _lender(world, name)
            with factories.of_lender(session, lender.id):
                _House(world, name, lender).build()
        session.commit()
        _as_new(owner)
        world.people += [Somebody(kind=Kind.NOBODY, lender=None), *_half_entered(world)]
    return world


def _as_new(owner: Engine) -> None:
    """Marking the rows edited them: forms are sent with the first version."""
    with owner.begin() as connection:
        for table in Base.metadata.tables.values():
            if "version" in table.columns:
                connection.execute(text(f'UPDATE "{table.name}" SET version = 1'))


def _half_entered(world: World) -> Iterator[Somebody]:
    """Who came by a personal link, before the code was given."""
    for kind, more in ((Kind.CAME_BY_LINK, {}), (Kind.IDENTIFIED, {"identified": True})):
        token = ids.new_ref()
        data = {"lender_id": world.lenders[ALPHA], "link": world.things[ALPHA, ONE]["link"]} | more
        browser_sessions.save(
            world.session, token=token, replaces=None, data=data, life=timedelta(days=1), now=NOW
        )
        yield Somebody(kind=kind, lender=ALPHA, cookie=token)
    world.session.commit()
    named = world.things[ALPHA, ONE][Thing.SUPERIOR]
    staff = world.session.scalars(select(Staff).where(Staff.ref == named)).one()
    half = {
        "ref": staff.ref,
        "mark": accounts.password_mark(staff),
        "until": (NOW + timedelta(minutes=10)).isoformat(),
        "then": None,
        "proposal": authenticators.propose(staff=staff),
    }
    token = ids.new_ref()
    data = {"lender_id": world.lenders[ALPHA], second_step.HALF: half}
    browser_sessions.save(
        world.session, token=token, replaces=None, data=data, life=timedelta(days=1), now=NOW
    )
    world.session.commit()
    yield Somebody(kind=Kind.GAVE_PASSWORD, lender=ALPHA, cookie=token)


def _lender(world: World, name: str) -> Lender:
    lender = factories.lender(world.session, f"kanarie-{name.lower()}", preset=PRESETS[name])
    with factories.of_lender(world.session, lender.id):
        lender.names = {locale.value: f"{canary(name, HOUSE)} {locale.value}" for locale in Locale}
        lender.hand_in_place = {locale.value: f"{canary(name, HOUSE)} Road 1" for locale in Locale}
    world.refs[name, HOUSE] = {lender.ref}
    world.lenders[name] = lender.id
    return lender


class _House:
    """One lender: staff of every role, and two borrowers with everything."""

    def __init__(self, world: World, name: str, lender: Lender) -> None:
        self.world, self.name, self.lender = world, name, lender
        self.session = world.session
        self.folder = _folder(world.app)
        self.common = {"lender_id": lender.id, "created_at": NOW}
        self.invitations: dict[int, str] = {}

    def build(self) -> None:
        for account in self.session.scalars(select(PaymentAccount)):
            account.bank = account.holder = {each.value: canary(self.name, HOUSE) for each in Locale}
        self._book()
        self.world.mark((self.name, HOUSE))
        staff = self._staff()
        self.world.mark((self.name, PEOPLE))
        for side, agent in ((ONE, staff[Role.AGENT]), (TWO, staff["another crew"])):
            _Side(self, side, agent, staff).build()
            self.world.mark((self.name, side))
        for (kind, side), person in self._people(staff).items():
            self._sign_in(kind, side, person)

    def _book(self) -> None:
        """What belongs to the lender as a whole."""
        book = BookImport(**self.common, digest="ab" * 32, as_of=TODAY, state="done", counts={"loans": 2})
        run = JobRun(lender_id=self.lender.id, job="nightly", slot="2026-03-01", state="done", started_at=NOW)
        self.session.add_all([book, run])

    def _staff(self) -> dict[str, Staff]:
        def add(*roles: Role, number: str) -> Staff:
            named = f"{canary(self.name, PEOPLE)} {number}"
            return factories.staff(self.session, self.lender, *roles, name=named, number=number)

        staff: dict[str, Staff] = {role: add(role, number=role.value) for role in Role}
        staff["another crew"] = add(Role.AGENT, number="another crew")
        for person in staff.values():
            expires, token = NOW + timedelta(days=3), ids.new_ref()
            self.invitations[person.id] = token
            digest = self.world.keyring.locator("invitation", token)
            lenders.remember_locator(self.session, kind="invitation", digest=digest, lender_id=self.lender.id)
            self.session.add_all(
                [
                    Invitation(
                        **self.common,
                        staff_id=person.id,
                        token_hash=crypto.token_hash(token),
                        expires_at=expires,
                        actor="staff:x",
                    ),
                    RecoveryCode(**self.common, staff_id=person.id, code_hash=ids.new_ref().encode()),
                ]
            )
        return staff

    def _people(self, staff: Mapping[str, Staff]) -> dict[tuple[Kind, str], Staff | Borrower]:
        found: dict[tuple[Kind, str], Staff | Borrower] = {
            (Kind(role.value), ONE): staff[role] for role in Role
        }
        found[Kind.AGENT, TWO] = staff["another crew"]
        for side in (ONE, TWO):
            ref = self.world.things[self.name, side]["borrower"]
            found[Kind.BORROWER, side] = self.session.scalars(
                select(Borrower).where(Borrower.ref == ref)
            ).one()
        return found

    def _sign_in(self, kind: Kind, side: str, person: Staff | Borrower) -> None:
        client = StrictClient(self.world.app, self.session)
        enter = sign_in_staff if isinstance(person, Staff) else sign_in_borrower
        enter(client, person)
        cookie = client.http.get_cookie(COOKIE)
        assert cookie is not None
        named = self.session.scalars(
            select(WebSession.ref).where(WebSession.digest == browser_sessions.digest(cookie.value))
        ).one()
        if kind is Kind.BORROWER:
            self.world.things[self.name, side][Thing.SESSION] = named
        somebody = Somebody(kind=kind, lender=self.name, side=side, cookie=cookie.value, session=named)
        self.world.people.append(somebody)


class _Side:
    """One borrower of a lender: an open case in one currency, an agreement in force in the other."""

    def __init__(self, house: _House, side: str, agent: Staff, staff: Mapping[str, Staff]) -> None:
        self.house, self.side, self.agent, self.staff = house, side, agent, staff
        self.session, self.common, self.folder = house.session, house.common, house.folder
        self.mark = canary(house.name, side)
        self.things: dict[str, str] = {
            Thing.STAFF: agent.ref,
            Thing.SUPERIOR: staff[Role.MANAGER].ref,
            Thing.INVITATION: house.invitations[agent.id],
        }

    def build(self) -> None:
        self.house.world.things[self.house.name, self.side] = self.things
        named = f"{self.mark} Person"
        self.borrower = factories.borrower(self.session, self.house.lender, name=named)
        self.actor = actor_of(self.borrower)
        self.things["borrower"] = self.borrower.ref
        self.case = self._case("CNY", owner=None)
        self.things[Thing.CASE] = self.case.ref
        self._papers()
        self._visits()
        self._plans()
        self._in_force()
        self._complaints()
        self._contacts()
        link, token = links.create(
            self.session, borrower=self.borrower, channel=Channel.SMS, actor=self.actor, now=NOW
        )
        self.things[Thing.LINK] = token
        self.things["link"] = link.ref

    def _case(self, currency: str, owner: Staff | None) -> Case:
        loan = factories.loan(self.session, self.borrower, currency=currency)
        loan.contract_no = f"{self.mark[1:]}-{currency}"
        number = f"{self.mark[1:]}-{currency}-payment"
        payment = Payment(
            **self.common,
            loan_id=loan.id,
            payment_no=number,
            paid_on=TODAY,
            amount=100,
            currency=currency,
            kind="payment",
            reference=number,
        )
        self.session.add(payment)
        if currency == "CNY":
            self.things[Thing.LOAN] = loan.ref
        return factories.case(self.session, loan, state=CaseState.PLANNING, owner=owner)

    def _papers(self) -> None:
        factories.ready_for_a_visit(self.session, self.case)
        consent = self.case_rows("consent")[0]
        consent.text_version = consents.TEXTS[ConsentPurpose.VISIT_SERVICE]
        self.things[Thing.CONSENT] = consent.ref
        self.session.add(
            Registration(
                **self.common,
                case_id=self.case.id,
                consent_id=consent.id,
                reason=ServiceReason.CANNOT_COME,
                declaration_version=consents.DECLARATION,
                actor=str(self.actor),
            )
        )
        self.things[Thing.PROOF] = self._proof().ref
        reviewed = self._proof()
        proof_reviews.reject(
            self.session,
            proof=reviewed,
            case=self.case,
            version=reviewed.version,
            reason="other",
            note=f"{self.mark} please again",
            actor=actor_of(self.staff[Role.CALLER]),
            now=NOW,
        )

    def _proof(self) -> proofs.Proof:
        made = proofs.hand_in(
            self.session,
            case=self.case,
            kind=ProofKind.IDENTITY,
            upload=files.cleaned(paper(self.mark[1:], COLOURS[self.house.name, self.side])),
            channel=Channel.PORTAL,
            received_on=TODAY,
            today=TODAY,
            folder=self.folder,
            actor=self.actor,
            now=NOW,
        )
        self.session.flush()
        return made

    def _visits(self) -> None:
        visit_of = at_the_table.visit_of
        self.at_table = visit_of(self.session, self.case, self.agent)
        at_door = visit_of(self.session, self.case, self.agent, state=VisitState.ARRIVED, answered=False)
        today = factories.visit(self.session, self.case, crew=[self.agent])
        ahead = factories.visit(self.session, self.case, crew=[self.agent], starts=NOW + timedelta(days=1))
        self.session.add(
            VisitCell(**self.common, visit_id=ahead.id, staff_id=self.agent.id, starts_at=ahead.window_start)
        )
        self.things |= {
            Thing.VISIT_AT_TABLE: self.at_table.ref,
            Thing.VISIT_AT_DOOR: at_door.ref,
            Thing.VISIT_TODAY: today.ref,
            Thing.VISIT_AHEAD: ahead.ref,
        }

    def _plans(self) -> None:
        agent, lead = actor_of(self.agent), actor_of(self.staff[Role.LEAD])
        approved = factories.approved_plan(self.session, self.case, visit=self.at_table)
        self.session.add(
            Concession(
                **self.common,
                plan_id=approved.id,
                kind=ConcessionKind.PENALTY_WAIVER,
                share_ppm=500_000,
                amount=12_000,
                tier=Tier.AGENT,
            )
        )
        waiting = factories.approved_plan(self.session, self.case, state=PlanState.WAITING_APPROVAL)
        approvals.ask(
            self.session, plan=waiting, tier=Tier.LEAD, reason=f"{self.mark} why", actor=agent, now=NOW
        )
        to_sign = factories.approved_plan(self.session, self.case)
        agreement = agreements.offer(self.session, plan=to_sign, folder=self.folder, actor=lead, now=NOW)
        at_the_table.budget_of(self.session, self.case, visit=self.at_table)
        self.things |= {
            Thing.PLAN: approved.ref,
            Thing.PLAN_WAITING: waiting.ref,
            Thing.AGREEMENT: agreement.ref,
        }

    def _in_force(self) -> None:
        lead = self.staff[Role.LEAD]
        case = self._case("TWD", owner=self.agent)
        plan = factories.approved_plan(self.session, case)
        agreement = agreements_made.offered(
            self.session, self.house.lender, self.folder, by=lead, case=case, plan=plan
        )
        strokes = agreements_made.PATH
        agreements_made.sign(self.session, agreement, self.borrower, self.folder, path=strokes)
        agreements_made.sign(self.session, agreement, lead, self.folder)
        follow_up = self.session.scalars(
            select(FollowUp).where(FollowUp.agreement_id == agreement.id).order_by(FollowUp.number)
        ).first()
        kept = {"agreement_id": agreement.id, "kind": ConcessionKind.GRACE, "state": "requested"}
        self.session.add(Adjustment(**self.common, **kept, reason=f"{self.mark} adjustment"))
        bundle = {"file_id": agreement.file_id, "manifest": {"note": self.mark}, "retain_until": TODAY}
        self.session.add(Archive(**self.common, case_id=case.id, **bundle))
        self.things |= {Thing.AGREEMENT_SEALED: agreement.ref, Thing.FOLLOW_UP: follow_up.ref}

    def _complaints(self) -> None:
        handler = actor_of(self.staff[Role.HANDLER])
        filed = [self._complaint() for _ in range(3)]
        for each in filed[:2]:
            complaints.claim(self.session, complaint=each, actor=handler, now=NOW)
            for actor, internal in ((handler, True), (handler, False), (self.actor, False)):
                body = f"{self.mark} {'note' if internal else 'message'}"
                complaints.write(
                    self.session, complaint=each, body=body, internal=internal, actor=actor, now=NOW
                )
        complaints.decide(
            self.session,
            complaint=filed[1],
            outcome=ComplaintOutcome.UPHELD,
            checked=self.mark,
            grounds=self.mark,
            redress=self.mark,
            actor=handler,
            now=NOW,
        )
        self.things |= {Thing.COMPLAINT: filed[0].ref, Thing.COMPLAINT_NEW: filed[2].ref}

    def _complaint(self) -> Complaint:
        return complaints.file(
            self.session,
            lender=self.house.lender,
            case=self.case,
            topic=ComplaintTopic.CONTACT,
            text=f"{self.mark} complaint",
            locale=Locale.EN,
            actor=self.actor,
            now=NOW,
        )

    def _contacts(self) -> None:
        decision = self.case_rows("decision")[0]
        contact = Contact(
            **self.common,
            case_id=self.case.id,
            decision_id=decision.id,
            staff_id=self.staff[Role.CALLER].id,
            channel=Channel.SMS,
            inbound=False,
            at=NOW,
            outcome="reached",
            feedback=f"{self.mark} said",
        )
        self.session.add(contact)
        self.session.flush()
        self.session.add(
            Promise(
                **self.common,
                case_id=self.case.id,
                contact_id=contact.id,
                amount=100,
                currency="CNY",
                due_on=TODAY,
                state="active",
            )
        )
        self.session.add(
            CaseMove(
                **self.common,
                case_id=self.case.id,
                from_state=CaseState.BOOKED,
                to_state=CaseState.PLANNING,
                actor="system:x",
            )
        )

    def case_rows(self, table: str) -> list[Decision]:
        model = next(each.class_ for each in Base.registry.mappers if each.local_table.name == table)
        return list(self.session.scalars(select(model).where(model.case_id == self.case.id)))


def paper(words: str, colour: tuple[int, int, int]) -> bytes:
    """A document of one page that says whose it is, in words and by its ground."""
    data = BytesIO()
    with pikepdf.new() as document:
        sheet = document.add_blank_page(page_size=(300, 200))
        helvetica = pikepdf.Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        sheet.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=helvetica))
        ground = " ".join(f"{part / 255:.3f}" for part in colour)
        drawn = f"{ground} rg 0 0 300 200 re f 1 1 1 rg BT /F1 12 Tf 20 180 Td ({words}) Tj ET"
        sheet.Contents = document.make_stream(drawn.encode())
        document.save(data)
    return data.getvalue()


def _folder(app: Flask):
    from portal.web import uploads

    with app.app_context():
        return uploads.folder()
