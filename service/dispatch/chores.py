"""What is done page by page beside planning: errands, codes that change, bundles that waited."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.store.database import Database
from service.store.gathering import bundling
from service.store.products import telling
from service.store.steering import errands, pages

Find = Callable[[AsyncSession, datetime], Awaitable[Any]]
Do = Callable[[AsyncSession, Any, datetime], Awaitable[object]]


class Chore:
    """Does what `find` says is due; `ring` wakes the sender, for that may have made work."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with, and what it does
        self,
        name: str,
        find: Find,
        do: Do,
        db: Database,
        clock: Callable[[], datetime],
        ring: Callable[[], None],
    ) -> None:
        self._name = name
        self._find = find
        self._work = do
        self._db = db
        self._clock = clock
        self._ring = ring

    async def step(self) -> bool:
        """A page. False: nothing is due."""
        if not await self._db.run_turn(self._look, self._do, name=self._name):
            return False
        self._ring()
        return True

    async def _look(self, session: AsyncSession) -> Any:
        return await self._find(session, self._clock())

    async def _do(self, session: AsyncSession, _seen: Any) -> None:
        """Looks again: where reading was beside the writer, much may have changed."""
        now = self._clock()
        found = await self._find(session, now)
        if found:
            await self._work(session, found, now)


Errands = partial(Chore, "errand", errands.find_due, pages.do_page)
"""Halting, resuming, recalling, recovering: of one change or destination at a time."""
Codes = partial(Chore, "codes", telling.find_due, telling.tell_page)
"""Telling whom a change of codes concerns, and having them match what follows."""
Gatherer = partial(Chore, "gather", bundling.find_due, bundling.bundle_due)
"""Letting go what has waited long enough for others, or for an hour."""
