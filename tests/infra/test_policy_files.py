from decimal import Decimal
from pathlib import Path

import pytest

from portal.infra import policy_files
from portal.infra.policy_files import UnreadablePackError


def test_the_house_policy_comes_first_among_the_codes():
    assert policy_files.codes() == [
        *("default", "hk", "pingan-bank", "pingan-puhui", "spdb-puhui", "tw", "uk-conc", "us-regf")
    ]


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


def test_a_file_anywhere_is_read_under_its_own_name(tmp_path: Path):
    pack = tmp_path / "mine.toml"
    pack.write_text("[pack]\ncode = 'mine'")
    assert policy_files.read_file(pack) == ("mine.toml", {"pack": {"code": "mine"}})


def found(*paths: Path) -> policy_files.Found:
    return tuple((path, 1) for path in paths)


def pack(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("[pack]")
    return path


def test_packs_of_the_installation_come_after_the_shipped_ones(tmp_path: Path):
    later, mine = pack(tmp_path, "tw@2027.1.toml"), pack(tmp_path, "mine.toml")
    assert policy_files.codes(found(later, mine)) == sorted([*policy_files.codes(), "mine"], key=place)
    assert [name for name, _ in policy_files.versions("tw", found(later, mine))] == [
        "tw.toml",
        "tw@2027.1.toml",
    ]
    assert [name for name, _ in policy_files.versions("mine", found(later, mine))] == ["mine.toml"]


def place(code: str) -> tuple[bool, str]:
    return code != "default", code


def test_the_folder_of_the_installation_is_read_when_it_is_named(tmp_path: Path):
    pack(tmp_path, "mine.toml")
    pack(tmp_path, "notes.txt")
    policy_files.use(tmp_path)
    assert [path.name for path, _ in policy_files.own()] == ["mine.toml"]
    policy_files.use(tmp_path / "nowhere")
    assert policy_files.own() == ()


def test_a_shipped_pack_is_not_replaced_under_its_own_name(tmp_path: Path):
    with pytest.raises(UnreadablePackError, match=r"^tw.toml: is shipped already; .*tw@<version>.toml"):
        policy_files.versions("tw", found(pack(tmp_path, "tw.toml")))


@pytest.mark.parametrize("name", ["TW.toml", "tw@.toml", "tw@1@2.toml", "tw @1.toml", "@1.toml"])
def test_a_file_whose_name_is_no_name_of_a_pack_is_refused(tmp_path: Path, name: str):
    with pytest.raises(UnreadablePackError, match=r"<code>@<version>.toml"):
        policy_files.codes(found(pack(tmp_path, name)))
