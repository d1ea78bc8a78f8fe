"""`KafkaLog`: the pieces put together under the `Log` protocol."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from weakref import WeakSet

from aiokafka.structs import TopicPartition

from service.log import Batch, Bookmark, LogUnavailable, Mark, Publisher, Record
from service.log.kafka import topics
from service.log.kafka.address import Address, read_address
from service.log.kafka.appending import Appender
from service.log.kafka.connection import encode, retrieve
from service.log.kafka.desk import Desk
from service.log.kafka.following import Follower
from service.log.kafka.marking import Marker
from service.log.kafka.publishing import find_position, open_publisher

AGAIN = 1.0  # seconds between two attempts to learn who the log is


def open_kafka(url: str) -> AbstractAsyncContextManager["KafkaLog"]:
    """Read the URL now, so that what is wrong with it is said at once; connect when needed."""
    return _open(read_address(url))


@asynccontextmanager
async def _open(address: Address) -> AsyncIterator["KafkaLog"]:
    log = KafkaLog(address)
    try:
        yield log
    finally:
        await log.close()


class KafkaLog:
    """Nothing connects before it is needed, and nothing waits for a broker without a bound."""

    def __init__(self, address: Address) -> None:
        """Must be called on the loop."""
        self._address = address
        self._desk = Desk(address)
        self._appender = Appender(address)
        self._followers: WeakSet[Follower] = WeakSet()
        self._marker = Marker(self._desk, self._followers)
        self._calls: set[asyncio.Task[None]] = set()
        self._closed = False
        self._introducing = asyncio.create_task(self._introduce())

    @property
    def id(self) -> str:
        """`<cluster>/<random word>`, read from the topic `identity`."""
        if self._desk.identity is None:
            raise LogUnavailable(
                f"{self._address} has not been reached yet, or was never prepared:"
                " its identity is not known."
            )
        return self._desk.identity

    async def close(self) -> None:
        """Refuse new calls, finish those in flight, leave the group."""
        self._closed = True
        self._introducing.cancel()
        await asyncio.wait({self._introducing})
        if self._calls:
            await asyncio.wait(self._calls)
        await self._marker.close()
        await asyncio.gather(*(follower.close() for follower in list(self._followers)))
        await asyncio.gather(self._appender.close(), self._desk.close())

    async def prepare(self) -> Sequence[str]:
        """Make and check the topics, within 20 s; harmless when several do so at once."""
        self._refuse_when_closed()
        return await topics.prepare(self._desk)

    async def append(self, topic: str, records: Sequence[Record]) -> None:
        """Durable on all replicas in sync when it returns."""
        self._refuse_when_closed()
        if records:
            call = asyncio.create_task(self._appender.append(topic, encode(records)))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            call.add_done_callback(retrieve)  # its caller may have given up
            await asyncio.shield(call)

    def follow(
        self, topics: Collection[str], bookmark: Bookmark, *, limit: int = 500
    ) -> AsyncGenerator[Batch, bool | None]:
        """As one member of the group: other followers, here or elsewhere, have the other parts.

        A batch without records moves the bookmark past the marks of foreign transactions.
        """
        follower = Follower(self._desk, topics, bookmark, limit)
        if self._closed:
            follower.end()
        self._followers.add(follower)
        return follower.batches()

    async def ends(self, topic: str) -> Mapping[int, int]:
        """Past the last committed record of each partition."""
        self._refuse_when_closed()
        async with self._desk.ask(f"the ends of {topic} could not be read"):
            ends = await self._desk.ends(await self._desk.places(topic))
        return {place.partition: end for place, end in ends.items()}

    async def starts(self, topic: str) -> Mapping[int, int]:
        """The oldest record of each partition, or its end."""
        self._refuse_when_closed()
        async with self._desk.ask(f"the starts of {topic} could not be read"):
            starts = await self._desk.starts(await self._desk.places(topic))
        return {place.partition: start for place, start in starts.items()}

    def followed(self) -> Collection[tuple[str, int]]:
        """What the group has given to the followers here."""
        plain = self._address.plain
        return {
            (plain(place.topic), place.partition)
            for follower in self._followers
            for place in follower.assigned
        }

    def publisher(self, topic: str) -> AbstractAsyncContextManager[Publisher]:
        """By a fixed transactional id: entering bumps its epoch, which fences the one before."""
        return open_publisher(self._desk, topic)

    async def published(self, topic: str) -> int:
        """What the last transaction said, in the group of publishers."""
        self._refuse_when_closed()
        return await find_position(self._desk, topic)

    async def mark(self, deployment: str, places: Mapping[tuple[str, int], int]) -> None:
        """As what the consumer group committed, with the deployment as its remark."""
        if not self._closed:
            self._marker.note(deployment, places)

    async def marks(self) -> Mapping[tuple[str, int], Mark]:
        """What the group committed."""
        self._refuse_when_closed()
        return await self._marker.find()

    async def retain(self, before: datetime, floors: Mapping[tuple[str, int], int]) -> int:
        """Delete up to the floor or the instant, whichever is lower; the count is of offsets."""
        self._refuse_when_closed()
        held = {
            TopicPartition(self._address.topic(plain), partition): floor
            for (plain, partition), floor in floors.items()
        }
        if not held:
            return 0
        async with self._desk.ask("old records could not be dropped"):
            starts, ends = await self._desk.starts(held), await self._desk.ends(held)
            young = await self._desk.since(held, before.timestamp())
            until = {}
            for place, floor in held.items():
                first = young[place]
                ceiling = min(floor, ends[place] if first is None else first)
                if ceiling > starts[place]:
                    until[place] = ceiling
            await self._desk.delete(until)
        return sum(ceiling - starts[place] for place, ceiling in until.items())

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise LogUnavailable(f"The log {self._address} is closed: nothing was done.")

    async def _introduce(self) -> None:
        """Learn who the log is as soon as it can be reached."""
        while self._desk.identity is None:
            with suppress(LogUnavailable):
                await topics.find_identity(self._desk)
            await asyncio.sleep(AGAIN)
