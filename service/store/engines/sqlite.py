"""Books in a file: one writer at a time, readers beside it, whole transactions on threads."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from service.store.engines import Bells, DatabaseRefused, DatabaseUnavailable, T, Work
from service.store.engines.direct import Thread
from service.store.engines.hop import BUSY_SECONDS, OneHop, connect

READERS = 4
DRIVER = "sqlite+aiosqlite"
LASTING = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: does its folder exist, and may we write there?",
    sqlite3.SQLITE_READONLY: "may not be written: give this user the right to",
    sqlite3.SQLITE_NOTADB: "is not a database: TARIFFWIRE_DATABASE_URL names another file",
}
PASSING = {
    sqlite3.SQLITE_BUSY: f"was locked by another process for {BUSY_SECONDS:.0f} s: end that one",
    sqlite3.SQLITE_LOCKED: "is locked by this process",
    sqlite3.SQLITE_FULL: "cannot grow, for its disk is full: make room",
    sqlite3.SQLITE_IOERR: "could not be read or written: look at its disk",
}


class SQLite:
    """An engine in this process: a transaction that awaits only its session is one hop."""

    is_shared = False

    def __init__(self, url: URL) -> None:
        url = url.set(drivername=DRIVER)
        self._path = Path(url.database or "tariffwire.db")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.reader = _engine(url, self._path, READERS, "BEGIN")
        self.writer = _engine(url, self._path, 1, "BEGIN IMMEDIATE")
        self._reading = Thread(url, self._path, "BEGIN")
        self._writing = Thread(url, self._path, "BEGIN IMMEDIATE")
        self._turn = asyncio.Lock()

    def turn(self) -> AbstractAsyncContextManager[object]:
        """One writer, and none that has to poll."""
        return self._turn

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """The writer's transaction: other processes wait for it."""
        async with self._turn, self.writer.begin() as connection:
            yield connection

    def explain(self, error: Exception) -> DatabaseUnavailable | None:
        """By the primary code, which is the low byte of what SQLite gives."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in LASTING:
            return DatabaseRefused(f"the database {self._path} {LASTING[code]} ({cause})")
        if code in PASSING:
            return DatabaseUnavailable(f"the database {self._path} {PASSING[code]} ({cause})")
        return None

    async def run_read(self, work: Work[T]) -> T:
        """In one hop."""
        return await self._reading.run(work)

    async def run_write(self, work: Work[T], name: str) -> T:
        """In one hop, when it is our turn."""
        async with self._turn:
            return await self._writing.run(work, name)

    def ring(self, name: str) -> None:
        """Nobody else is there."""

    @asynccontextmanager
    async def listen(self, bells: Bells) -> AsyncIterator[None]:  # noqa: ARG002 - they stay silent
        """Nobody else rings."""
        yield

    async def close(self) -> None:
        """End both threads, then the connections."""
        await self._reading.close()
        await self._writing.close()
        await self.reader.dispose()
        await self.writer.dispose()


def _engine(url: URL, path: Path, size: int, begin: str) -> AsyncEngine:
    async def open_hop() -> OneHop:
        return await connect(path)  # type: ignore[return-value]  # it awaits to itself

    engine = create_async_engine(
        url, hide_parameters=True, async_creator=open_hop, pool_size=size, max_overflow=0
    )
    event.listen(engine.sync_engine, "begin", _beginner(begin))
    return engine


def _beginner(statement: str) -> Any:
    def begin(connection: Any) -> None:
        connection.connection.driver_connection.begin_with(statement)

    return begin
