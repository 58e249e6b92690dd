"""Every kind of tampering with an audit chain, as the owner of the database could do it.

Each takes a connection, the lender and the number of an entry, and says what the check must call it."""

from collections.abc import Callable

from sqlalchemy import Connection, delete, func, insert, select, update

from portal.domain import audit_chain
from portal.domain.audit_chain import Entry
from portal.models.audit_entry import AuditEntry, AuditHead
from portal.vocabulary import ChainProblem

ENTRY = AuditEntry.__table__
HEAD = AuditHead.__table__
FAR = 10**9
Tampering = Callable[[Connection, int, int], None]


def row(connection: Connection, lender_id: int, number: int):
    query = select(ENTRY).where(ENTRY.c.lender_id == lender_id, ENTRY.c.sequence == number)
    return connection.execute(query).one()


def length(connection: Connection, lender_id: int) -> int:
    query = select(func.max(ENTRY.c.sequence)).where(ENTRY.c.lender_id == lender_id)
    return connection.scalar(query) or 0


def change(connection: Connection, lender_id: int, number: int, /, **values) -> None:
    at = (ENTRY.c.lender_id == lender_id) & (ENTRY.c.sequence == number)
    connection.execute(update(ENTRY).where(at).values(**values))


def remove(connection: Connection, lender_id: int, first: int, last: int = FAR) -> None:
    connection.execute(
        delete(ENTRY).where(ENTRY.c.lender_id == lender_id, ENTRY.c.sequence.between(first, last))
    )


def shift(connection: Connection, lender_id: int, first: int, by: int) -> None:
    """Renumber everything from an entry on; past all numbers first, so that none is there twice."""
    own = ENTRY.c.lender_id == lender_id
    moved = update(ENTRY).where(own, ENTRY.c.sequence >= first)
    connection.execute(moved.values(sequence=ENTRY.c.sequence + FAR))
    back = update(ENTRY).where(own, ENTRY.c.sequence >= FAR)
    connection.execute(back.values(sequence=ENTRY.c.sequence - FAR + by))


def move_head(connection: Connection, lender_id: int) -> None:
    """Let the head agree with the last entry there is."""
    last = length(connection, lender_id)
    values = {"sequence": last, "hash": row(connection, lender_id, last).hash if last else bytes(32)}
    connection.execute(update(HEAD).where(HEAD.c.lender_id == lender_id).values(**values))


def forged(connection: Connection, lender_id: int, number: int, **values) -> dict:
    """An entry as it could have been written in this place: with the hash that fits."""
    template = dict(row(connection, lender_id, max(number - 1, 1))._mapping)
    del template["id"]
    previous = row(connection, lender_id, number - 1).hash if number > 1 else bytes(32)
    made = template | {"sequence": number, "previous": previous, "actor": "staff:forged"} | values
    entry = Entry(*(made[name] for name in Entry._fields))
    return made | {"hash": audit_chain.digest(lender_id, entry)}


def edit(connection, lender_id, number):
    change(connection, lender_id, number, actor="staff:somebody")


def delete_one(connection, lender_id, number):
    remove(connection, lender_id, number, number)


def delete_and_renumber(connection, lender_id, number):
    remove(connection, lender_id, number, number)
    shift(connection, lender_id, number + 1, -1)
    move_head(connection, lender_id)


def insert_one(connection, lender_id, number):
    shift(connection, lender_id, number, +1)
    connection.execute(insert(ENTRY).values(forged(connection, lender_id, number)))
    move_head(connection, lender_id)


def exchange(connection, lender_id, number):
    made = forged(connection, lender_id, number, action="forged")
    change(connection, lender_id, number, **made)


def swap(connection, lender_id, number):
    for before, after in ((number, FAR), (number + 1, number), (FAR, number + 1)):
        change(connection, lender_id, before, sequence=after)


def cut(connection, lender_id, number):
    remove(connection, lender_id, number)


def append(connection, lender_id, number):
    last = length(connection, lender_id)
    connection.execute(insert(ENTRY).values(forged(connection, lender_id, last + 1)))


def change_head(connection, lender_id, number):
    connection.execute(update(HEAD).where(HEAD.c.lender_id == lender_id).values(hash=bytes(31) + b"x"))


def delete_head(connection, lender_id, number):
    connection.execute(delete(HEAD).where(HEAD.c.lender_id == lender_id))


def cut_and_move_head(connection, lender_id, number):
    remove(connection, lender_id, number)
    move_head(connection, lender_id)


def write_anew(connection, lender_id, number):
    """Change an entry and recompute everything behind it: a chain that is whole, and another one."""
    own = (ENTRY.c.lender_id == lender_id) & (ENTRY.c.sequence >= number)
    entries = connection.execute(select(ENTRY).where(own).order_by(ENTRY.c.sequence)).all()
    previous, made = entries[0].previous, []
    for each in entries:
        values = dict(each._mapping) | {"previous": previous, "subject": "thing/forged"}
        entry = Entry(*(values[name] for name in Entry._fields))
        previous = audit_chain.digest(lender_id, entry)
        made.append(values | {"hash": previous})
    remove(connection, lender_id, number)
    connection.execute(insert(ENTRY), made)
    move_head(connection, lender_id)


SEEN_BY_THE_CHAIN: dict[str, tuple[Tampering, ChainProblem]] = {
    "an edited entry": (edit, ChainProblem.EDITED),
    "a deleted entry": (delete_one, ChainProblem.DELETED),
    "a deleted entry, the rest renumbered": (delete_and_renumber, ChainProblem.DELETED),
    "an inserted entry": (insert_one, ChainProblem.INSERTED),
    "an entry exchanged with its hash": (exchange, ChainProblem.REWRITTEN),
    "two entries changing places": (swap, ChainProblem.REORDERED),
    "a cut tail": (cut, ChainProblem.CUT),
    "entries past the head": (append, ChainProblem.APPENDED),
    "a changed head": (change_head, ChainProblem.HEAD_CHANGED),
    "a deleted head": (delete_head, ChainProblem.HEAD_MISSING),
}
SEEN_BY_AN_ANCHOR: dict[str, tuple[Tampering, ChainProblem]] = {
    "a cut tail, the head moved back": (cut_and_move_head, ChainProblem.REWOUND),
    "the chain written anew": (write_anew, ChainProblem.REPLACED),
}
SEEN_WITHOUT_AN_ENTRY = {ChainProblem.HEAD_CHANGED, ChainProblem.HEAD_MISSING, ChainProblem.APPENDED}
EVERY_KIND = SEEN_BY_THE_CHAIN | SEEN_BY_AN_ANCHOR
