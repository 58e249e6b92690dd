"""Anchors: a chain must pass through each, and none can be changed, exchanged or taken away unseen."""

import base64
import json
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from portal.domain.audit_chain import Problem
from portal.domain.refusals import Refused
from portal.infra import anchor_files
from portal.services import anchors, audit
from portal.services.anchors import AnchorFiles, Chain
from portal.vocabulary import ChainProblem
from tests import factories, tampering
from tests.factories import NOW

NIGHT = timedelta(days=1)
TODAY = date(2026, 3, 2)


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def chain(lender):
    return Chain(lender.code, lender.id)


@pytest.fixture
def files(settings):
    return AnchorFiles(settings.anchors)


@pytest.fixture
def nights(session, lender, chain, files):
    """Three nights, with an entry before each."""
    for number in range(3):
        add_entry(session, lender)
        assert anchor(session, chain, files, number)
    return NOW + 2 * NIGHT


def add_entry(session, lender):
    session.commit()  # on SQLite a session that read before others wrote cannot write
    audit.record(
        session, actor=factories.nightly(lender), action="tried", subject="thing/1", now=NOW, number=1
    )
    session.commit()


def anchor(session, chain, files, number):
    now = NOW + number * NIGHT
    verified = anchors.verify(session, chain=chain, files=files, now=now)
    return anchors.write(
        chain=chain, verified=verified, files=files, day=TODAY + timedelta(days=number), now=now
    )


def found(session, chain, files, now=NOW + 2 * NIGHT, **options):
    session.commit()
    return anchors.verify(session, chain=chain, files=files, now=now, **options)


def path(files, chain, number):
    return files.folder / chain.code / f"{TODAY + timedelta(days=number)}.json"


def test_an_anchor_says_what_the_chain_was_and_names_the_one_before(session, chain, files, nights):
    length, head = audit.head_of(session, lender_id=chain.lender_id)

    newest = json.loads(path(files, chain, 2).read_text())["anchor"]

    assert newest == {
        "format": 1,
        "chain": "pingan-bank",
        "date": "2026-03-04",
        "length": length,
        "head": head,
        "previous": anchor_files.fingerprint(path(files, chain, 1).read_bytes()),
        "at": "2026-03-04T02:00:00+00:00",
    }
    assert json.loads(path(files, chain, 0).read_text())["anchor"]["previous"] == "0" * 64


def test_an_outsider_checks_an_anchor_with_the_public_key_alone(chain, files, nights):
    whole = json.loads(path(files, chain, 1).read_text())
    said = json.dumps(whole["anchor"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    load_pem_public_key(anchors.public_pem().encode()).verify(base64.b64decode(whole["signature"]), said)


def test_a_chain_that_grew_since_its_anchors_is_whole(session, lender, chain, files, nights):
    add_entry(session, lender)

    verified = found(session, chain, files)

    assert verified.intact
    assert not verified.anchor_old
    assert verified.anchor.day == date(2026, 3, 4)


@pytest.mark.parametrize("kind", tampering.EVERY_KIND)
def test_every_kind_of_tampering_is_found_with_the_anchors(session, chain, files, nights, owner, kind):
    tamper, named = tampering.EVERY_KIND[kind]
    with owner.begin() as connection:
        tamper(connection, chain.lender_id, 3)

    assert [each.kind for each in found(session, chain, files).problems] == [named]


def test_a_cut_that_only_the_newest_anchor_tells_is_found(session, chain, files, nights, owner):
    end = audit.length_of(session, lender_id=chain.lender_id)
    session.commit()
    with owner.begin() as connection:
        tampering.cut_and_move_head(connection, chain.lender_id, end)

    assert found(session, chain, files).problems == (Problem(ChainProblem.REWOUND, end - 1, end),)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_edited_anchor_is_found(session, chain, files, nights, number):
    edited = path(files, chain, number)
    edited.write_text(edited.read_text().replace('"length": ', '"length": 1'))

    problem = found(session, chain, files).problems[0]

    assert problem == Problem(ChainProblem.ANCHOR_FORGED, day=TODAY + timedelta(days=number))


def test_an_anchor_signed_with_another_key_is_found(session, chain, files, nights):
    said = json.loads(path(files, chain, 2).read_text())["anchor"]
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    path(files, chain, 2).write_bytes(anchor_files.signed(said, seed=seed))

    assert found(session, chain, files).problems[0].kind is ChainProblem.ANCHOR_FORGED


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b'{"anchor": 1, "signature": "="}', b"\xff"])
def test_a_file_that_is_no_anchor_is_found(session, chain, files, nights, junk):
    path(files, chain, 2).write_bytes(junk)

    assert found(session, chain, files).problems[0].kind is ChainProblem.ANCHOR_FORGED


