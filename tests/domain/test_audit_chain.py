"""Following an audit chain and telling how it was broken, without a database."""

import time
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest

from portal.domain.audit_chain import GENESIS, Entry, Point, Problem, Walk, diagnose, digest, text_of, walk
from portal.vocabulary import ChainProblem

LENDER = 7
BEGINNING = Point()
AT = datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=8)))
OPENED = Entry(3, AT, "staff:ann", "opened", "case/9", "C-9", {"z": 1, "a": "善"}, bytes([5]) * 32, b"")
COVERED = (
    '[7,3,"2026-03-02T02:00:00.000000+00:00","staff:ann","opened","case/9","C-9",{"a":"善","z":1}]'.encode()
)


@pytest.fixture
def in_tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def hashed(entry, lender_id=LENDER):
    return entry._replace(hash=digest(lender_id, entry))


def written(number, previous, **changed):
    """An entry as it is written: the hash fits."""
    plain = Entry(
        number, AT, "staff:ann", "tried", f"thing/{number}", None, {"number": number}, previous, b""
    )
    return hashed(plain._replace(**changed))


def chain(length):
    entries, previous = [], GENESIS
    for number in range(1, length + 1):
        entries.append(written(number, previous))
        previous = entries[-1].hash
    return entries


def renumbered(entries, first=1):
    return [entry._replace(sequence=number) for number, entry in enumerate(entries, first)]


def point(entry):
    return Point(entry.sequence, entry.hash)


def followed(entries, after=BEGINNING, marks=None, lender_id=LENDER):
    return walk(iter(entries), lender_id=lender_id, after=after, marks=marks or {})


def problem(entries, length=None):
    """Follow the entries in the order of their numbers and tell what is wrong."""
    ordered = sorted(entries, key=lambda each: each.sequence)
    way = followed(ordered)
    assert way.broken is not None

    def successor():
        return next((each.sequence for each in entries if each.previous == way.end.hash), None)

    return diagnose(
        way.broken,
        lender_id=LENDER,
        end=way.end,
        length=len(entries) if length is None else length,
        successor=successor,
    )


def test_a_hash_covers_every_fact_of_an_entry_in_one_fixed_spelling():
    assert text_of(LENDER, OPENED) == COVERED
    assert digest(LENDER, OPENED) == sha256(bytes([5]) * 32 + COVERED).digest()


def test_a_hash_is_the_same_wherever_the_moment_was_noted_and_the_machine_stands(in_tokyo):
    assert text_of(LENDER, OPENED) == COVERED
    assert text_of(LENDER, OPENED._replace(at=AT.astimezone(UTC))) == COVERED


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 4},
        {"at": AT + timedelta(microseconds=1)},
        {"actor": "staff:bob"},
        {"action": "closed"},
        {"subject": "case/8"},
        {"case_ref": None},
        {"facts": {"z": 1}},
        {"previous": GENESIS},
    ],
)
def test_whatever_changes_in_an_entry_changes_its_hash(change):
    assert digest(LENDER, OPENED._replace(**change)) != digest(LENDER, OPENED)


def test_an_untouched_chain_is_followed_to_its_end():
    entries = chain(5)
    assert followed(entries) == Walk(point(entries[4]), None, ())
    assert followed(map(tuple, entries)) == Walk(point(entries[4]), None, ())


def test_a_chain_without_entries_ends_where_it_began():
    assert Point() == (0, bytes(32))
    assert followed([]) == Walk(Point(), None, ())
    assert followed([], after=Point(4, b"x")) == Walk(Point(4, b"x"), None, ())


def test_a_chain_can_be_followed_from_a_point_on():
    entries = chain(5)
    assert followed(entries[2:], after=point(entries[1])) == Walk(point(entries[4]), None, ())
    elsewhere = Point(2, bytes(32))
    assert followed(entries[2:], after=elsewhere) == Walk(elsewhere, entries[2], ())
    too_early = Point(1, entries[1].hash)
    assert followed(entries[2:], after=too_early) == Walk(too_early, entries[2], ())


def test_a_chain_of_one_lender_is_none_of_another():
    entries = chain(2)
    assert followed(entries, lender_id=8) == Walk(Point(), entries[0], ())


def test_marks_whose_entry_carries_another_hash_are_missed():
    entries = chain(5)
    marks = {2: entries[1].hash, 3: bytes(32), 5: entries[3].hash, 9: bytes(32)}
    assert followed(entries, marks=marks) == Walk(point(entries[4]), None, (3, 5))


