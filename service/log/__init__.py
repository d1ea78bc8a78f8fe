"""The event log: records go in, batches come out, the bookmark stays with the reader.

The log keeps records; a reader's database keeps how far it has read, beside the effects of
what it read. That gives each record its effect once, through crashes on either side.

LogError            the log cannot do what was asked
├── LogLocked       another process is writing this log
├── LogMisfit       a bookmark points outside the log, or into another one
├── LogUnavailable  closed, out of reach, full or damaged
└── Fenced          another publisher has taken over
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

__all__ = [
    "CHANGES",
    "TOPICS",
    "Batch",
    "Bookmark",
    "Clock",
    "Fenced",
    "Log",
    "LogError",
    "LogLocked",
    "LogMisfit",
    "LogUnavailable",
    "Mark",
    "Position",
    "Publisher",
    "Record",
    "open_log",
]


TOPICS = ("tariffs", "negotiations")
"""What consumers read."""

CHANGES = "changes"
"""What the publisher writes, for readers outside."""


class LogError(Exception):
    """The event log cannot do what was asked."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or type(self).__doc__)


class LogLocked(LogError):
    """Another process is writing this log; stop it first."""


class LogMisfit(LogError):
    """The bookmark points outside this log: the database and the log do not belong together."""


class LogUnavailable(LogError):
    """The log is closed or cannot be reached; nothing was acknowledged."""


class Fenced(LogError):
    """Another publisher has taken over; nothing of this call was written."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry, kept as given: `value` is opaque, NULs and all.

    The log sets `offset` and `at` (UTC, the moment of the append); a writer leaves them alone.
    """

    key: str | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    offset: int = -1
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """What a reader stores beside its effects: `next` is the first offset it has not read.

    The id is part of it, because the same number means nothing in another log.
    """

    log_id: str
    next: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of records of one partition, in order.

    Offsets may have holes. A reader therefore stores `next`, and compares what it stored with
    `since` (where the previous batch ended), never with the offset of the first record.
    """

    topic: str
    partition: int
    since: int
    next: int
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a database had come when it last told the log, and which deployment's it was.

    Advisory: correctness never rests on it. A mark above the bookmark tells that the database was
    restored from a backup; one of another deployment, that two databases follow one log.
    """

    deployment: str
    next: int


Bookmark = Callable[[str, int], Awaitable[Position | None]]
"""(topic, partition) → the stored position; None reads from the start of the log."""

Clock = Callable[[], datetime]
"""The current instant, aware, UTC."""


class Publisher(Protocol):
    """The only writer of a topic that readers outside follow; each call lands whole, once."""

    @property
    def position(self) -> int:
        """What the last `publish` said that landed, whoever made it; 0 before the first."""

    async def publish(self, records: Sequence[Record], position: int) -> None:
        """All records and the position, or nothing; `Fenced` when another has taken over."""


class Log(Protocol):
    """An append-only log of topics; each topic has one or more partitions."""

    @property
    def id(self) -> str:
        """Identity of the log, the same for as long as its records live.

        `LogUnavailable` while a log elsewhere has not been reached yet.
        """

    async def prepare(self) -> Sequence[str]:
        """Make the topics that are missing and check the others; what was made, in words.

        `LogMisfit` where a topic is unfit, or missing and may not be made: says how to mend it.
        """

    async def append(self, topic: str, records: Sequence[Record]) -> None:
        """Durable when it returns. Cancelling the wait does not take the records back."""

    def follow(
        self, topics: Collection[str], bookmark: Bookmark, *, limit: int = 500
    ) -> AsyncGenerator[Batch, bool | None]:
        """Batches of up to `limit` records, forever; ends when the log is closed.

        The bookmark is asked at every assignment, since a value would be stale after a
        rebalance. The reader answers a batch by `asend`: False says "another reader overtook
        me", and has the bookmark asked again; anything else goes on.

        A log elsewhere may be away for a while: there is nothing to read then, and the reading
        goes on when it is back. There, all followers share the partitions among them, and a
        batch may hold no records: it moves the bookmark past what is not for readers. `LogMisfit`
        where the bookmark does not fit, `LogUnavailable` where reading is refused.
        """

    async def ends(self, topic: str) -> Mapping[int, int]:
        """Partition → the position of a reader that has read everything."""

    async def starts(self, topic: str) -> Mapping[int, int]:
        """Partition → the oldest position from which it can still be read."""

    def followed(self) -> Collection[tuple[str, int]]:
        """(topic, partition) that the followers of this process read now."""

    def publisher(self, topic: str) -> AbstractAsyncContextManager[Publisher]:
        """The one publisher of `topic`: entering fences off any that was before."""

    async def published(self, topic: str) -> int:
        """The position of the publisher of `topic`, asked without becoming it."""

    async def mark(self, deployment: str, places: Mapping[tuple[str, int], int]) -> None:
        """Note how far the database has come: (topic, partition) → bookmark. Advisory and lazy."""

    async def marks(self) -> Mapping[tuple[str, int], Mark]:
        """What was noted last."""

    async def retain(self, before: datetime, floors: Mapping[tuple[str, int], int]) -> int:
        """Drop records appended before `before`, and count them.

        Floors are (topic, partition) → the lowest bookmark. No record at or past a floor is
        dropped, and a partition without a floor is kept whole: someone may yet read it.
        """


def open_log(url: str, clock: Clock) -> AbstractAsyncContextManager[Log]:
    """Open the log that the URL names: `sqlite:///file.db`, or `kafka://host:port/PREFIX`.

    A server need not be there yet: what needs it says so, in time. Leaving the context waits for
    the appends in flight.
    """
    # Only the adapter that the URL names is loaded: its libraries cost start-up time and memory.
    scheme, _, rest = url.partition(":")
    if scheme == "kafka":
        from service.log.kafka import open_kafka

        return open_kafka(url)
    path = rest.removeprefix("///")
    if scheme != "sqlite" or path in {rest, "", ":memory:"}:
        named = f" ({scheme}:…)" if rest else ""  # only so much: what follows may hold a password
        message = (
            f"The log URL{named} names no log: set TARIFFWIRE_LOG_URL to a file, as in"
            " sqlite:///tariffwire-log.db, or to Kafka, as in kafka://broker:9092."
        )
        raise LogUnavailable(message)
    from service.log.embedded import open_embedded

    return open_embedded(Path(path), clock)
