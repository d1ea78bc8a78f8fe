"""Waking other processes: NOTIFY and LISTEN. A bell may be missed; polling stays the truth."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import asyncpg
import structlog
from sqlalchemy import URL

from service.store.engines import Bells, DatabaseUnavailable
from service.store.engines.connecting import SERVING, connect

CHANNEL = "tariffwire"
QUIET_SECONDS = 0.01
"""Between two NOTIFYs: what is rung meanwhile goes out in one."""
AGAIN_SECONDS = 0.5
PARTING_SECONDS = 1.0
LOST = (DatabaseUnavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

_NOTIFY = "SELECT pg_notify($1, name) FROM unnest($2::text[]) AS name"

log = structlog.get_logger()


class Wire:
    """Hears and rings by one connection of its own; it is deaf to its own ringing.

    Whoever rings from here has looked up already: an echo would only make it look once more.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._opened: Any = None  # an asyncpg connection while it listens
        self._waiting = set[str]()
        self._sending: asyncio.Task[None] | None = None

    def ring(self, name: str) -> None:
        """Soon, together with what else is rung, or once it listens."""
        self._waiting.add(name)
        self._begin()

    def _begin(self) -> None:
        if self._waiting and self._opened and self._sending is None:
            self._sending = asyncio.create_task(self._send(self._opened))

    async def _send(self, opened: Any) -> None:
        try:
            while self._waiting:
                names, self._waiting = sorted(self._waiting), set()
                await opened.fetch(_NOTIFY, CHANNEL, names)
                await asyncio.sleep(QUIET_SECONDS)
        except LOST as error:  # whoever sleeps will wake to poll
            log.debug("a bell was not heard", reason=str(error))
        finally:
            self._sending = None

    @asynccontextmanager
    async def listen(self, bells: Bells) -> AsyncIterator[None]:
        """Returns once the first attempt to listen has ended, well or not."""
        tried = asyncio.Event()
        task = asyncio.create_task(self._keep_listening(bells, tried))
        try:
            await tried.wait()
            yield
        finally:
            if self._sending:  # what was rung last is still sent, if that is quickly done
                await asyncio.wait({self._sending}, timeout=PARTING_SECONDS)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_listening(self, bells: Bells, tried: asyncio.Event) -> None:
        while True:
            try:
                await self._hear(bells, tried)
            except LOST as error:
                log.debug("not listening", reason=str(error))
            finally:
                tried.set()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self, bells: Bells, tried: asyncio.Event) -> None:
        opened = await connect(self._url, SERVING)
        lost = asyncio.Event()
        try:
            opened.add_termination_listener(lambda _: lost.set())
            await opened.add_listener(CHANNEL, partial(_heard, bells))
            tried.set()
            for ring in bells.values():  # for what was rung while nobody listened
                ring()
            self._opened = opened
            self._begin()
            await lost.wait()
        finally:
            self._opened = None
            opened.terminate()


def _heard(bells: Bells, connection: Any, pid: int, _channel: str, name: str) -> None:
    if pid != connection.get_server_pid() and (ring := bells.get(name)):
        ring()
