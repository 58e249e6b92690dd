"""The tables a night works with while it builds the call list: they belong to one connection, and hold
nothing after the night."""

from sqlalchemy import Column, MetaData, Table, Text

from portal.models.types import Day, Facts, Flag, UtcDateTime, Whole

METADATA = MetaData()
STANDING = Table(  # what is overdue in each case
    "call_list_standing",
    METADATA,
    Column("case_id", Whole, primary_key=True, autoincrement=False),
    Column("dpd", Whole, nullable=False),
    Column("cards_only", Whole, nullable=False),
    Column("little", Whole, nullable=False),
    Column("bucket", Text),
    prefixes=["TEMPORARY"],
)
LOOK = Table(  # the cases to look at
    "call_list_look",
    METADATA,
    Column("case_id", Whole, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
)
SITUATION = ("dpd", "zone", "cards_only", "little", "phone", "email", "address")
PLAIN = Table(  # those of them to which nothing has happened yet, each with its situation
    "call_list_plain",
    METADATA,
    Column("case_id", Whole, primary_key=True, autoincrement=False),
    Column("ref", Text, nullable=False),
    *(Column(name, Text if name == "zone" else Whole, nullable=False) for name in SITUATION),
    prefixes=["TEMPORARY"],
)
WRITTEN = ("step", "reason", "facts", "earliest_at", "due", "rank", "bucket", "recheck_on", "computed_at")
ANSWER = Table(  # what comes next in each situation
    "call_list_answer",
    METADATA,
    *(Column(name, Text if name == "zone" else Whole, primary_key=True) for name in SITUATION),
    Column("step", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", Facts, nullable=False),
    Column("earliest_at", UtcDateTime),
    Column("due", Flag, nullable=False),
    Column("rank", Whole, nullable=False),
    Column("bucket", Text),
    Column("recheck_on", Day),
    Column("computed_at", UtcDateTime, nullable=False),
    prefixes=["TEMPORARY"],
)
