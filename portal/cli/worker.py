"""`portal worker`: the clock behind messages and nights."""

import signal
import threading
from typing import TYPE_CHECKING

import click

from portal.cli.check_results import State
from portal.cli.context import note, open_portal

if TYPE_CHECKING:
    from apscheduler.schedulers.base import BaseScheduler

WISHES_TO_STOP = {signal.SIGTERM, signal.SIGINT}


@click.command(
    epilog="""\b
Example:  portal worker
          Any number may run at once: the database decides who does what."""
)
def worker() -> None:
    """Deliver messages and run each lender's nights, until stopped."""
    from portal.cli import message_checks
    from portal.jobs import scheduler

    installation = open_portal()
    for check in message_checks.texts(installation):
        if check.state is not State.OK:  # the shipped text goes instead of such a one
            note(f"Warning: {check.name}: {check.found}; {check.advice}")
    clock = scheduler.timetable(installation)
    _stop_when_told(clock)
    note("Worker started: messages, nights, expired sessions")
    clock.start()
    note("Worker stopped")


def _stop_when_told(clock: "BaseScheduler") -> None:
    """Have the clock stopped by SIGTERM or SIGINT, from its start on; one that comes earlier waits for it.

    No handler: it would run in the midst of whatever the main thread does, which may hold the very locks
    that stopping the clock needs. The signals are kept for a thread that waits for them."""
    from apscheduler.events import EVENT_SCHEDULER_STARTED

    def wait() -> None:
        signal.sigwait(WISHES_TO_STOP)
        clock.shutdown(wait=False)  # what is under way is finished when the process ends

    signal.pthread_sigmask(signal.SIG_BLOCK, WISHES_TO_STOP)  # and so in every thread made from now on
    waiting = threading.Thread(target=wait, daemon=True)
    clock.add_listener(lambda _event: waiting.start(), EVENT_SCHEDULER_STARTED)


COMMANDS = (worker,)
