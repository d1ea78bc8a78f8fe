"""From the log into changes: every event moves a rate, and is known later than the one before.

The consumer reads batches of 500 and commits each with its bookmark. Baseline: the same events
decoded and the very rows that the consumer wrote inserted raw, by the standard library's `sqlite3`,
in batches of the same size, each committed to the disk.
"""

import asyncio
import json
import sqlite3
import tempfile
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, stopwatch
from benchmarks.made_up import rate_events
from consumers.consumer import BATCH, Consumer
from service.core.change.derive import Outcome
from service.log import Log, Record, open_log
from service.store.accounts import ensure_default
from service.store.database import Database, open_database
from service.store.migrations import migrate
from service.telemetry import Metrics

EVENTS_A_MEASURE = 10
WRITTEN = ("event", "change", "fanout")


def now() -> datetime:
    return datetime.now(UTC)


async def measure(*, quick: bool) -> list[Figure]:
    count = 5_000 if quick else 20_000
    with tempfile.TemporaryDirectory() as folder:
        books, log_file = Path(folder, "books.db"), Path(folder, "log.db")
        async with (
            open_database(f"sqlite:///{books}") as db,
            open_log(f"sqlite:///{log_file}", now) as log,
        ):
            seconds = await _fold(db, log, count)
        bare = await asyncio.to_thread(_insert_raw, books, Path(folder, "bare.db"))
    return [
        Figure(
            name="fold",
            value=count / seconds,
            unit="events/s",
            baseline=count / bare,
            at_least=3_000,
            note=f"{count // EVENTS_A_MEASURE:,} measures, each event a change",
        )
    ]


async def _fold(db: Database, log: Log, count: int) -> float:
    await migrate(db)
    async with db.write() as session:
        await ensure_default(session, now())
    events = rate_events(count, count // EVENTS_A_MEASURE)
    await log.append("tariffs", [Record(None, json.dumps(one).encode()) for one in events])
    metrics = Metrics()
    done = asyncio.Event()

    def ring() -> None:
        if metrics.events.labels(Outcome.CHANGED)._value.get() >= count:  # noqa: SLF001
            done.set()

    consumer = Consumer(db, log, now, metrics, ring)
    with stopwatch() as watch:
        following = asyncio.create_task(consumer.follow())
        await asyncio.wait(
            {following, asyncio.create_task(done.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
    assert done.is_set(), following.exception()
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    return watch.seconds


def _insert_raw(books: Path, bare: Path) -> float:
    """Seconds to decode the events and to insert the rows again into an equal, empty schema."""
    with closing(sqlite3.connect(books)) as source, closing(sqlite3.connect(bare)) as target:
        target.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        schema = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL"
        rows = {}
        for table in WRITTEN:
            for (statement,) in source.execute(schema, (table,)):
                target.execute(statement)
            rows[table] = source.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
        names = [column[1] for column in source.execute("PRAGMA table_info(event)")]
        body = names.index("body")
        with stopwatch() as watch:
            for start in range(0, len(rows["event"]), BATCH):
                for row in rows["event"][start : start + BATCH]:
                    json.loads(row[body])
                for table, made in rows.items():
                    marks = ", ".join("?" * len(made[0]))
                    statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608
                    target.executemany(statement, made[start : start + BATCH])
                target.commit()
    return watch.seconds
