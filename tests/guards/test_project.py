"""Tests about the project as a whole: what is committed, and what is not."""

import re
import subprocess
from pathlib import Path

import pytest


def tracked():
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")
    return [Path(name) for name in names if name and Path(name).is_file()]


TEXTS = [
    path
    for path in tracked()
    if path.suffix in {".py", ".html", ".css", ".js", ".toml", ".md", ".txt", ".cfg", ""}
]


def read(path):
    return path.read_text("utf-8")


def test_no_registry_address_is_committed():
    pattern = re.compile(r'"resolved":|index-url\s*=|registry\s*=\s*http|files\.pythonhosted|registry\.npmjs')
    own = Path("tests/guards/test_project.py")
    locks = [*Path().glob("*.lock"), Path("package-lock.json"), Path(".npmrc")]
    assert not [str(path) for path in [*TEXTS, *locks] if path != own and pattern.search(read(path))]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-node.lock"])
def test_every_locked_package_has_a_hash(name):
    entries = re.split(r"\n(?=[a-z])", read(Path(name)).strip())
    assert entries
    assert not [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry]


def test_nothing_is_left_unfinished():
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b|lorem ipsum|coming soon", re.I)
    own = Path("tests/guards/test_project.py")
    found = [
        str(path) for path in TEXTS if path != own and path.parts[0] in {"portal", "static", "docs", "tests"}
    ]
    assert not [name for name in found if pattern.search(read(Path(name)))]


def test_files_stay_readable():
    code = [
        path for path in TEXTS if path.suffix in {".py", ".html", ".js"} and "migrations" not in path.parts
    ]
    assert not [f"{path}: {read(path).count(chr(10))}" for path in code if read(path).count("\n") > 500]


def test_third_party_files_are_not_committed():
    assert not [str(path) for path in tracked() if "vendor" in path.parts or "node_modules" in path.parts]
