"""Letting go what has waited long enough for others, or for an hour."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.store.database import Database
from service.store.gathering.bundling import bundle_due, find_due


class Gatherer:
    """Makes bundles of what is due; `ring` wakes the sender."""

    def __init__(
        self, db: Database, clock: Callable[[], datetime], ring: Callable[[], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._ring = ring

    async def step(self) -> bool:
        """What is due for some destinations. False: nothing is."""
        if not await self._db.run_turn(self._look, self._let_go, name="gather"):
            return False
        self._ring()
        return True

    async def _look(self, session: AsyncSession) -> Sequence[Any]:
        return await find_due(session, self._clock())

    async def _let_go(self, session: AsyncSession, _seen: Sequence[Any]) -> None:
        """Looks again: where reading was beside the writer, much may have changed."""
        now = self._clock()
        await bundle_due(session, await find_due(session, now), now)
