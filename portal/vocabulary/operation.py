"""The words of jobs and evidence."""

from enum import StrEnum


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ChainProblem(StrEnum):
    """How an audit chain was tampered with."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"  # an entry was exchanged, together with its hash
    REORDERED = "reordered"
    CUT = "cut"
    APPENDED = "appended"  # past the head
    REWOUND = "rewound"  # cut, and the head moved back: only an anchor tells
    REPLACED = "replaced"  # written anew from some entry on: only an anchor tells
    HEAD_CHANGED = "head_changed"
    HEAD_MISSING = "head_missing"
    LENDER_GONE = "lender_gone"  # anchored, and not in the database any more
    ANCHOR_FORGED = "anchor_forged"
    ANCHOR_GONE = "anchor_gone"
