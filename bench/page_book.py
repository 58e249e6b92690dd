"""A loan book with what its pages show: cases and a call list as a night makes them, calls, promises and
complaints, staff, and names that can be read."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.orm import Session

from bench import loan_book
from portal.infra.installation import Installation
from portal.models import Borrower, Case, Complaint, ContactPoint
from portal.models.functions import refresh_statistics
from portal.services import accounts, lenders
from portal.services import night as night_of
from portal.vocabulary import Channel, ComplaintState, ComplaintTopic, Locale, Role

NOW = loan_book.NOW  # a Monday at ten, when calls are allowed
ZONE = ZoneInfo("Asia/Shanghai")
SHOWN = 50  # the case whose page and whose borrower's page are asked for: called, and with a promise
COMPLAINTS, SHARE = 60, 100  # at least so many, or one on so many cases
CHUNK = 5000


@dataclass(frozen=True)
class Book:
    """`pages`: who asks for a page, as the browser session names them, and its address."""

    lender_id: int
    pages: Mapping[str, tuple[str, str]]


def filled(name: str, installation: Installation, rows: int) -> Book:
    """Make a book of so many loans in an empty installation."""
    lender_id = loan_book.filled(name, installation, rows)
    with installation.writing.begin() as session:
        lender = _entered(session, lender_id)
        at = datetime(NOW.year, NOW.month, NOW.day, 1, tzinfo=ZONE)
        night_of.run(session, lender=lender, business_date=loan_book.TODAY, now=at)
    loan_book.happened(name, installation, lender_id)
    with installation.writing.begin() as session:
        lender = _entered(session, lender_id)
        _name_people(session)
        return _pages(session, lender)


def _entered(session: Session, lender_id: int) -> lenders.Lender:
    lender = lenders.get(session, lender_id)
    lenders.enter(session, lender)
    return lender


def _name_people(session: Session) -> None:
    """Seal a name for everybody with a case: a value is sealed for its own row."""
    table = cast(Table, Borrower.__table__)
    name_of = table.update().where(table.c.id == bindparam("row")).values(name_sealed=bindparam("sealed"))
    columns = Borrower.id, Borrower.lender_id, Borrower.ref
    query = select(*columns).where(Borrower.id.in_(select(Case.borrower_id))).order_by(Borrower.id)
    last = 0
    while found := session.execute(query.where(Borrower.id > last).limit(CHUNK)).all():
        last = found[-1].id
        session.connection().execute(name_of, [_named(*row) for row in found])


def _named(row: int, lender_id: int, ref: str) -> dict[str, object]:
    return {"row": row, "sealed": Borrower.name.seal(lender_id, ref, "測試借款人")}


def _pages(session: Session, lender: lenders.Lender) -> Book:
    people = {role: _employed(session, lender, role) for role in (Role.LEAD, Role.HANDLER)}
    case = session.get_one(Case, SHOWN)
    for point in session.scalars(select(ContactPoint).where(ContactPoint.borrower_id == case.borrower_id)):
        point.value = "+886912345678"
    cases = session.scalars(select(func.count(Case.id))).one()
    _complain(session, lender, count=max(COMPLAINTS, cases // SHARE))
    lead, handler = people[Role.LEAD], people[Role.HANDLER]
    return Book(
        lender.id,
        {
            "borrower home": (f"borrower:{lender.id}:{case.borrower.ref}", "/my"),
            "case list": (lead, "/agent/cases"),
            "call list": (lead, "/agent/calls"),
            "inbox": (handler, "/agent/inbox"),
            "case page": (lead, f"/agent/cases/{case.ref}"),
        },
    )


def _employed(session: Session, lender: lenders.Lender, role: Role) -> str:
    made = accounts.add_staff(
        session,
        lender=lender,
        number=role.value,
        name="Test Staff",
        email=f"{role.value}@bench.example",
        password=secrets.token_urlsafe(16),
        roles={role},
        locale=Locale.EN,
        now=NOW,
    )
    return f"staff:{lender.id}:{made.ref}"


def _complain(session: Session, lender: lenders.Lender, *, count: int) -> None:
    """One complaint a case from the first on; half of them are decided."""
    for number in range(1, count + 1):
        came_in = NOW - timedelta(hours=number % 200)
        session.add(
            Complaint(
                lender_id=lender.id,
                created_at=came_in,
                number=f"C-{number:08}",
                case_id=number,
                state=ComplaintState.CLOSED if number % 2 else ComplaintState.RECEIVED,
                topic=ComplaintTopic.AMOUNT,
                channel=Channel.PORTAL,
                locale=Locale.EN,
                text="The amount is not right.",
                received_at=came_in,
                acknowledge_by=came_in.date() + timedelta(days=5),
                decide_by=came_in.date() + timedelta(days=15),
            )
        )
    session.flush()
    refresh_statistics(session, Complaint)
