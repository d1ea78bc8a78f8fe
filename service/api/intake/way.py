"""Where accepted events become durable: in the log, or, while that is away, in the outbox.

Once a topic has gone through the outbox, all that follows joins it until it is empty: in the log
the events of one process then stand in the order in which they were accepted.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import Desk
from service.api.problems import Unavailable
from service.crash import passing
from service.log import TOPICS, LogUnavailable, Record
from service.store.arrivals.outbox import count_waiting, put

LOOKS = 0.25
"""Seconds between two looks at how full the outbox is."""
RETRY_AFTER = {"Retry-After": "5"}


class Way:
    """Of one process; it may begin with an outbox that a former life has filled."""

    def __init__(self, desk: Desk) -> None:
        """Every topic is looked up once before its first event goes to the log."""
        self._desk = desk
        self._detoured = set(TOPICS)
        self._waiting: dict[str, int] = {}
        self._putting = self._puts = 0
        self._looked_at = float("-inf")

    async def append(self, topic: str, records: Sequence[Record]) -> None:
        """Durable when it returns; `Unavailable` when nothing was taken."""
        is_detour = topic in self._detoured and not await self._is_clear(topic)
        if is_detour or not await self._desk.owns_log():
            self._detoured.add(topic)
            await self._put(topic, records)
            return
        try:
            passing("accept.append.before")
            await self._desk.log.append(topic, records)
            passing("accept.append.after")
        except LogUnavailable:
            # It may be in the log all the same: consumers tell a repeat by its identity.
            self._detoured.add(topic)
            await self._put(topic, records)

    async def _is_clear(self, topic: str) -> bool:
        """Whether the outbox has nothing of this topic, and nothing on its way into it."""
        await self._look()
        if self._putting or self._waiting.get(topic):
            return False
        self._detoured.discard(topic)
        return True

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < LOOKS:
            return
        puts = self._puts
        async with self._desk.db.read() as session:
            waiting = dict(await count_waiting(session))
        if self._puts == puts:  # else it may have been counted before what was put meanwhile
            self._waiting, self._looked_at = waiting, now

    async def _put(self, topic: str, records: Sequence[Record]) -> None:
        await self._look()
        limit, waiting = self._desk.settings.outbox_limit, sum(self._waiting.values())
        if waiting + len(records) > limit:
            said = (
                f"the event log cannot be reached, and the outbox is full ({waiting:,} events wait,"
                f" it may hold {limit:,}): nothing was accepted; send it again later"
            )
            raise Unavailable(said, headers=RETRY_AFTER)
        self._putting += 1
        self._puts += 1
        try:
            await self._desk.db.run_write(partial(self._write, topic, records), name="accept")
            self._waiting[topic] = self._waiting.get(topic, 0) + len(records)
        finally:
            self._puts += 1
            self._putting -= 1
        self._desk.wake_publisher()

    async def _write(self, topic: str, records: Sequence[Record], session: AsyncSession) -> None:
        await put(session, topic, records, self._desk.clock())
