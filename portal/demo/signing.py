"""Signing as people do it: ask for a code, read it in the message, draw a name."""

import hashlib
import re

from sqlalchemy import select

from portal.demo.stage import Stage
from portal.models import Agreement, Borrower, Message, Staff
from portal.services import accounts, signatures
from portal.services.codes import DIGITS
from portal.services.signatures import Browser

STROKES = "M120 260L180 120L240 260L300 140L380 250M420 200L520 180L600 240L680 150L780 230L860 190"
NETWORK = "192.0.2.17"  # reserved for examples
CODE = re.compile(rf"\b\d{{{DIGITS}}}\b", re.ASCII)


def sign(stage: Stage, agreement: Agreement, person: Borrower | Staff) -> None:
    """Sign in the browser of a person, with the code that was just sent to them."""
    if isinstance(person, Borrower):
        actor, path, typed = accounts.borrower_actor(person), STROKES, ""
    else:
        actor, path, typed = accounts.staff_actor(person), "", person.name
    browser = Browser(
        digest=hashlib.sha256(person.ref.encode()).digest(), address=NETWORK, agent="Demo browser"
    )
    signatures.send_code(
        stage.session, agreement=agreement, browser=browser.digest, actor=actor, now=stage.clock
    )
    signatures.sign(
        stage.session,
        agreement=agreement,
        browser=browser,
        code=_code_sent(stage),
        path=path,
        typed=typed,
        folder=stage.folder,
        actor=actor,
        now=stage.clock,
    )


def _code_sent(stage: Stage) -> str:
    """Read the code in the newest message that carries one."""
    query = select(Message).where(Message.lender_id == stage.lender.id, Message.template == "code_signature")
    message = stage.session.scalars(query.order_by(Message.id.desc()).limit(1)).one()
    found = CODE.search(message.body)
    assert found is not None
    return found.group()
