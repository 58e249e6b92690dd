"""What a borrower says is not so, a call that the rules refuse, an exception, a loan book handed in."""

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.infra.files import FileStore
from portal.models import Case
from portal.models.audit_entry import AuditEntry
from portal.services import book_example, book_uploads, contests, disputes, gate, overrides
from portal.services.book_uploads import HandedIn
from portal.vocabulary import Action, ActionClass, DisputeKind, Initiator, Role
from tests import factories
from tests.conftest import NOW
from tests.factories import actor_of

if TYPE_CHECKING:
    from tests.web.everything import Everything


def add(session: Session, made: "Everything", folder: FileStore) -> None:
    _exception(session, made, factories.late_borrower(session, made.lender))
    _objections(session, made, factories.late_borrower(session, made.lender))
    sent = HandedIn(name="book.zip", data=book_example.archive(), mapping=None, as_of=None, dry_run=True)
    admin = actor_of(made.staff[Role.ADMIN])
    made.add(book_uploads.hand_in(session, sent=sent, folder=folder, actor=admin, now=NOW))


def _exception(session: Session, made: "Everything", case: Case) -> None:
    """A call too many, refused, and the question whether it may be made all the same."""
    caller = actor_of(factories.staff(session, made.lender, Role.CALLER))  # whoever calls sees the number
    asked = [
        gate.ask(
            session,
            case=case,
            action=Action.CALL,
            action_class=ActionClass.COLLECTION,
            initiator=Initiator.LENDER,
            actor=caller,
            now=NOW,
        )
        for _ in range(3)
    ]
    allowed, _again, refused = asked
    override = overrides.request(
        session,
        decision=refused,
        rules=overrides.askable(refused),
        reason="She asked to be called again",
        actor=caller,
        now=NOW,
    )
    made.add(allowed, refused, override)


def _objections(session: Session, made: "Everything", case: Case) -> None:
    """A dispute of the debt, and a contest of the entry that the dispute wrote."""
    borrower = actor_of(case.borrower)
    dispute = disputes.open(
        session, case=case, kind=DisputeKind.WRONG_AMOUNT, words="I paid in May", actor=borrower, now=NOW
    )
    session.flush()
    last = session.scalars(
        select(AuditEntry.sequence)
        .where(AuditEntry.case_ref == case.ref, AuditEntry.action == "dispute_opened")
        .order_by(AuditEntry.sequence.desc())
    ).first()
    assert last
    contest = contests.raise_(
        session, case=case, sequence=last, words="That was not me", actor=borrower, now=NOW
    )
    made.add(dispute, contest)
