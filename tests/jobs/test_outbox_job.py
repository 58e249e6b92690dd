"""Two workers at the same outbox."""

import threading
from collections import Counter

from sqlalchemy import func, select

from portal.infra.delivery import OutboxFolder
from portal.jobs import outbox as job
from portal.models import Message
from portal.services import notifications, outbox
from portal.vocabulary import MessageState
from tests import factories
from tests.conftest import NOW

MESSAGES = 120


class Counted:
    """Counts every hand-over, also one that the name of the file would hide."""

    def __init__(self, folder: OutboxFolder) -> None:
        self.folder = folder
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()

    def deliver(self, letter):
        with self.lock:
            self.seen[letter.ref] += 1
        self.folder.deliver(letter)


def queue(session, count):
    case = factories.late_borrower(session, factories.lender(session))
    for number in range(count):
        notifications.notify(
            session, borrower=case.borrower, template="code_entry", now=NOW, code=f"{number:06}"
        )
    session.commit()


def waiting(session):
    found = session.scalar(
        select(func.count()).select_from(Message).where(Message.state == MessageState.WAITING)
    )
    session.rollback()
    return found


def test_a_worker_goes_on_while_something_is_due_but_not_for_ever(session, installation, monkeypatch):
    monkeypatch.setattr(job, "BATCH", 10)
    monkeypatch.setattr(job, "MOST_ROUNDS", 3)
    carrier = OutboxFolder(installation.settings.outbox)
    queue(session, 35)

    assert [job.work(installation, carrier=carrier) for _turn in range(3)] == [30, 5, 0]
    assert waiting(session) == 0


def test_what_a_slow_carrier_does_not_take_within_the_lease_is_left_to_the_next(
    session, installation, set_time
):
    class Slow:
        taken, now = 0, NOW

        def deliver(self, _letter):
            self.taken += 1
            self.now += outbox.LEASE / 5
            set_time(self.now)

    queue(session, 10)
    slow = Slow()

    assert job.run(installation, carrier=slow, now=NOW) == slow.taken == 3
    folder = OutboxFolder(installation.settings.outbox)
    assert job.run(installation, carrier=folder, now=NOW + outbox.LEASE / 2) == 0
    assert job.run(installation, carrier=folder, now=NOW + outbox.LEASE) == 7


def test_two_workers_deliver_every_message_once(session, installation):
    queue(session, MESSAGES)
    carrier = Counted(OutboxFolder(installation.settings.outbox))
    delivered = []

    def work():
        while count := job.run(installation, carrier=carrier, now=NOW):
            delivered.append(count)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(delivered) == MESSAGES
    assert len(carrier.seen) == MESSAGES
    assert set(carrier.seen.values()) == {1}