@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_anchor_is_named_by_the_one_after_it(session, chain, files, nights, number):
    path(files, chain, number).unlink()

    expected = Problem(ChainProblem.ANCHOR_GONE, day=TODAY + timedelta(days=number + 1))
    assert found(session, chain, files).problems == (expected,)


def test_an_anchor_of_another_night_or_lender_under_this_name_is_found(session, chain, files, nights):
    path(files, chain, 2).write_bytes(path(files, chain, 1).read_bytes())
    assert found(session, chain, files).problems[0].kind is ChainProblem.ANCHOR_FORGED

    other = Chain("spdb-puhui", chain.lender_id)
    path(files, other, 0).parent.mkdir()
    path(files, other, 0).write_bytes(path(files, chain, 0).read_bytes())
    assert found(session, other, files).problems[0].kind is ChainProblem.ANCHOR_FORGED


def test_an_anchor_is_never_overwritten(session, lender, chain, files, nights):
    before = path(files, chain, 2).read_bytes()
    add_entry(session, lender)

    assert not anchor(session, chain, files, 2)
    assert path(files, chain, 2).read_bytes() == before
    assert not [each.name for each in path(files, chain, 2).parent.iterdir() if each.name.startswith(".")]


@pytest.mark.parametrize(("nights_later", "old"), [(2, False), (3, True)])
def test_an_anchor_older_than_two_nights_is_a_warning(session, chain, files, nights, nights_later, old):
    verified = found(session, chain, files, now=nights + nights_later * NIGHT)

    assert (verified.intact, verified.anchor_old) == (True, old)


def test_a_chain_without_an_anchor_is_warned_of(session, chain, files):
    verified = found(session, chain, files)

    assert (verified.intact, verified.anchor_old, verified.anchor) == (True, True, None)


def test_of_a_long_chain_only_what_came_after_the_last_anchor_is_followed(
    session, lender, chain, files, nights, owner
):
    anchored = audit.length_of(session, lender_id=chain.lender_id)
    add_entry(session, lender)
    with owner.begin() as connection:
        tampering.edit(connection, chain.lender_id, 2)

    assert not found(session, chain, files).intact
    part = found(session, chain, files, most=5)
    assert (part.intact, part.first, part.entries) == (True, anchored + 1, anchored + 1)


def test_of_a_long_chain_not_even_all_after_the_last_anchor_may_be_followed(session, chain, files):
    length = audit.length_of(session, lender_id=chain.lender_id)

    assert found(session, chain, files, most=2).first == length - 1


@pytest.mark.parametrize("kind", tampering.SEEN_BY_AN_ANCHOR)
def test_a_long_chain_must_pass_through_its_last_anchor(session, lender, chain, files, nights, owner, kind):
    tamper, named = tampering.SEEN_BY_AN_ANCHOR[kind]
    with owner.begin() as connection:
        tamper(connection, chain.lender_id, 4)

    assert [each.kind for each in found(session, chain, files, most=2).problems] == [named]


def test_a_lender_that_is_not_in_the_database_any_more_is_named(session, chain, files, nights):
    assert anchors.gone(session, files=files) == []

    (files.folder / chain.code).rename(files.folder / "vanished-bank")

    assert anchors.gone(session, files=files) == ["vanished-bank"]


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "/etc"])
def test_only_the_code_of_a_lender_names_a_folder(files, name):
    with pytest.raises(ValueError, match="not the code"):
        files.days(name)


def test_no_lender_takes_the_name_of_the_installations_chain(session):
    with pytest.raises(Refused, match="lender_exists"):
        factories.lender(session, anchors.INSTALLATION, preset="default")
