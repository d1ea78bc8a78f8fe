"""Books on a PostgreSQL server, which other processes write beside this one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import URL, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as NoSlot
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import NullPool

from service.store.engines import Bells, DatabaseUnavailable, T, Work, committing
from service.store.engines.connecting import MIGRATING, SERVING, connect
from service.store.engines.sqlstate import read_state
from service.store.engines.wire import Wire

POOL = 10
POOL_SECONDS = 10
PARTING_SECONDS = 3.0
DRIVER = "postgresql+asyncpg"
MIGRATION_LOCK = 0x7461726966667769  # "tariffwi"
LOST = (ConnectionError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)


class PostgreSQL:
    """A server: it alone serialises writers, and it may go away and come back."""

    is_shared = True

    def __init__(self, url: URL, pool: int = 0, patience: float = POOL_SECONDS) -> None:
        self._url = url.set(drivername=DRIVER, query={})
        self._plain = url.set(drivername="postgresql")
        self._pool, self._patience = pool or POOL, patience
        self.writer = self._engine(pool_size=self._pool, max_overflow=0, pool_timeout=patience)
        event.listen(self.writer.sync_engine, "checkout", _refuse_closed)
        self.reader = self.writer.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._read = async_sessionmaker(self.reader, expire_on_commit=False)
        self._write = async_sessionmaker(self.writer, expire_on_commit=False)
        self._wire = Wire(self._plain)

    def _engine(self, **pool: Any) -> AsyncEngine:
        connecting = partial(connect, self._plain, SERVING)
        return create_async_engine(
            self._url, hide_parameters=True, async_creator=connecting, **pool
        )

    def turn(self) -> AbstractAsyncContextManager[object]:
        """Everyone's: rows are locked, not the database."""
        return nullcontext()

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """On a connection of its own, whose statements may take long and whose locks may not.

        Of several that start at once, one migrates; the others wait for it here.
        """
        connecting = partial(connect, self._plain, MIGRATING)
        engine = create_async_engine(
            self._url, hide_parameters=True, async_creator=connecting, poolclass=NullPool
        )
        try:
            async with engine.begin() as connection:
                for statement in (
                    "SET LOCAL lock_timeout = 0",
                    f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})",
                    f"SET LOCAL lock_timeout = '{MIGRATING.settings['lock_timeout']}'",
                ):
                    await connection.execute(text(statement))
                yield connection
        finally:
            await engine.dispose()

    def explain(self, error: Exception) -> DatabaseUnavailable | None:
        """By the SQLSTATE, or by what became of the connection."""
        if isinstance(error, DBAPIError):
            state = getattr(error.orig, "sqlstate", None) or ""
            return read_state(state, str(error.orig), is_lost=error.connection_invalidated)
        if isinstance(error, NoSlot):
            return DatabaseUnavailable(
                f"all {self._pool} database connections of this process were busy for "
                f"{self._patience:g} s: raise TARIFFWIRE_DATABASE_POOL, or look at the server"
            )
        if isinstance(error, TimeoutError):  # this side hung up
            said = f"no answer for {SERVING.answer_seconds:g} s"
            return read_state("", said, is_lost=True)
        if isinstance(error, LOST):
            return read_state(getattr(error, "sqlstate", None) or "", str(error), is_lost=True)
        if isinstance(error, asyncpg.PostgresError):  # while a connection was being made
            return read_state(error.sqlstate or "", str(error), is_lost=False)
        return None

    async def run_read(self, work: Work[T]) -> T:
        """A session on the loop."""
        async with self._read() as session:
            return await work(session)

    async def run_write(self, work: Work[T], name: str) -> T:
        """As `run_read`, committed when `work` returns."""
        async with self._write() as session:
            result = await work(session)
            with committing(name):
                await session.commit()
            return result

    def ring(self, name: str) -> None:
        """By NOTIFY, outside of every transaction of the journey."""
        self._wire.ring(name)

    def listen(self, bells: Bells) -> AbstractAsyncContextManager[None]:
        """By LISTEN, on a connection of its own."""
        return self._wire.listen(bells)

    async def close(self) -> None:
        """Hang up; a server that froze is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING_SECONDS):
                await self.writer.dispose()


def _refuse_closed(connection: Any, *_: Any) -> None:
    """A connection that the server ended is replaced as it is taken: no ping is paid for that."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
