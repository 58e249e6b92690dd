"""The demo: three lenders with fictional staff and borrowers in every state of the journey.

Nothing is written past the services: each demo borrower lives through the weeks before today, act by act, so
that decisions, messages, seals and the audit chain are genuine. The same seed gives the same people."""

from portal.demo.entries import BorrowerEntry, EntryPoints, StaffEntry, entry_points
from portal.demo.loading import LEAST, MOST, AlreadyLoaded, DemoReport, is_loaded, load

__all__ = [
    "LEAST",
    "MOST",
    "AlreadyLoaded",
    "BorrowerEntry",
    "DemoReport",
    "EntryPoints",
    "StaffEntry",
    "entry_points",
    "is_loaded",
    "load",
]
