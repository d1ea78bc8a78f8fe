"""Connections by origin, kept for the next request: opening one costs more than all the rest."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from service.dispatch.http.answer import Answer
from service.dispatch.http.connection import Connection, CutShort
from service.dispatch.http.reaching.dialling import Dialler
from service.dispatch.http.request import Origin
from service.dispatch.http.trail import Stage, Trail

KEPT_SECONDS = 90.0
MOST_KEPT = 512


@dataclass(slots=True)
class _Quay:
    """Those to one origin: `users` are requests under way, `idle` has the latest at the end."""

    origin: Origin
    idle: list[Connection] = field(default_factory=list)
    users: int = 0


class Pool:
    """At most `most_kept` idle connections in all; the longest unused goes first.

    Destinations of one origin share them, and never wait for one another.
    """

    def __init__(self, dialler: Dialler, *, most_kept: int = MOST_KEPT) -> None:
        self._dialler = dialler
        self._most_kept = most_kept
        self._quays: dict[Origin, _Quay] = {}
        self._idle: OrderedDict[Connection, tuple[_Quay, float]] = OrderedDict()
        self._open: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    async def ask(self, origin: Origin, request: bytes, trail: Trail) -> Answer:
        """Send it over a kept connection, else over a fresh one, and read the answer.

        Raises what dialling and reading raise: `OSError` (`TimeoutError` past the deadline of the
        trail), `BadAnswer`, `ForbiddenAddress`, `BadRoute`.
        """
        quay = self._quays.get(origin)
        if quay is None:
            quay = self._quays[origin] = _Quay(origin)
        quay.users += 1
        try:
            return await self._ask(quay, request, trail)
        finally:
            quay.users -= 1
            self._tidy(quay)

    async def _ask(self, quay: _Quay, request: bytes, trail: Trail) -> Answer:
        kept = self._take(quay)
        if kept is not None:
            try:
                return await self._exchange(quay, kept, request, trail)
            except CutShort:
                if trail.is_heard:
                    raise
                # The receiver closed it just as we wrote: the same id goes out again, at once.
        async with asyncio.timeout(trail.left):
            fresh = await self._dialler.dial(quay.origin, trail)
        self._watch(fresh)
        answer = await self._exchange(quay, fresh, request, trail)
        fresh.remember_session()
        return answer

    async def _exchange(
        self, quay: _Quay, connection: Connection, request: bytes, trail: Trail
    ) -> Answer:
        trail.stage, trail.peer = Stage.ANSWER, connection.peer
        answer = Answer(trail)
        await connection.exchange(request, answer, trail.left)
        if answer.is_reusable and connection.is_quiet:
            self._keep(quay, connection)
        else:
            connection.drop()
        return answer

    def _take(self, quay: _Quay) -> Connection | None:
        """The one used last: it is the least likely to have been closed."""
        while quay.idle:
            connection = quay.idle.pop()
            del self._idle[connection]
            if connection.is_open:
                return connection
        return None

    def _keep(self, quay: _Quay, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        self._idle[connection] = (quay, loop.time())
        quay.idle.append(connection)
        if len(self._idle) > self._most_kept:
            self._let_go(next(iter(self._idle)))
        if self._sweeping is None:
            self._sweeping = loop.call_later(KEPT_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Let go of what was idle for too long; the order of `_idle` is that of their times."""
        loop = asyncio.get_running_loop()
        self._sweeping = None
        while self._idle:
            connection, (_, since) = next(iter(self._idle.items()))
            if loop.time() < since + KEPT_SECONDS:
                self._sweeping = loop.call_at(since + KEPT_SECONDS, self._sweep)
                break
            self._let_go(connection)

    def _let_go(self, connection: Connection) -> None:
        quay, _ = self._idle.pop(connection)
        quay.idle.remove(connection)
        self._tidy(quay)
        connection.close()

    def _tidy(self, quay: _Quay) -> None:
        if not quay.users and not quay.idle:
            self._quays.pop(quay.origin, None)

    def _watch(self, connection: Connection) -> None:
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._forget(connection))

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._let_go(connection)

    async def close(self) -> None:
        """Drop every connection, and return when nothing of them is left."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in self._open:
            connection.drop()
        if self._open:
            await asyncio.wait({connection.closed for connection in self._open})
