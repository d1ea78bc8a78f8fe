"""A whole transaction in one hop, for an engine that lives in this process.

Statement by statement, a session on the loop crosses to its connection's thread and back, and on a
busy loop every return waits its turn. Here the coroutine that asks is driven on the thread itself:
nothing that it awaits ever has to wait, so it runs from BEGIN to COMMIT without a loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, StaticPool, event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from service.store.engines import T, Work, committing
from service.store.engines.hop import open_file


class Strayed(RuntimeError):
    """A transaction may await its session and nothing else."""


class Thread:
    """One thread with one connection; transactions run on it in the order in which they come."""

    def __init__(self, url: URL, path: Path, begin: str) -> None:
        async def connect() -> Any:
            return _Connection(open_file(path))

        self._engine = create_async_engine(
            url, async_creator=connect, poolclass=StaticPool, hide_parameters=True
        )
        event.listen(self._engine.sync_engine, "begin", _beginner(begin))
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="books")

    async def run(self, work: Work[T], name: str = "") -> T:
        """One transaction: committed when `work` returns, rolled back when it raises.

        A caller that is cancelled still waits for the end: the thread cannot be stopped midway,
        and must be done before its connection is closed.
        """
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._executor, self._drive, self._transact, work, name)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait({done})
            raise

    async def close(self) -> None:
        """Close the connection on its own thread, and end that."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._drive, self._engine.dispose)
        self._executor.shutdown()

    async def _transact(self, work: Work[T], name: str) -> T:
        session = AsyncSession(self._engine, expire_on_commit=False)
        try:
            result = await work(session)
            with committing(name):
                await session.commit()
        except BaseException:
            await session.rollback()
            raise
        finally:
            await session.close()
        return result

    @staticmethod
    def _drive(make: Callable[..., Coroutine[Any, Any, T]], *given: Any) -> T:
        coroutine = make(*given)
        try:
            coroutine.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        coroutine.close()
        raise Strayed(Strayed.__doc__)


def _beginner(statement: str) -> Any:
    def begin(connection: Any) -> None:
        connection.connection.driver_connection.begin(statement)

    return begin


class _Connection:
    """What SQLAlchemy's adapter for async SQLite asks of a connection; nothing here waits."""

    def __init__(self, opened: sqlite3.Connection) -> None:
        self._connection = opened

    def cursor(self) -> "_Cursor":
        return _Cursor(self._connection)

    def begin(self, statement: str) -> None:
        self._connection.execute(statement)

    async def create_function(self, *given: Any, **named: Any) -> None:
        self._connection.create_function(*given, **named)

    async def commit(self) -> None:
        self._connection.commit()

    async def rollback(self) -> None:
        self._connection.rollback()

    async def close(self) -> None:
        self._connection.close()


class _Cursor:
    """A cursor whose coroutines have their answer at once."""

    arraysize = 1

    def __init__(self, opened: sqlite3.Connection) -> None:
        self._cursor = opened.cursor()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        self._cursor.execute(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Sequence[Any]) -> Self:
        self._cursor.executemany(statement, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()
