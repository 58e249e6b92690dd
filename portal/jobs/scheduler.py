"""The timetable. APScheduler is only a clock: what ran and what is left to do stands in the database, so that
any number of workers may run, and any of them may die."""

import logging
from collections.abc import Callable

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from structlog import get_logger

from portal.infra import clock
from portal.infra.delivery import Carrier, OutboxFolder
from portal.infra.gateways import Carriers
from portal.infra.installation import Installation
from portal.jobs import anchors, book_uploads, browser_sessions, leftovers, nights, outbox, reminders
from portal.vocabulary import Channel

THREADS = 8  # one for each job
OUTBOX_EVERY = 2
REMINDERS_EVERY = 30
NIGHTS_EVERY = 20
ANCHORS_EVERY = 600
SESSIONS_EVERY = 3600
LEFTOVERS_EVERY = 3600
BOOKS_EVERY = 3
log = get_logger()


def carrier_of(installation: Installation) -> Carrier:
    """The carriers of an installation: the gateways that it or a lender names, else the folder whose messages
    the development page shows."""
    settings = installation.settings
    named = {Channel.SMS: settings.sms_url, Channel.EMAIL: settings.mail_url}
    return Carriers(
        folder=OutboxFolder(settings.outbox),
        shared={channel: address for channel, address in named.items() if address},
        own=lambda lender_id: outbox.gateways_of(installation, lender_id),
    )


def timetable(installation: Installation) -> BlockingScheduler:
    """Return a clock that strikes for every job, from its start on, until it is shut down."""
    # A turn that falls into the one before is left out: no news. What fails is told by `_tell`.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    carrier = carrier_of(installation)
    scheduler = BlockingScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )

    def every(seconds: int, name: str, job: Callable[[], int]) -> None:
        scheduler.add_job(job, "interval", seconds=seconds, id=name, name=name, next_run_time=clock.now())

    every(OUTBOX_EVERY, "outbox", lambda: outbox.work(installation, carrier=carrier))
    every(REMINDERS_EVERY, "reminders", lambda: reminders.run(installation, now=clock.now()))
    every(NIGHTS_EVERY, "nights", lambda: nights.run(installation, now=clock.now()))
    every(ANCHORS_EVERY, "anchors", lambda: anchors.run(installation, now=clock.now()))
    every(SESSIONS_EVERY, "browser_sessions", lambda: browser_sessions.run(installation, now=clock.now()))
    every(LEFTOVERS_EVERY, "leftovers", lambda: _sweep(installation))
    every(BOOKS_EVERY, "book_uploads", lambda: book_uploads.run(installation, now=clock.now()))
    scheduler.add_listener(_tell, EVENT_JOB_ERROR)
    return scheduler


def _sweep(installation: Installation) -> int:
    """Remove what was left behind: by requests, and by loan books that were taken in."""
    now = clock.now()
    return leftovers.run(installation, now=now) + book_uploads.clean(installation, now=now)


def _tell(event: JobExecutionEvent) -> None:
    """A job that raised is tried again at its next turn; the log says what happened."""
    log.error("job_failed", job=event.job_id, error=repr(type(event.exception)), where=event.traceback)
