"""What leaves through the log: the API's outbox, and changes for readers outside.

Any number of processes may try; a lease has one of them work while the others stand by. The lease
saves work only. That a change is published once rests on the log, which takes records and position
together from its latest publisher; an event may reach the log twice, and has its effect once.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import partial
from math import inf

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.message.brief import in_brief
from service.crash import passing
from service.log import CHANGES, TOPICS, Fenced, Log, LogError, Publisher, Record
from service.store.arrivals.outbox import drop, oldest, oldest_at
from service.store.database import Database, DatabaseUnavailable
from service.store.leases import give_up, lease
from service.store.plans.publishing import (
    changes_after,
    find_published,
    note_published,
    pass_published,
)
from service.store.standings.changes import Recorded

LEASE = "publish"
SECONDS = 5.0
EVENTS = 500
"""Of the outbox at a time."""
CHANGES_AT_ONCE = 200
PARTING_SECONDS = 2.0
NOTES = 60.0
"""Seconds between two notes of how far changes are published."""
BREATH = 25
"""So many are written before others on the loop have their turn: 100 µs each."""
HEADERS = (("content-type", b"application/cloudevents+json"),)

log = structlog.get_logger()


class Courier:
    """`step` raises what is away for the caller to wait out; `close` hands over to others.

    `has_more`: whether the last step left something that it could have taken.
    """

    def __init__(
        self,
        db: Database,
        events: Log,
        clock: Callable[[], datetime],
        deployment: str,
        holder: str | None = None,
    ) -> None:
        self._db = db
        self._log = events
        self._clock = clock
        self._source = f"urn:tariffwire:{deployment}"
        self._holder = holder or secrets.token_hex(8)
        self._asked_at: datetime | None = None
        self._is_ours = False
        self._publisher: Publisher | None = None
        self._position = 0
        self._noted = 0
        self._noted_at = -inf
        self.has_more = False
        self._open = AsyncExitStack()

    async def step(self) -> bool:
        """One page of each topic's outbox and one of changes. False: nothing waits, or not ours."""
        if not await self._is_on_duty():
            await self._leave()
            return False
        try:
            drained = self.has_more = await self._drain()
            published = await self._publish()
        except Fenced:
            log.warning("another process publishes; this one stands by")
            self._asked_at = None  # whose the lease is now is asked before anything else
            await self._leave()
            return False
        except (LogError, DatabaseUnavailable):
            await self._leave()  # whether it landed is known once the position is read again
            raise
        return drained or published

    async def close(self) -> None:
        """Let another process take over at once."""
        await self._leave()
        if self._is_ours:
            with suppress(DatabaseUnavailable, TimeoutError):  # then it runs out by itself
                async with asyncio.timeout(PARTING_SECONDS):
                    await self._db.run_write(partial(give_up, name=LEASE, holder=self._holder))
                    await self._note()
        self._is_ours, self._asked_at = False, None

    async def _is_on_duty(self) -> bool:
        """Whether the lease is ours; asked again after a third of it, or when the clock jumped."""
        now = self._clock()
        since = abs((now - self._asked_at).total_seconds()) if self._asked_at else SECONDS
        if since >= SECONDS / 3:
            self._is_ours = await self._db.run_write(self._renew)
            self._asked_at = now
        return self._is_ours

    async def _renew(self, session: AsyncSession) -> bool:
        return await lease(session, LEASE, self._holder, self._clock(), SECONDS)

    # The outbox

    async def _drain(self) -> bool:
        if await self._db.run_read(oldest_at) is None:
            return False
        moved = [await self._move_page(topic) for topic in TOPICS]
        return any(moved)

    async def _move_page(self, topic: str) -> bool:
        """Into the log first: a crash between the two makes a repeat, never a loss."""
        page = await self._db.run_write(partial(oldest, topic=topic, limit=EVENTS))
        if not page:
            return False
        passing("publish.append.before")
        await self._log.append(topic, [record for _, record in page])
        passing("publish.append.after")
        numbers = [number for number, _ in page]
        self._is_ours = await self._db.run_write(partial(self._forget, numbers), name="publish")
        log.info("sent from the outbox", topic=topic, events=len(page))
        return self._is_ours

    async def _forget(self, numbers: list[int], session: AsyncSession) -> bool:
        """Only while the lease is ours: else another has sent them, and the numbers may be new."""
        if not await self._renew(session):
            return False
        await drop(session, numbers)
        return True

    # Changes

    async def _publish(self) -> bool:
        publisher = self._publisher or await self._enter()
        page = await self._db.run_read(
            partial(changes_after, number=self._position, limit=CHANGES_AT_ONCE)
        )
        if not page:
            if asyncio.get_running_loop().time() - self._noted_at >= NOTES:
                await self._note()
            return False
        records: list[Record] = []
        for one in page:
            records.append(self._write(one))
            if not len(records) % BREATH:
                await asyncio.sleep(0)
        passing("publish.changes.before")
        await publisher.publish(records, page[-1].number)
        passing("publish.changes.after")
        self._position = page[-1].number
        self.has_more |= len(page) == CHANGES_AT_ONCE
        return True

    async def _note(self) -> None:
        """For the day on which the log has forgotten it: now and then is enough."""
        if self._noted != self._position:
            note = partial(note_published, log_id=self._log.id, position=self._position)
            await self._db.run_write(note)
            self._noted = self._position
        self._noted_at = asyncio.get_running_loop().time()

    async def _enter(self) -> Publisher:
        """Become the one publisher, and go on where the last one ended."""
        publisher = await self._open.enter_async_context(self._log.publisher(CHANGES))
        self._position = publisher.position or await self._recall()
        await self._db.run_write(partial(pass_published, position=self._position))
        self._publisher = publisher
        return publisher

    async def _recall(self) -> int:
        """A broker forgets a position that stands unmoved for days; the topic shows that it did."""
        if not any((await self._log.ends(CHANGES)).values()):
            return 0
        return await self._db.run_read(partial(find_published, log_id=self._log.id))

    async def _leave(self) -> None:
        self._publisher = None
        with suppress(LogError):
            await self._open.aclose()

    def _write(self, one: Recorded) -> Record:
        """A structured CloudEvent; `data` is what GET /v1/changes gives."""
        change = one.change
        event = {
            "specversion": "1.0",
            "id": str(change.id),
            "source": self._source,
            "type": "tariffwire.change",
            "subject": change.subject,
            "time": one.recorded_at,
            "datacontenttype": "application/json",
            "sequence": str(one.number),
            "data": in_brief(change, one.number, one.recorded_at),
        }
        return Record(change.subject, orjson.dumps(event), HEADERS)
