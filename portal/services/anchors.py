"""Anchors of the audit chains: what a chain was on a night, signed and kept outside the database.

The chain itself cannot tell when its end was cut off and its head moved back, or when it was written anew
from some entry on. A chain must pass through every anchor."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.audit_chain import GENESIS, Point, Problem
from portal.infra import anchor_files, crypto, tenancy
from portal.infra.anchor_files import AnchorFiles as AnchorFiles
from portal.models import JobRun
from portal.services import audit, lenders
from portal.vocabulary import ChainProblem, JobState

INSTALLATION = lenders.NOBODYS_CODE
JOB = "anchors"
JOB_OF_INSTALLATION = "installation_anchors"  # noted with the oldest lender: a run belongs to one
NONE_BEFORE = GENESIS.hex()
OLD = timedelta(days=2)


@dataclass(frozen=True)
class Chain:
    """A chain by the code of its lender, or the installation's."""

    code: str
    lender_id: int


@dataclass(frozen=True)
class Anchor:
    """What a chain was when it was anchored: its length and the hash of its last entry."""

    day: date
    point: Point
    at: datetime
    fingerprint: str


@dataclass(frozen=True)
class Verification:
    """What the check of a chain found. `entries` were there, `first` is the first that was checked."""

    chain: str
    entries: int
    first: int
    end: Point
    problems: tuple[Problem, ...]
    anchor: Anchor | None
    anchor_old: bool

    @property
    def intact(self) -> bool:
        return not self.problems


def chains(session: Session) -> list[Chain]:
    """Name every chain: the lenders', then the installation's."""
    return [
        *(Chain(each.code, each.id) for each in lenders.all_lenders(session)),
        Chain(INSTALLATION, tenancy.INSTALLATION),
    ]


def enter(session: Session, chain: Chain) -> None:
    """From here on the session reads this chain alone."""
    tenancy.enter(session, chain.lender_id)


def verify(
    session: Session, *, chain: Chain, files: AnchorFiles, now: datetime, most: int | None = None
) -> Verification:
    """Check a chain and its anchors: signatures, their own order, and that the chain passes through each.

    Of a chain of more than `most` entries only those since the last anchor are followed, at most `most`."""
    found, problems = _anchors(chain, files)
    newest = found[-1] if found else None
    after = _begin(session, chain, newest, most)
    kept = found if not after.sequence else found[-1:]
    marks = {each.point.sequence: each.point.hash for each in kept if each.point.sequence}
    report = audit.verify(session, lender_id=chain.lender_id, after=after, marks=marks)
    checked = last_check(session, lender_id=chain.lender_id)
    if checked and checked.anchored and checked.day not in files.days(chain.code):
        problems.append(Problem(ChainProblem.ANCHOR_GONE, day=checked.day))
    if report.problem:
        problems.append(report.problem)
    else:
        problems += [_missed(number, report.entries) for number in report.missed[:1]]
    begun = bool(report.entries or found)
    return Verification(
        chain=chain.code,
        entries=report.entries,
        first=after.sequence + 1,
        end=report.end,
        problems=tuple(problems),
        anchor=newest,
        anchor_old=begun and (newest is None or now - newest.at > OLD),
    )


def gone(session: Session, *, files: AnchorFiles) -> list[str]:
    """Name the chains that were anchored and whose lender is not in the database any more."""
    known = {each.code for each in chains(session)}
    return [each for each in files.chains() if each not in known]


def write(*, chain: Chain, verified: Verification, files: AnchorFiles, day: date, now: datetime) -> bool:
    """Anchor a chain that was found whole, at the end that was checked. False: the date has its anchor."""
    assert verified.intact
    before = verified.anchor
    anchor = {
        "format": 1,
        "chain": chain.code,
        "date": day.isoformat(),
        "length": verified.end.sequence,
        "head": verified.end.hash.hex(),
        "previous": before.fingerprint if before else NONE_BEFORE,
        "at": now.astimezone(UTC).isoformat(timespec="seconds"),
    }
    return files.write(chain.code, day, anchor_files.signed(anchor, seed=_seed()))


def newest(*, chain: Chain, files: AnchorFiles) -> Anchor | None:
    """Return the last genuine anchor of a chain."""
    for day in reversed(files.days(chain.code)):
        found = _open(chain, files, day)
        if found:
            return found[0]
    return None


@dataclass(frozen=True)
class Check:
    """What the last nightly check of a lender's chain found."""

    day: date
    at: datetime
    entries: int
    problem: Problem | None
    anchored: bool


