from decimal import Decimal
from pathlib import Path

import pytest

from portal.infra import policy_files
from portal.infra.policy_files import UnreadablePackError


def test_the_house_policy_comes_first_among_the_codes():
    assert policy_files.codes() == ["default", "pingan-bank", "pingan-puhui", "spdb-puhui", "tw"]


def test_a_lender_is_read_over_the_house_policy():
    assert [name for name, _ in policy_files.read("tw")] == ["default.toml", "tw.toml"]
    assert [name for name, _ in policy_files.read("default")] == ["default.toml"]


def test_decimals_are_read_exactly():
    _, tw = policy_files.read("tw")[1]
    assert tw["interest"]["card_rate_cap"]["value"] == Decimal("0.15")


@pytest.mark.parametrize("code", ["../config", "tw.toml", "", "TW", "a/b", "nobody"])
def test_a_code_that_names_no_pack_is_refused(code):
    with pytest.raises(UnreadablePackError):
        policy_files.read(code)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path):
    broken = tmp_path / "broken.toml"
    broken.write_text("[visit\ncrew_min = 2")
    with pytest.raises(UnreadablePackError, match=r"^broken.toml: cannot be read: .*line 1"):
        policy_files.read_file(broken)


def test_a_file_anywhere_lies_over_the_house_policy(tmp_path: Path):
    pack = tmp_path / "mine.toml"
    pack.write_text("[pack]\ncode = 'mine'")
    assert [name for name, _ in policy_files.read_file(pack)] == ["default.toml", "mine.toml"]
    assert [name for name, _ in policy_files.read_file(policy_files.FOLDER / "default.toml")] == [
        "default.toml"
    ]
