"""So many at once, and the others in their order."""

import asyncio
from collections import deque


class Turnstile:
    """A semaphore that costs next to nothing while there are places."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_enter(self) -> bool:
        """Take a place if there is one; nobody who waits is overtaken."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def enter(self, seconds: float | None = None) -> None:
        """Wait for a place; `TimeoutError` if there is none for so long."""
        if self.try_enter():
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        # A timer of the loop alone: `asyncio.timeout` costs as much as signing does.
        timer = loop.call_later(seconds, _be_late, turn) if seconds is not None else None
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and not turn.exception():
                self.leave()  # a place was given to somebody who does not want it any more
            raise
        finally:
            if timer:
                timer.cancel()

    def leave(self) -> None:
        """Hand the place on to who has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _be_late(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
