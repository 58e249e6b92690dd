"""The nightly anchors: each chain is checked, and where it is whole, signed and kept outside the database."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from structlog import get_logger

from portal.infra.installation import Installation
from portal.services import anchors, job_runs, lenders, policies
from portal.services.anchors import AnchorFiles, Chain, Verification

STARTS_AT = time(2, 0)  # after the night itself, so that its entries are anchored with it
log = get_logger()


@dataclass(frozen=True)
class Turn:
    """A chain and the run under which its anchor of a date is noted."""

    chain: Chain
    lender: lenders.Lender
    job: str
    day: date


def files_of(installation: Installation) -> AnchorFiles:
    return AnchorFiles(installation.settings.anchors)


class Outcome(StrEnum):
    """What came of a turn. `kept`: the date has its anchor, or another worker is at it."""

    WRITTEN = "written"
    KEPT = "kept"
    BROKEN = "broken"


def run(installation: Installation, *, now: datetime) -> int:
    """Write the anchors that are due and that no other worker wrote. Returns how many."""
    due = [turn for turn in _turns(installation, now) if _is_due(installation, turn, now)]
    return sum(_anchor(installation, turn, now) is Outcome.WRITTEN for turn in due)


def run_now(installation: Installation, *, now: datetime) -> dict[str, Outcome]:
    """Write today's anchors at once, where there are none yet. Returns what came of each chain."""
    return {turn.chain.code: _anchor(installation, turn, now) for turn in _turns(installation, now)}


def _turns(installation: Installation, now: datetime) -> list[Turn]:
    with installation.reading() as session:
        return [
            Turn(chain, lender, job, now.astimezone(_zone(lender, now)).date())
            for chain, lender, job in anchors.runs(session)
        ]


def _is_due(installation: Installation, turn: Turn, now: datetime) -> bool:
    """Whether the night is over and nobody checked the chain since, whatever was found."""
    if now.astimezone(_zone(turn.lender, now)).time() < STARTS_AT:
        return False
    with installation.reading() as session:
        lenders.enter(session, turn.lender)
        slot = turn.day.isoformat()
        return job_runs.last_done(session, job=turn.job, lender=turn.lender, until=slot) != slot


def _anchor(installation: Installation, turn: Turn, now: datetime) -> Outcome:
    """Check a chain without keeping anybody waiting, then note and keep its anchor in one step."""
    files = files_of(installation)
    if turn.day in files.days(turn.chain.code):
        return Outcome.KEPT
    verified = _verified(installation, turn.chain, now)
    with installation.writing.begin() as session:
        lenders.enter(session, turn.lender)
        slot = turn.day.isoformat()
        run = job_runs.start(session, job=turn.job, lender=turn.lender, slot=slot, now=now, again=True)
        if run is None:
            return Outcome.KEPT
        job_runs.finish(session, run=run, result=anchors.noted(verified), now=now)
        if not verified.intact:
            return Outcome.BROKEN
        written = anchors.write(chain=turn.chain, verified=verified, files=files, day=turn.day, now=now)
    return Outcome.WRITTEN if written else Outcome.KEPT


def _verified(installation: Installation, chain: Chain, now: datetime) -> Verification:
    with installation.reading() as session:
        anchors.enter(session, chain)
        verified = anchors.verify(session, chain=chain, files=files_of(installation), now=now)
    if not verified.intact:
        kinds = [problem.kind.value for problem in verified.problems]
        log.error("chain_not_whole", chain=chain.code, problems=kinds, entry=verified.problems[0].entry)
    return verified


def _zone(lender: lenders.Lender, now: datetime) -> ZoneInfo:
    return ZoneInfo(policies.of(lender, now).business.timezone)
