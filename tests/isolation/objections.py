"""What a borrower of the test's world says is not so: a debt, and an entry of the timeline."""

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.models import Contest, Dispute
from portal.models.audit_entry import AuditEntry
from portal.services import cases
from portal.vocabulary import DisputeKind, DisputeState, HoldReason, Role
from tests.factories import NOW, TODAY
from tests.isolation.asked import Thing

if TYPE_CHECKING:
    from tests.isolation.one_borrower import OneBorrower


def add(one: "OneBorrower") -> None:
    """A dispute and a contest that wait for an answer, and some that were answered."""
    _disputes(one)
    _contests(one)
    one.session.flush()


def _disputes(one: "OneBorrower") -> None:
    lead = one.staff[Role.LEAD]
    told = {
        "case_id": one.case.id,
        "kind": DisputeKind.WRONG_AMOUNT,
        "words": f"{one.mark} disputes it",
        "actor": str(one.actor),
        "answer_by": TODAY,
    }
    answered = {"answered_by": lead.id, "answered_at": NOW, "answer": f"{one.mark} the answer"}
    waiting = Dispute(**one.common, **told, state=DisputeState.OPEN)
    upheld = Dispute(**one.common, **told, **answered, state=DisputeState.UPHELD)
    one.session.add_all([waiting, upheld])
    one.session.add(Dispute(**one.common, **told, **answered, state=DisputeState.NOT_UPHELD))
    for dispute in (waiting, upheld):
        cases.hold(
            one.session,
            case=one.case,
            reason=HoldReason.DISPUTE,
            subject=dispute.ref,
            actor=one.actor,
            now=NOW,
        )
    one.things |= {Thing.DISPUTE: waiting.ref, Thing.DISPUTE_UPHELD: upheld.ref}


def _contests(one: "OneBorrower") -> None:
    lead = one.staff[Role.LEAD]
    own = select(AuditEntry).where(AuditEntry.case_ref == one.case.ref, AuditEntry.actor == str(one.actor))
    first, second, third = one.session.scalars(
        own.where(AuditEntry.action.in_(["proof_received", "complaint_filed"]))
        .order_by(AuditEntry.sequence)
        .limit(3)
    )
    told = {"case_id": one.case.id, "words": f"{one.mark} contests it"}
    answered = {"answered_by": lead.id, "answered_at": NOW, "answer": f"{one.mark} the answer"}
    waiting = Contest(**one.common, **told, entry=first.sequence)
    one.session.add_all([waiting, Contest(**one.common, **told, **answered, entry=second.sequence)])
    one.things |= {Thing.CONTEST: waiting.ref, Thing.ENTRY: third.hash.hex()}
