"""Counting in Redis, for all processes and machines together. Optional: without it the database counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PREFIX = "good-terms:throttle"
ANSWER_SECONDS = 1.0  # a sign-in waits no longer than this before the database counts instead
REST = timedelta(seconds=10)  # how long a Redis that did not answer is left alone


class NotCounted(Exception):
    """Redis did not answer, or refused."""


@dataclass(frozen=True)
class Counter:
    """One subject's count in one window. It forgets itself once the window is over."""

    digest: bytes
    window: datetime
    length: timedelta

    @property
    def key(self) -> str:
        return f"{PREFIX}:{self.digest.hex()}:{int(self.window.timestamp())}"


class Counters:
    """Counters in one Redis. A process may make this before it forks: it connects when it first counts."""

    def __init__(self, url: str) -> None:
        """Raises ValueError when the address is none of Redis."""
        # One repeat: a connection kept from before a restart of Redis fails once.
        self._redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self._silent_since: datetime | None = None

    def add(self, counter: Counter, *, now: datetime) -> int:
        """Count one more; return how many there are. Raises NotCounted, at once while Redis is left alone."""
        if self._rests(now):
            raise NotCounted("it did not answer a moment ago")
        try:
            with self._redis.pipeline(transaction=True) as together:
                together.incr(counter.key)
                together.expire(counter.key, counter.length)
                count, _ = together.execute()
        except redis.RedisError as error:
            self._silent_since = now
            raise NotCounted(type(error).__name__) from error
        self._silent_since = None
        return int(count)

    def take_back(self, counter: Counter) -> None:
        """Count one less. Raises NotCounted."""
        try:
            self._redis.decr(counter.key)
        except redis.RedisError as error:
            raise NotCounted(type(error).__name__) from error

    def value(self, counter: Counter, *, now: datetime) -> int:
        """Return how many there are. Raises NotCounted."""
        if self._rests(now):
            raise NotCounted("it did not answer a moment ago")
        try:
            return int(self._redis.get(counter.key) or 0)
        except redis.RedisError as error:
            self._silent_since = now
            raise NotCounted(type(error).__name__) from error

    def close(self) -> None:
        self._redis.close()

    def _rests(self, now: datetime) -> bool:
        return self._silent_since is not None and timedelta(0) <= now - self._silent_since < REST


_counters: Counters | None = None


def use(counters: Counters | None) -> None:
    """Make these the process's counters; None: the database counts. A process serves one installation."""
    global _counters  # noqa: PLW0603  (one installation, one place to count)
    _counters = counters


def shared() -> Counters | None:
    return _counters
