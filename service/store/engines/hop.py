"""SQLite on one thread a connection, one hop a statement.

aiosqlite crosses to its thread four times for each statement that SQLAlchemy runs (cursor, execute,
fetch, close), and a hop costs more than most statements do. Here a statement is executed, fetched
and closed in one, and BEGIN travels with the first statement of its transaction.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

BUSY_SECONDS = 10.0
CACHE_KIB = 65_536
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"cache_size=-{CACHE_KIB}",
    "foreign_keys=ON",
)


class OneHop(aiosqlite.Connection):
    """An aiosqlite connection whose cursors fetch at once, and whose BEGIN waits for work."""

    _waiting: str | None = None
    _has_begun = False

    def begin_with(self, statement: str) -> None:
        """Open a transaction when its first statement comes."""
        self._waiting = statement

    def take_begin(self) -> str | None:
        """What opens the transaction, for its first statement.

        Taken while that is queued, not when it runs: a cancelled statement runs all the same, and
        must neither stand outside its transaction nor be missed by the rollback.
        """
        begin, self._waiting = self._waiting, None
        self._has_begun = self._has_begun or begin is not None
        return begin

    def cursor(self) -> "Fetched":  # type: ignore[override]
        """Costs nothing: the thread hears of it with the statement."""
        return Fetched(self)

    async def commit(self) -> None:
        """Nothing to do for a transaction in which nothing was done."""
        if self._must_end():
            await super().commit()
            self._has_begun = False

    async def rollback(self) -> None:
        """As `commit`."""
        if self._must_end():
            await super().rollback()
            self._has_begun = False

    def _must_end(self) -> bool:
        self._waiting = None
        return self._has_begun

    async def run(self, job: Any) -> None:
        """One hop to the connection's thread."""
        await self._execute(job, self._conn)  # type: ignore[no-untyped-call]  # it has no types


class Fetched:
    """A cursor as SQLAlchemy's adapter asks for it; its rows are there when `execute` returns."""

    arraysize = 1

    def __init__(self, connection: OneHop) -> None:
        self._connection = connection
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._rows: list[Any] = []

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Run, fetch and close."""
        begin = self._connection.take_begin()

        def job(connection: sqlite3.Connection) -> None:
            _open(connection, begin)
            self._keep(connection.execute(statement, parameters))

        await self._connection.run(job)
        return self

    async def executemany(self, statement: str, parameters: Sequence[Any]) -> Self:
        """Run for each, and close."""
        begin = self._connection.take_begin()

        def job(connection: sqlite3.Connection) -> None:
            _open(connection, begin)
            self._keep(connection.executemany(statement, parameters))

        await self._connection.run(job)
        return self

    async def fetchall(self) -> list[Any]:
        """The rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """It is."""

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        cursor.close()


def _open(connection: sqlite3.Connection, begin: str | None) -> None:
    if begin is not None:
        connection.execute(begin)


def connect(path: str | Path) -> OneHop:
    """A connection to the file, to be awaited; made and used on its own thread only."""
    opened = OneHop(lambda: open_file(path), iter_chunk_size=64)
    opened._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does with its own
    return opened


def open_file(path: str | Path) -> sqlite3.Connection:
    """Autocommit: transactions begin when asked to, and by the kind of BEGIN asked for."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection
