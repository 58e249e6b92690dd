"""Settings: from `PORTAL_…` environment variables first, then from `instance/portal.toml`."""

import base64
import contextlib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
KEY_BYTES = 32
FEWEST_DISTINCT = 16  # of 32 bytes drawn at random, fewer are different once in 10^14 draws
REQUIRED_KEYS = ("master_key", "secret_key")
KEYS = (*REQUIRED_KEYS, "old_master_key")  # the old one may be as weak as it was: it is on its way out
MOST_PROXIES = 9
POLICIES = "policies"  # the folder of an installation's own policy packs
LARGEST_IMPORT_MB = 1024


class SettingsError(Exception):
    """A setting is missing or contradictory. The message is one line: which, why, what to do."""


def instance_path(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of this installation, whether it is there or not."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("PORTAL_INSTANCE_PATH") or ROOT / "instance").resolve()


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
    files_url: str | None = None
    anchors_path: Path | None = None
    redis_url: str | None = None
    sms_url: str | None = None
    mail_url: str | None = None
    proxies: int = 0
    old_master_key: bytes | None = None
    import_limit_mb: int = 64

    def with_master_key(self, key: bytes) -> Self:
        """The same settings after the master key was replaced."""
        return replace(self, master_key=key, old_master_key=None)

    @property
    def files(self) -> Path:
        return self.instance / "files"

    @property
    def files_at(self) -> Path | str:
        """Where files are kept: a folder, or the address of a bucket."""
        if self.files_url is None:
            return self.files
        if self.files_url.startswith("s3://"):
            return self.files_url
        return Path(self.files_url.removeprefix("file://"))

    @property
    def anchors(self) -> Path:
        """Where the signed anchors of the audit chains are kept."""
        return self.anchors_path or self.instance / "anchors"

    @property
    def policies(self) -> Path:
        """The lenders' own policy packs, beside the shipped ones."""
        return self.instance / POLICIES

    @property
    def temporary(self) -> Path:
        """Where files lie for a moment that have to be unpacked."""
        return self.instance / "temporary"

    @property
    def outbox(self) -> Path:
        return self.instance / "outbox"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings. Outside production, missing keys are made once and kept."""
        environ = os.environ if environ is None else environ
        instance = instance_path(environ)
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        values = _file_values(instance / "portal.toml") | _environment_values(environ)
        production = values.get("environment", "development") == "production"
        if not production:
            values = _development_keys(instance) | values
        base_url = values.get("base_url", "http://127.0.0.1:8000").rstrip("/")
        hosts = tuple(host.strip() for host in values.get("trusted_hosts", "").split(",") if host.strip())
        if production and not hosts:
            raise SettingsError("PORTAL_TRUSTED_HOSTS is empty: name the host names this portal answers to")
        if production:
            _refuse_weak(instance, values, base_url)
        return cls(
            instance=instance,
            database_url=values.get("database_url") or f"sqlite:///{instance / 'portal.sqlite'}",
            secret_key=_key(values, "secret_key"),
            master_key=_key(values, "master_key"),
            old_master_key=_key(values, "old_master_key") if values.get("old_master_key") else None,
            base_url=base_url,
            trusted_hosts=hosts or ("127.0.0.1", "localhost", "[::1]"),
            production=production,
            tsa_url=values.get("tsa_url") or None,
            database_owner_url=values.get("database_owner_url") or None,
            files_url=_files_url(values.get("files_url")),
            anchors_path=Path(values["anchors_path"]).resolve() if values.get("anchors_path") else None,
            redis_url=_redis_url(values.get("redis_url")),
            sms_url=_carrier_url(values, "sms_url"),
            mail_url=_carrier_url(values, "mail_url"),
            proxies=_proxies(values.get("proxies", "0")),
            import_limit_mb=_import_limit(values.get("import_limit_mb", "64")),
        )


NAMES = (
    *("environment", "database_url", "database_owner_url", "secret_key", "master_key", "old_master_key"),
    *("base_url", "trusted_hosts", "tsa_url"),
    *("files_url", "redis_url", "sms_url", "mail_url", "proxies", "anchors_path", "import_limit_mb"),
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


def key_from(text: str, setting: str) -> bytes:
    """Return the key that a setting holds in base64. Raises SettingsError."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise SettingsError(f"{setting} is not base64: set it to 32 random bytes in base64") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{setting} holds {len(key)} bytes: set it to 32 random bytes in base64")
    return key


