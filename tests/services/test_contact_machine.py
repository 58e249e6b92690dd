"""No sequence of acts, complaints, wishes and clock moves leads to a contact that the pack forbids, and none
holds a service message back."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contact_machine import on_rows, rules_alone
from tests.contact_machine.machine import PACKS, ZONES

SMALL = settings(
    max_examples=50, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
SMALLER = settings(SMALL, max_examples=4, stateful_step_count=12, phases=[Phase.generate])


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("code", PACKS)
def test_no_sequence_leads_to_a_contact_that_the_pack_forbids(code, zone):
    run_state_machine_as_test(rules_alone.machine(code, zone), settings=SMALL)


@pytest.mark.parametrize(
    ("code", "zone"), [("default", ZONES[1]), ("spdb-puhui", ZONES[0]), ("us-regf", ZONES[1])]
)
def test_nor_does_one_on_the_rows_of_a_database(installation, code, zone):
    run_state_machine_as_test(on_rows.machine(installation.engine, code, zone), settings=SMALLER)
