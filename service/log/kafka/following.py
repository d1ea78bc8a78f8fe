"""Batches out: one member of the consumer group, which goes on at the reader's own bookmark."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import (
    CorruptRecordException,
    GroupAuthorizationFailedError,
    IllegalStateError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from aiokafka.structs import ConsumerRecord, TopicPartition

from service.log import Batch, Bookmark, LogUnavailable
from service.log.kafka.connection import (
    AWAY,
    FITTING,
    decode,
    make_consumer,
    release_consumer,
    start,
)
from service.log.kafka.desk import Desk
from service.log.kafka.keeping import Keeper
from service.log.kafka.lenient import fetch_leniently
from service.log.kafka.placing import Placing

IDLE = 500  # milliseconds of a poll that finds nothing
REST = 0.3  # seconds between two attempts to reach a broker
REFUSED = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    CorruptRecordException,
)
Found = Mapping[TopicPartition, Sequence[ConsumerRecord]]

log = structlog.get_logger()


class Follower:
    """The members of a group share its partitions; where each is read on, the bookmark says.

    Nothing is done in aiokafka's rebalance callbacks: it swallows what fails there. Instead each
    poll looks whether the assignment is still the one whose places were found. Until they are
    found aiokafka may read ahead from what the group committed; such records are never handed
    out, and the seek to the place drops them.
    """

    def __init__(self, desk: Desk, topics: Collection[str], bookmark: Bookmark, limit: int) -> None:
        self._desk = desk
        self._address = desk.address
        self._topics = [self._address.topic(topic) for topic in topics]
        self._limit = limit
        self._placing = Placing(desk, self._topics, bookmark)
        self._consumer: AIOKafkaConsumer | None = None
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._places: dict[TopicPartition, int] = {}
        self._closing = asyncio.get_running_loop().create_future()
        self._unreadable = self._away = False

    async def batches(self) -> AsyncGenerator[Batch, bool | None]:
        """Until closed."""
        try:
            while not self._closing.done():
                for place, records in (await self._until_closing(self._poll())).items():
                    batch = await self._find_batch(place, records)
                    if batch is None:
                        continue
                    keeper = Keeper(self._consumer, self._address.max_poll_interval_ms / 3000)
                    try:
                        overtaken = (yield batch) is False
                    finally:
                        kept = await keeper.finish()
                    self._move_on(batch, place, overtaken=overtaken)
                    if not kept:
                        await self._leave()
        finally:
            await self.close()

    @property
    def assigned(self) -> Collection[TopicPartition]:
        """What the group gave to this member when it last looked."""
        return self._assigned if self._consumer else ()

    def end(self) -> None:
        """Let `batches` end."""
        if not self._closing.done():
            self._closing.set_result(None)

    async def close(self) -> None:
        """End, and leave the group."""
        self.end()
        await self._leave()

    async def commit(self, marks: Mapping[TopicPartition, tuple[int, str]]) -> set[TopicPartition]:
        """Commit those that are of partitions held here; which they are."""
        held = {place: mark for place, mark in marks.items() if place in self._places}
        if self._consumer and held:
            await self._consumer.commit(held)
        return set(held)

    async def _until_closing(self, polling: Awaitable[Found]) -> Found:
        """A poll is cut off only when its consumer will never be polled again."""
        task = asyncio.ensure_future(polling)
        try:
            await asyncio.wait({task, self._closing}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else {}
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _poll(self) -> Found:
        """What was found, if anything; or what stood in the way was seen to."""
        consumer = self._consumer or await self._join()
        if consumer is None or not await self._find_places(consumer):
            return {}
        try:
            return await self._take(consumer)
        except (OffsetOutOfRangeError, NoOffsetForPartitionError):
            self._places.clear()  # asked anew: the bookmark then says what is wrong
        except UnicodeDecodeError:
            self._unreadable = True
        except IllegalStateError:
            pass  # the partition was taken from us just now
        except REFUSED as error:
            raise LogUnavailable(f"{self._address} refuses to be read: {error}") from error
        except AWAY as error:
            await self._pause(error)
            await self._leave()
        return {}

    async def _take(self, consumer: AIOKafkaConsumer) -> Found:
        """Each partition in turn; when none has anything at hand, wait for the first."""
        if self._unreadable:
            return await self._take_leniently(consumer)
        for place in list(self._places):
            self._places[place] = self._places.pop(place)  # to the end of the queue
            found: Found = await consumer.getmany(place, timeout_ms=0, max_records=self._limit)
            if found:
                return found
        found = await consumer.getmany(timeout_ms=IDLE, max_records=self._limit)
        return found or await self._find_holes(consumer)

    async def _take_leniently(self, consumer: AIOKafkaConsumer) -> Found:
        """Past what aiokafka cannot read; from our places, as its own may have moved on."""
        found: dict[TopicPartition, Sequence[ConsumerRecord]] = {}
        for place, offset in self._places.items():
            found[place], after = await fetch_leniently(consumer, place, offset, self._limit)
            consumer.seek(place, after)
        self._unreadable = False
        return {place: records for place, records in found.items() if records}

    async def _find_holes(self, consumer: AIOKafkaConsumer) -> Found:
        """Partitions whose end holds no records but the marks of transactions."""
        if consumer.assignment() is not self._assigned:
            return {}
        positions = {place: await consumer.position(place) for place in self._places}
        return {place: [] for place, since in self._places.items() if positions[place] > since}

    async def _find_batch(
        self, place: TopicPartition, records: Sequence[ConsumerRecord]
    ) -> Batch | None:
        """None if the partition is no longer ours, or its place not known: then it is stale."""
        consumer, since = self._consumer, self._places.get(place)
        if consumer is None or since is None or consumer.assignment() is not self._assigned:
            return None
        return Batch(
            self._address.plain(place.topic),
            place.partition,
            since,
            await consumer.position(place),
            tuple(map(decode, records)),
        )

    def _move_on(self, batch: Batch, place: TopicPartition, *, overtaken: bool) -> None:
        if overtaken:
            self._places.pop(place, None)  # asked and sought again at the next poll
        elif place in self._places:
            self._places[place] = batch.next

    async def _find_places(self, consumer: AIOKafkaConsumer) -> bool:
        """Whether the reader may be given anything: every partition stands where it should."""
        # aiokafka makes a new set at each assignment, so the object tells one from the next.
        if consumer.assignment() is not self._assigned:
            self._assigned = consumer.assignment()
            self._places.clear()
        missing = self._assigned - self._places.keys()
        if not missing:
            return True
        try:
            found = await self._placing.find(consumer, missing)
        except LogUnavailable as error:
            await self._pause(error)
            return False
        if consumer.assignment() is not self._assigned:
            return False
        for place, offset in found.items():
            consumer.seek(place, offset)
        self._places |= found
        return True

    async def _join(self) -> AIOKafkaConsumer | None:
        """Become a member; None where that must be tried again."""
        consumer = self._make()
        try:
            await self._placing.check_topics()
            consumer.subscribe(topics=self._topics)
            await start(self._address, consumer)
        except REFUSED as error:
            await release_consumer(consumer)
            raise LogUnavailable(f"{self._address} refuses to be read: {error}") from error
        except (LogUnavailable, *AWAY) as error:
            await release_consumer(consumer)
            await self._pause(error)
            return None
        except BaseException:
            await release_consumer(consumer)
            raise
        if self._away:
            log.info("the log can be read again", log=str(self._address))
        self._away = False
        self._consumer, self._assigned = consumer, frozenset()
        self._places.clear()
        return consumer

    def _make(self) -> AIOKafkaConsumer:
        session = self._address.session_timeout_ms
        return make_consumer(
            self._address,
            group_id=self._address.group,
            session_timeout_ms=session,
            heartbeat_interval_ms=min(session // 4, 3_000),
            rebalance_timeout_ms=30_000,
            max_poll_interval_ms=self._address.max_poll_interval_ms,
            request_timeout_ms=15_000,
            metadata_max_age_ms=5_000,  # a partition that was added is seen within this
            fetch_max_wait_ms=100,  # a partition that is drained waits so long for the others
            max_partition_fetch_bytes=FITTING + 65_536,
            fetch_max_bytes=2 * FITTING,
        )

    async def _pause(self, error: BaseException) -> None:
        if not self._away:
            log.warning("the log cannot be read now", log=str(self._address), error=str(error))
        self._away = True
        await asyncio.sleep(REST)

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._places.clear()
        if consumer:
            await release_consumer(consumer)
