"""Questions to the cluster: which topics there are, where they begin and end, who the log is."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaConnectionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from service.log import LogMisfit, LogUnavailable
from service.log.kafka.address import Address
from service.log.kafka.connection import (
    ANSWER,
    PARTING,
    answering,
    cut_off,
    make_consumer,
    release_consumer,
    shared,
    start,
)

REST = 0.2
"""Seconds between two questions to a cluster that is not ready for them."""
REMEDY = "Run `tariffwire migrate`, which makes the topics"


class Clients:
    """What asks the cluster. Let go of when the last question has ended, not under its feet."""

    def __init__(self, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer) -> None:
        self.admin, self.reader = admin, reader
        self._questions = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def used(self) -> Iterator[None]:
        """One question more."""
        self._questions += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._questions -= 1
            if not self._questions:
                self._idle.set()

    async def release(self) -> None:
        """What is asked now hears that there will be no answer; nothing stays open."""
        if self._questions:
            cut_off(self.admin)
            cut_off(self.reader)
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING):
                await self._idle.wait()
        await release_consumer(self.reader)
        await self.admin.close()


class Desk:
    """Two clients, made when first needed, and made anew after any failure."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.identity: str | None = None  # who the log was when it was last asked
        self._clients: Clients | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def close(self) -> None:
        """Let go of the clients; later questions are refused."""
        async with self._opening:  # what is being opened now would stay open
            self._closed = True
        await self._drop()

    @asynccontextmanager
    async def ask(self, doing: str, seconds: float = ANSWER) -> AsyncIterator["Desk"]:
        """Answered or refused within `seconds`."""
        try:
            async with answering(self.address, doing, seconds):
                with (await self._open()).used():
                    yield self
        except LogUnavailable:
            await self._drop()
            raise

    async def _open(self) -> Clients:
        async with self._opening:
            if self._closed:
                raise LogUnavailable(f"The log {self.address} is closed: nothing was done.")
            self._clients = self._clients or await self._start()
            return self._clients

    async def _start(self) -> Clients:
        admin = AIOKafkaAdminClient(**shared(self.address), request_timeout_ms=15_000)
        clients = Clients(admin, make_consumer(self.address, request_timeout_ms=15_000))
        try:
            await start(self.address, clients.admin)
            await start(self.address, clients.reader)
        except BaseException:
            await clients.release()
            raise
        return clients

    async def _drop(self) -> None:
        clients, self._clients = self._clients, None
        if clients:
            await clients.release()

    @property
    def admin(self) -> AIOKafkaAdminClient:
        """Within `ask` only; another question that failed meanwhile takes it away."""
        return self._held.admin

    @property
    def _reader(self) -> AIOKafkaConsumer:
        return self._held.reader

    @property
    def _held(self) -> Clients:
        if self._clients is None:
            raise KafkaConnectionError("the connection was given up meanwhile")
        return self._clients

    async def cluster_id(self) -> str:
        """What the cluster calls itself."""
        return str((await self.admin.describe_cluster())["cluster_id"])

    async def partitions(self, *topics: str) -> Mapping[str, list[int]]:
        """Cluster's topic name → its partitions; those that are missing are left out."""
        found = await self.admin.describe_topics(list(topics))
        return {
            one["topic"]: sorted(part["partition"] for part in one["partitions"])
            for one in found
            if not one["error_code"]
        }

    async def places(self, plain: str) -> list[TopicPartition]:
        """All partitions of one of our topics; `LogMisfit` where it is missing."""
        topic = self.address.topic(plain)
        found = await self.partitions(topic)
        if topic not in found:
            raise LogMisfit(f"{self.address} has no topic {topic}. {REMEDY}.")
        return [TopicPartition(topic, partition) for partition in found[topic]]

    async def starts(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The oldest offset that is kept."""
        found: Mapping[TopicPartition, int] = await self._reader.beginning_offsets(list(places))
        return found

    async def ends(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where a reader of what is committed has read everything."""
        found: Mapping[TopicPartition, int] = await self._reader.end_offsets(list(places))
        return found

    async def since(
        self, places: Collection[TopicPartition], at: float
    ) -> Mapping[TopicPartition, int | None]:
        """The first offset appended at or after the instant (seconds since 1970); None: none."""
        wanted = dict.fromkeys(places, max(int(at * 1000), 0))
        found: dict[TopicPartition, Any] = await self._reader.offsets_for_times(wanted)
        return {place: one and one.offset for place, one in found.items()}

    async def committed(self, group: str) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """What a group has committed, with its remarks."""
        while True:
            try:
                found: Mapping[TopicPartition, OffsetAndMetadata]
                found = await self.admin.list_consumer_group_offsets(group)
            except GroupCoordinatorNotAvailableError:  # being made, for the first group of all
                await asyncio.sleep(REST)
            else:
                return {place: one for place, one in found.items() if one.offset >= 0}

    async def delete(self, until: Mapping[TopicPartition, int]) -> None:
        """Drop what lies below."""
        await self.admin.delete_records(
            {place: RecordsToDelete(before_offset=offset) for place, offset in until.items()}
        )
