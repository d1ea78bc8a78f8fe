"""The embedded mode: two SQLite files in a temporary folder; bare is the standard library's own."""

import json
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.figures import stopwatch
from benchmarks.rooms import Hop, Row

DURABLE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
FAST = "PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;"


class Files:
    """Nothing is shared between two rooms."""

    mode = "embedded"

    @asynccontextmanager
    async def room(self) -> AsyncIterator["FileRoom"]:
        """In a folder of its own."""
        with tempfile.TemporaryDirectory() as folder:
            yield FileRoom(Path(folder))


class FileRoom:
    """`bare.db` is where baselines write."""

    def __init__(self, folder: Path) -> None:
        self._books = folder / "books.db"
        self._bare = folder / "bare.db"
        self.database_url = f"sqlite:///{self._books}"
        self.log_url = f"sqlite:///{folder}/log.db"

    def environment(self, roles: Sequence[str] = ()) -> dict[str, str]:
        """Both files, and a free port."""
        return common(roles) | {
            "TARIFFWIRE_DATABASE_URL": self.database_url,
            "TARIFFWIRE_LOG_URL": self.log_url,
        }

    async def fill(self, tables: Mapping[str, Iterator[Row]]) -> None:
        """Without waiting for the disk; indexes are made when the rows are there."""
        with closing(sqlite3.connect(self._books)) as books:
            books.executescript(FAST)
            marks = ", ".join("?" * len(tables))
            indexes = books.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index'"  # noqa: S608
                f" AND sql IS NOT NULL AND tbl_name IN ({marks})",
                tuple(tables),
            ).fetchall()
            for name, _ in indexes:
                books.execute(f"DROP INDEX {name}")
            for table, rows in tables.items():
                _insert(books, table, rows)
            for _, statement in indexes:
                books.execute(statement)
            books.execute("ANALYZE")
            books.commit()

    async def reinsert(self, tables: Sequence[str], size: int) -> float:
        """By `executemany`."""
        with (
            closing(sqlite3.connect(self._books)) as source,
            closing(sqlite3.connect(self._bare)) as target,
        ):
            target.executescript(DURABLE)
            schema = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL"
            rows: dict[str, list[Any]] = {}
            for table in tables:
                for (statement,) in source.execute(schema, (table,)):
                    target.execute(statement)
                rows[table] = source.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
            names = [column[1] for column in source.execute("PRAGMA table_info(event)")]
            body = names.index("body")
            with stopwatch() as watch:
                for start in range(0, len(rows["event"]), size):
                    for row in rows["event"][start : start + size]:
                        json.loads(row[body])
                    for table, made in rows.items():
                        marks = ", ".join("?" * len(made[0]))
                        statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608
                        target.executemany(statement, made[start : start + size])
                    target.commit()
        return watch.seconds

    @asynccontextmanager
    async def committing(self) -> AsyncIterator[Hop]:
        """On a connection of its own, to the same disk."""
        with self._open_bare() as bare:

            async def commit(body: bytes) -> None:
                _keep(bare, [body])

            yield commit

    @asynccontextmanager
    async def logging(self) -> AsyncIterator[Hop]:
        """One more commit: the log is such a file, too."""
        async with self.committing() as commit:
            yield commit

    async def append_bare(self, values: Sequence[bytes], size: int) -> float:
        """A commit for each `size`."""
        with self._open_bare() as bare, stopwatch() as watch:
            for start in range(0, len(values), size):
                _keep(bare, values[start : start + size])
        return watch.seconds

    async def append_one_by_one(self, values: Sequence[bytes]) -> float:
        """A commit for each."""
        return await self.append_bare(values, 1)

    async def read_bare(self, count: int) -> float:
        """From the first on."""
        with self._open_bare() as bare, stopwatch() as watch:
            bare.execute("SELECT id, body FROM kept ORDER BY id LIMIT ?", (count,)).fetchall()
        return watch.seconds

    async def measure_disk(self) -> float:
        """The file's size."""
        return self._books.stat().st_size / 1e6

    def _open_bare(self) -> closing[sqlite3.Connection]:
        bare = sqlite3.connect(self._bare, isolation_level=None)
        bare.executescript(DURABLE)
        bare.execute("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, body BLOB)")
        return closing(bare)


def common(roles: Sequence[str]) -> dict[str, str]:
    """What every service of a benchmark is told."""
    told = {
        "TARIFFWIRE_PORT": "0",
        "TARIFFWIRE_ALLOW_LOOPBACK": "true",
        "TARIFFWIRE_LOG_LEVEL": "error",
    }
    return told | ({"TARIFFWIRE_ROLES": ",".join(roles)} if roles else {})


def _insert(books: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    first = next(rows)
    names, marks = ", ".join(first), ", ".join("?" * len(first))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own words
    books.execute(statement, _stored(first))
    books.executemany(statement, map(_stored, rows))


def _stored(row: Row) -> tuple[Any, ...]:
    """As SQLAlchemy stores them."""
    return tuple(map(_plain, row.values()))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.hex if isinstance(value, UUID) else value


def _keep(bare: sqlite3.Connection, bodies: Sequence[bytes]) -> None:
    bare.execute("BEGIN IMMEDIATE")
    bare.executemany("INSERT INTO kept (body) VALUES (?)", [(body,) for body in bodies])
    bare.execute("COMMIT")
