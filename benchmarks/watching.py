"""How fast another process fills a table, as seen from beside."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from benchmarks.figures import stopwatch
from service.store.database import Database
from service.store.tables import Progress

WAITED_SECONDS = 600

Count = Callable[[AsyncSession], Awaitable[int]]


async def watch(db: Database, count: Count, until: int) -> float:
    """What is added a second, from the first look that sees any."""
    async with asyncio.timeout(WAITED_SECONDS):
        first = seen = 0
        while not first:
            await asyncio.sleep(0.005)
            first = await db.run_read(count)
        with stopwatch() as passed:
            while seen < until:
                await asyncio.sleep(0.02)
                seen = await db.run_read(count)
    return (seen - first) / passed.seconds


def rows_of(table: type[SQLModel]) -> Count:
    """All of them."""

    async def count(session: AsyncSession) -> int:
        return int(await session.scalar(select(func.count()).select_from(table)) or 0)

    return count


async def records_consumed(session: AsyncSession) -> int:
    """How far all bookmarks have moved."""
    return int(await session.scalar(select(func.sum(col(Progress.records)))) or 0)
