"""Who takes part in a browser story: a lender, its staff, a borrower who is two instalments late."""

import re
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.actor import system
from portal.infra import clock
from portal.models import Borrower, Case, Lender, Message, Staff, Visit
from portal.services import links
from portal.vocabulary import Channel, Locale, Role
from tests import authenticator, factories


@dataclass
class Cast:
    session: Session
    lender: Lender
    borrower: Borrower
    case: Case
    agent: Staff
    partner: Staff
    caller: Staff
    lead: Staff
    handler: Staff

    def link(self) -> str:
        """A fresh personal link, as the borrower finds it in an SMS."""
        actor = system(self.lender.id, "test")
        _, token = links.create(
            self.session, borrower=self.borrower, channel=Channel.SMS, actor=actor, now=clock.now()
        )
        self.session.commit()
        return f"/l/{token}"

    def newest_code(self, template: str) -> str:
        """The six digits of the last message of a kind."""
        self.session.rollback()
        query = select(Message).where(Message.template == template).order_by(Message.id.desc())
        body = self.session.scalars(query).first().body
        self.session.rollback()
        return re.search(r"\b\d{6}\b", body)[0]

    def visit(self) -> Visit:
        self.session.rollback()
        found = self.session.scalars(select(Visit).order_by(Visit.id.desc())).first()
        self.session.rollback()
        return found


def assemble(session: Session, *, language: str) -> Cast:
    lender = factories.lender(session)
    names = {"zh_Hant": "平安銀行（示範）", "zh_Hans": "平安银行（示范）", "en": "Ping An Bank (demo)"}
    lender.names = names
    borrower = factories.borrower(session, lender, name="測試借款人" if language != "en" else "Test Borrower")
    borrower.locale = Locale(language)
    loan = factories.loan(session, borrower, instalment=500_000, interest=5_000)
    case = factories.case(session, loan)

    def hire(role: Role, name: str) -> Staff:
        member = factories.staff(session, lender, role, name=name)
        member.locale = Locale(language)
        return authenticator.give(session, member)

    cast = Cast(
        session=session,
        lender=lender,
        borrower=borrower,
        case=case,
        agent=hire(Role.AGENT, "示範外訪一" if language != "en" else "Agent One"),
        partner=hire(Role.AGENT, "示範外訪二" if language != "en" else "Agent Two"),
        caller=hire(Role.CALLER, "Caller Demo"),
        lead=hire(Role.LEAD, "Lead Demo"),
        handler=hire(Role.HANDLER, "Handler Demo"),
    )
    session.commit()
    return cast


def photo(words: str) -> bytes:
    """A picture as a telephone would take it."""
    image = Image.new("RGB", (1200, 900), "#e8e4da")
    ImageDraw.Draw(image).text((80, 80), words, fill="#222222", font_size=64)
    stream = BytesIO()
    image.save(stream, "JPEG")
    return stream.getvalue()
