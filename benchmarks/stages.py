"""CPU by stage: the time of the thread while a stage is at work, and not while it waits.

A coroutine is timed each time the loop, or a thread of the books, drives it on; what is a stage of
its own within it is taken off. Drivers' callbacks and the loop itself belong to no stage. Asking
for a thread's time is a call of the system: of what happens often, one in so many is timed, and
what the asking costs is taken off.
"""

import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")


class Stages:
    """`seconds` of CPU by name."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._asking = _time_asking()
        self._local = threading.local()

    def of_calls(self, name: str, work: Callable[..., T], every: int = 1) -> Callable[..., T]:
        """The function, timed one time in so many."""
        numbers = count()

        def timed(*given: Any, **named: Any) -> T:
            if next(numbers) % every:
                return work(*given, **named)
            with self.lap(name, every):
                return work(*given, **named)

        return timed

    def of_coroutines(
        self, name: str, work: Callable[..., Awaitable[T]], every: int = 1
    ) -> Callable[..., Awaitable[T]]:
        """The coroutine function, timed one time in so many."""
        numbers = count()

        def timed(*given: Any, **named: Any) -> Awaitable[T]:
            begun = work(*given, **named)
            return begun if next(numbers) % every else _Driven(self, name, begun, every)

        return timed

    def lap(self, name: str, weight: int = 1) -> "_Lap":
        """Time the block, which stands for so many."""
        if not hasattr(self._local, "within"):
            self._local.within = []
        return _Lap(self, name, weight, self._local.within)

    def add(self, name: str, seconds: float, weight: int) -> None:
        """What a lap took."""
        self.seconds[name] += max(0.0, seconds - self._asking) * weight


def _time_asking() -> float:
    """Seconds of CPU between two questions with nothing in between."""
    times = [time.thread_time() for _ in range(1001)]
    return (times[-1] - times[0]) / 1000


class _Lap:
    """`within` has, for each lap that is open in this thread, what laps inside it took."""

    def __init__(self, stages: Stages, name: str, weight: int, within: list[float]) -> None:
        self._stages, self._name, self._weight, self._within = stages, name, weight, within

    def __enter__(self) -> None:
        self._within.append(0.0)
        self._since = time.thread_time()

    def __exit__(self, *_: object) -> None:
        passed = time.thread_time() - self._since
        self._stages.add(self._name, passed - self._within.pop(), self._weight)
        if self._within:
            self._within[-1] += passed


class _Driven(Awaitable[T]):
    def __init__(self, stages: Stages, name: str, work: Awaitable[T], weight: int) -> None:
        self._stages, self._name, self._work, self._weight = stages, name, work, weight

    def __await__(self) -> Generator[Any, Any, T]:
        driven: Any = self._work.__await__()
        drive, given = driven.send, None
        while True:
            try:
                with self._stages.lap(self._name, self._weight):
                    waits_for = drive(given)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                given = yield waits_for
                drive = driven.send
            except BaseException as error:  # noqa: BLE001 - it is for the coroutine
                drive, given = driven.throw, error
