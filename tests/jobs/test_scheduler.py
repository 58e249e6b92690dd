"""The worker's timetable: every job stands in it, and none keeps a message waiting."""

import pkgutil

from portal import jobs
from portal.jobs import scheduler

# The clock itself, the steps of a night, and what runs when it is asked for.
NOT_JOBS = {"scheduler", "nightly", "key_rotation"}


def test_every_job_stands_in_the_timetable_and_has_a_thread_of_its_own(installation):
    timetable = scheduler.timetable(installation)

    named = {job.id for job in timetable.get_jobs()}
    assert named == {module.name for module in pkgutil.iter_modules(jobs.__path__)} - NOT_JOBS
    assert len(named) <= scheduler.THREADS, "a long night would keep the messages waiting"
