"""What a measure returns, and how the product is timed beside its peer."""

import gc
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RUNS = 3
STATUS = Path("/proc/self/status")
PEAK_FORGOTTEN = Path("/proc/self/clear_refs")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure in `unit`, beside the most it may be. `ratio` is to the peer measured in the same run, or else
    to the limit; `runs` are all the values of which `value` is the median."""

    name: str
    value: float
    limit: float
    ratio: float
    unit: str
    runs: list[float]
    ok: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def seconds(work: Callable[[], object]) -> float:
    """Time one run, without the garbage of the runs before."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def beside(
    name: str,
    product: Callable[[], object],
    peer: Callable[[], object],
    *,
    most: float,
    runs: int = RUNS,
    before: Callable[[], object] = lambda: None,
) -> Measure:
    """Time the product and its peer by turns; the product may take `most` times as long.

    `before` makes things ready for each of them, and is not timed."""
    works = (peer, product)
    pairs = [[(before(), seconds(work))[1] for work in works] for _ in range(runs)]
    bare, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Measure(
        name=name,
        value=round(value, 3),
        limit=round(most * bare, 3),
        ratio=round(value / bare, 3),
        unit="s",
        runs=[round(product_time, 3) for _, product_time in pairs],
        ok=value <= most * bare,
    )


def within(name: str, values: list[float], *, limit: float, unit: str, ok: bool = True) -> Measure:
    """Hold the median of some values against a fixed limit; `ok=False`: what was done was wrong anyway."""
    value = statistics.median(values)
    return Measure(
        name=name,
        value=round(value, 3),
        limit=limit,
        ratio=round(value / limit, 3),
        unit=unit,
        runs=[round(each, 3) for each in values],
        ok=ok and value <= limit,
    )


def forget_peak() -> None:
    """Let `peak_memory` count from now on, where the system can."""
    if PEAK_FORGOTTEN.exists():
        PEAK_FORGOTTEN.write_text("5", "ascii")


def peak_memory() -> float:
    """Return the most memory this process has held so far, in MB."""
    if STATUS.exists():
        peak = next(line for line in STATUS.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
