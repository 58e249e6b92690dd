"""`portal worker`: the clock behind messages and nights."""

import signal
from types import FrameType

import click

from portal.cli.context import note, open_portal


@click.command(
    epilog="""\b
Example:  portal worker
          Any number may run at once: the database decides who does what."""
)
def worker() -> None:
    """Deliver messages and run each lender's nights, until stopped."""
    from portal.jobs import scheduler

    clock = scheduler.timetable(open_portal())

    def stop(_signal: int, _frame: FrameType | None) -> None:
        clock.shutdown(wait=False)  # what is under way is finished when the process ends

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    note("Worker started: messages, nights, expired sessions")
    clock.start()
    note("Worker stopped")


COMMANDS = (worker,)
