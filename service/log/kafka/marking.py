"""How far the database has come, committed for the group, where every lag tool looks for it.

A member commits what it holds; what nobody holds can be committed from outside; the rest belongs
to another process, which commits it itself. Nothing of this is ever waited for or relied upon.
"""

import asyncio
from collections.abc import Iterable, Mapping

import structlog
from aiokafka.structs import TopicPartition

from service.log import LogUnavailable, Mark
from service.log.kafka.address import Address
from service.log.kafka.connection import answering, make_consumer, release_consumer, start
from service.log.kafka.desk import Desk
from service.log.kafka.following import Follower

LAZY = 1.0  # seconds: what is noted meanwhile goes in one commit

log = structlog.get_logger()


class Marker:
    """Keeps the latest marks, and commits them now and then."""

    def __init__(self, desk: Desk, followers: Iterable[Follower]) -> None:
        self._desk = desk
        self._followers = followers
        self._noted: dict[TopicPartition, tuple[int, str]] = {}
        self._later: asyncio.Task[None] | None = None

    def note(self, deployment: str, places: Mapping[tuple[str, int], int]) -> None:
        """To be committed within a second or so."""
        for (plain, partition), after in places.items():
            place = TopicPartition(self._desk.address.topic(plain), partition)
            self._noted[place] = (after, deployment)
        if self._noted and self._later is None:
            self._later = asyncio.create_task(self._commit_later())

    async def find(self) -> Mapping[tuple[str, int], Mark]:
        """What was committed last, what was noted just now included."""
        await self.commit()
        address = self._desk.address
        async with self._desk.ask("its marks could not be read"):
            found = await self._desk.committed(address.group)
        return {
            (address.plain(place.topic), place.partition): Mark(one.metadata, one.offset)
            for place, one in found.items()
        }

    async def close(self) -> None:
        """Commit what is left, if that can be done at once."""
        if self._later:
            self._later.cancel()
            await asyncio.wait({self._later})
        await self.commit()

    async def commit(self) -> None:
        """What was noted; a failure is told to nobody but the journal."""
        noted, self._noted = self._noted, {}
        try:
            async with answering(self._desk.address, "the marks could not be committed"):
                left = set(noted)
                for follower in self._followers:
                    left -= await follower.commit({place: noted[place] for place in left})
                if left:
                    await _commit_from_outside(
                        self._desk.address, {place: noted[place] for place in left}
                    )
        except LogUnavailable as error:
            log.debug("marks were not committed", error=str(error))

    async def _commit_later(self) -> None:
        await asyncio.sleep(LAZY)
        self._later = None
        await self.commit()


async def _commit_from_outside(
    address: Address, marks: Mapping[TopicPartition, tuple[int, str]]
) -> None:
    """The broker takes it while the group has no members, and refuses it otherwise."""
    consumer = make_consumer(address, group_id=address.group, request_timeout_ms=5_000)
    try:
        await start(address, consumer)
        consumer.assign(list(marks))
        consumer.pause(*marks)  # nothing is to be fetched
        await consumer.commit(dict(marks))
    finally:
        await release_consumer(consumer)
