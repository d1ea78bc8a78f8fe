"""Advisory marks: the log is told how far the books have come, now and then."""

import asyncio

import structlog

from service.log import Batch, Log, LogError

PERIOD = 1.0

log = structlog.get_logger()


class Marking:
    """Tells the log at most once a second, and never makes a batch wait for it."""

    def __init__(self, source: Log, deployment: str) -> None:
        self._log = source
        self._deployment = deployment
        self._fresh: dict[tuple[str, int], int] = {}
        self._task: asyncio.Task[None] | None = None
        self._told_at = 0.0

    def note(self, batch: Batch) -> None:
        """The books have come to the end of this batch."""
        if not self._deployment:
            return
        self._fresh[batch.topic, batch.partition] = batch.next
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())

    def stop(self) -> None:
        """Tell nothing more."""
        if self._task:
            self._task.cancel()

    async def _tell(self) -> None:
        """Until nothing is new. A mark that is lost is made up for by the next."""
        loop = asyncio.get_running_loop()
        while self._fresh:
            await asyncio.sleep(max(0.0, self._told_at + PERIOD - loop.time()))
            places, self._fresh = self._fresh, {}
            self._told_at = loop.time()
            try:
                await self._log.mark(self._deployment, places)
            except LogError as error:
                log.debug("no mark was left", reason=str(error))
