"""One lender of the test's world: staff of every role, invitations, and two borrowers."""

from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from portal.infra import crypto, ids
from portal.models import (
    BookImport,
    BookUpload,
    Borrower,
    Invitation,
    JobRun,
    Lender,
    PaymentAccount,
    PolicyVersion,
    RecoveryCode,
    Staff,
    WebSession,
)
from portal.services import (
    browser_sessions,
    files,
    lenders,
)
from portal.vocabulary import (
    Locale,
    Role,
    UploadState,
)
from portal.web.sessions import COOKIE
from tests import factories
from tests.client import StrictClient
from tests.factories import NOW, TODAY
from tests.isolation import wishes
from tests.isolation.asked import Kind, Thing
from tests.isolation.one_borrower import OneBorrower
from tests.isolation.world import HOUSE, ONE, PEOPLE, TWO, Somebody, World, canary
from tests.signing_in import sign_in_borrower, sign_in_staff


class House:
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
            OneBorrower(self, side, agent, staff).build()
            self.world.mark((self.name, side))
        for (kind, side), person in self._people(staff).items():
            self._sign_in(kind, side, person)

    def _book(self) -> None:
        """What belongs to the lender as a whole."""
        book = BookImport(**self.common, digest="ab" * 32, as_of=TODAY, state="done", counts={"loans": 2})
        run = JobRun(lender_id=self.lender.id, job="nightly", slot="2026-03-01", state="done", started_at=NOW)
        rules = PolicyVersion(
            **self.common,
            code="tw",
            version="2026.1",
            digest=f"{self.lender.id:012x}",
            effective_from=TODAY,
            content={"values": {"contacts.hotline": {"value": canary(self.name, HOUSE), "why": "house"}}},
        )
        self.session.add_all([book, run, rules])
        self._upload()
        wishes.add_texts(self, canary(self.name, HOUSE))

    def _upload(self) -> None:
        """A loan book handed in on the page, with mistakes in it."""
        mark = canary(self.name, HOUSE)
        text = f"borrower_no,name\nB9,{mark}\n".encode()
        wrong = f"file,line,column,value,reason\nborrowers.csv,2,name,{mark},is blank\n".encode()
        stored = {"folder": self.folder, "lender_id": self.lender.id, "media_type": "text/csv", "now": NOW}
        upload = BookUpload(
            **self.common,
            state=UploadState.REFUSED,
            name="borrowers.csv",
            file_id=files.store(self.session, data=text, **stored).id,
            mapping=None,
            as_of=TODAY,
            dry_run=True,
            progress={},
            counts={"borrowers": 1},
            problem_count=1,
            problems_file_id=files.store(self.session, data=wrong, **stored).id,
            problem=None,
            actor="staff:x",
        )
        self.session.add(upload)
        self.session.flush()
        self.upload = upload.ref

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


def _folder(app: Flask):
    from portal.web import uploads

    with app.app_context():
        return uploads.folder()
