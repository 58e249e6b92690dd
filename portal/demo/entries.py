"""How to enter the demo: personal links that work now, and sign-ins of the staff."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.demo import houses
from portal.demo.cast import SHOWN, Part
from portal.demo.people import borrower_no
from portal.domain.actor import system
from portal.domain.calendar import BusinessCalendar
from portal.infra.installation import Installation
from portal.models import Borrower, Complaint, Lender, Staff, Visit
from portal.services import accounts, day, lenders, links, policies, routes, scope
from portal.vocabulary import OPEN_COMPLAINT, Channel, Locale, Role, VisitState

LINKS_FILE = "demo-links.json"
LEAST_LEFT = timedelta(hours=12)  # a link with less to live is not worth printing again
DAYS_SHOWN = 3  # further ahead an agent sees no visit


@dataclass(frozen=True, kw_only=True)
class BorrowerEntry:
    """A borrower to be: open `url`, give the last four of the ID number, then the code that was sent."""

    lender: str
    name: str
    shows: str
    url: str
    last_four: str


@dataclass(frozen=True, kw_only=True)
class StaffEntry:
    """A member of staff to be; all of them have the same password, and codes on a page for trying out."""

    lender: str
    role: Role
    name: str
    email: str
    shows: str


@dataclass(frozen=True, kw_only=True)
class EntryPoints:
    """Everything a newcomer needs. `notes` say what the rules do not allow at this hour."""

    borrowers: tuple[BorrowerEntry, ...]
    staff: tuple[StaffEntry, ...]
    password: str
    staff_url: str
    messages_url: str
    codes_url: str
    notes: tuple[str, ...]


def entry_points(installation: Installation, *, now: datetime) -> EntryPoints:
    """Return the ways in. A link that was printed before is printed again while it lives."""
    base_url = installation.settings.base_url
    shelf = _Shelf(installation.settings.instance / LINKS_FILE, base_url, now)
    borrowers: list[BorrowerEntry] = []
    staff: list[StaffEntry] = []
    notes: list[str] = []
    for house in houses.HOUSES:
        with installation.writing.begin() as session:
            lender = lenders.find(session, house.code)
            if lender is None:
                continue
            lenders.enter(session, lender)
            own = [(index, part) for index, part in SHOWN if part.house == house.code]
            entries = [shelf.entry(session, lender, index, part) for index, part in own]
            borrowers += [entry for entry in entries if entry]
            staff += _staff(session, house, lender, base_url, now)
            notes = notes or _notes(lender, now)
    shelf.keep()
    return EntryPoints(
        borrowers=tuple(borrowers),
        staff=tuple(staff),
        password=houses.PASSWORD,
        staff_url=f"{base_url}/agent/sign-in",
        messages_url=f"{base_url}/development/messages",
        codes_url=f"{base_url}/development/codes",
        notes=tuple(notes),
    )


class _Shelf:
    """Links that were printed, beside the keys of the installation: the database has their hashes only."""

    def __init__(self, path: Path, base_url: str, now: datetime) -> None:
        self.path, self.base_url, self.now = path, base_url, now
        self.tokens: dict[str, str] = json.loads(path.read_text("ascii")) if path.exists() else {}

    def entry(self, session: Session, lender: Lender, index: int, part: Part) -> BorrowerEntry | None:
        """Return the way in of a borrower; None: the demo was loaded without them."""
        query = select(Borrower).where(
            Borrower.lender_id == lender.id, Borrower.borrower_no == borrower_no(index)
        )
        borrower = session.scalar(query)
        if borrower is None:
            return None
        return BorrowerEntry(
            lender=lender.names[Locale.EN],
            name=borrower.name,
            shows=part.shows,
            url=f"{self.base_url}/l/{self._token(session, borrower)}",
            last_four=borrower.id_no[-links.LAST :],
        )

    def _token(self, session: Session, borrower: Borrower) -> str:
        known = self.tokens.get(borrower.ref, "")
        link = links.find(session, token=known) if known else None
        if link and links.is_open(session, link=link, now=self.now + LEAST_LEFT):
            return known
        actor = system(borrower.lender_id, "demo")
        _, token = links.create(session, borrower=borrower, channel=Channel.SMS, actor=actor, now=self.now)
        self.tokens[borrower.ref] = token
        return token

    def keep(self) -> None:
        draft = self.path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.tokens, file)
        draft.replace(self.path)


def _staff(
    session: Session, house: houses.House, lender: Lender, base_url: str, now: datetime
) -> list[StaffEntry]:
    """One person for each role, of the agents the one with most stops; and who is on a visit now."""
    people = session.scalars(select(Staff).where(Staff.lender_id == lender.id).order_by(Staff.id)).all()
    by_email = {person.email: person for person in people}
    agents = [person for person in people if any(each.role is Role.AGENT for each in person.roles)]
    agent, shows = _busiest(session, lender, agents, now)
    entries = [_entry(lender, Role.AGENT, agent, shows)] if agent else []
    for visit in _under_way(session, lender):
        shows = f"sits at a borrower's table: {base_url}/agent/visits/{visit.ref}"
        entries.append(_entry(lender, Role.AGENT, visit.crew[0].staff, shows))
    for post in houses.POSTS:
        person = by_email.get(houses.email_of(post.name, house.code))
        if person is not None and post.role is not Role.AGENT:
            shows = _work(session, lender, person, post.role, now)
            entries.append(_entry(lender, post.role, person, shows))
    return entries


def _work(session: Session, lender: Lender, person: Staff, role: Role, now: datetime) -> str:
    """What somebody in a role does, and how much of it waits."""
    actor = accounts.staff_actor(person)
    match role:
        case Role.LEAD:
            count = day.approvals_to_give(session, actor=actor, now=now)
            return f"sees every case, says yes or no to plans and exceptions: {count} waiting"
        case Role.CALLER:
            count = day.calls_due(session, actor=actor, now=now)
            papers = day.proofs_to_review(session, actor=actor, now=now)
            return f"calls, and checks documents: {count} to call, {papers} to check"
        case Role.HANDLER:
            query = scope.complaints(actor, now=now).where(Complaint.state.in_(OPEN_COMPLAINT))
            return f"answers complaints: {len(session.scalars(query).all())} open"
        case Role.MANAGER:
            return "decides what is beyond the lead"
        case Role.AUDITOR:
            return "reads everything, changes nothing"
        case _:
            return "invites people, takes in loan books, writes the texts of messages"


def _entry(lender: Lender, role: Role, person: Staff, shows: str) -> StaffEntry:
    return StaffEntry(
        lender=lender.names[Locale.EN], role=role, name=person.name, email=person.email, shows=shows
    )


def _busiest(
    session: Session, lender: Lender, agents: Sequence[Staff], now: datetime
) -> tuple[Staff | None, str]:
    """The agent with most stops on the first day that has any, and what that day has."""
    zone = ZoneInfo(policies.of(lender, now).business.timezone)
    today = now.astimezone(zone).date()
    for that_day in (today + timedelta(days=ahead) for ahead in range(DAYS_SHOWN)):
        stops = {person.ref: _stops(session, person, that_day, zone, now) for person in agents}
        most = max(agents, key=lambda person: stops[person.ref], default=None)
        if most is not None and stops[most.ref]:
            when = "today" if that_day == today else f"on {that_day}"
            return most, f"walks the route: {stops[most.ref]} to visit {when}"
    return next(iter(agents), None), "walks the route: nobody to visit in the next days"


def _stops(session: Session, agent: Staff, on: date, zone: ZoneInfo, now: datetime) -> int:
    actor = accounts.staff_actor(agent)
    return len(routes.to_go(session, actor=actor, day=on, zone=zone, now=now))


def _under_way(session: Session, lender: Lender) -> Sequence[Visit]:
    query = select(Visit).where(Visit.lender_id == lender.id, Visit.state == VisitState.VERIFIED)
    return session.scalars(query.order_by(Visit.id).limit(1)).all()


def _notes(lender: Lender, now: datetime) -> list[str]:
    """What a newcomer would wonder about on this day and at this hour."""
    policy, notes = policies.of(lender, now), []
    local = now.astimezone(ZoneInfo(policy.business.timezone))
    window = policy.visit.window
    if BusinessCalendar.of(policy.business).is_public_holiday(local.date()):
        notes.append(
            f"{local:%Y-%m-%d} is a public holiday there, so no visit takes place; the next stops are on the "
            "first day that is none."
        )
    if not window.holds(local.time()):
        notes.append(
            f"It is {local:%H:%M} in {policy.business.timezone}: the contact gate lets visits begin from "
            f"{window.opens:%H:%M} to {window.closes:%H:%M}. The visit that is under way goes on at any hour."
        )
    return notes
