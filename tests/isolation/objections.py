"""What a borrower of the test's world says is not so: a debt, and an entry of the timeline."""

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.models import Contest, Dispute
from portal.models.audit_entry import AuditEntry
from portal.vocabulary import DisputeKind, DisputeState, Role
from tests.factories import NOW, TODAY

if TYPE_CHECKING:
    from tests.isolation.one_borrower import OneBorrower


def add(one: "OneBorrower") -> None:
    """A dispute and a contest that wait for an answer, and one of each that was answered."""
    _disputes(one)
    _contests(one)


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
    one.session.add_all(
        [
            Dispute(**one.common, **told, state=DisputeState.OPEN),
            Dispute(**one.common, **told, **answered, state=DisputeState.NOT_UPHELD),
        ]
    )


def _contests(one: "OneBorrower") -> None:
    lead = one.staff[Role.LEAD]
    own = select(AuditEntry).where(AuditEntry.case_ref == one.case.ref).order_by(AuditEntry.sequence)
    first, second = one.session.scalars(own.limit(2))
    told = {"case_id": one.case.id, "words": f"{one.mark} contests it"}
    answered = {"answered_by": lead.id, "answered_at": NOW, "answer": f"{one.mark} the answer"}
    one.session.add_all(
        [
            Contest(**one.common, **told, entry=first.sequence),
            Contest(**one.common, **told, **answered, entry=second.sequence),
        ]
    )
