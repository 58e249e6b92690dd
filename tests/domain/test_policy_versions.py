"""Versions of a pack: which rules hold on which day, and what is wrong with a file among others."""

import copy
from datetime import UTC, date, datetime

import pytest

from portal.domain import policy
from portal.domain.policy import PolicyError
from portal.infra import policy_files

HOUSE_FILE = policy_files.read("default")[0]
FIRST = date(2026, 1, 1)
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


def house(version="2026.1", begins=FIRST, name="default.toml", **contact):
    """The house policy under another head, with other values of `contact`."""
    data = copy.deepcopy(HOUSE_FILE[1])
    data["pack"] = {"code": "default", "version": version, "effective_from": begins}
    for key, value in contact.items():
        data["contact"][key]["value"] = value
    return name, data


def lender(version="1", begins=FIRST, name="mine.toml", code="mine", zone=None, **contact):
    data = {"pack": {"code": code, "version": version, "effective_from": begins}}
    data["contact"] = {key: {"value": value, "why": "house"} for key, value in contact.items()}
    if zone:
        data["business"] = {"timezone": {"value": zone, "why": "house"}}
    return name, data


def daily(version):
    return version.contact.phone_attempts_per_day


@pytest.fixture
def two():
    files = [lender("2", JUNE, "mine@2.toml", phone_attempts_per_day=1), lender(phone_attempts_per_day=3)]
    return policy.build_versions([house()], files)


def test_versions_come_in_the_order_of_their_days_whatever_the_order_of_files(two):
    assert [(each.version, each.effective_from, daily(each)) for each in two] == [
        ("1", FIRST, 3),
        ("2", JUNE, 1),
    ]


@pytest.mark.parametrize(
    ("day", "version"),
    [(date(2025, 7, 1), "1"), (FIRST, "1"), (date(2026, 5, 31), "1"), (JUNE, "2"), (date(2030, 1, 1), "2")],
)
def test_the_newest_version_whose_day_has_come_is_in_force(two, day, version):
    assert policy.in_force_on(two, day).version == version


@pytest.mark.parametrize(
    ("now", "version"),
    [
        (datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC), "1"),  # one second before midnight in Shanghai
        (datetime(2026, 5, 31, 16, 0, tzinfo=UTC), "2"),
        (datetime(2020, 1, 1, tzinfo=UTC), "1"),
    ],
)
def test_a_version_begins_at_midnight_of_the_packs_own_zone(two, now, version):
    assert policy.in_force_at(two, now).version == version


def test_a_version_that_moves_to_another_zone_begins_at_midnight_there():
    files = [lender(zone="Asia/Tokyo"), lender("2", JUNE, "mine@2.toml", zone="America/New_York")]
    versions = policy.build_versions([house()], files)
    assert policy.in_force_at(versions, datetime(2026, 6, 1, 3, 59, tzinfo=UTC)).version == "1"
    assert policy.in_force_at(versions, datetime(2026, 6, 1, 4, 0, tzinfo=UTC)).version == "2"


def test_a_new_house_policy_begins_a_new_version_of_every_pack_over_it():
    houses = [house(), house("2026.2", JULY, "default@2026.2.toml", per_week=2)]
    first, second, third = policy.build_versions(houses, [lender(), lender("2", JUNE, "mine@2.toml")])
    assert [each.version for each in (first, second, third)] == ["1", "2", "2"]
    assert [each.effective_from for each in (first, second, third)] == [FIRST, JUNE, JULY]
    assert [each.house_version for each in (first, second, third)] == ["2026.1", "2026.1", "2026.2"]
    assert [each.contact.per_week for each in (first, second, third)] == [3, 3, 2]
    assert len({each.digest for each in (first, second, third)}) == 3


def test_a_pack_younger_than_the_newest_house_policy_lies_over_that_one():
    houses = [house(), house("2026.2", JUNE, "default@2026.2.toml", per_week=2)]
    [only] = policy.build_versions(houses, [lender(begins=JULY)])
    assert (only.effective_from, only.house_version, only.contact.per_week) == (JULY, "2026.2", 2)


def test_a_pack_older_than_the_house_policy_lies_over_the_first_one():
    first, second = policy.build_versions([house(begins=JUNE)], [lender()])
    assert (first.effective_from, second.effective_from) == (FIRST, JUNE)
    assert first.house_version == second.house_version == "2026.1"


def test_the_house_policy_has_versions_of_its_own():
    versions = policy.build_versions([house("2", JUNE, "default@2.toml"), house()], [])
    assert [each.version for each in versions] == ["2026.1", "2"]


@pytest.mark.parametrize(
    ("file", "key", "allowed"),
    [
        (lender("2", FIRST, "mine@2.toml"), "pack.effective_from", "a day of its own"),
        (lender("1", JUNE, "mine@1.toml"), "pack.version", "a version of its own"),
        (lender("2", JUNE, "mine@3.toml"), "pack.version", "3"),
        (lender("2", JUNE, "mine@2.toml", code="other"), "pack.code", "mine"),
        (lender("2", "2026-06-01", "mine@2.toml"), "pack.effective_from", "a date such as"),
        (
            lender("2", JUNE, "mine@2.toml", phone_attempts_per_day=9),
            "contact.phone_attempts_per_day",
            "1 to 6",
        ),
    ],
)
def test_a_file_that_does_not_fit_among_the_others_is_named(file, key, allowed):
    with pytest.raises(PolicyError) as raised:
        policy.build_versions([house()], [lender(), file])
    assert (raised.value.file, raised.value.key) == (file[0], key)
    assert allowed in raised.value.allowed


def test_a_new_house_policy_that_contradicts_an_old_pack_is_refused():
    houses = [house(), house("2", JUNE, "default@2.toml", phone_attempts_per_week=2)]
    with pytest.raises(PolicyError, match=r"^default@2.toml: contact.phone_attempts_per_week: contradicts"):
        policy.build_versions(houses, [lender(phone_attempts_per_day=4, phone_conversations_per_day=1)])


def test_the_content_says_every_key_and_its_source_as_plain_values():
    content = policy.content_of(policy.build(policy_files.read("tw")))
    assert content["values"].keys() == policy.KEYS.keys()
    assert content["values"]["contact.window"] == {"value": ["07:00", "22:00"], "why": "tw-collection"}
    assert content["values"]["interest.card_rate_cap"]["value"] == "0.15"
    assert content["values"]["business.calendar_known_until"]["value"] == "2026-12-31"
    assert content["values"]["strategy.cadence"]["value"][0]["channels"] == ["phone", "sms", "email"]
    assert content["values"]["message.forbidden"]["value"]["threats"]["en"]
    assert content["sources"]["tw-collection"]["status"] == "to_verify"
    assert content["sources"].keys() == {each["why"] for each in content["values"].values()}


def test_what_differs_between_two_contents_is_named_value_or_source():
    before = policy.content_of(policy.build([house(), lender()]))
    after = policy.content_of(policy.build([house(per_week=2), lender(phone_attempts_per_day=2)]))
    assert policy.changed_keys(before, before) == []
    assert policy.changed_keys(before, after) == ["contact.phone_attempts_per_day", "contact.per_week"]
    del before["values"]["contact.window"]
    assert "contact.window" in policy.changed_keys(before, after)
    assert "contact.window" in policy.changed_keys(after, before)
