"""Waking other processes: NOTIFY and LISTEN. A bell may be missed; polling stays the truth."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import asyncpg
import structlog
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine

from service.store.engines import Bells, DatabaseUnavailable
from service.store.engines.connecting import SERVING, connect

CHANNEL = "tariffwire"
QUIET_SECONDS = 0.01
"""Between two NOTIFYs: what is rung meanwhile goes out in one."""
AGAIN_SECONDS = 0.5
LOST = (DatabaseUnavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

_NOTIFY = text("SELECT pg_notify(:channel, rung) FROM unnest(CAST(:rung AS text[])) AS rung")

log = structlog.get_logger()


class Wire:
    """Rings by the pool's connections, hears by one of its own; it is deaf to its own ringing.

    Whoever rings from here has looked up already: an echo would only make it look once more.
    """

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self._url = url
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._name = secrets.token_hex(4)
        self._waiting = set[str]()
        self._sending: asyncio.Task[None] | None = None

    def ring(self, name: str) -> None:
        """Soon, together with what else is rung."""
        self._waiting.add(name)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting:
                rung = [f"{name} {self._name}" for name in sorted(self._waiting)]
                self._waiting = set()
                async with self._engine.connect() as connection:
                    await connection.execute(_NOTIFY, {"channel": CHANNEL, "rung": rung})
                await asyncio.sleep(QUIET_SECONDS)
        except Exception as error:  # noqa: BLE001 - whoever sleeps will wake to poll
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
            await opened.add_listener(CHANNEL, partial(self._heard, bells))
            tried.set()
            for ring in bells.values():  # for what was rung while nobody listened
                ring()
            await lost.wait()
        finally:
            opened.terminate()

    def _heard(self, bells: Bells, _connection: Any, _pid: int, _channel: str, rung: str) -> None:
        name, _, ringer = rung.partition(" ")
        if ringer != self._name and (ring := bells.get(name)):
            ring()

    async def close(self) -> None:
        """What was rung last is still sent, if that is quickly done."""
        if self._sending:
            await asyncio.wait({self._sending}, timeout=1)
        if self._sending:
            self._sending.cancel()
