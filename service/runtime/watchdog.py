"""Ending a process in which a role is stuck, so that its supervisor starts a fresh one.

Two watches: one inside the event loop, for a step that never ends and a consumer that stands still
while its log moves; one on a thread of its own, for a loop that does not turn at all.
"""

import asyncio
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.log import TOPICS, LogUnavailable
from service.roles import rest_for
from service.runtime.opening import Runtime
from service.store.arrivals.progress import list_places
from service.store.database import DatabaseUnavailable

EXIT_STUCK = 70
LOOKS = 5.0

Places = Mapping[tuple[str, int], int]


class RoleStuck(Exception):
    """A role stands still although it has work."""


@dataclass(slots=True)
class Standstill:
    """Since when each partition has not moved although there is more to read; pure.

    What one look does not show, the next one sees for the first time.
    """

    _seen: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)

    def look(self, places: Places, ends: Places, now: float) -> float:
        """Seconds for which the longest standing partition has stood, 0 when all move."""
        longest = 0.0
        seen = {}
        for key, end in ends.items():
            place = places.get(key, 0)
            former, since = self._seen.get(key, (-1, now))
            if place >= end or place != former:
                since = now
            seen[key] = (place, since)
            longest = max(longest, now - since)
        self._seen = seen
        return longest

    def forget(self) -> None:
        """Nobody could have moved meanwhile."""
        self._seen = {}


async def watch_roles(runtime: Runtime, stop: asyncio.Event) -> None:
    """Raise `RoleStuck` when a step takes too long, or when reading stands still."""
    limit = runtime.settings.stuck_seconds
    loop, reading = asyncio.get_running_loop(), Standstill()
    looked_at = loop.time()
    while not stop.is_set():
        await rest_for(stop, min(LOOKS, limit / 4))
        before, looked_at = looked_at, loop.time()
        if looked_at - before > limit:  # all of the process was frozen: its steps go on now
            _begin_anew(runtime, looked_at)
            reading.forget()
        for name, pulse in runtime.pulses.items():
            if pulse.since is not None and loop.time() - pulse.since > limit:
                raise RoleStuck(f"{name}: a step has not ended for {limit:g} s")
        consuming = runtime.pulses.get("consume")
        if consuming is None:
            continue
        if consuming.trouble:
            reading.forget()
            continue
        stood = await _look_at_log(runtime, reading)
        if stood > limit:
            raise RoleStuck(f"consume: a partition has stood still for {stood:.0f} s")


def _begin_anew(runtime: Runtime, now: float) -> None:
    for pulse in runtime.pulses.values():
        if pulse.since is not None:
            pulse.since = now


async def _look_at_log(runtime: Runtime, reading: Standstill) -> float:
    try:
        places = {key: one.next for key, one in (await runtime.db.run_read(list_places)).items()}
        ends = await _ends_of_ours(runtime)
        # Where nothing was ever read, what was dropped before is not waited for.
        for topic in {topic for topic, _ in ends.keys() - places.keys()}:
            starts = await runtime.log.starts(topic)
            places = {(topic, partition): start for partition, start in starts.items()} | places
    except (DatabaseUnavailable, LogUnavailable):
        reading.forget()  # what is away is known to be away: nobody is stuck
        return 0.0
    return reading.look(places, ends, asyncio.get_running_loop().time())


async def _ends_of_ours(runtime: Runtime) -> Places:
    """Of what this process reads; of all while it reads nothing, for then it may be stuck too."""
    ends = {
        (topic, partition): end
        for topic in TOPICS
        for partition, end in (await runtime.log.ends(topic)).items()
    }
    ours = runtime.log.followed()
    return {key: end for key, end in ends.items() if not ours or key in ours}


@contextmanager
def watched_loop(seconds: float) -> Iterator[None]:
    """End the process, with the stacks of all threads, when the loop does not turn for so long."""
    loop = asyncio.get_running_loop()
    ended = threading.Event()
    turned = [time.monotonic()]

    def tick() -> None:
        turned[0] = time.monotonic()

    def watch() -> None:
        looked = time.monotonic()
        while not ended.wait(min(LOOKS, seconds / 4)):
            before, looked = looked, time.monotonic()
            if looked - before > seconds:  # this thread stood still, too: the process was frozen
                turned[0] = looked
            if looked - turned[0] > seconds:
                sys.stderr.write(f"the event loop has not turned for {seconds:g} s; ending\n")
                faulthandler.dump_traceback(all_threads=True)
                os._exit(EXIT_STUCK)
            loop.call_soon_threadsafe(tick)

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
