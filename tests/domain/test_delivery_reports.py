"""What a gateway reports is taken only under its signature, only for a while, and only if it can be read."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from portal.domain import delivery_reports as reports
from portal.domain.delivery_reports import BadReport, Entry
from portal.vocabulary import MessageState
from tests.factories import NOW

SECRET, BODY = b"of the gateway", b'[{"ref": "M1", "state": "delivered"}]'
STAMP = str(int(NOW.timestamp()))


def is_signed(**changed):
    asked = {"timestamp": STAMP, "given": reports.signature(SECRET, STAMP, BODY), "body": BODY, "now": NOW}
    return reports.is_signed(SECRET, **asked | changed)


def test_the_signature_is_the_keyed_hash_of_time_point_and_body():
    by_hand = hmac.new(SECRET, STAMP.encode() + b"." + BODY, hashlib.sha256).hexdigest()
    assert reports.signature(SECRET, STAMP, BODY) == f"sha256={by_hand}"
    assert is_signed()


@pytest.mark.parametrize(
    "changed",
    [
        {"body": BODY + b" "},
        {"timestamp": str(int(STAMP) + 1)},
        {"given": ""},
        {"given": "sha256="},
        {"given": reports.signature(b"of somebody else", STAMP, BODY)},
        {"given": reports.signature(SECRET, STAMP, BODY).removeprefix("sha256=")},
        {"given": "sha256=字"},
    ],
)
def test_another_body_time_or_secret_has_another_signature(changed):
    assert not is_signed(**changed)


@pytest.mark.parametrize("seconds", [300, -300])
def test_clocks_may_differ_by_five_minutes_and_no_second_more(seconds):
    assert is_signed(now=NOW + timedelta(seconds=seconds))
    assert not is_signed(now=NOW + timedelta(seconds=seconds + (1 if seconds > 0 else -1)))


@pytest.mark.parametrize("stamp", ["", "now", "-5", "1.5", "²", "9" * 400, f" {STAMP}"])
def test_a_time_that_is_no_time_is_refused_although_it_is_signed(stamp):
    assert not is_signed(timestamp=stamp, given=reports.signature(SECRET, stamp, BODY))


def test_entries_are_read_with_and_without_the_name_the_gateway_gave():
    sent = [
        {"ref": "M1", "state": "delivered"},
        {"ref": "M2", "state": "undelivered", "provider_ref": "sms-77"},
        {"ref": "M3", "state": "delivered", "provider_ref": None},
    ]
    assert reports.read(json.dumps(sent).encode()) == [
        Entry("M1", MessageState.DELIVERED),
        Entry("M2", MessageState.UNDELIVERED, "sms-77"),
        Entry("M3", MessageState.DELIVERED),
    ]
    assert reports.read(b"[]") == []


GOOD = {"ref": "M1", "state": "delivered"}


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({"reports": []}, "body: a JSON list"),
        ("delivered", "body: a JSON list"),
        ([GOOD] * 2, "body: each ref once"),
        ([GOOD] * 501, "body: at most 500"),
        ([GOOD, "M2"], "entry 2: an object"),
        ([GOOD | {"at": "2026-03-02"}], "entry 1: an object with ref and state"),
        ([{"ref": "M1"}], "entry 1: an object with ref and state"),
        ([GOOD | {"state": "sent"}], "entry 1, state: one of delivered, undelivered"),
        ([GOOD | {"state": ["delivered"]}], "entry 1, state"),
        ([GOOD | {"ref": 7}], "entry 1, ref: a text"),
        ([GOOD | {"ref": ""}], "entry 1, ref: a text"),
        ([GOOD | {"ref": "M" * 201}], "entry 1, ref: a text of 1 to 200"),
        ([GOOD | {"provider_ref": "a\x00b"}], "entry 1, provider_ref"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_is_allowed(sent, where):
    with pytest.raises(BadReport) as bad:
        reports.read(json.dumps(sent).encode())
    assert str(bad.value).startswith(where)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(body):
    with pytest.raises(BadReport, match="body: a JSON list of entries"):
        reports.read(body)
