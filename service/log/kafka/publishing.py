"""Records and position in one transaction: whoever reads what is committed sees each once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from service.log import Fenced, LogError, LogUnavailable, Record
from service.log.kafka.appending import send_all, size_of, too_large
from service.log.kafka.connection import (
    ANSWER,
    AWAY,
    LARGEST,
    Wire,
    answering,
    encode,
    make_producer,
    release_producer,
    retrieve,
    start,
)
from service.log.kafka.desk import Desk

PER_RECORD = 1 / 5_000  # seconds more, for each record of a transaction
ABANDONED = 30_000  # milliseconds until the broker aborts the transaction of one who died


@asynccontextmanager
async def open_publisher(desk: Desk, plain: str) -> AsyncIterator["KafkaPublisher"]:
    """Fence off the one before, have its last transaction ended, then read how far it came."""
    address = desk.address
    producer = make_producer(
        address,
        transactional_id=f"{address.group}-publisher-{plain}",
        transaction_timeout_ms=ABANDONED,
    )
    publisher = None
    try:
        async with answering(address, f"{plain} cannot be published now", 2 * ANSWER):
            await start(address, producer)
        publisher = KafkaPublisher(desk, producer, plain)
        publisher.position = await find_position(desk, plain)
        yield publisher
    finally:
        if publisher:
            await publisher.finish()
        await release_producer(producer)


async def find_position(desk: Desk, plain: str) -> int:
    """From Kafka, where it stands with the records; 0 before the first."""
    place = TopicPartition(desk.address.topic(plain), 0)
    async with desk.ask(f"the position of {place.topic} could not be read"):
        await desk.places(plain)
        held = (await desk.committed(_group(desk))).get(place)
    return held.offset if held else 0


def _group(desk: Desk) -> str:
    return f"{desk.address.group}-publisher"


class KafkaPublisher:
    """Good until its first failure: then enter anew, which also tells what came of it."""

    def __init__(self, desk: Desk, producer: AIOKafkaProducer, plain: str) -> None:
        self.position = 0
        self._desk = desk
        self._address = desk.address
        self._producer = producer
        self._topic = desk.address.topic(plain)
        self._group = _group(desk)
        self._place = TopicPartition(self._topic, 0)
        self._running: asyncio.Task[None] | None = None
        self._spent: LogError | None = None

    async def publish(self, records: Sequence[Record], position: int) -> None:
        """One transaction. Who stops waiting for it does not stop it."""
        if self._spent:
            raise self._spent
        wires = encode(records)
        if any(size_of(one) > LARGEST for one in wires):
            raise LogError(too_large(self._topic))
        self._running = asyncio.create_task(self._publish(wires, position))
        self._running.add_done_callback(retrieve)
        await asyncio.shield(self._running)

    async def finish(self) -> None:
        """Let the transaction in hand come to its end, which is bounded."""
        if self._running:
            await asyncio.wait({self._running})

    async def _publish(self, wires: Sequence[Wire], position: int) -> None:
        seconds = ANSWER + len(wires) * PER_RECORD
        try:
            async with answering(self._address, "it is unknown what was published", seconds):
                await self._transact(wires, position)
        except LogUnavailable as error:
            self._spent = await self._explain(error)
            raise self._spent from error
        self.position = position

    async def _transact(self, wires: Sequence[Wire], position: int) -> None:
        producer = self._producer
        await producer.begin_transaction()
        await producer.send_offsets_to_transaction(
            {self._place: OffsetAndMetadata(position, "")}, self._group
        )
        await send_all(producer, self._topic, wires)
        await producer.commit_transaction()

    async def _explain(self, error: LogUnavailable) -> LogError:
        """Undo what can be undone, and say what happened."""
        cause = error.__cause__
        if isinstance(cause, ProducerFenced):
            return Fenced(
                f"Another publisher of {self._topic} has taken over;"
                " nothing of this call was written."
            )
        try:
            async with asyncio.timeout(ANSWER):
                await self._producer.abort_transaction()
        except AWAY:
            return error
        if isinstance(cause, MessageSizeTooLargeError):
            return LogError(too_large(self._topic))
        return LogUnavailable(f"{error} The transaction was undone.")
