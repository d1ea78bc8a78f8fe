"""What books need of an engine. There are two: a file in this process, and a server.

Everything that is one engine's own (drivers, timeouts, what its errors mean, how processes wake
each other) stands in this package, and no other code names an engine.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from service.crash import passing

T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]
Bells = Mapping[str, Callable[[], None]]


class DatabaseUnavailable(Exception):
    """The database cannot be used now."""


class DatabaseRefused(DatabaseUnavailable):
    """The database was reached and will not have us: waiting does not mend that."""


class Collided(DatabaseUnavailable):
    """Another transaction crossed this one, which may be tried again."""


class Engine(Protocol):
    """One way to keep books. `reader` gives each transaction one snapshot and lets it not write."""

    reader: AsyncEngine
    writer: AsyncEngine
    is_shared: bool
    """Whether other processes may write beside this one."""

    def turn(self) -> AbstractAsyncContextManager[object]:
        """Held while writing, where there is one writer at a time."""

    def migrating(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that may take long, and one at a time among all processes."""

    def explain(self, error: Exception) -> DatabaseUnavailable | None:
        """What an error says about the engine; None where it speaks of the statement."""

    async def run_read(self, work: Work[T]) -> T:
        """`work` in a reading transaction."""

    async def run_write(self, work: Work[T], name: str) -> T:
        """`work` in a transaction, with the crash points `name`, if any, around its commit."""

    def ring(self, name: str) -> None:
        """Wake who listens for `name` in any process, soon; never raises."""

    def listen(self, bells: Bells) -> AbstractAsyncContextManager[None]:
        """Ring the bell of each name that is rung in any process."""

    async def close(self) -> None:
        """Give back every connection."""


@contextmanager
def committing(name: str) -> Iterator[None]:
    """The points at which a test may have the process die, before and after a commit."""
    if name:
        passing(f"{name}.commit.before")
    yield
    if name:
        passing(f"{name}.commit.after")
