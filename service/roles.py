"""What the process does: roles are data, and one generic loop runs steps."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from service.log import LogUnavailable
from service.store.database import DatabaseUnavailable

Step = Callable[[], Awaitable[bool]]
REST_SECONDS = 0.5
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
AWAY = (DatabaseUnavailable, LogUnavailable)
"""What passes by itself: the step is taken again, since it left nothing half done."""

log = structlog.get_logger()


class Bell:
    """Wakes a loop that rests; rung from the stage before, so that nobody waits for a poll."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """There is work."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Until rung, or for so long; ringing while nobody waits is not lost."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()


@dataclass(slots=True)
class Pulse:
    """How a role does: `trouble` says what it waits for; `since` when the step in hand began.

    `since` is of the loop's clock, None between two steps: the watchdog reads it.
    """

    name: str
    is_running: bool = False
    trouble: str = ""
    since: float | None = None

    def begin(self) -> None:
        """A step is in hand."""
        self.since = asyncio.get_running_loop().time()

    def end(self) -> None:
        """It went well."""
        self.since = None
        if self.trouble:
            log.info("goes on", role=self.name)
        self.trouble = ""

    def wait(self, error: Exception) -> None:
        """It could not be done yet; said once, however often it is tried."""
        self.since = None
        if not self.trouble:
            log.warning("waits", role=self.name, reason=str(error))
        self.trouble = str(error)


async def pace(
    stop: asyncio.Event,
    step: Step,
    bell: Bell,
    rest: float = REST_SECONDS,
    pulse: Pulse | None = None,
) -> None:
    """Only an idle step rests; a bell cuts the rest short, and so does `stop` by ringing it.

    While database or log are away it tries again and again, with growing pauses.
    """
    pulse = pulse or Pulse("")
    pause = FIRST_PAUSE
    while not stop.is_set():
        pulse.begin()
        try:
            is_busy = await step()
        except AWAY as error:
            pulse.wait(error)
            await rest_for(stop, pause)
            pause = min(LONGEST_PAUSE, pause * 2)
            continue
        pulse.end()
        pause = FIRST_PAUSE
        if not is_busy:
            await bell.wait(rest)


async def rest_for(stop: asyncio.Event, seconds: float) -> None:
    """Until asked to stop, or for so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Run `work` until asked to stop, then cancel it; what it raises is raised."""
    task = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        stopping.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
