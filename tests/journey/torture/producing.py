"""Producers that live through everything: each event again and again until it is acknowledged."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import httpx
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.journey.torture.patience import eventually
from tests.journey.torture.planning import Planned, Stock

LARGEST_BATCH = 5
REST = 0.4
"""Seconds between two batches of one producer, so that a fault meets a flow and no flood."""
AGAIN = 0.05
KAFKA_SECONDS = 5
HTTP_SECONDS = 20
LONGEST = 300
"""Seconds after which a producer has lost its patience, and the test with it."""


class Door(Protocol):
    """Where events are taken."""

    async def send(self, planned: Sequence[Planned]) -> None:
        """Returns once all of them are acknowledged, in this order, however long that takes."""

    async def close(self) -> None:
        """Nothing more will come."""


class HttpDoor:
    """`POST /v1/events`; only a 202 counts. What else is answered is kept in `refused`."""

    def __init__(self, url: str) -> None:
        self._api = httpx.AsyncClient(base_url=url, timeout=HTTP_SECONDS, trust_env=False)
        self.refused: list[httpx.Response] = []

    async def send(self, planned: Sequence[Planned]) -> None:
        await eventually(lambda: self._is_taken([one.event for one in planned]), LONGEST, AGAIN)

    async def _is_taken(self, events: Sequence[object]) -> bool:
        """A connection that breaks leaves open whether they were taken."""
        try:
            answer = await self._api.post("/v1/events", json=events)
        except httpx.TransportError:
            return False
        if answer.status_code == 202:
            return True
        assert answer.status_code >= 500, answer.text
        self.refused.append(answer)
        return False

    async def close(self) -> None:
        await self._api.aclose()


class KafkaDoor:
    """A producer that is not ours writes to the topic; only what all replicas hold counts."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None

    async def send(self, planned: Sequence[Planned]) -> None:
        rest = list(planned)
        while rest:
            try:
                async with asyncio.timeout(KAFKA_SECONDS):
                    await self._write(rest[0])
            except (KafkaError, OSError, TimeoutError):
                await self.close()  # it may hang on what it could not write: begin anew
                await asyncio.sleep(AGAIN)
            else:
                rest.pop(0)

    async def _write(self, one: Planned) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap, acks="all", request_timeout_ms=2000
            )
            await self._producer.start()
        value = orjson.dumps(one.event)
        await self._producer.send_and_wait(self._topic, value, key=one.subject.encode())

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await producer.stop()


class Flow:
    """What was acknowledged so far, by event id, in the order of the acknowledgements."""

    def __init__(self, doors: Sequence[Door], seed: int, measures: int) -> None:
        self.acknowledged: dict[str, Planned] = {}
        self.doors = doors
        self._stocks = [Stock(range(share, measures, len(doors))) for share in range(len(doors))]
        self._chance = random.Random(seed)
        self._moved = asyncio.Condition()
        self._is_open = False

    @asynccontextmanager
    async def running(self, rest: float = REST) -> AsyncIterator["Flow"]:
        """Events come for as long as the block lasts; what is begun is acknowledged."""
        self._is_open = True
        async with asyncio.TaskGroup() as group:
            for door, stock in zip(self.doors, self._stocks, strict=True):
                group.create_task(self._produce(door, stock, rest))
            try:
                yield self
            finally:
                self._is_open = False

    async def _produce(self, door: Door, stock: Stock, rest: float) -> None:
        while self._is_open:
            planned = stock.take(self._chance.randint(1, LARGEST_BATCH))
            await door.send(planned)
            async with self._moved:
                self.acknowledged |= {one.id: one for one in planned}
                self._moved.notify_all()
            await asyncio.sleep(rest)

    async def reach(self, count: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted = len(self.acknowledged) + count
        async with self._moved:
            await self._moved.wait_for(lambda: len(self.acknowledged) >= wanted)

    async def close(self) -> None:
        for door in self.doors:
            await door.close()
