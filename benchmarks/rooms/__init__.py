"""Where a benchmark runs: a database and a log of its own, gone when it is left.

`files` is the embedded mode, `servers` the distributed one. Each also does by its engines' plain
drivers what a baseline is made of, and nothing that this service adds.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

Row = Mapping[str, Any]
Hop = Callable[[bytes], Awaitable[None]]
MODES = ("embedded", "distributed")


class Room(Protocol):
    """Two URLs, and the bare engines behind them."""

    database_url: str
    log_url: str

    def environment(self, roles: Sequence[str] = ()) -> dict[str, str]:
        """Of a service that keeps its books and its log here."""

    async def fill(self, tables: Mapping[str, Iterator[Row]]) -> None:
        """Straight into migrated books, the fastest way that the engine has."""

    async def reinsert(self, tables: Sequence[str], size: int) -> float:
        """Seconds to decode the events and insert all rows of `tables` again, elsewhere.

        Into an equal, empty schema, `size` rows of each table a transaction.
        """

    def committing(self) -> AbstractAsyncContextManager[Hop]:
        """Write so many bytes and commit them; one row, one transaction."""

    def logging(self) -> AbstractAsyncContextManager[Hop]:
        """Write so many bytes to the bare log, and wait until a reader has them."""

    async def append_bare(self, values: Sequence[bytes], size: int) -> float:
        """Seconds until all are durable in the bare log, `size` at a time."""

    async def append_one_by_one(self, values: Sequence[bytes]) -> float:
        """As `append_bare`, each awaited before the next."""

    async def read_bare(self, count: int) -> float:
        """Seconds to read so many of those again."""

    async def measure_disk(self) -> float:
        """Megabytes of the books."""


class Ground(Protocol):
    """A mode: what gives rooms."""

    mode: str

    def room(self) -> AbstractAsyncContextManager[Room]:
        """One that nobody else uses."""


@asynccontextmanager
async def open_ground(mode: str) -> AsyncIterator[Ground]:
    """The engines of a mode, for as long as the block lasts."""
    if mode == "embedded":
        from benchmarks.rooms.files import Files

        yield Files()
    else:
        from benchmarks.rooms.servers import find_servers

        async with find_servers() as ground:
            yield ground
