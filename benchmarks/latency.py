"""From an event to its webhook, one event at a time: what a single alert takes.

From the 202 the service commits three times (the change, its deliveries, the claim). Baseline: a
bare chain of three commits of as many bytes by the engine's plain driver and one POST of the same
body by aiohttp, in one process.

Where any producer may write to the log, also from the moment at which a bare aiokafka producer is
given the event: with all roles in one process, and with one process a role. Baseline: the same
chain, begun by a record that is produced, acknowledged and consumed.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
from aiokafka import AIOKafkaProducer

from benchmarks.figures import Figure, percentile
from benchmarks.journey import ALL, ONE_EACH, Journey, begin
from benchmarks.made_up import rate_events
from benchmarks.receiving import receive
from benchmarks.rooms import Ground, Hop, Room

COMMITS = 3
PAUSE_SECONDS = 0.03
MOST_MS = {0.5: 40, 0.99: 150}

Write = Callable[[dict[str, Any]], Awaitable[float]]
"""Hand over an event; when (seconds of `perf_counter`) its journey began."""


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    count = 60 if quick else 300
    async with ground.room() as room, begin(room, 1) as journey:
        served, body = await _serve(journey, journey.post, count)
    async with ground.room() as room:
        bare = await _chain(room, count, body, begins_in_log=False)
    figures = list(_figures("accepted → received", served, bare, of_ratio=True))
    if ground.mode == "distributed":
        figures += await _from_kafka(ground, count, body)
    return figures


async def _from_kafka(ground: Ground, count: int, body: bytes) -> list[Figure]:
    async with ground.room() as room:
        bare = await _chain(room, count, body, begins_in_log=True)
    figures: list[Figure] = []
    for named, layout in (("one process", ALL), ("a process a role", ONE_EACH)):
        async with (
            ground.room() as room,
            begin(room, 1, layout) as journey,
            _producing(room) as write,
        ):
            served, _ = await _serve(journey, write, count)
        figures += _figures(f"on Kafka → received, {named}", served, bare, of_ratio=False)
    return figures


def _figures(
    name: str, served: list[float], bare: list[float], *, of_ratio: bool
) -> Iterator[Figure]:
    """The median may be at most twice the bare chain's, or as many milliseconds as stated."""
    for share, most in MOST_MS.items():
        value, chain = percentile(served, share) * 1e3, percentile(bare, share) * 1e3
        yield Figure(
            name=f"{name}, p{share * 100:.0f}",
            value=value,
            unit="ms",
            baseline=chain,
            at_most=None if of_ratio else max(most, 2 * chain),
            ratio_at_most=2 if of_ratio and share == 0.5 else None,
        )


async def _serve(journey: Journey, write: Write, count: int) -> tuple[list[float], bytes]:
    begun = {}
    for place, event in enumerate(rate_events(count, count), start=1):
        begun[event["id"]] = await write(event)
        await journey.arrivals.wait_for(place)
        await asyncio.sleep(PAUSE_SECONDS)
    received = journey.received()
    return [received[name] - at for name, at in begun.items()], journey.arrivals.bodies[-1]


@asynccontextmanager
async def _producing(room: Room) -> Any:
    """A producer that is not ours, on the topic that the service reads."""
    async with AIOKafkaProducer(bootstrap_servers=room.kafka, acks="all") as producer:  # type: ignore[attr-defined]  # a room of servers
        await producer.partitions_for(room.topic)  # type: ignore[attr-defined]

        async def write(event: dict[str, Any]) -> float:
            at = time.perf_counter()
            key = f"measure:{event['data']['measure']}".encode()
            await producer.send_and_wait(room.topic, json.dumps(event).encode(), key)  # type: ignore[attr-defined]
            return at

        yield write


async def _chain(room: Room, count: int, body: bytes, *, begins_in_log: bool) -> list[float]:
    seconds: list[float] = []
    async with AsyncExitStack() as stack:
        arrivals, hook = await stack.enter_async_context(receive())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        commit = await stack.enter_async_context(room.committing())
        hop = await stack.enter_async_context(room.logging()) if begins_in_log else _nowhere
        for place in range(count):
            since = time.perf_counter()
            await hop(body)
            await _commit(commit, body)
            async with session.post(f"{hook}/hook", data=body) as answer:
                await answer.read()
            seconds.append(arrivals.at[place] - since)
            await asyncio.sleep(PAUSE_SECONDS)
    return seconds


async def _nowhere(_body: bytes) -> None:
    """It is there already."""


async def _commit(commit: Hop, body: bytes) -> None:
    for _ in range(COMMITS):
        await commit(body)
