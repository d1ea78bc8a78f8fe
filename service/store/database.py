"""The engine that a URL names. The URL's scheme is looked at here and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import URL, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlmodel import SQLModel

from service.store import sqlite as one_hop
from service.store.direct import Thread, Work
from service.store.sqlite import OneHop

READERS = 4
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


T = TypeVar("T")


class UnknownDatabase(ValueError):
    """TARIFFWIRE_DATABASE_URL begins with sqlite:/// or postgresql://."""


class Threads(NamedTuple):
    """Those that run whole transactions."""

    reader: Thread
    writer: Thread


class Database:
    """Reads see a snapshot; a write is one transaction, serialised where the engine needs it."""

    def __init__(
        self, reader: AsyncEngine, writer: AsyncEngine, threads: Threads | None = None
    ) -> None:
        self.engine = writer
        self._reader = reader
        self._threads = threads
        self._turn = asyncio.Lock() if threads else None  # one writer, and none that has to poll
        self._read = async_sessionmaker(reader, expire_on_commit=False)
        self._write = async_sessionmaker(writer, expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for questions."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        async with self._turn or nullcontext(), self._write() as session, session.begin():
            yield session

    async def run_read(self, work: Work[T]) -> T:
        """`work` with a session for questions; it awaits that session and nothing else.

        An engine in this process runs all of it in one hop: much cheaper than `read` where a step
        asks several questions.
        """
        if self._threads:
            return await self._threads.reader.run(work)
        async with self.read() as session:
            return await work(session)

    async def run_write(self, work: Work[T]) -> T:
        """As `run_read`, in a transaction that is committed when `work` returns."""
        if self._threads and self._turn:
            async with self._turn:
                return await self._threads.writer.run(work)
        async with self.write() as session:
            return await work(session)

    async def close(self) -> None:
        """Give back every connection."""
        if self._threads:
            await self._threads.reader.close()
            await self._threads.writer.close()
        await self._reader.dispose()
        if self.engine is not self._reader:
            await self.engine.dispose()


async def count_changed(session: AsyncSession, statement: Any) -> int:
    """Run an INSERT, UPDATE or DELETE; how many rows it touched."""
    result = await session.execute(statement)
    return int(getattr(result, "rowcount", 0))


def insert_new(session: AsyncSession, table: type[SQLModel]) -> Any:
    """INSERT … ON CONFLICT DO NOTHING, which each engine spells in its own dialect."""
    return _insert(session, table).on_conflict_do_nothing()


def insert_latest(session: AsyncSession, table: type[SQLModel]) -> Any:
    """INSERT … ON CONFLICT DO UPDATE of all columns: the latest row with a key is kept."""
    statement = _insert(session, table)
    latest = {column.name: column for column in statement.excluded if not column.primary_key}
    keys = [column for column in statement.table.columns if column.primary_key]
    return statement.on_conflict_do_update(index_elements=keys, set_=latest)


def _insert(session: AsyncSession, table: type[SQLModel]) -> Any:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def read_url(url: str) -> URL:
    """The async URL behind a plain one."""
    parsed = make_url(url)
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        message = f"{UnknownDatabase.__doc__} This is {parsed.render_as_string()}."
        raise UnknownDatabase(message)
    return parsed.set(drivername=driver)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """The database at `url`, closed again at the end."""
    parsed = read_url(url)
    database = (
        _open_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _open_server(parsed)
    )
    try:
        yield database
    finally:
        await database.close()


def _open_server(url: URL) -> Database:
    engine = create_async_engine(
        url, hide_parameters=True, pool_size=10, max_overflow=0, pool_pre_ping=True
    )
    return Database(engine, engine)


def _open_sqlite(url: URL) -> Database:
    path = Path(url.database or "tariffwire.db")
    path.parent.mkdir(parents=True, exist_ok=True)

    async def connect() -> OneHop:
        return await one_hop.connect(path)  # type: ignore[return-value]  # it awaits to itself

    reader = create_async_engine(
        url, hide_parameters=True, async_creator=connect, pool_size=READERS, max_overflow=0
    )
    writer = create_async_engine(
        url, hide_parameters=True, async_creator=connect, pool_size=1, max_overflow=0
    )
    for engine, begin in ((reader, "BEGIN"), (writer, "BEGIN IMMEDIATE")):
        event.listen(engine.sync_engine, "begin", _beginner(begin))
    threads = Threads(Thread(url, path, "BEGIN"), Thread(url, path, "BEGIN IMMEDIATE"))
    return Database(reader, writer, threads)


def _beginner(statement: str) -> Any:
    def begin(connection: Any) -> None:
        connection.connection.driver_connection.begin_with(statement)

    return begin
