"""The thread that writes the embedded log: one lock, one commit for all who wait."""

import asyncio
import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from service.log import LogLocked, LogUnavailable, Record

# AUTOINCREMENT: without it the numbering restarts once retention has emptied the table, and old
# bookmarks would point at new records. Topics share the numbering, so each of them has holes.
# `starts` outlives the records that were dropped: a bookmark below it has missed some.
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 4000; -- pages; at SQLite's own 1000 big appends wait for it too often
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS identity (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL);
INSERT OR IGNORE INTO identity VALUES (1, lower(hex(randomblob(16))));
CREATE TABLE IF NOT EXISTS records (
    offset INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    at INTEGER NOT NULL, -- microseconds since 1970, UTC
    key TEXT,
    headers TEXT, -- null: none; else JSON [[name, value], …], a byte of the value as a code point
    value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS records_topic ON records (topic);
CREATE TABLE IF NOT EXISTS starts (topic TEXT PRIMARY KEY, start INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS positions (topic TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS marks (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    deployment TEXT NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMIT;
"""
COLUMNS = ("topic", "at", "key", "headers", "value")
ROW = f"({', '.join('?' * len(COLUMNS))})"
# Many rows a statement cost half of what `executemany` does. The larger come first.
INSERTS = {
    size: f"INSERT INTO records ({', '.join(COLUMNS)}) VALUES {', '.join([ROW] * size)}"  # noqa: S608 - only our own words
    for size in (256, 64, 16, 4, 1)
}
STARTS = "SELECT topic, start FROM starts"
ENDS = "SELECT topic, max(offset) + 1 FROM records GROUP BY topic"
MARK = """
INSERT INTO starts (topic, start) VALUES (?, ?)
ON CONFLICT (topic) DO UPDATE SET start = excluded.start
"""
DROP = """
DELETE FROM records WHERE offset IN (
    SELECT offset FROM records WHERE topic = ? AND offset < ? ORDER BY offset LIMIT ?
)
"""
PLACE = """
INSERT INTO positions (topic, position) VALUES (?, ?)
ON CONFLICT (topic) DO UPDATE SET position = excluded.position
"""
PLACED = "SELECT position FROM positions WHERE topic = ?"
NOTE = """
INSERT INTO marks (topic, partition, deployment, next) VALUES (?, ?, ?, ?)
ON CONFLICT (topic, partition) DO UPDATE SET deployment = excluded.deployment, next = excluded.next
"""
NOTED = "SELECT topic, partition, deployment, next FROM marks"
GROUP = 10_000  # records a transaction, about: bounds the wait of whoever comes next
PAGE = 2_000  # records dropped a transaction: appends slip in between two pages

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True, eq=False)
class Append:
    """The records of one call. `since` and `next` are set once they are durable."""

    topic: str
    records: tuple[Record, ...]
    at: datetime
    done: asyncio.Future[int]
    since: int = -1
    next: int = -1

    @property
    def weight(self) -> int:
        """Records it adds to a transaction."""
        return len(self.records)

    def run(self, connection: sqlite3.Connection) -> int:
        """Insert, and return the offset after the last record."""
        at = (self.at - EPOCH) // MICROSECOND
        cells: list[object] = []
        for one in self.records:
            cells += (self.topic, at, one.key, pack(one.headers), one.value)
        done = last = 0
        for size, statement in INSERTS.items():
            width = size * len(COLUMNS)
            while len(cells) - done >= width:
                last = connection.execute(statement, cells[done : done + width]).lastrowid or 0
                done += width
        return last + 1


@dataclass(slots=True, eq=False)
class Publish(Append):
    """An append that carries its publisher's position: both land, or neither."""

    position: int = 0

    def run(self, connection: sqlite3.Connection) -> int:
        """Insert and move the position; 0 if there was nothing to insert."""
        connection.execute(PLACE, (self.topic, self.position))
        return Append.run(self, connection) if self.records else 0


@dataclass(slots=True, eq=False)
class Recall:
    """The position of a topic's publisher, behind all that was published before the question."""

    topic: str
    done: asyncio.Future[int]
    weight: int = 1

    def run(self, connection: sqlite3.Connection) -> int:
        """0 before the first."""
        row: tuple[int] | None = connection.execute(PLACED, (self.topic,)).fetchone()
        return row[0] if row else 0


@dataclass(slots=True, eq=False)
class Note:
    """How far databases have come: (topic, partition, deployment, next)."""

    marks: Sequence[tuple[str, int, str, int]]
    done: asyncio.Future[int]
    weight: int = 1

    def run(self, connection: sqlite3.Connection) -> int:
        """Replace what was noted before."""
        return connection.executemany(NOTE, self.marks).rowcount


@dataclass(slots=True, eq=False)
class Drop:
    """A page of retention: forget what a topic holds below `start`."""

    topic: str
    start: int
    done: asyncio.Future[int]

    @property
    def weight(self) -> int:
        """Records it may take out in a transaction."""
        return PAGE

    def run(self, connection: sqlite3.Connection) -> int:
        """Delete up to a page, and count."""
        connection.execute(MARK, (self.topic, self.start))
        return connection.execute(DROP, (self.topic, self.start, PAGE)).rowcount


Job = Append | Recall | Note | Drop
Settle = Callable[[Sequence[Job], Sequence[int | Exception]], None]


class Writer:
    """Owns the lock and lets go of it after its last commit, never earlier.

    `commits` counts transactions; appends ÷ commits tells how many share one.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file. `starts` and `ends` are what it holds now, by topic."""
        self.path = path.resolve()
        self.commits = 0
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._finishing = False
        with ExitStack() as undo:
            undo.enter_context(lock(self.path))
            self._connection = undo.enter_context(closing(connect(self.path)))
            self._connection.executescript(SCHEMA)
            (self.id,) = self._connection.execute("SELECT id FROM identity").fetchone()
            self.starts: dict[str, int] = dict(self._connection.execute(STARTS))
            self.ends: dict[str, int] = self.starts | dict(self._connection.execute(ENDS))
            self._held = undo.pop_all()

    def start(self, loop: asyncio.AbstractEventLoop, settle: Settle) -> asyncio.Future[None]:
        """Work until `finish`. `settle` is called on the loop, once a commit, in order."""
        ended = loop.create_future()

        def run() -> None:
            with self._held:
                while not self._finishing:
                    for jobs, results in self._land(self._gather()):
                        loop.call_soon_threadsafe(settle, jobs, results)
            loop.call_soon_threadsafe(ended.set_result, None)

        threading.Thread(target=run, name="log-writer", daemon=True).start()
        return ended

    def put(self, job: Job) -> None:
        """Queue a job; its `done` is resolved when it is durable."""
        self._queue.put(job)

    def finish(self) -> None:
        """Stop once everything put so far has landed."""
        self._queue.put(None)

    def _gather(self) -> list[Job]:
        """Wait for a job, then take all that wait with it: they share one commit."""
        jobs: list[Job] = []
        job, weight = self._queue.get(), 0
        while job is not None:
            jobs.append(job)
            weight += job.weight
            if weight >= GROUP:
                return jobs
            try:
                job = self._queue.get_nowait()
            except Empty:
                return jobs
        self._finishing = True
        return jobs

    def _land(self, jobs: list[Job]) -> list[tuple[list[Job], list[int | Exception]]]:
        """Commit together; if a record is bad, one by one, so that it fails its own append only."""
        if not jobs:
            return []
        try:
            return [(jobs, self._commit(jobs))]
        except Exception as error:  # noqa: BLE001 - the thread outlives any record; callers are told
            if len(jobs) == 1 or isinstance(error, sqlite3.OperationalError):  # the disk, a lock
                return [(jobs, [self._explain(error) for _ in jobs])]
            return [landed for job in jobs for landed in self._land([job])]

    def _commit(self, jobs: list[Job]) -> list[int | Exception]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results: list[int | Exception] = [job.run(self._connection) for job in jobs]
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        self.commits += 1
        return results

    def _explain(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error):
            return error
        message = (
            f"The log {self.path} could not be written: {error}."
            " Nothing of this append was kept; check the disk, then send it again."
        )
        unavailable = LogUnavailable(message)
        unavailable.__cause__ = error
        return unavailable


def lock(path: Path) -> IO[str]:
    """Take the log for this process, or raise `LogLocked`; the lock dies with the process.

    It lies on a file beside the log: closing any descriptor of the log itself would drop
    SQLite's own locks on it (POSIX).
    """
    beside = path.with_name(f"{path.name}.lock")
    file = beside.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with file:
            file.seek(0)
            owner = file.read()
        message = (
            f"The log {path} is being written by process {owner} (lock file {beside})."
            " Stop that process first (a second installation has a database and a log of its own);"
            " the lock goes with the process, the file may stay."
        )
        raise LogLocked(message) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def connect(path: Path) -> sqlite3.Connection:
    """Connect; nothing begins a transaction by itself, and one thread at a time may use it."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def pack(headers: tuple[tuple[str, bytes], ...]) -> str | None:
    """Headers as text that survives any byte."""
    if not headers:
        return None
    return json.dumps([(name, value.decode("latin-1")) for name, value in headers])


def unpack(headers: str | None) -> tuple[tuple[str, bytes], ...]:
    """Undo `pack`."""
    if headers is None:
        return ()
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(headers))
