"""The embedded log: one SQLite file, one process, no server.

One thread writes and one reads, so nothing blocks the event loop. Each topic is its own
partition 0. Appends that wait while a transaction commits share the next one (group commit).
Followers wait for news in memory: only this process writes, so nobody has to poll the file.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from service.log import (
    Batch,
    Bookmark,
    Clock,
    Fenced,
    LogMisfit,
    LogUnavailable,
    Mark,
    Record,
)
from service.log.misfit import fit, lost
from service.log.writer import (
    EPOCH,
    MICROSECOND,
    NOTED,
    PAGE,
    Append,
    Drop,
    Job,
    Note,
    Publish,
    Recall,
    Writer,
    connect,
    unpack,
)

READ = """
SELECT key, value, headers, offset, at FROM records
WHERE topic = ? AND offset >= ? ORDER BY offset LIMIT ?
"""
FIRST_KEPT = """
SELECT offset FROM records
WHERE topic = ? AND offset < ? AND at >= ? ORDER BY offset LIMIT 1
"""
LAZY = 1.0  # seconds: marks of one and the same second share a commit


@asynccontextmanager
async def open_embedded(path: Path, clock: Clock) -> AsyncIterator["EmbeddedLog"]:
    """Open or create the log in this file; it must be ours alone to write."""
    try:
        writer = await asyncio.to_thread(Writer, path)
        reader = await asyncio.to_thread(connect, writer.path)
    except (OSError, sqlite3.Error) as error:
        message = (
            f"The log {path} cannot be opened: {error}."
            " Its folder must exist and be writable, and the file, if there is one, be a log."
        )
        raise LogUnavailable(message) from error
    log = EmbeddedLog(writer, reader, clock)
    try:
        yield log
    finally:
        await log.close()


class EmbeddedLog:
    """What it knows is touched on the event loop only; the two threads get messages."""

    def __init__(self, writer: Writer, reader: sqlite3.Connection, clock: Clock) -> None:
        """Begin to write; must be called on the loop."""
        self.id: str = writer.id
        self._path = writer.path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        # What lay below a topic's start was dropped; its end is where a reader waits for more.
        self._starts, self._ends = writer.starts, writer.ends
        self._latest: dict[str, Append] = {}
        self._followed: set[tuple[str, int]] = set()
        self._news = asyncio.Event()
        self._closed = False
        self._publishers: dict[str, EmbeddedPublisher] = {}
        self._noted: dict[tuple[str, int], Mark] = {}
        self._noting: asyncio.TimerHandle | None = None
        self._reader = reader
        self._reads = ThreadPoolExecutor(1, "log-reader")
        self._writer = writer
        self._ended = writer.start(self._loop, self._settle)

    async def close(self) -> None:
        """Refuse new appends, finish those in flight, and send the followers home."""
        self._note()
        self._closed = True
        self._announce()
        self._writer.finish()
        reader_closed = self._reads.submit(self._reader.close)
        self._reads.shutdown(wait=False)
        await asyncio.gather(asyncio.shield(self._ended), asyncio.wrap_future(reader_closed))

    @property
    def commits(self) -> int:
        """Transactions so far, for telemetry: appends ÷ commits is how many share one."""
        return self._writer.commits

    async def prepare(self) -> Sequence[str]:
        """Nothing is to be made: a topic begins with its first record."""
        self._refuse_when_closed()
        return ()

    async def append(self, topic: str, records: Sequence[Record]) -> None:
        """Durable when it returns: in the file, and the file on the disk."""
        self._refuse_when_closed()
        if records:
            at = self._clock().astimezone(UTC)
            done = self._loop.create_future()
            await self._put(Append(topic, tuple(records), at, done))

    async def follow(
        self, topics: Collection[str], bookmark: Bookmark, *, limit: int = 500
    ) -> AsyncGenerator[Batch, bool | None]:
        """Take turns among the topics; rest only when all of them are read to the end."""
        places = {topic: await self._assign(topic, bookmark) for topic in topics}
        self._followed |= {(topic, 0) for topic in topics}
        while not self._closed:
            news, idle = self._news, True  # held before looking, so that no news is missed
            for topic, place in places.items():
                batch = await self._read(topic, place, limit)
                if batch is None:
                    continue
                idle = False
                overtaken = (yield batch) is False
                places[topic] = await self._assign(topic, bookmark) if overtaken else batch.next
            if idle:
                await news.wait()

    async def ends(self, topic: str) -> Mapping[int, int]:
        """One partition; a topic nobody wrote to ends at 0."""
        return {0: self._ends.get(topic, 0)}

    async def starts(self, topic: str) -> Mapping[int, int]:
        """As `ends`: where what was dropped ended."""
        return {0: self._starts.get(topic, 0)}

    def followed(self) -> Collection[tuple[str, int]]:
        """All that was ever followed here: nobody else can read the file."""
        return self._followed

    @asynccontextmanager
    async def publisher(self, topic: str) -> AsyncIterator["EmbeddedPublisher"]:
        """Nobody else writes the file, so only this process can hold a publisher to be fenced."""
        publisher = self._publishers[topic] = EmbeddedPublisher(self, topic)
        publisher.position = await self.published(topic)
        yield publisher

    async def published(self, topic: str) -> int:
        """Behind all that was published before the question."""
        return await self._put(Recall(topic, self._loop.create_future()))

    async def publish(
        self, publisher: "EmbeddedPublisher", records: Sequence[Record], position: int
    ) -> None:
        """For `EmbeddedPublisher`: records and position in one transaction."""
        self._refuse_when_closed()
        if self._publishers[publisher.topic] is not publisher:
            raise Fenced
        at, done = self._clock().astimezone(UTC), self._loop.create_future()
        await self._put(Publish(publisher.topic, tuple(records), at, done, position=position))

    async def mark(self, deployment: str, places: Mapping[tuple[str, int], int]) -> None:
        """Written within a second; lost if the process dies before."""
        self._noted |= {place: Mark(deployment, after) for place, after in places.items()}
        if self._noting is None and self._noted and not self._closed:
            self._noting = self._loop.call_later(LAZY, self._note)

    async def marks(self) -> Mapping[tuple[str, int], Mark]:
        """What was noted last."""
        self._refuse_when_closed()
        noted = self._note()
        if noted:
            await asyncio.wait({noted})
        return await self._loop.run_in_executor(self._reads, self._fetch_marks)

    def _note(self) -> asyncio.Future[int] | None:
        """Have the marks written; a failure is nobody's, as nothing rests on them."""
        if self._noting:
            self._noting.cancel()
        noted, self._noted, self._noting = self._noted, {}, None
        if not noted:
            return None
        marks = [(*place, mark.deployment, mark.next) for place, mark in noted.items()]
        done = self._put(Note(marks, self._loop.create_future()))
        done.add_done_callback(lambda noted: noted.cancelled() or noted.exception())
        return done

    async def retain(self, before: datetime, floors: Mapping[tuple[str, int], int]) -> int:
        """Drop page by page. The file does not shrink: later records fill the room."""
        dropped = 0
        for topic, end in list(self._ends.items()):
            ceiling = min(floors.get((topic, 0), 0), end)
            if ceiling > self._starts.get(topic, 0):
                dropped += await self._drop(topic, before, ceiling)
        return dropped

    async def _drop(self, topic: str, before: datetime, ceiling: int) -> int:
        self._refuse_when_closed()
        at = (before - EPOCH) // MICROSECOND
        first = await self._loop.run_in_executor(self._reads, self._first_kept, topic, ceiling, at)
        start = max(first, self._starts.get(topic, 0))
        self._starts[topic] = start  # before the records go: `_read` relies on this order
        dropped = 0
        while True:
            done = self._loop.create_future()
            page = await self._put(Drop(topic, start, done))
            dropped += page
            if page < PAGE:
                return dropped

    def _refuse_when_closed(self) -> None:
        if self._closed:
            message = f"The log {self._path} is closed: nothing was done."
            raise LogUnavailable(message)

    def _put(self, job: Job) -> asyncio.Future[int]:
        self._refuse_when_closed()  # behind the writer's last job nothing would ever land
        self._writer.put(job)
        return job.done

    def _settle(self, jobs: Sequence[Job], results: Sequence[int | Exception]) -> None:
        """One commit has landed: move the ends, wake the followers, tell the callers."""
        for job, result in zip(jobs, results, strict=True):
            if isinstance(job, Append) and job.records and isinstance(result, int):
                job.since, job.next = self._ends.get(job.topic, 0), result
                self._ends[job.topic] = result
                self._latest[job.topic] = job
            if not job.done.done():  # else the caller was cancelled and no longer waits
                resolve(job.done, result)
        self._announce()

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _assign(self, topic: str, bookmark: Bookmark) -> int:
        held = await bookmark(topic, 0)
        start, end = self._starts.get(topic, 0), self._ends.get(topic, 0)
        if held is None:
            return start
        return fit(held, self.id, f"{topic}/0 of the log {self._path}", start, end)

    async def _read(self, topic: str, since: int, limit: int) -> Batch | None:
        """Give the next batch, or None at the end; what was just appended is not read back."""
        if self._closed or since >= self._ends.get(topic, 0):
            return None
        latest = self._latest.get(topic)
        if latest and latest.since == since and len(latest.records) <= limit:
            return remember(latest)
        records = await self._loop.run_in_executor(self._reads, self._fetch, topic, since, limit)
        if since < self._starts.get(topic, 0):  # dropped while we read: there may be a gap
            raise LogMisfit(lost(f"{topic}/0 of the log {self._path}", since, self._starts[topic]))
        return Batch(topic, 0, since, records[-1].offset + 1, records)

    def _fetch(self, topic: str, since: int, limit: int) -> tuple[Record, ...]:
        rows = self._reader.execute(READ, (topic, since, limit))
        return tuple(
            Record(key, value, unpack(headers), offset, instant(at))
            for key, value, headers, offset, at in rows.fetchall()
        )

    def _fetch_marks(self) -> dict[tuple[str, int], Mark]:
        rows = self._reader.execute(NOTED)
        return {
            (topic, partition): Mark(deployment, after)
            for topic, partition, deployment, after in rows
        }

    def _first_kept(self, topic: str, ceiling: int, at: int) -> int:
        row: tuple[int] | None = self._reader.execute(FIRST_KEPT, (topic, ceiling, at)).fetchone()
        return row[0] if row else ceiling


class EmbeddedPublisher:
    """Good until another one is made for its topic."""

    def __init__(self, log: EmbeddedLog, topic: str) -> None:
        self.topic = topic
        self.position = 0
        self._log = log

    async def publish(self, records: Sequence[Record], position: int) -> None:
        """Both land, or neither."""
        await self._log.publish(self, records, position)
        self.position = position


@lru_cache(maxsize=64)
def instant(at: int) -> datetime:
    """Kept, because the records of one append share their instant."""
    return EPOCH + at * MICROSECOND


def remember(append: Append) -> Batch:
    """Give what the file would give to a reader who stands where this append began."""
    first = append.next - len(append.records)  # one insert follows another: no holes inside
    records = tuple(
        Record(one.key, one.value, one.headers, offset, append.at)
        for offset, one in enumerate(append.records, first)
    )
    return Batch(append.topic, 0, append.since, append.next, records)


def resolve(done: asyncio.Future[int], result: int | Exception) -> None:
    """Give the caller its result or its error."""
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
