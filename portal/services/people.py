"""The lender's people: who they are, what they may do, whether they may come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from portal.domain.actor import Actor
from portal.domain.refusals import Refused
from portal.models import Staff, StaffRole
from portal.services import accounts, audit, authenticators, browser_sessions, invitations, lenders, scope
from portal.services.savepoints import in_savepoint
from portal.vocabulary import Locale, Role, StaffState

PAGE_LENGTH = 25
READERS = (Role.ADMIN, Role.MANAGER, Role.AUDITOR)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """`search` is the beginning of a staff number; names are sealed and not searched."""

    state: StaffState | None = None
    role: Role | None = None
    search: str = ""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What an administrator says about somebody."""

    number: str
    name: str
    roles: frozenset[Role]
    locale: Locale
    manager: Staff | None = None


@dataclass(frozen=True)
class Page:
    """`after` is the number the next page comes after; None: there is none."""

    people: Sequence[Staff]
    after: str | None


def state_of(staff: Staff) -> StaffState:
    if staff.disabled_at:
        return StaffState.DISABLED
    if staff.password_hash is None:
        return StaffState.INVITED
    return StaffState.ACTIVE if staff.authenticator_since else StaffState.NO_AUTHENTICATOR


def roles_of(staff: Staff) -> list[Role]:
    """Return somebody's roles in the order of the vocabulary."""
    having = {each.role for each in staff.roles}
    return [role for role in Role if role in having]


def page_of(session: Session, *, filters: Filters, after: str | None, actor: Actor) -> Page:
    """Return a page of the lender's people, by their numbers."""
    query = scope.of_lender(Staff, actor)
    if filters.state:
        query = query.where(_in_state(filters.state))
    if filters.role:
        query = query.where(Staff.id.in_(_having(actor.lender_id, filters.role)))
    if search := filters.search.strip():
        query = query.where(Staff.number.istartswith(search, autoescape=True))
    if after:
        query = query.where(Staff.number > after)
    found = list(session.scalars(query.order_by(Staff.number).limit(PAGE_LENGTH + 1)))
    shown, more = found[:PAGE_LENGTH], len(found) > PAGE_LENGTH
    return Page(shown, shown[-1].number if more else None)


def find(session: Session, ref: str, *, actor: Actor) -> Staff | None:
    return session.scalar(scope.of_lender(Staff, actor).where(Staff.ref == ref))


def manager_of(session: Session, staff: Staff) -> Staff | None:
    return session.get(Staff, staff.manager_id) if staff.manager_id else None


def possible_managers(session: Session, *, actor: Actor, of: Staff | None = None) -> list[Staff]:
    """Return who may manage somebody: everybody who is not disabled, but themself and those under them."""
    enabled = scope.of_lender(Staff, actor).where(Staff.disabled_at.is_(None)).order_by(Staff.number)
    found = list(session.scalars(enabled))
    return [each for each in found if of is None or not _is_under(session, each, of)]


@in_savepoint
def invite(
    session: Session, *, email: str, profile: Profile, base_url: str, actor: Actor, now: datetime
) -> Staff:
    """Add somebody and send an invitation. Refused: address or number is taken, or there is no role."""
    if not profile.roles:
        raise Refused("staff_without_role")
    added = accounts.add_staff(
        session,
        lender=lenders.get(session, actor.lender_id),
        number=profile.number,
        name=profile.name,
        email=email,
        password=None,
        roles=set(profile.roles),
        locale=profile.locale,
        manager=profile.manager,
        actor=actor,
        now=now,
    )
    invitations.send(session, staff=added, base_url=base_url, actor=actor, now=now)
    return added


@in_savepoint
def edit(
    session: Session, *, staff: Staff, version: int, profile: Profile, actor: Actor, now: datetime
) -> None:
    """Change what is said about somebody; new roles count from their next request on.

    `version` is that of the copy that was edited. Refused: it changed meanwhile, the number is taken, no role
    or no administrator would be left, or the managers would stand in a circle."""
    _lock(session, staff)
    if staff.version != version:
        raise Refused("changed_meanwhile")
    _check_profile(session, staff, profile)
    changed = _changes(staff, profile)
    if not changed:
        return
    staff.number, staff.name, staff.locale = profile.number, profile.name, profile.locale
    staff.manager_id = profile.manager.id if profile.manager else None
    flag_modified(staff, "number")  # a change of roles alone makes other copies stale as well
    before = ", ".join(sorted(roles_of(staff)))
    _set_roles(session, staff, profile.roles, now)
    audit.record(
        session,
        actor=actor,
        action="staff_changed",
        subject=staff,
        now=now,
        changed=", ".join(changed),
        roles_before=before,
        roles=", ".join(sorted(profile.roles)),
    )


@in_savepoint
def disable(session: Session, *, staff: Staff, actor: Actor, now: datetime) -> None:
    """Let somebody in no more, from this moment on. Refused: it is oneself, or the last administrator."""
    _check_other(staff, actor)
    _lock(session, staff)
    if staff.disabled_at:
        raise Refused("staff_disabled_already")
    _check_admin_stays(session, staff)
    staff.disabled_at = now
    invitations.revoke(session, staff=staff, now=now)
    audit.record(session, actor=actor, action="staff_disabled", subject=staff, now=now)
    browser_sessions.end_all(session, staff=staff, actor=actor, now=now)