def test_the_marks_missed_before_a_break_are_told_with_it():
    entries = chain(5)
    entries[3] = entries[3]._replace(actor="staff:bob")
    way = followed(map(tuple, entries), marks={2: bytes(32), 3: entries[2].hash, 4: bytes(32)})
    assert way == Walk(point(entries[2]), entries[3], (2,))
    assert isinstance(way.broken, Entry)


@pytest.mark.parametrize(
    "third",
    [
        lambda entries: entries[2]._replace(subject="thing/forged"),
        lambda entries: entries[2]._replace(hash=bytes(32)),
        lambda entries: entries[2]._replace(previous=bytes(32)),
        lambda entries: entries[2]._replace(sequence=4),
        lambda entries: written(4, entries[1].hash),  # the hash fits, the number does not
        lambda entries: written(3, entries[0].hash),  # the hash fits, behind another entry
    ],
)
def test_a_chain_is_followed_to_the_first_entry_that_does_not_fit(third):
    entries = chain(4)
    entries[2] = third(entries)
    assert followed(entries) == Walk(point(entries[1]), entries[2], ())


@pytest.mark.parametrize(
    "change", [{"actor": "staff:bob"}, {"facts": {}}, {"hash": bytes(32)}, {"previous": bytes(32)}]
)
def test_a_changed_entry_was_edited(change):
    entries = chain(5)
    entries[2] = entries[2]._replace(**change)
    assert problem(entries) == Problem(ChainProblem.EDITED, 3)


def test_an_entry_behind_the_right_one_was_edited_whatever_number_its_hash_was_made_with():
    entries = chain(5)
    entries[2] = written(4, entries[1].hash)._replace(sequence=3)
    assert problem(entries) == Problem(ChainProblem.EDITED, 3)


def test_where_an_entry_is_gone_the_next_one_is_named():
    entries = chain(6)
    assert problem([*entries[:2], *entries[4:]]) == Problem(ChainProblem.DELETED, 3, 5)
    assert problem(entries[1:]) == Problem(ChainProblem.DELETED, 1, 2)


def test_a_gap_closed_by_renumbering_is_still_seen():
    entries = chain(6)
    rest = renumbered(entries[3:], 3)
    assert problem([*entries[:2], *rest]) == Problem(ChainProblem.DELETED, 3, 4)


def test_an_entry_that_stands_elsewhere_was_moved_and_its_new_place_is_named():
    entries = chain(6)
    entries[2] = entries[2]._replace(sequence=1003)
    assert problem(entries) == Problem(ChainProblem.REORDERED, 3, 1003)


def test_entries_that_change_places_were_reordered():
    first, second, third, fourth, fifth = chain(5)
    turned = renumbered([first, second, fourth, fifth, third])
    assert problem(turned) == Problem(ChainProblem.REORDERED, 3, 5)


@pytest.mark.parametrize("place", [1, 3, 9])
def test_a_foreign_entry_is_seen_by_the_one_it_pushed_back(place):
    entries = chain(11)
    before, behind = entries[: place - 1], entries[place - 1 :]
    foreign = written(place, before[-1].hash if before else GENESIS, subject="thing/forged")
    found = problem([*before, foreign, *renumbered(behind, place + 1)])
    assert found == Problem(ChainProblem.INSERTED, place + 1, place)


def test_an_entry_exchanged_with_its_hash_is_seen_by_the_one_behind():
    entries = chain(5)
    entries[2] = written(3, entries[1].hash, subject="thing/forged")
    assert problem(entries) == Problem(ChainProblem.REWRITTEN, 4, 4)


def test_the_last_number_there_may_have_been_is_one_more_than_the_entries():
    entries = chain(6)
    one_gone = [*entries[:3], entries[4]._replace(sequence=4)]
    assert problem(one_gone, length=4) == Problem(ChainProblem.DELETED, 4, 5)
    two_gone = [*entries[:3], entries[5]._replace(sequence=4)]
    assert problem(two_gone, length=5) == Problem(ChainProblem.DELETED, 4, 6)
    assert problem(two_gone, length=4) == Problem(ChainProblem.EDITED, 4)


def test_no_entry_was_ever_number_zero():
    forged = written(0, bytes([9]) * 32)._replace(sequence=1)
    assert problem([forged]) == Problem(ChainProblem.EDITED, 1)
