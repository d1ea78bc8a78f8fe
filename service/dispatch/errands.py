"""Errands on alerts that there are: halting, resuming, recalling, recovering, page by page."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.store.database import Database
from service.store.steering.errands import Task, find_due
from service.store.steering.pages import do_page


class Errands:
    """Does what is due; `ring` wakes the sender, for a page may have made work."""

    def __init__(
        self, db: Database, clock: Callable[[], datetime], ring: Callable[[], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._ring = ring

    async def step(self) -> bool:
        """A page of one errand. False: none is due."""
        if await self._db.run_turn(self._look, self._do, name="errand") is None:
            return False
        self._ring()
        return True

    async def _look(self, session: AsyncSession) -> Task | None:
        return await find_due(session, self._clock())

    async def _do(self, session: AsyncSession, _seen: Task | None) -> None:
        """Looks again: where reading was beside the writer, a person may have sent another."""
        now = self._clock()
        task = await find_due(session, now)
        if task is not None:
            await do_page(session, task, now)
