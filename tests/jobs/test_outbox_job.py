"""Two workers at the same outbox."""

import threading
from collections import Counter

from portal.infra.delivery import OutboxFolder
from portal.jobs import outbox as job
from portal.services import notifications
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


def test_two_workers_deliver_every_message_once(session, installation):
    case = factories.late_borrower(session, factories.lender(session))
    for number in range(MESSAGES):
        notifications.notify(
            session, borrower=case.borrower, template="code_entry", now=NOW, code=f"{number:06}"
        )
    session.commit()
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
