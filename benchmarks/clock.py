"""A tick of the clock at a million reminders: one with nothing due, and one with a page due.

What is due is taken off its table and put into the outbox, in one transaction a page. Baseline: a
bare SELECT by the same index of as many rows, in the same books.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from benchmarks.figures import Figure, percentile, stopwatch
from benchmarks.rooms import Ground, Row
from service.dispatch.remind import ALL, MADE, PAGE, Timekeeper
from service.store.database import Database, open_database
from service.store.installation.remembered import remember
from service.store.migrations import migrate
from service.store.reminders.tables import Reminder

NOW = datetime(2025, 6, 1, tzinfo=UTC)
MADE_AT = NOW - timedelta(days=1)
LATE = timedelta(days=3)
TICKS = 20
HOUR = timedelta(hours=1)


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    size = 100_000 if quick else 1_000_000
    async with ground.room() as room, open_database(room.database_url) as db:
        await migrate(db)
        await room.fill({"reminder": _rows(size)})
        await db.run_write(lambda session: remember(session, {MADE: ALL}))
        return [await _idle(db, size), await _page(db, size)]


def _rows(size: int) -> Iterator[Row]:
    """A page is due each hour from tomorrow on; the rest lies a year ahead."""
    for place in range(size):
        hours = place // PAGE + 1 if place < PAGE * TICKS else 24 * 365 + place % 8_760
        at = NOW + HOUR * hours
        yield {
            "subject": f"measure:us-made-up-{place}",
            "turn": "entered_into_force",
            "at": at,
            "handling": "live",
            "since": MADE_AT,
            "due_at": at,
        }


def _keeper(db: Database, now: datetime) -> Timekeeper:
    return Timekeeper(db, lambda: now, LATE, lambda: None)


async def _idle(db: Database, size: int) -> Figure:
    """With nothing due, as almost every tick."""
    keeper = _keeper(db, NOW)
    ticks, bare = [], []
    for _ in range(TICKS):
        with stopwatch() as watch:
            assert await keeper.tick() == 0
        ticks.append(watch.seconds)
        with stopwatch() as watch:
            await _select(db, NOW)
        bare.append(watch.seconds)
    return Figure(
        name=f"clock, nothing due of {size:,}",
        value=percentile(ticks, 0.5) * 1e3,
        unit="ms a tick",
        baseline=percentile(bare, 0.5) * 1e3,
        at_most=20,
    )


async def _page(db: Database, size: int) -> Figure:
    """With a page due: selected, put into the outbox, taken off the table."""
    ticks, bare = [], []
    for hour in range(1, TICKS + 1):
        now = NOW + HOUR * hour
        with stopwatch() as watch:
            assert await _select(db, now) == PAGE
        bare.append(watch.seconds)
        with stopwatch() as watch:
            assert await _keeper(db, now).tick() == PAGE
        ticks.append(watch.seconds)
    return Figure(
        name=f"clock, {PAGE} due of {size:,}",
        value=percentile(ticks, 0.5) * 1e3,
        unit="ms a tick",
        baseline=percentile(bare, 0.5) * 1e3,
        at_most=250,
        note="written to the outbox in one transaction",
    )


async def _select(db: Database, now: datetime) -> int:
    async def ask(session: AsyncSession) -> int:
        rows = await session.execute(_BARE, {"now": now, "most": PAGE})
        return len(rows.all())

    return await db.run_read(ask)


_BARE = text(
    "SELECT subject, turn, at FROM reminder WHERE due_at <= :now ORDER BY due_at LIMIT :most"
).bindparams(bindparam("now", type_=col(Reminder.due_at).type))
