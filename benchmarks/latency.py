"""From acknowledged to received, one event at a time: what a single alert takes.

Between a 202 and its webhook the service commits three times (the change, its deliveries, the
claim). Baseline: a bare chain of three commits of as many bytes by the standard library's `sqlite3`
(WAL, synchronous FULL, the same disk) and one POST of the same body by aiohttp, in one process.
"""

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import aiohttp

from benchmarks.figures import Figure, percentile
from benchmarks.journey import begin
from benchmarks.made_up import rate_events
from benchmarks.receiving import receive

COMMITS = 3
PAUSE_SECONDS = 0.03


async def measure(*, quick: bool) -> list[Figure]:
    count = 60 if quick else 200
    served, body = await _serve(count)
    bare = await _chain(count, body)
    return [
        Figure(
            name=f"accepted → received, p{share:.0%}".rstrip("%"),
            value=percentile(served, share) * 1e3,
            unit="ms",
            baseline=percentile(bare, share) * 1e3,
            ratio_at_most=2 if share == 0.5 else None,
        )
        for share in (0.5, 0.99)
    ]


async def _serve(count: int) -> tuple[list[float], bytes]:
    async with begin(1) as journey:
        acknowledged = {}
        for place, event in enumerate(rate_events(count, count), start=1):
            acknowledged[event["id"]] = await journey.post(event)
            await journey.arrivals.wait_for(place)
            await asyncio.sleep(PAUSE_SECONDS)
        received = journey.received()
        body = journey.arrivals.bodies[-1]
    return [received[name] - at for name, at in acknowledged.items()], body


async def _chain(count: int, body: bytes) -> list[float]:
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with receive() as (arrivals, hook), aiohttp.ClientSession() as session:
            with closing(sqlite3.connect(Path(folder, "bare.db"), isolation_level=None)) as books:
                books.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
                books.execute("CREATE TABLE kept (body BLOB)")
                for place in range(1, count + 1):
                    since = time.perf_counter()
                    _commit(books, body)
                    async with session.post(f"{hook}/hook", data=body) as answer:
                        await answer.read()
                    seconds.append(arrivals.at[place - 1] - since)
                    await asyncio.sleep(PAUSE_SECONDS)
    return seconds


def _commit(books: sqlite3.Connection, body: bytes) -> None:
    for _ in range(COMMITS):
        books.execute("BEGIN IMMEDIATE")
        books.execute("INSERT INTO kept VALUES (?)", (body,))
        books.execute("COMMIT")
