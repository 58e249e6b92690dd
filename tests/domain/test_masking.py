"""Names and numbers where they need not be read in full."""

import pytest

from portal.domain import masking


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("林美華", "林**"),
        ("王明", "王*"),
        ("歐", "歐*"),
        ("Lin Mei-hua", "Lin **"),
        ("Cher", "C**"),
        ("", "**"),
    ],
)
def test_of_a_name_the_family_name_stays(full, shown):
    assert masking.name(full) == shown


@pytest.mark.parametrize(
    ("full", "shown"), [("+886900000321", "•••• 321"), ("A123456789", "•••• 789"), ("321", "••••")]
)
def test_of_a_number_the_end_stays(full, shown):
    assert masking.number(full) == shown


def test_of_an_address_the_domain_stays():
    assert masking.email("mei@example.test") == "m••••@example.test"