@in_savepoint
def enable(session: Session, *, staff: Staff, actor: Actor, now: datetime) -> None:
    """Let somebody in again, with the password and authenticator they had. Refused: they are not disabled."""
    session.refresh(staff, with_for_update=True)
    if not staff.disabled_at:
        raise Refused("staff_not_disabled")
    staff.disabled_at = None
    audit.record(session, actor=actor, action="staff_enabled", subject=staff, now=now)


@in_savepoint
def invite_again(session: Session, *, staff: Staff, base_url: str, actor: Actor, now: datetime) -> None:
    """Start somebody's entry anew: password and authenticator go, sessions end, an invitation is sent.

    Refused: it is oneself, the last administrator, or somebody disabled."""
    _check_other(staff, actor)
    _lock(session, staff)
    if staff.disabled_at:
        raise Refused("staff_disabled_already")
    _check_admin_stays(session, staff)
    accounts.set_quietly(session, staff, password_hash=None)
    authenticators.reset(session, staff=staff, actor=actor, now=now)
    browser_sessions.end_all(session, staff=staff, actor=actor, now=now)
    invitations.send(session, staff=staff, base_url=base_url, actor=actor, now=now)


@in_savepoint
def reset_authenticator(session: Session, *, staff: Staff, actor: Actor, now: datetime) -> None:
    """Let somebody who lost it set up another authenticator at the next sign-in; their sessions end."""
    authenticators.reset(session, staff=staff, actor=actor, now=now)
    browser_sessions.end_all(session, staff=staff, actor=actor, now=now)


def _in_state(state: StaffState) -> ColumnElement[bool]:
    enabled, taken_up = Staff.disabled_at.is_(None), Staff.password_hash.is_not(None)
    confirmed = Staff.authenticator_since.is_not(None)
    match state:
        case StaffState.DISABLED:
            return ~enabled
        case StaffState.INVITED:
            return and_(enabled, ~taken_up)
        case StaffState.NO_AUTHENTICATOR:
            return and_(enabled, taken_up, ~confirmed)
        case StaffState.ACTIVE:
            return and_(enabled, taken_up, confirmed)


def _having(lender_id: int, role: Role) -> Select[int]:
    return select(StaffRole.staff_id).where(StaffRole.lender_id == lender_id, StaffRole.role == role)


def _check_profile(session: Session, staff: Staff, profile: Profile) -> None:
    if not profile.roles:
        raise Refused("staff_without_role")
    if Role.ADMIN not in profile.roles:
        _check_admin_stays(session, staff)
    taken = select(Staff.id).where(
        Staff.lender_id == staff.lender_id, Staff.number == profile.number, Staff.id != staff.id
    )
    if session.scalar(taken):
        raise Refused("staff_number_taken")
    if profile.manager and _is_under(session, profile.manager, staff):
        raise Refused("managers_in_circle")


def _check_other(staff: Staff, actor: Actor) -> None:
    if actor.is_staff and staff.id == actor.id:
        raise Refused("own_account")


def _check_admin_stays(session: Session, staff: Staff) -> None:
    """Refused: without this person nobody could administer. The administrators' rows are locked by now."""
    if list(session.scalars(_admins(staff))) == [staff.id]:
        raise Refused("last_admin")


def _lock(session: Session, staff: Staff) -> None:
    """Wait until nobody else changes an administrator or this person: two cannot remove each other at once.

    Administrators come first and in one order, and are counted only afterwards, as they stand then."""
    session.execute(_admins(staff).with_for_update())
    session.refresh(staff, with_for_update=True)


def _admins(staff: Staff) -> Select[int]:
    return (
        select(Staff.id)
        .where(
            Staff.lender_id == staff.lender_id,
            Staff.id.in_(_having(staff.lender_id, Role.ADMIN)),
            Staff.disabled_at.is_(None),
            Staff.password_hash.is_not(None),
        )
        .order_by(Staff.id)
    )


def _is_under(session: Session, person: Staff, top: Staff) -> bool:
    """Whether somebody is the other, or works under them at any distance."""
    seen: set[int] = set()
    above: Staff | None = person
    while above is not None and above.id not in seen:
        if above.id == top.id:
            return True
        seen.add(above.id)
        above = manager_of(session, above)
    return False


def _changes(staff: Staff, profile: Profile) -> list[str]:
    """Return the names of what differs: the chain records no personal value."""
    manager_id = profile.manager.id if profile.manager else None
    pairs = {
        "number": (staff.number, profile.number),
        "name": (staff.name, profile.name),
        "roles": (frozenset(roles_of(staff)), profile.roles),
        "language": (staff.locale, profile.locale),
        "manager": (staff.manager_id, manager_id),
    }
    return [name for name, (before, after) in pairs.items() if before != after]


def _set_roles(session: Session, staff: Staff, roles: frozenset[Role], now: datetime) -> None:
    having = set(roles_of(staff))
    gone = having - roles
    session.execute(
        delete(StaffRole).where(
            StaffRole.lender_id == staff.lender_id, StaffRole.staff_id == staff.id, StaffRole.role.in_(gone)
        )
    )
    session.add_all(
        StaffRole(lender_id=staff.lender_id, created_at=now, staff_id=staff.id, role=role)
        for role in sorted(roles - having)
    )
    session.flush()
    session.expire(staff, ["roles"])
