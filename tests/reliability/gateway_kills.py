"""kill -9 of workers while messages go to a gateway: each arrives with one key, and is in the ledger once."""

import dataclasses
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, update

from portal.domain.actor import system
from portal.infra import tenancy
from portal.models import Contact, Decision, Message
from portal.models.audit_entry import AuditEntry
from portal.services import audit, messages, notifications
from portal.vocabulary import ActionClass, Channel, MessageState
from tests import factories
from tests.gateway import Gateway, sms_gateway
from tests.reliability.fleet import Place, Process, now, processes, wait_until
from tests.reliability.worker_kills import of_lender

BORROWERS = 20
ONE_IN = 4  # of the messages is a reminder, which is a contact with the borrower


@dataclass(frozen=True)
class Found:
    kills: int
    messages: int
    arrived: int
    repeated: int
    contacts: int
    seconds: float
    per_second: float
    problems: tuple[str, ...]


def run(
    place: Place,
    *,
    count: int,
    kills: int,
    workers: int = 2,
    hurry: bool = False,
    seed: int = 1,
    patience: float = 180,
) -> Found:
    """Let workers hand so many messages to a gateway, and kill them so many times meanwhile.

    `hurry`: put the leases of the dead back by hand instead of waiting for them to end."""
    chance = random.Random(seed)
    _prepare(place, count)
    with sms_gateway() as gateway:
        with_gateway = dataclasses.replace(
            place, environ={**place.environ, "PORTAL_SMS_URL": gateway.address}
        )
        crew = [Process(with_gateway, ("worker",), f"worker{number}") for number in range(workers)]
        began = time.monotonic()
        with processes(*crew):
            for each in crew:
                each.start()
            for after in sorted(chance.randrange(int(count * 0.9)) for _ in range(kills)):
                wait_until(lambda n=after: len(gateway.taken) >= n, *crew, patience=patience)
                time.sleep(chance.uniform(0, 0.05))
                victims = crew if hurry or chance.random() < 0.5 else [chance.choice(crew)]
                for each in victims:
                    each.kill()
                if hurry:
                    _let_leases_end(place)
                for each in victims:
                    each.start()
            wait_until(lambda: not _unsent(place), *crew, patience=patience, every=0.2)
        seconds = time.monotonic() - began
        problems = _compare(place, gateway)
    with of_lender(place) as session:
        contacts = session.scalar(select(func.count()).select_from(Contact)) or 0
    return Found(
        kills=kills,
        messages=count,
        arrived=len(gateway.taken),
        repeated=sum(gateway.requests.values()) - len(gateway.taken),
        contacts=contacts,
        seconds=round(seconds, 1),
        per_second=round(count / seconds, 1),
        problems=tuple(problems),
    )


def _prepare(place: Place, count: int) -> None:
    with place.installation.writing.begin() as session:
        lender, at = factories.lender(session), now()
        cases = [factories.late_borrower(session, lender) for _ in range(BORROWERS)]
        for case in cases:
            case.borrower.timezone = _zone_at_noon(at)
        actor = system(lender.id, "reminders")
        for number in range(count):
            case = cases[number % BORROWERS]
            if number % ONE_IN == 0:
                messages.send_collection(
                    session, case=case, template="overdue_reminder", channel=Channel.SMS, actor=actor, now=at
                )
            else:
                notifications.notify(
                    session,
                    borrower=case.borrower,
                    template="code_entry",
                    now=at,
                    asked_just_now=True,
                    code=f"{number:06}",
                )


def _zone_at_noon(at: datetime) -> str:
    """A zone where it is about noon: reminders leave at whatever hour this runs."""
    ahead = 12 - at.astimezone(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


def _let_leases_end(place: Place) -> None:
    """What waiting a minute would do, with nobody alive."""
    with of_lender(place, writes=True) as session:
        session.execute(update(Message).where(Message.claimed_until.is_not(None)).values(claimed_until=now()))
        session.commit()


def _unsent(place: Place) -> int:
    with of_lender(place) as session:
        query = select(func.count()).select_from(Message).where(Message.state == MessageState.WAITING)
        return session.scalar(query) or 0


def _compare(place: Place, gateway: Gateway) -> list[str]:
    with of_lender(place) as session:
        rows = session.execute(
            select(Message.id, Message.ref, Message.state, Message.action_class, Decision.allowed).join(
                Decision, (Decision.lender_id == Message.lender_id) & (Decision.id == Message.decision_id)
            )
        ).all()
        entries = Counter(
            session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "message_sent"))
        )
        ledger = Counter(session.scalars(select(Contact.message_id)))
        report = audit.verify(session, lender_id=session.info[tenancy.KEY])
    problems = [] if report.intact else [f"audit: {report.problem}"]
    refs = {each.ref for each in rows}
    problems += [f"{key}: came from nowhere" for key in gateway.taken.keys() - refs]
    for each in rows:
        collects = each.action_class is ActionClass.COLLECTION
        if each.state is not MessageState.SENT or not each.allowed:
            problems.append(f"{each.ref}: {each.state}, allowed {each.allowed}")
        if each.ref not in gateway.taken:
            problems.append(f"{each.ref}: never arrived")
        if entries[f"message/{each.ref}"] != 1:
            problems.append(f"{each.ref}: {entries[f'message/{each.ref}']} entries")
        if ledger[each.id] != int(collects):
            problems.append(f"{each.ref}: {ledger[each.id]} contacts")
    return problems
