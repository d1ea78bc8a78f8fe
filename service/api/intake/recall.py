"""What was accepted lately: the books learn of it only when the log has been consumed."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from service.core.event import Identity

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
