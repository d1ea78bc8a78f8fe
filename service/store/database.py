"""The books that a URL names. The URL's scheme is looked at here and nowhere else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any
from zlib import crc32

from sqlalchemy import URL, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
)
from sqlmodel import SQLModel

from service.store.engines import (
    Bells,
    Collided,
    DatabaseRefused,
    DatabaseUnavailable,
    Engine,
    T,
    Work,
)
from service.store.engines.postgresql import PostgreSQL
from service.store.engines.sqlite import SQLite

__all__ = [
    "Database",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "UnknownDatabase",
    "count_changed",
    "insert_latest",
    "insert_new",
    "is_server",
    "lock_names",
    "open_database",
    "read_url",
]

TRIES = 3
BUCKETS = 1024
NAMES_LOCK = 0x7461  # "ta": our corner of a server's advisory locks


class UnknownDatabase(ValueError):
    """TARIFFWIRE_DATABASE_URL begins with sqlite:/// or postgresql://."""


class Database:
    """Reads see one snapshot; a write is one transaction.

    Whatever keeps the engine from serving is raised as `DatabaseUnavailable`, which says what and
    how to mend it: server away, connection lost, no free connection, a lock or statement that took
    too long, a full disk.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read = async_sessionmaker(engine.reader, expire_on_commit=False)
        self._write = async_sessionmaker(engine.writer, expire_on_commit=False)

    @property
    def engine(self) -> AsyncEngine:
        """Where writes go."""
        return self._engine.writer

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write beside this one."""
        return self._engine.is_shared

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for questions, all answered as of the first one."""
        with self._explaining():
            async with self._read() as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        with self._explaining():
            async with self._engine.turn(), self._write() as session, session.begin():
                yield session

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for migrations, one at a time among all processes."""
        with self._explaining():
            async with self._engine.migrating() as connection:
                yield connection

    async def run_read(self, work: Work[T]) -> T:
        """`work` with a session for questions; it awaits that session and nothing else.

        An engine in this process runs all of it in one hop: much cheaper than `read` where a step
        asks several questions.
        """
        with self._explaining():
            return await self._engine.run_read(work)

    async def run_write(self, work: Work[T], name: str = "") -> T:
        """As `run_read`, in a transaction that is committed when `work` returns.

        Where it crosses a rival's (a deadlock, an order that cannot be found), `work` is run again:
        it must do nothing that a rollback does not undo. With a name, the commit has the crash
        points `{name}.commit.before` and `.after`.
        """
        for _ in range(TRIES - 1):
            with suppress(Collided):
                return await self._run_once(work, name)
        return await self._run_once(work, name)

    async def run_turn(
        self,
        read: Work[T],
        write: Callable[[AsyncSession, T], Awaitable[object]],
        name: str = "",
    ) -> T:
        """Read, then write if anything was found; returns what was read.

        Where other processes share the database, both are one transaction, so that rows which
        `read` locked stay ours. Where this process is alone, it reads beside the writer.
        """

        async def both(session: AsyncSession) -> T:
            found = await read(session)
            if found:
                await write(session, found)
            return found

        if self._engine.is_shared:
            return await self.run_write(both, name)
        found = await self.run_read(read)
        if found:
            await self.run_write(lambda session: write(session, found), name)
        return found

    def ring(self, name: str) -> None:
        """Wake who listens for `name` in other processes on this database; never raises."""
        self._engine.ring(name)

    def listen(self, callbacks: Bells) -> AbstractAsyncContextManager[None]:
        """Call back for each name that is rung; through losses of the server, too."""
        return self._engine.listen(callbacks)

    async def close(self) -> None:
        """Give back every connection."""
        await self._engine.close()

    async def _run_once(self, work: Work[T], name: str) -> T:
        with self._explaining():
            return await self._engine.run_write(work, name)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except DatabaseUnavailable:
            raise
        except Exception as error:
            reason = self._engine.explain(error)
            if reason is None:
                raise
            raise reason from error


async def lock_names(
    session: AsyncSession, shared: Iterable[str] = (), exclusive: Iterable[str] = ()
) -> None:
    """Hold these names until the transaction ends: `shared` beside others, `exclusive` alone.

    Names fall into 1,024 buckets, taken in their order, so that nobody waits in a circle. Where
    writers are one at a time there is nothing to do.
    """
    if not is_server(session):
        return
    alone = {_bucket(name) for name in exclusive}
    buckets = sorted(alone | {_bucket(name) for name in shared})
    if buckets:
        given = {"buckets": buckets, "alone": [one in alone for one in buckets]}
        await session.execute(_LOCK, given)


_LOCK = text(
    "SELECT CASE WHEN alone"  # noqa: S608 - a constant of ours
    f" THEN pg_advisory_xact_lock({NAMES_LOCK}, bucket)::text"
    f" ELSE pg_advisory_xact_lock_shared({NAMES_LOCK}, bucket)::text END"
    " FROM unnest(CAST(:buckets AS integer[]), CAST(:alone AS boolean[])) AS asked (bucket, alone)"
)


def _bucket(name: str) -> int:
    return crc32(name.encode()) % BUCKETS


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
    return (postgresql if is_server(session) else sqlite).insert(table)


def is_server(session: AsyncSession) -> bool:
    """Whether the session's statements go to a server, and not to a file in this process."""
    return session.get_bind().dialect.name == "postgresql"


def read_url(url: str) -> URL:
    """The parts of a URL of a kind that there is an engine for."""
    parsed = make_url(url)
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        near = parsed.drivername.startswith("postgres")
        hint = " Write postgresql:// for the part before the colon." if near else ""
        message = f"{UnknownDatabase.__doc__} This is {parsed.render_as_string()}.{hint}"
        raise UnknownDatabase(message)
    return parsed


@asynccontextmanager
async def open_database(url: str, pool: int = 0) -> AsyncIterator[Database]:
    """The database at `url`, closed again at the end; opening does not connect.

    `pool` is how many connections to a server this process may hold; 0: ten.
    """
    parsed = read_url(url)
    is_file = parsed.get_backend_name() == "sqlite"
    database = Database(SQLite(parsed) if is_file else PostgreSQL(parsed, pool))
    try:
        yield database
    finally:
        await database.close()
