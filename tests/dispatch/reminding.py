"""Time, as far as a test needs it: a clock that is set, a keeper that ticks, a consumer behind."""

from datetime import timedelta

from sqlalchemy import select

from consumers.consumer import Consumer
from service.core.change import read_change
from service.dispatch.plan import Planner
from service.dispatch.remind import Timekeeper
from service.log import Batch, Record
from service.store.arrivals.outbox import drop, oldest
from service.store.arrivals.progress import find_bookmark
from service.store.reminders.tables import Reminder
from service.store.standings.tables import Change, Event
from service.telemetry import Metrics
from tests.books import rows, silent, write

LATE = timedelta(hours=72)


class Time:
    """Everything between an event and a change, by hand; `clock.now` is set as a test likes."""

    def __init__(self, db, log, clock):
        self.db, self.clock, self.log = db, clock, log
        self.restart()

    def restart(self):
        """As after a kill: nothing is remembered but what the books hold."""
        self.consumer = Consumer(self.db, self.log, self.clock, Metrics(), silent)
        self.keeper = Timekeeper(self.db, self.clock, LATE, silent)

    def set(self, instant):
        self.clock.now = instant

    async def send(self, *events):
        """Accepted and folded now."""
        await self._take([write(one).value for one in events])

    async def tick(self, times=1):
        """Put on the log what is due, as often, and fold what is on the log."""
        for _ in range(times):
            await self.keeper.tick()
        await self.drain()

    async def drain(self, *, twice=False):
        """What the publisher does; `twice`: it died before it could forget."""
        async with self.db.write() as session:
            found = await oldest(session, "tariffs", 10_000)
            await drop(session, [number for number, _ in found])
        for _ in range(2 if twice else 1):
            await self._take([record.value for _, record in found])

    async def _take(self, values):
        async with self.db.read() as session:
            place = await find_bookmark(session, "tariffs", 0)
        since = place.next if place else 0
        records = tuple(
            Record(None, value, (), number, self.clock())
            for number, value in enumerate(values, since)
        )
        if records:
            end = since + len(records)
            assert await self.consumer.take(Batch("tariffs", 0, since, end, records))

    async def changes(self):
        """All that time brought, in its order."""
        found = [
            read_change(body) for (body,) in await rows(self.db, Change, "body", order="number")
        ]
        return [one for one in found if one.is_of_clock]

    async def told(self):
        """(kind, lead, instant) of each."""
        return [
            (one.kinds[-1] if one.lead else one.headline, one.lead, one.effective_at.at)
            for one in await self.changes()
        ]

    async def ended(self):
        """(outcome, reason) of each of the clock's events."""
        wanted = select(Event.outcome, Event.reason).where(Event.type == "tariff.clock")
        async with self.db.read() as session:
            return [tuple(row) for row in await session.execute(wanted.order_by(Event.number))]

    async def waiting(self):
        """(turn, instant) of each reminder."""
        return sorted(await rows(self.db, Reminder, "turn", "at"))

    async def plan(self):
        """Deliveries for whoever subscribes."""
        planner = Planner(self.db, self.clock, Metrics(), silent)
        while await planner.step():
            pass
