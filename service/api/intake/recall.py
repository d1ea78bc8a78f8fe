"""What is known of an identity: what was accepted lately, and what stands in the books.

The books learn of an event only when the log has been consumed.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.core.event import Identity
from service.store.database import Database
from service.store.standings.events import Recorded, find_recorded

REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The digest of an accepted event, its topic, and whether it is durable yet."""

    digest: str
    topic: str
    durable: asyncio.Future[None]


class Recall:
    """The latest identities, in this process only; the consumer settles what slips through."""

    def __init__(self, size: int = REMEMBERED) -> None:
        """Remember up to `size` identities."""
        self._size = size
        self._held: dict[Identity, Accepted] = {}

    def find(self, identity: Identity) -> Accepted | None:
        """What was accepted under this identity."""
        return self._held.get(identity)

    def remember(self, identity: Identity, accepted: Accepted) -> None:
        """Hold it, and let go of the oldest."""
        self._held[identity] = accepted
        if len(self._held) > self._size:
            del self._held[next(iter(self._held))]

    def forget(self, identities: Iterable[Identity]) -> None:
        """What could not be made durable was never accepted."""
        for identity in identities:
            self._held.pop(identity, None)


class Books:
    """Asks for many requests at once: who comes while a question is out shares the next one."""

    def __init__(self, db: Database) -> None:
        """Nothing is asked yet."""
        self._db = db
        self._turn = asyncio.Lock()
        self._asked: set[Identity] = set()
        self._next: asyncio.Task[Mapping[Identity, Recorded]] | None = None

    async def find(self, identities: Iterable[Identity]) -> Mapping[Identity, Recorded]:
        """Those that the books have; there may be others with them."""
        self._asked.update(identities)
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        return await asyncio.shield(self._next)  # others may wait for it too

    async def _ask(self) -> Mapping[Identity, Recorded]:
        async with self._turn:
            asked, self._asked, self._next = self._asked, set(), None
            async with self._db.read() as session:
                return await find_recorded(session, asked)
