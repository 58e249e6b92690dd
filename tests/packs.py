"""Writes policy packs for tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def pack_file(
    folder: Path,
    name: str,
    *,
    begins: str = "2026-01-01",
    contact: Mapping[str, Any] | None = None,
    visit: Mapping[str, Any] | None = None,
    **more_contact: Any,
) -> Path:
    """Write a pack of Taipei whose head agrees with its name: `<code>.toml`, `<code>@<version>.toml`."""
    code, _, version = name.removesuffix(".toml").partition("@")
    text = [f'[pack]\ncode = "{code}"\nversion = "{version or "1"}"\neffective_from = {begins}']
    sections = {
        "business": {"timezone": "Asia/Taipei", "currency": "TWD", "calendar": "TW"},
        "contact": {**(contact or {}), **more_contact},
        "visit": visit or {},
    }
    for section, keys in sections.items():
        text.append(f"[{section}]")
        text += [f'{key} = {{ value = {json.dumps(value)}, why = "house" }}' for key, value in keys.items()]
    path = folder / name
    path.write_text("\n".join(text))
    return path