def weakness(key: bytes) -> str | None:
    """Say why a key cannot have been drawn at random; None: it may have been."""
    if len(set(key)) < FEWEST_DISTINCT:
        return f"has only {len(set(key))} different bytes"
    if len({(later - earlier) % 256 for earlier, later in zip(key, key[1:], strict=False)}) < FEWEST_DISTINCT:
        return "follows a pattern"
    if all(32 <= byte < 127 for byte in key):
        return "is text, not random bytes"
    return None


def key_files(instance: Path) -> list[Path]:
    """Return the files of an instance folder in which keys stand."""
    found = [path for path in (instance / "keys.toml",) if path.exists()]
    settings = instance / "portal.toml"
    return [*found, settings] if set(KEYS) & set(_file_values(settings)) else found


def open_to_others(path: Path) -> bool:
    """Whether others than its owner may read or write a file."""
    return bool(path.stat().st_mode & 0o077)


def _key(values: Mapping[str, str], name: str) -> bytes:
    setting = f"PORTAL_{name.upper()}"
    if name not in values:
        raise SettingsError(f"{setting} is missing: set it to 32 random bytes in base64")
    return key_from(values[name], setting)


def _refuse_weak(instance: Path, values: Mapping[str, str], base_url: str) -> None:
    """In production the keys are strong, apart and private, and the portal is reached over HTTPS."""
    given = {name: _key(values, name) for name in KEYS if name in REQUIRED_KEYS or values.get(name)}
    for name, key in given.items():
        setting = f"PORTAL_{name.upper()}"
        if name in REQUIRED_KEYS and (problem := weakness(key)):
            raise SettingsError(f"{setting} {problem}: set it to 32 random bytes in base64")
        if other := next((each for each in given if each < name and given[each] == key), None):
            raise SettingsError(
                f"{setting} is the same as PORTAL_{other.upper()}: give each a key of its own"
            )
    for path in key_files(instance):
        if open_to_others(path):
            raise SettingsError(f"{path} can be read by others: run chmod 600 {path}")
    if not base_url.startswith("https://"):
        raise SettingsError(f"PORTAL_BASE_URL is {base_url}: in production it begins with https://")


def _files_url(value: str | None) -> str | None:
    if not value:
        return None
    if re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+[a-z0-9](/[\w./-]*)?", value) or value.startswith(
        ("/", "file:///")
    ):
        return value
    raise SettingsError(
        f"PORTAL_FILES_URL is {value!r}: give a whole path such as /srv/files, or s3://bucket/prefix"
    )


def _redis_url(value: str | None) -> str | None:
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise SettingsError(
            "PORTAL_REDIS_URL is no address of Redis: give one such as redis://127.0.0.1:6379/0"
        )
    return value or None


def _carrier_url(values: Mapping[str, str], name: str) -> str | None:
    """The address of a gateway may hold a password: it is in no message."""
    value = values.get(name)
    if value and not ("://" in value and "{to}" in value):
        raise SettingsError(
            f"PORTAL_{name.upper()} is no address of a gateway: give an Apprise URL with {{to}} where the "
            "recipient stands"
        )
    return value or None


def _proxies(value: str) -> int:
    if value in map(str, range(MOST_PROXIES + 1)):
        return int(value)
    raise SettingsError(
        f"PORTAL_PROXIES is {value!r}: give the number of proxies in front, 0 to {MOST_PROXIES}"
    )


def _import_limit(value: str) -> int:
    if value.isascii() and value.isdecimal() and 1 <= int(value) <= LARGEST_IMPORT_MB:
        return int(value)
    raise SettingsError(
        f"PORTAL_IMPORT_LIMIT_MB is {value!r}: give a number of megabytes, 1 to {LARGEST_IMPORT_MB}"
    )
