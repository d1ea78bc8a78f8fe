"""From the log into changes: every event moves a rate, and is known later than the one before.

The events wait in the log when a child process with the `consume` role begins. Its batches are of
500, each committed with its bookmark. Baseline: the same events decoded and the very rows that the
consumer wrote inserted again by the engine's plain driver (`sqlite3`, asyncpg), in batches of the
same size, each committed to the disk.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.children import start
from benchmarks.figures import Figure
from benchmarks.made_up import rate_events
from benchmarks.rooms import Ground, Room
from benchmarks.watching import records_consumed, rows_of, watch
from consumers.consumer import BATCH
from service.log import Record, open_log
from service.store.database import open_database
from service.store.migrations import migrate
from service.store.standings.tables import Change

EVENTS_A_MEASURE = 10
WRITTEN = ("event", "change", "fanout")
AT_LEAST = {"embedded": 3_000, "distributed": 4_000}


def now() -> datetime:
    return datetime.now(UTC)


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    count = 10_000 if quick else 40_000
    async with ground.room() as room:
        await _fill_log(room, count)
        async with open_database(room.database_url) as db:
            await migrate(db)
            async with start("serving", **room.environment(["consume"])):
                rate = await watch(db, records_consumed, count)
            changes = await db.run_read(rows_of(Change))
        bare = await room.reinsert(WRITTEN, BATCH)
    return [
        Figure(
            name="fold",
            value=rate,
            unit="events/s",
            baseline=count / bare,
            at_least=AT_LEAST[ground.mode],
            note=f"{count // EVENTS_A_MEASURE:,} measures, {changes / count:.0%} made a change",
        )
    ]


async def _fill_log(room: Room, count: int) -> None:
    async with open_log(room.log_url, now) as log:
        await log.prepare()
        events = list(_records(count))
        for place in range(0, count, 2_000):
            await log.append("tariffs", events[place : place + 2_000])


def _records(count: int) -> Iterator[Record]:
    for event in rate_events(count, count // EVENTS_A_MEASURE):
        yield Record(f"measure:{event['data']['measure']}", json.dumps(event).encode())
