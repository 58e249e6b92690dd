"""Settings: from `PORTAL_…` environment variables first, then from `instance/portal.toml`."""

import base64
import contextlib
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
KEY_BYTES = 32


class SettingsError(Exception):
    """A setting is missing or contradictory. The message is one line: which, why, what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    instance: Path
    database_url: str
    secret_key: bytes
    master_key: bytes
    base_url: str
    trusted_hosts: tuple[str, ...]
    production: bool
    tsa_url: str | None = None
    database_owner_url: str | None = None

    @property
    def files(self) -> Path:
        return self.instance / "files"

    @property
    def outbox(self) -> Path:
        return self.instance / "outbox"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings. Outside production, missing keys are made once and kept."""
        environ = os.environ if environ is None else environ
        instance = Path(environ.get("PORTAL_INSTANCE_PATH") or ROOT / "instance").resolve()
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        values = _file_values(instance / "portal.toml") | _environment_values(environ)
        production = values.get("environment", "development") == "production"
        if not production:
            values = _development_keys(instance) | values
        base_url = values.get("base_url", "http://127.0.0.1:8000").rstrip("/")
        hosts = tuple(host.strip() for host in values.get("trusted_hosts", "").split(",") if host.strip())
        if production and not hosts:
            raise SettingsError("PORTAL_TRUSTED_HOSTS is empty: name the host names this portal answers to")
        return cls(
            instance=instance,
            database_url=values.get("database_url") or f"sqlite:///{instance / 'portal.sqlite'}",
            secret_key=_key(values, "secret_key"),
            master_key=_key(values, "master_key"),
            base_url=base_url,
            trusted_hosts=hosts or ("127.0.0.1", "localhost", "[::1]"),
            production=production,
            tsa_url=values.get("tsa_url") or None,
            database_owner_url=values.get("database_owner_url") or None,
        )


NAMES = (
    *("environment", "database_url", "database_owner_url", "secret_key", "master_key"),
    *("base_url", "trusted_hosts", "tsa_url"),
)


def _environment_values(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name in NAMES if (value := environ.get(f"PORTAL_{name.upper()}"))}


def _file_values(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    if unknown := sorted(set(values) - set(NAMES)):
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}; known are {', '.join(NAMES)}")
    return {name: str(value) for name, value in values.items()}


def _development_keys(instance: Path) -> dict[str, str]:
    path = instance / "keys.toml"
    if not path.exists():
        made = {
            name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
            for name in ("secret_key", "master_key")
        }
        lines = [f'{name} = "{value}"\n' for name, value in made.items()]
        _create_once(path, "".join(lines))
    return {name: str(value) for name, value in tomllib.loads(path.read_text("ascii")).items()}


def _create_once(path: Path, text: str) -> None:
    """Write a private file whole or not at all; of several processes the first one wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(text)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _key(values: Mapping[str, str], name: str) -> bytes:
    setting = f"PORTAL_{name.upper()}"
    if name not in values:
        raise SettingsError(f"{setting} is missing: set it to 32 random bytes in base64")
    try:
        key = base64.b64decode(values[name], validate=True)
    except ValueError as error:
        raise SettingsError(f"{setting} is not base64: set it to 32 random bytes in base64") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{setting} holds {len(key)} bytes: set it to 32 random bytes in base64")
    return key
