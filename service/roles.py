"""What the process does: roles are data, and one generic loop runs steps."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

Step = Callable[[], Awaitable[bool]]
REST_SECONDS = 0.5


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


async def pace(stop: asyncio.Event, step: Step, bell: Bell, rest: float = REST_SECONDS) -> None:
    """Only an idle step rests; a bell cuts the rest short, and so does `stop` by ringing it."""
    while not stop.is_set():
        if not await step():
            await bell.wait(rest)


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
