"""The event log: records go in, batches come out, the bookmark stays with the reader.

The log keeps records; a reader's database keeps how far it has read, beside the effects of
what it read. That gives each record its effect once, through crashes on either side.

LogError            the log cannot do what was asked
├── LogLocked       another process is writing this log
├── LogMisfit       a bookmark points outside the log, or into another one
└── LogUnavailable  closed, out of reach, full or damaged
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

__all__ = [
    "Batch",
    "Bookmark",
    "Clock",
    "Log",
    "LogError",
    "LogLocked",
    "LogMisfit",
    "LogUnavailable",
    "Position",
    "Record",
    "open_log",
]


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


Bookmark = Callable[[str, int], Awaitable[Position | None]]
"""(topic, partition) → the stored position; None reads from the start of the log."""

Clock = Callable[[], datetime]
"""The current instant, aware, UTC."""


class Log(Protocol):
    """An append-only log of topics; each topic has one or more partitions."""

    @property
    def id(self) -> str:
        """Identity of the log, the same for as long as its records live."""

    async def append(self, topic: str, records: Sequence[Record]) -> None:
        """Durable when it returns. Cancelling the wait does not take the records back."""

    def follow(
        self, topics: Collection[str], bookmark: Bookmark, *, limit: int = 500
    ) -> AsyncGenerator[Batch, bool | None]:
        """Batches of up to `limit` records, forever; ends when the log is closed.

        The bookmark is asked at every assignment, since a value would be stale after a
        rebalance. The reader answers a batch by `asend`: False says "another reader overtook
        me", and has the bookmark asked again; anything else goes on.
        """

    async def ends(self, topic: str) -> Mapping[int, int]:
        """Partition → the position of a reader that has read everything."""

    async def retain(self, before: datetime, floors: Mapping[tuple[str, int], int]) -> int:
        """Drop records appended before `before`, and count them.

        Floors are (topic, partition) → the lowest bookmark. No record at or past a floor is
        dropped, and a partition without a floor is kept whole: someone may yet read it.
        """


def open_log(url: str, clock: Clock) -> AbstractAsyncContextManager[Log]:
    """Open the log that the URL names: `sqlite:///file.db`, or `sqlite:////absolute/file.db`.

    Leaving the context waits for the appends in flight.
    """
    scheme, _, rest = url.partition(":")
    path = rest.removeprefix("///")
    if scheme != "sqlite" or path in {rest, "", ":memory:"}:
        message = (  # names the scheme only: what follows may hold a password
            f"The log URL ({scheme}:…) names no log:"
            " set TARIFFWIRE_LOG_URL to a file, as in sqlite:///tariffwire-log.db."
        )
        raise LogUnavailable(message)
    # Only the adapter that the URL names is loaded: its libraries cost start-up time and memory.
    from service.log.embedded import open_embedded

    return open_embedded(Path(path), clock)
