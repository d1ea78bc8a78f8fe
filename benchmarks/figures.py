"""What a benchmark prints: a figure, the baseline of the same run, and whether a target is met."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`ratio` is value ÷ baseline. A target bounds the value or the ratio, from below or above."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    ratio_at_least: float | None = None
    ratio_at_most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """None where nothing was measured to compare with."""
        return self.value / self.baseline if self.baseline else None

    @property
    def target(self) -> str:
        """All bounds, as people write them."""
        bounds = (
            (f"≥ {self.at_least:,g}" if self.at_least else ""),
            (f"≤ {self.at_most:,g}" if self.at_most else ""),
            (f"≥ {self.ratio_at_least:g}x" if self.ratio_at_least else ""),
            (f"≤ {self.ratio_at_most:g}x" if self.ratio_at_most else ""),
        )
        return ", ".join(filter(None, bounds))

    @property
    def is_met(self) -> bool | None:
        """None where there is no target."""
        if not self.target:
            return None
        ratio = self.ratio or 0
        return (
            self.value >= (self.at_least or self.value)
            and self.value <= (self.at_most or self.value)
            and ratio >= (self.ratio_at_least or ratio)
            and ratio <= (self.ratio_at_most or ratio)
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"ratio": self.ratio, "target": self.target, "met": self.is_met}


class Stopwatch:
    """`seconds` stands still once the block has ended."""

    def __init__(self) -> None:
        self._since = time.perf_counter()
        self._until: float | None = None

    @property
    def seconds(self) -> float:
        """Since the block began."""
        return (self._until or time.perf_counter()) - self._since

    def stop(self) -> None:
        """The block has ended."""
        self._until = time.perf_counter()


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Time a block."""
    watch = Stopwatch()
    yield watch
    watch.stop()


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all stays below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
