"""Relief on the loans of a case: what an agreement gives, as dated facts, and taking one of them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor, ActorKind
from portal.domain.refusals import Refused
from portal.models import Agreement, Case, CaseLoan, Concession, Loan, PlanLoan, Staff
from portal.models import Relief as Relief
from portal.services import audit, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import ConcessionKind, ReliefKind, Role

# What a plan's concession is on the contracts it is for; the others only shape the plan's own rows.
ON_CONTRACTS = {
    ConcessionKind.PENALTY_WAIVER: ReliefKind.PENALTY_WAIVER,
    ConcessionKind.INTEREST_WAIVER: ReliefKind.INTEREST_WAIVER,
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One relief with its loan, the agreement it came from, and the names of who gave and withdrew it."""

    relief: Relief
    loan: Loan
    agreement: Agreement | None
    given_by: str | None
    withdrawn_by: str | None

    @property
    def in_force(self) -> bool:
        return self.relief.withdrawn_at is None


@in_savepoint
def grant_from_agreement(
    session: Session, *, agreement: Agreement, case: Case, actor: Actor, now: datetime
) -> list[Relief]:
    """Give what a sealed agreement promises on each loan of its plan, from the day it takes effect.

    Waivers are the plan's own shares; no penalty interest runs from that day on. Refused: the agreement has
    no such day yet, or its relief was given before."""
    first_day = agreement.effective_on
    if first_day is None:
        raise Refused("relief_agreement_not_sealed")
    if session.scalar(select(Relief.id).where(Relief.agreement_id == agreement.id).limit(1)):
        raise Refused("relief_given_already")
    shares: dict[ReliefKind, int | None] = {
        ON_CONTRACTS[given.kind]: given.share_ppm
        for given in session.scalars(select(Concession).where(Concession.plan_id == agreement.plan_id))
        if given.kind in ON_CONTRACTS
    }
    shares[ReliefKind.PENALTY_STOP] = None
    loans = session.scalars(
        select(PlanLoan.loan_id).where(PlanLoan.plan_id == agreement.plan_id).order_by(PlanLoan.loan_id)
    )
    given = [
        Relief(
            lender_id=agreement.lender_id,
            created_at=now,
            loan_id=loan_id,
            agreement_id=agreement.id,
            kind=kind,
            first_day=first_day,
            share_ppm=share_ppm,
            actor=str(actor),
        )
        for loan_id in loans
        for kind, share_ppm in shares.items()
    ]
    session.add_all(given)
    session.flush()
    for relief in given:
        audit.record(
            session,
            actor=actor,
            action="relief_given",
            subject=relief,
            case=case,
            now=now,
            kind=relief.kind,
            first_day=relief.first_day.isoformat(),
            share_ppm=relief.share_ppm,
            agreement=agreement.ref,
        )
    return given


def find(session: Session, ref: str, *, actor: Actor, now: datetime) -> Line | None:
    """Return a relief if this person may see it."""
    query = scope.reliefs(actor, now=now).where(Relief.ref == ref)
    return next(iter(_lines(session, query)), None)


def case_of(session: Session, line: Line, *, actor: Actor, now: datetime) -> Case:
    """Return the case a relief belongs to: that of its agreement, else the newest one of its loan."""
    joined = scope.cases(actor, now=now).join(CaseLoan, CaseLoan.case_id == Case.id)
    query = joined.where(CaseLoan.loan_id == line.loan.id).order_by(Case.id.desc())
    found = session.scalars(query).all()
    agreed = line.agreement.case_id if line.agreement else None
    return next((each for each in found if each.id == agreed), found[0])


def of_case(session: Session, *, case: Case) -> list[Line]:
    """Return all relief on the loans of a case, withdrawn relief too, the newest first."""
    return _lines(session, select(Relief).where(Relief.loan_id.in_(_loan_ids(case))))


def of_loans(session: Session, loans: Sequence[Loan]) -> list[Line]:
    """Return all relief on loans, withdrawn relief too, the newest first."""
    return _lines(session, select(Relief).where(Relief.loan_id.in_([loan.id for loan in loans])))


@in_savepoint
def withdraw(
    session: Session, *, relief: Relief, case: Case, reason: str, actor: Actor, now: datetime
) -> Relief:
    """Take relief back: everything is computed from its first day as if it had never been given.

    The row stays. Refused: whoever asks is no manager, no reason is given, or it was withdrawn before."""
    if not actor.has(Role.MANAGER):
        raise Refused("relief_manager_only")
    if not reason.strip():
        raise Refused("relief_reason_missing")
    session.refresh(relief, with_for_update=True)
    if relief.withdrawn_at is not None:
        raise Refused("relief_withdrawn_already")
    relief.withdrawn_at, relief.withdrawn_by = now, str(actor)
    relief.withdrawal_reason = reason.strip()
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="relief_withdrawn",
        subject=relief,
        case=case,
        now=now,
        kind=relief.kind,
        first_day=relief.first_day.isoformat(),
    )
    return relief


def _loan_ids(case: Case) -> Select[int]:
    return select(CaseLoan.loan_id).where(CaseLoan.lender_id == case.lender_id, CaseLoan.case_id == case.id)


def _lines(session: Session, query: Select[Relief]) -> list[Line]:
    found = session.scalars(query.order_by(Relief.id.desc())).all()
    loans = {each.loan_id for each in found}
    agreed = {each.agreement_id for each in found if each.agreement_id is not None}
    names = _names(session, [word for each in found for word in (each.actor, each.withdrawn_by) if word])
    by_id = {each.id: each for each in session.scalars(select(Loan).where(Loan.id.in_(loans)))}
    agreements = {
        each.id: each for each in session.scalars(select(Agreement).where(Agreement.id.in_(agreed)))
    }
    return [
        Line(
            relief=each,
            loan=by_id[each.loan_id],
            agreement=agreements.get(each.agreement_id) if each.agreement_id is not None else None,
            given_by=names.get(each.actor),
            withdrawn_by=names.get(each.withdrawn_by or ""),
        )
        for each in found
    ]


def _names(session: Session, actors: Sequence[str]) -> dict[str, str]:
    """The names of members of staff by how rows call them."""
    prefix = f"{ActorKind.STAFF}:"
    refs = {actor.removeprefix(prefix) for actor in actors if actor.startswith(prefix)}
    return {
        f"{prefix}{each.ref}": each.name for each in session.scalars(select(Staff).where(Staff.ref.in_(refs)))
    }
