"""Records in: one producer for all, made anew after any failure."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from service.log import LogError, LogUnavailable
from service.log.kafka.address import Address
from service.log.kafka.connection import (
    LARGEST,
    Wire,
    answering,
    make_producer,
    release_producer,
    retrieve,
    start,
)

APPENDING = 2.0  # seconds that an append may take …
PER_RECORD = 1 / 1_000  # … and more for each of its records


class Appender:
    """Whatever fails an append fails the producer too.

    An idempotent producer counts what it sends. Past a batch that the broker refused, or whose
    fate is not known, the count no longer fits and every later batch is refused; and what it
    could not send it would go on sending for ever.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._producer: AIOKafkaProducer | None = None
        self._starting: asyncio.Task[AIOKafkaProducer] | None = None
        self._parting: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Send nothing more. The appends in flight have ended, one way or the other."""
        if self._starting:
            await asyncio.wait({self._starting})
        self._part(self._producer)
        if self._parting:
            await asyncio.wait(self._parting)

    async def append(self, plain: str, records: Sequence[Wire]) -> None:
        """Acknowledged by all replicas when it returns; else `LogUnavailable`, in time."""
        topic, producer = self._address.topic(plain), None
        if any(size_of(one) > LARGEST for one in records):
            raise LogError(too_large(topic))  # before any of them is sent
        try:
            seconds = APPENDING + len(records) * PER_RECORD
            async with answering(self._address, "nothing was acknowledged", seconds):
                producer = await self._ready()
                await send_all(producer, topic, records)
        except LogUnavailable as error:
            if producer is self._producer:
                self._producer = None
                self._part(producer)
            if isinstance(error.__cause__, MessageSizeTooLargeError):
                raise LogError(too_large(topic)) from error
            raise

    async def _ready(self) -> AIOKafkaProducer:
        """Started once, however many wait for it; who stops waiting does not stop it."""
        if self._producer:
            return self._producer
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(retrieve)
        return await asyncio.shield(self._starting)

    async def _start(self) -> AIOKafkaProducer:
        producer = make_producer(self._address)
        try:
            async with asyncio.timeout(APPENDING):
                await start(self._address, producer)
        except BaseException:
            self._part(producer)
            raise
        else:
            self._producer = producer
        finally:
            self._starting = None
        return producer

    def _part(self, producer: AIOKafkaProducer | None) -> None:
        if producer:
            parting = asyncio.create_task(release_producer(producer))
            self._parting.add(parting)
            parting.add_done_callback(self._parting.discard)


async def send_all(producer: AIOKafkaProducer, topic: str, records: Sequence[Wire]) -> None:
    """Fill the producer's batches first, then wait: one by one is twenty times slower."""
    acknowledged: list[asyncio.Future[object]] = []
    try:
        for key, value, headers in records:
            acknowledged.append(await producer.send(topic, value, key, headers=headers))
        await asyncio.gather(*acknowledged)
    finally:
        for one in acknowledged:
            one.cancel()  # of those that are not done, nobody will ask


def size_of(one: Wire) -> int:
    """Bytes, about: what frames a record is a few dozen more."""
    key, value, headers = one
    return len(key or b"") + len(value) + sum(len(name) * 4 + len(held) for name, held in headers)


def too_large(topic: str) -> str:
    """Whose limit it was is not told apart: the client's, or the topic's `max.message.bytes`."""
    return (
        f"A record is too large for {topic}: at most {LARGEST} bytes,"
        " or what the topic's max.message.bytes allows. Nothing of this call was acknowledged."
    )
