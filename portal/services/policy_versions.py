"""The versions of the pack a lender works under: each is kept whole once it counted, and read again later."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.policy import Content, Policy, content_of
from portal.infra import ids, tenancy
from portal.models import Lender, PolicyVersion
from portal.services import policies


class Standing(StrEnum):
    """Where a version stands at a moment."""

    PAST = "past"
    IN_FORCE = "in_force"
    COMING = "coming"


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version. `kept`: it counted for this lender and is in the database; `on_disk`: it is a file."""

    code: str
    version: str
    digest: str
    effective_from: date
    standing: Standing
    kept: bool
    on_disk: bool
    content: Content


def keep(session: Session, *, lender: Lender, policy: Policy, now: datetime) -> None:
    """Keep the pack whole, once for each lender and content."""
    known = select(PolicyVersion.id).where(
        PolicyVersion.lender_id == lender.id, PolicyVersion.digest == policy.digest
    )
    if session.scalar(known) is not None:
        return
    row = {
        "lender_id": lender.id,
        "created_at": now,
        "ref": ids.new_ref(),
        "code": policy.code,
        "version": policy.version,
        "digest": policy.digest,
        "effective_from": policy.effective_from,
        "content": content_of(policy),
    }
    tenancy.check_rows(session, [row])
    build = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(build(PolicyVersion).values(row).on_conflict_do_nothing())  # another process may be first


def of_lender(session: Session, *, lender: Lender, now: datetime) -> list[Version]:
    """Return every version of the lender's pack, the newest first.

    Beside those on disk stand the ones kept of files that are there no more."""
    kept = {row.digest: row for row in session.scalars(_kept(lender))}
    on_disk = policies.versions(lender.preset)
    current = policies.of(lender, now)
    found = [_on_disk(each, current, now, kept=each.digest in kept) for each in on_disk]
    gone = kept.keys() - {each.digest for each in on_disk}
    found += [_of_row(kept[digest]) for digest in gone]
    return sorted(found, key=lambda each: (each.effective_from, each.on_disk, each.digest), reverse=True)


def _kept(lender: Lender) -> Select[PolicyVersion]:
    return select(PolicyVersion).where(PolicyVersion.lender_id == lender.id)


def _on_disk(policy: Policy, current: Policy, now: datetime, *, kept: bool) -> Version:
    if policy.digest == current.digest:
        standing = Standing.IN_FORCE
    else:
        standing = Standing.COMING if policy.begins_at > now else Standing.PAST
    return Version(
        code=policy.code,
        version=policy.version,
        digest=policy.digest,
        effective_from=policy.effective_from,
        standing=standing,
        kept=kept,
        on_disk=True,
        content=content_of(policy),
    )


def _of_row(row: PolicyVersion) -> Version:
    return Version(
        code=row.code,
        version=row.version,
        digest=row.digest,
        effective_from=row.effective_from,
        standing=Standing.PAST,
        kept=True,
        on_disk=False,
        content=dict(row.content),
    )
