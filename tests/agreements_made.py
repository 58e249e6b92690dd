"""Plain functions that bring an agreement to a point: offered, signed by one side, sealed."""

import re
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.domain.actor import Actor
from portal.infra.files import FileStore
from portal.models import (
    Agreement,
    Borrower,
    Case,
    Decision,
    Lender,
    Message,
    Plan,
    Signature,
    Staff,
    Visit,
)
from portal.services import agreements, signatures
from portal.services.signatures import Browser
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Initiator,
    PlaceKind,
    Role,
    VisitPurpose,
    VisitState,
)
from tests import factories
from tests.conftest import NOW

BROWSER = Browser(digest=b"b" * 32, address="203.0.113.7", agent="Test Browser 1.0")
# Two strokes, well over the least length.
PATH = "M100 100L300 400L500 120M550 300L800 310"


def planned_case(session: Session, of: Lender, *, owner: Staff | None = None) -> Case:
    owing = factories.loan(session, factories.borrower(session, of))
    return factories.case(session, owing, state=CaseState.PLANNING, owner=owner)


def home_visit(session: Session, case: Case) -> Visit:
    """A visit at home that took place in the morning."""
    decision = Decision(
        lender_id=case.lender_id,
        created_at=NOW,
        case_id=case.id,
        action=Action.VISIT_PROPOSAL,
        action_class=ActionClass.SERVICE,
        allowed=True,
        rules={},
        pack_version="test 1",
        actor="system:test",
    )
    session.add(decision)
    session.flush()
    visit = Visit(
        lender_id=case.lender_id,
        created_at=NOW,
        case_id=case.id,
        decision_id=decision.id,
        state=VisitState.VERIFIED,
        initiator=Initiator.BORROWER,
        purpose=VisitPurpose.PLAN,
        place_kind=PlaceKind.HOME,
        window_start=NOW - timedelta(hours=1),
        window_end=NOW,
        discreet=False,
        seed="seed",
    )
    session.add(visit)
    session.flush()
    return visit


def offered(
    session: Session,
    of: Lender,
    folder: FileStore,
    *,
    by: Staff | None = None,
    case: Case | None = None,
    plan: Plan | None = None,
    now: datetime = NOW,
) -> Agreement:
    lead = by or factories.staff(session, of, Role.LEAD)
    case = case or planned_case(session, of, owner=lead)
    plan = plan or factories.approved_plan(session, case)
    return agreements.offer(session, plan=plan, folder=folder, actor=factories.actor_of(lead), now=now)


def borrower_of(session: Session, agreement: Agreement) -> Borrower:
    return session.get_one(Case, agreement.case_id).borrower


def code_of(session: Session) -> str:
    """The code of the newest message that carries one for signing."""
    newest = session.query(Message).filter(Message.template == "code_signature").order_by(Message.id.desc())
    return re.search(r"\b\d{6}\b", newest.first().body)[0]


def sign(
    session: Session,
    agreement: Agreement,
    person: Borrower | Staff,
    folder: FileStore,
    *,
    path: str = "",
    now: datetime = NOW,
) -> Signature:
    """Ask for a code and sign, with strokes or with the typed name."""
    actor: Actor = factories.actor_of(person)
    signatures.send_code(session, agreement=agreement, browser=BROWSER.digest, actor=actor, now=now)
    return signatures.sign(
        session,
        agreement=agreement,
        browser=BROWSER,
        code=code_of(session),
        path=path,
        typed="" if path else person.name,
        folder=folder,
        actor=actor,
        now=now,
    )


def sealed(session: Session, of: Lender, folder: FileStore, *, by: Staff | None = None) -> Agreement:
    lead = by or factories.staff(session, of, Role.LEAD)
    agreement = offered(session, of, folder, by=lead)
    sign(session, agreement, borrower_of(session, agreement), folder, path=PATH)
    sign(session, agreement, lead, folder)
    return agreement
