"""kill -9 of the whole server, web processes and all, while borrowers file complaints."""

import random
import time
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.infra import tenancy
from portal.models import Complaint, Hold, IdempotencyRecord, Lender, Message
from portal.models.audit_entry import AuditEntry
from portal.services import audit
from tests.reliability.complainants import Complainant, Tally, signed_in_borrowers
from tests.reliability.fleet import Place, Process, answers, free_port, processes, wait_until

TOLD = 20  # so many problems are told; one is too many


@dataclass(frozen=True)
class Found:
    """What the borrowers were told, and what the database holds."""

    kills: int
    acknowledged: int
    lost: int
    doubled: int
    unanswered: int  # requests whose answer a kill took; each was sent again
    replayed: int  # acknowledged requests sent once more: the first answer again
    refused: int  # other words under a used key
    seconds: float
    problems: tuple[str, ...]


def run(
    place: Place, *, kills: int, complaints: int, borrowers: int = 8, seed: int = 1, patience: float = 180
) -> Found:
    """Let borrowers file so many complaints together, and kill the server so many times meanwhile."""
    chance, began, tally = random.Random(seed), time.monotonic(), Tally()
    people = signed_in_borrowers(place, borrowers)
    port = free_port()
    each = -(-complaints // borrowers)
    until = began + patience
    clients = [
        Complainant(who, port, each, tally, seed=seed + number, until=until)
        for number, who in enumerate(people)
    ]
    server = Process(place, ("serve", "--workers", "2", "--port", str(port)), "serve")
    with processes(server):
        server.start()
        wait_until(lambda: answers(port), server)
        for client in clients:
            client.start()
        moments = _moments(chance, kills, each * borrowers)
        killed = _kill_again_and_again(server, port, clients, tally, moments, chance)
        for client in clients:
            client.join(max(1.0, until - time.monotonic()))
        tally.problems.extend(f"{client.name} hangs" for client in clients if client.is_alive())
    lost, doubled, problems = _compare(place, tally, [f"{c.name}-{n}" for c in clients for n in range(each)])
    return Found(
        kills=killed,
        acknowledged=len(tally.acknowledged),
        lost=lost,
        doubled=doubled,
        unanswered=tally.counts["unanswered"],
        replayed=tally.counts["replayed"],
        refused=tally.counts["refused"],
        seconds=round(time.monotonic() - began, 1),
        problems=(*tally.problems, *problems)[:TOLD],
    )


def _moments(chance: random.Random, kills: int, complaints: int) -> list[int]:
    """After how many acknowledgements the server is killed: each anywhere in its share of the whole."""
    share = (complaints * 0.95) / kills
    return [int((number + chance.random()) * share) for number in range(kills)]


def _kill_again_and_again(
    server: Process,
    port: int,
    clients: list[Complainant],
    tally: Tally,
    moments: list[int],
    chance: random.Random,
) -> int:
    """Kill the server whenever so many complaints were acknowledged, at no particular point of a request."""
    for count, moment in enumerate(moments):
        wait_until(
            lambda moment=moment: len(tally.acknowledged) >= moment or not any(c.is_alive() for c in clients),
            server,
            patience=max(1.0, clients[0].until - time.monotonic()),
            every=0.002,
        )
        if not any(client.is_alive() for client in clients):
            return count
        time.sleep(chance.uniform(0, 0.05))
        server.kill()
        server.start()
        wait_until(lambda: answers(port), server)
    return len(moments)


def _compare(place: Place, tally: Tally, keys: list[str]) -> tuple[int, int, list[str]]:
    """Hold what was acknowledged against what is there: lost, doubled, and whatever else does not fit."""
    with place.installation.reading() as session:
        lender = session.scalars(select(Lender)).one()
        tenancy.enter(session, lender.id)
        filed = list(session.scalars(select(Complaint)))
        texts = Counter(each.text for each in filed)
        by_ref = {each.ref: each.text for each in filed}
        lost = [
            key
            for key, location in tally.acknowledged.items()
            if by_ref.get(location.rpartition("/")[2]) != f"Statement {key}"
        ]
        doubled = [what for what, count in texts.items() if count > 1]
        problems = [
            *_beside(session, filed),
            *(f"{each} was never filed" for each in keys if f"Statement {each}" not in texts),
            *(
                f"{what!r} was filed by nobody"
                for what in texts.keys() - {f"Statement {key}" for key in keys}
            ),
        ]
        records = session.scalar(select(func.count()).select_from(IdempotencyRecord))
        if records != len(keys):
            problems.append(f"{records} answers are kept for {len(keys)} keys")
        report = audit.verify(session, lender_id=lender.id)
        if not report.intact:
            problems.append(f"audit: {report.problem}")
        if place.is_sqlite:
            checked = session.execute(text("PRAGMA integrity_check")).scalars().all()
            problems.extend(each for each in checked if each != "ok")
    return len(lost), len(doubled), problems


def _beside(session: Session, filed: list[Complaint]) -> list[str]:
    """Each complaint has one hold, one acknowledgement, and one entry of each kind in the audit log."""
    subjects = Counter(map(tuple, session.execute(select(AuditEntry.action, AuditEntry.subject))))
    holds = Counter(session.scalars(select(Hold.subject)))
    hold_refs = {row.subject: row.ref for row in session.execute(select(Hold.subject, Hold.ref))}
    told: Counter[str] = Counter()
    for message in session.scalars(select(Message).where(Message.template == "complaint_received")):
        told.update(word.strip(".,;:()") for word in message.body.split())
    problems = []
    for each in filed:
        counts = {
            "entry": subjects["complaint_filed", f"complaint/{each.ref}"],
            "hold": holds[each.ref],
            "entry of the hold": subjects["hold_placed", f"hold/{hold_refs.get(each.ref)}"],
            "acknowledgement": told[each.number],
        }
        problems.extend(f"{each.ref}: {count} × {what}" for what, count in counts.items() if count != 1)
    return problems
