"""How a borrower wants to be reached: kept, read, and told when it changes."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import preferences as rules
from portal.domain.actor import Actor
from portal.domain.preferences import Wishes
from portal.domain.refusals import Refused
from portal.models import Borrower as Borrower
from portal.models import Case, Preference, Visit
from portal.services import audit, lenders, notifications, policies, strategies
from portal.services.savepoints import in_savepoint


def row_of(session: Session, borrower: Borrower, *, lock: bool = False) -> Preference | None:
    query = select(Preference).where(
        Preference.lender_id == borrower.lender_id, Preference.borrower_id == borrower.id
    )
    return session.scalar(query.with_for_update() if lock else query)


def of(session: Session, borrower: Borrower) -> Wishes:
    """Return what a borrower wishes; nothing but the language on file where nothing was said."""
    return _wishes(borrower, row_of(session, borrower))


def nobody_at_home_knows(session: Session, *, case: Case) -> bool:
    """Whether the debt is kept from the people at home: said as a wish, or with the newest visit."""
    if of(session, case.borrower).nobody_at_home_knows:
        return True
    query = select(Visit.discreet).where(Visit.lender_id == case.lender_id, Visit.case_id == case.id)
    return bool(session.scalars(query.order_by(Visit.id.desc()).limit(1)).first())


@in_savepoint
def save(
    session: Session,
    *,
    borrower: Borrower,
    wishes: Wishes,
    version: int,
    case: Case | None,
    today: date,
    actor: Actor,
    now: datetime,
) -> Preference:
    """Keep a borrower's wishes, as they said themself or as staff noted for them; the borrower is told.

    `version`: of the row they were changed from, 0 where there was none. Refused: the wishes make no sense,
    or they were changed meanwhile."""
    wishes.check(today=today)
    row = row_of(session, borrower, lock=True)
    if (row.version if row else 0) != version:
        raise Refused("preferences_stale")
    changed = _changed(_wishes(borrower, row), wishes)
    if row and not changed:
        return row
    if row is None:
        row = Preference(lender_id=borrower.lender_id, created_at=now, borrower_id=borrower.id)
        session.add(row)
    row.opted_out = {"channels": sorted(wishes.opted_out)}
    row.preferred = wishes.preferred()
    row.nobody_at_home_knows = wishes.nobody_at_home_knows
    row.represented_by = wishes.represented_by
    row.exam_day, row.actor = wishes.exam_day, str(actor)
    borrower.locale = wishes.locale
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="preferences_changed",
        subject=row,
        case=case,
        now=now,
        changed=",".join(changed),
        closed=",".join(sorted(wishes.opted_out)) or None,
    )
    for each in _open_cases(session, borrower):
        strategies.follow(session, case=each, actor=actor, now=now)
    _tell(session, borrower, case, actor=actor, now=now)
    return row


def _open_cases(session: Session, borrower: Borrower) -> Sequence[Case]:
    query = select(Case).where(
        Case.lender_id == borrower.lender_id, Case.borrower_id == borrower.id, Case.closed_at.is_(None)
    )
    return session.scalars(query.order_by(Case.id)).all()


def _tell(session: Session, borrower: Borrower, case: Case | None, *, actor: Actor, now: datetime) -> None:
    policy = policies.of(lenders.get(session, borrower.lender_id), now)
    notifications.notify(
        session,
        borrower=borrower,
        template="preferences_changed",
        case=case,
        now=now,
        asked_just_now=actor.is_borrower,
        hotline=policy.contacts.hotline,
    )


def _wishes(borrower: Borrower, row: Preference | None) -> Wishes:
    if row is None:
        return Wishes(locale=borrower.locale)
    return Wishes(
        locale=borrower.locale,
        opted_out=rules.channels_from(row.opted_out),
        hours=rules.hours_from(row.preferred),
        nobody_at_home_knows=row.nobody_at_home_knows,
        represented_by=row.represented_by or None,
        exam_day=row.exam_day,
    )


def _changed(before: Wishes, after: Wishes) -> list[str]:
    names = ("locale", "opted_out", "hours", "nobody_at_home_knows", "represented_by", "exam_day")
    return [name for name in names if getattr(before, name) != getattr(after, name)]
