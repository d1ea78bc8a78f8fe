"""Where each partition is read on: at the reader's bookmark, if that fits the log."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from service.log import Bookmark, LogError, LogMisfit, Position
from service.log.kafka.connection import answering
from service.log.kafka.desk import REMEDY, Desk
from service.log.kafka.topics import read_identity
from service.log.misfit import fit

BOOKMARK = 30.0  # seconds that a failing bookmark is asked again, before it stops the reader
SETTLING = 3.0  # seconds that a broker just restarted may need to know its ends again
REST = 0.3

log = structlog.get_logger()


class Placing:
    """Asks the bookmark, and holds it against the log."""

    def __init__(self, desk: Desk, topics: Sequence[str], bookmark: Bookmark) -> None:
        self._desk = desk
        self._topics = topics
        self._bookmark = bookmark

    async def check_topics(self) -> None:
        """`LogMisfit` where one is missing: aiokafka would wait for it without a word."""
        await read_identity(self._desk)
        async with self._desk.ask("its topics could not be listed"):
            there = await self._desk.partitions(*self._topics)
        missing = [topic for topic in self._topics if topic not in there]
        if missing:
            raise LogMisfit(f"{self._desk.address} has no topic {missing[0]}. {REMEDY}.")

    async def find(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Partition → the offset to read from."""
        log_id = await read_identity(self._desk)
        asked = {place: await self._ask(place) for place in sorted(partitions)}
        starts, ends = await self._measure(consumer, asked)
        deadline = asyncio.get_running_loop().time() + SETTLING
        while _is_short(asked, ends, log_id) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(REST)
            starts, ends = await self._measure(consumer, asked)
        return {
            place: starts[place]
            if held is None
            else fit(held, log_id, self._name(place), starts[place], ends[place])
            for place, held in asked.items()
        }

    async def _measure(
        self, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
    ) -> tuple[Mapping[TopicPartition, int], Mapping[TopicPartition, int]]:
        async with answering(self._desk.address, "its ends could not be read"):
            places = list(partitions)
            return await consumer.beginning_offsets(places), await consumer.end_offsets(places)

    async def _ask(self, place: TopicPartition) -> Position | None:
        """The bookmark's word. A database away for a moment costs neither place nor membership."""
        plain = self._desk.address.plain(place.topic)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BOOKMARK
        while True:
            try:
                return await self._bookmark(plain, place.partition)
            except LogError:
                raise
            except Exception as error:
                if loop.time() > deadline:
                    raise
                log.warning("the bookmark cannot be read now", error=str(error))
            await asyncio.sleep(REST)

    def _name(self, place: TopicPartition) -> str:
        address = self._desk.address
        return f"{address.plain(place.topic)}/{place.partition} of the log {address}"


def _is_short(
    asked: Mapping[TopicPartition, Position | None],
    ends: Mapping[TopicPartition, int],
    log_id: str,
) -> bool:
    """Whether a bookmark of this very log lies past its end."""
    return any(
        held is not None and held.log_id == log_id and held.next > ends[place]
        for place, held in asked.items()
    )
