"""Files in S3-compatible storage, so that several machines see the same ones.

Endpoint, region and credentials come from AWS' own settings in the environment (AWS_ENDPOINT_URL_S3,
AWS_ACCESS_KEY_ID and so on)."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from portal.infra.files import NotStored

CONNECT_SECONDS = 5
READ_SECONDS = 20
TRIES = 2
LISTING_SECONDS = 3600
WHOLE_SECONDS = 30  # for all of one act: the limits above do not cover waiting for a server's leave to send
T = TypeVar("T")


class Bucket:
    """A bucket, or what lies below a prefix in it. A put counts whole or not at all, and is read at once.

    May be made before a process forks: each process connects for itself, when it first needs to."""

    def __init__(self, url: str) -> None:
        """`url` is such as s3://bucket or s3://bucket/prefix."""
        self.root = url.removeprefix("s3://").strip("/")
        self._lock = threading.Lock()
        self._connected: tuple[int, Any] | None = None

    @property
    def bucket(self) -> str:
        return self.root.partition("/")[0]

    def put(self, name: str, data: bytes) -> None:
        try:
            self._do(lambda s3: s3.pipe_file(f"{self.root}/{name}", data, timeout=WHOLE_SECONDS))
        except FileNotFoundError as error:  # the bucket itself
            raise NotStored(errno.ENOENT, f"there is no bucket {self.bucket!r}") from error

    def get(self, name: str) -> bytes:
        try:
            # One request: without this its size would be asked for first.
            path = f"{self.root}/{name}"
            return bytes(self._do(lambda s3: s3.cat_file(path, max_concurrency=1, timeout=WHOLE_SECONDS)))
        except FileNotFoundError:
            self.check()  # a file that is missing, or the whole bucket?
            raise

    def delete(self, name: str) -> None:
        try:
            key = f"{self.root}/{name}".partition("/")[2]
            self._call("delete_object", Bucket=self.bucket, Key=key)
        except FileNotFoundError as error:
            raise NotStored(errno.ENOENT, f"there is no bucket {self.bucket!r}") from error

    def names(self) -> Iterator[str]:
        found: list[str] = self._do(lambda s3: s3.find(self.root, timeout=LISTING_SECONDS))
        return (path.removeprefix(f"{self.root}/") for path in found)

    def check(self) -> None:
        try:
            self._call("head_bucket", Bucket=self.bucket)
        except FileNotFoundError as error:
            raise NotStored(errno.ENOENT, f"there is no bucket {self.bucket!r}") from error

    def _call(self, method: str, **parameters: str) -> None:
        self._do(lambda s3: s3.call_s3(method, timeout=WHOLE_SECONDS, **parameters))

    def _do(self, act: Callable[[Any], T]) -> T:
        """Do something with the connection. Raises OSError, whatever went wrong."""
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
        from fsspec.exceptions import FSTimeoutError  # type: ignore[import-untyped]
        from s3fs.errors import translate_boto_error  # type: ignore[import-untyped]

        try:
            return act(self._connection())
        except ClientError as error:
            raise translate_boto_error(error) from error
        except (BotoCoreError, FSTimeoutError) as error:
            raise NotStored(errno.EIO, f"{self.bucket}: {type(error).__name__}") from error

    def _connection(self) -> Any:
        """Return the connection of this process. One that came over a fork would wait for ever."""
        with self._lock:
            if self._connected is None or self._connected[0] != os.getpid():
                self._connected = (os.getpid(), _connect())
            return self._connected[1]


def _connect() -> Any:
    from s3fs import S3FileSystem  # type: ignore[import-untyped]

    s3 = S3FileSystem(
        skip_instance_cache=True,
        use_listings_cache=False,
        config_kwargs={
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retries": {"total_max_attempts": 1, "mode": "standard"},  # it repeats by itself, see below
        },
    )
    s3.retries = TRIES
    return s3