def last_check(session: Session, *, lender_id: int) -> Check | None:
    """Return what the newest night that is through found."""
    query = select(JobRun).where(
        JobRun.lender_id == lender_id, JobRun.job == JOB, JobRun.state == JobState.DONE
    )
    run = session.scalars(query.order_by(JobRun.slot.desc()).limit(1)).first()
    if run is None or run.finished_at is None or run.result is None:
        return None
    return Check(
        day=date.fromisoformat(run.slot),
        at=run.finished_at,
        entries=cast(int, run.result["entries"]),
        problem=_problem_noted(run.result),
        anchored=bool(run.result["anchored"]),
    )


@dataclass(frozen=True)
class State:
    """What is known of a lender's chain without checking it now."""

    length: int
    anchor: Anchor | None
    check: Check | None


def state_of(session: Session, *, chain: Chain, files: AnchorFiles) -> State:
    """Return how long a chain is, its last anchor, and what the last nightly check found."""
    return State(
        audit.length_of(session, lender_id=chain.lender_id),
        newest(chain=chain, files=files),
        last_check(session, lender_id=chain.lender_id),
    )


def noted(verified: Verification) -> dict[str, object]:
    """Return what a nightly check leaves behind."""
    first = verified.problems[0] if verified.problems else None
    told = {"kind": first.kind.value, "entry": first.entry, "other": first.other} if first else None
    day = first.day.isoformat() if first and first.day else None
    return {
        "entries": verified.entries,
        "anchored": verified.intact,
        "problem": told and {**told, "day": day},
    }


def public_pem() -> str:
    """Return the key with which an outsider checks the anchors."""
    return anchor_files.public_pem(_seed())


def _problem_noted(result: Mapping[str, object]) -> Problem | None:
    told = cast(Mapping[str, Any] | None, result["problem"])
    if told is None:
        return None
    day = date.fromisoformat(told["day"]) if told["day"] else None
    return Problem(ChainProblem(told["kind"]), told["entry"], told["other"], day)


def _seed() -> bytes:
    return crypto.keyring().derived("anchor")


def _anchors(chain: Chain, files: AnchorFiles) -> tuple[list[Anchor], list[Problem]]:
    """Return the genuine anchors of a chain, and what is wrong with the row of them: the first of it."""
    genuine: list[Anchor] = []
    expected = NONE_BEFORE
    problems: list[Problem] = []
    for day in files.days(chain.code):
        opened = _open(chain, files, day)
        if opened is None:
            problems.append(Problem(ChainProblem.ANCHOR_FORGED, day=day))
            expected = anchor_files.fingerprint(files.read(chain.code, day))
            continue
        anchor, previous = opened
        if previous != expected:
            problems.append(Problem(ChainProblem.ANCHOR_GONE, day=day))
        genuine.append(anchor)
        expected = anchor.fingerprint
    return genuine, problems[:1]


def _open(chain: Chain, files: AnchorFiles, day: date) -> tuple[Anchor, str] | None:
    """Return an anchor and the name of the one before it. None: the file is not what was signed for it."""
    content = files.read(chain.code, day)
    try:
        said = anchor_files.opened(content, public=anchor_files.public_key(_seed()))
        point = Point(cast(int, said["length"]), bytes.fromhex(str(said["head"])))
        at = datetime.fromisoformat(str(said["at"]))
    except (anchor_files.NotGenuine, KeyError, ValueError):
        return None
    if (said["chain"], said["date"]) != (chain.code, day.isoformat()):
        return None
    return Anchor(day, point, at, anchor_files.fingerprint(content)), str(said["previous"])


def _begin(session: Session, chain: Chain, newest: Anchor | None, most: int | None) -> Point:
    """Return the point from which on a chain is followed; one of the last anchor is trusted, being signed."""
    length = audit.length_of(session, lender_id=chain.lender_id)
    if most is None or length <= most:
        return Point()
    anchored = newest.point if newest else Point()
    if length - anchored.sequence <= most and anchored.sequence <= length:
        return anchored
    return audit.point_at(session, lender_id=chain.lender_id, sequence=length - most) or Point()


def _missed(number: int, entries: int) -> Problem:
    if number > entries:
        return Problem(ChainProblem.REWOUND, entries, number)
    return Problem(ChainProblem.REPLACED, number)


def runs(session: Session) -> Iterator[tuple[Chain, lenders.Lender, str]]:
    """Name each chain with the lender and the job that its nightly anchor is noted under."""
    every = lenders.all_lenders(session)
    for lender in every:
        yield Chain(lender.code, lender.id), lender, JOB
    if every:
        oldest = min(every, key=lambda lender: lender.id)
        yield Chain(INSTALLATION, tenancy.INSTALLATION), oldest, JOB_OF_INSTALLATION
