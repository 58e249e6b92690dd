"""Servers come and go, and nobody who asks notices: small versions of `make reliability`."""

import shutil

from tests.reliability import fleet, rolling_restart


def test_two_servers_restarted_in_turn_fail_no_request(postgres, tmp_path):
    with postgres.fresh_database() as url, fleet.place(url, tmp_path) as place:
        found = rolling_restart.in_turn(place, rounds=1)

    assert found.problems == ()
    assert (found.restarts, found.lost, found.doubled) == (2, 0, 0)
    assert found.acknowledged > 20


def test_a_server_that_goes_on_with_new_code_fails_no_request(sqlite_template, tmp_path):
    shutil.copyfile(sqlite_template, tmp_path / "portal.sqlite")
    with fleet.place(f"sqlite:///{tmp_path / 'portal.sqlite'}", tmp_path) as place:
        found = rolling_restart.renewed(place, times=1)

    assert found.problems == ()
    assert (found.restarts, found.lost, found.doubled) == (1, 0, 0)
    assert found.acknowledged > 20
