"""The engine that a URL names. The URL's scheme is looked at here and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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
from service.store.sqlite import OneHop

READERS = 4
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


class UnknownDatabase(ValueError):
    """TARIFFWIRE_DATABASE_URL begins with sqlite:/// or postgresql://."""


class Database:
    """Reads see a snapshot; a write is one transaction, serialised where the engine needs it."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self.engine = writer
        self._reader = reader
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
        async with self._write() as session, session.begin():
            yield session

    async def close(self) -> None:
        """Give back every connection."""
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
    engine = create_async_engine(url, pool_size=10, max_overflow=0, pool_pre_ping=True)
    return Database(engine, engine)


def _open_sqlite(url: URL) -> Database:
    path = Path(url.database or "tariffwire.db")
    path.parent.mkdir(parents=True, exist_ok=True)

    async def connect() -> OneHop:
        return await one_hop.connect(path)  # type: ignore[return-value]  # it awaits to itself

    reader = create_async_engine(url, async_creator=connect, pool_size=READERS, max_overflow=0)
    writer = create_async_engine(url, async_creator=connect, pool_size=1, max_overflow=0)
    for engine, begin in ((reader, "BEGIN"), (writer, "BEGIN IMMEDIATE")):
        event.listen(engine.sync_engine, "begin", _beginner(begin))
    return Database(reader, writer)


def _beginner(statement: str) -> Any:
    def begin(connection: Any) -> None:
        connection.connection.driver_connection.begin_with(statement)

    return begin
