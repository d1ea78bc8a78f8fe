"""Deliveries a second, from claim to settled receipt, to a receiver in another process.

Changes that reach 30 destinations each wait in the queue when a child process with the `send` role
opens it: it claims, renders, signs, posts and settles with 64 slots. Counted are the receipts from
the first that this process sees to the last. Baseline: a bare aiohttp loop in one process, with as
many posts in flight, the same connector, and a body and headers as they were sent before, to the
same receiver process.
"""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import aiohttp

from benchmarks.children import Child, start
from benchmarks.figures import Figure, stopwatch
from benchmarks.population import open_population
from benchmarks.queueing import queue
from benchmarks.rooms import Ground
from benchmarks.watching import rows_of, watch
from service.core import signature
from service.dispatch.http import HEADERS
from service.store.tables import Receipt

SLOTS = 256
A_HOST = 64
DESTINATIONS = 30
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a published example


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    changes = 100 if quick else 300
    async with start("receiving") as receiver, ground.room() as room:
        async with open_population(room, 1_000, receiver.url) as db:
            count = await queue(room, changes, DESTINATIONS)
            settings = room.environment(["send"]) | {"TARIFFWIRE_SEND_SLOTS": str(SLOTS)}
            async with start("serving", **settings):
                rate = await watch(db, rows_of(Receipt), count)
        body, bare = await _post_bare(receiver, count)
    return [
        Figure(
            name="send, claim to settle",
            value=rate,
            unit="deliveries/s",
            baseline=bare,
            ratio_at_least=0.6,
            note=f"{len(body):,} bytes a body, {SLOTS} in flight",
        )
    ]


async def _post_bare(receiver: Child, count: int) -> tuple[bytes, float]:
    """The body that came last, and how often a second it is posted by a bare loop."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=A_HOST, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
        async with session.get(receiver.url) as answer:
            body = await answer.read()
        signed = signature.headers(str(UUID(int=1)), datetime.now(UTC), body, (SECRET,))
        left = iter(range(count))

        async def post() -> None:
            for number in left:
                url = f"{receiver.url}/{number % DESTINATIONS}"
                async with session.post(url, data=body, headers=signed) as answer:
                    await answer.read()

        with stopwatch() as passed:
            await asyncio.gather(*(post() for _ in range(SLOTS)))
    return body, count / passed.seconds
