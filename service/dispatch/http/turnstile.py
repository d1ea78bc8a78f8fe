"""So many at once, and the others in their order."""

import asyncio
from collections import deque


class Turnstile:
    """A semaphore that costs next to nothing while there are places."""

    __slots__ = ("_free", "_places", "_waiting")

    def __init__(self, places: int) -> None:
        self._free = self._places = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether nobody has a place."""
        return self._free == self._places

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


class Turnstiles:
    """One of `places` for each name, kept while somebody is behind it or waits before it."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._gates: dict[str, Turnstile] = {}

    def __len__(self) -> int:
        """How many there are at the moment."""
        return len(self._gates)

    def try_enter(self, name: str) -> bool:
        """Take a place of this name if there is one."""
        gate = self._gates.get(name)
        if gate is None:
            gate = self._gates[name] = Turnstile(self._places)
        return gate.try_enter()

    async def enter(self, name: str, seconds: float) -> None:
        """Wait for a place; `TimeoutError` if there is none for so long."""
        if self.try_enter(name):
            return
        gate = self._gates[name]
        try:
            await gate.enter(seconds)
        except BaseException:
            self._tidy(name, gate)
            raise

    def leave(self, name: str) -> None:
        """Hand the place on to who has waited longest for one of this name."""
        gate = self._gates[name]
        gate.leave()
        self._tidy(name, gate)

    def _tidy(self, name: str, gate: Turnstile) -> None:
        if gate.is_empty and self._gates.get(name) is gate:
            del self._gates[name]


def _be_late(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
