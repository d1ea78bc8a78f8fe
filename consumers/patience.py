"""Waiting for a database that is away: the log keeps the records, so nothing is given up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from service.store.database import DatabaseUnavailable

T = TypeVar("T")
Tell = Callable[[Exception | None], None]
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0

log = structlog.get_logger()


class Patience:
    """Tries again until the database answers; says so once, and once when it goes on."""

    def __init__(self, tell: Tell | None = None) -> None:
        self._tell = tell or _say
        self.trouble = ""
        self.failures = 0

    async def have(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns, with pauses of 0.1 to 2 s while it cannot."""
        pause = FIRST_PAUSE
        while True:
            try:
                found = await work()
            except DatabaseUnavailable as error:
                self._note(error)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                self._end()
                return found

    def _note(self, error: Exception) -> None:
        self.failures += 1
        if not self.trouble:
            self._tell(error)
        self.trouble = str(error)

    def _end(self) -> None:
        if self.trouble:
            self._tell(None)
        self.trouble = ""
        self.failures = 0


def _say(error: Exception | None) -> None:
    if error:
        log.warning("waits for the database", reason=str(error))
    else:
        log.info("the database is back")
