"""From instants that have come to events on the log: the clock's part of the journey.

A page of reminders leaves its table and enters the outbox in one transaction, so that a kill
between the two neither loses nor doubles one. What the log gets twice all the same has one identity
and so its effect once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.clock import Plan, plan, renewed, write_tick
from service.core.event import Handling, Tick, Turn
from service.log import Record
from service.store.arrivals.outbox import put
from service.store.database import Database
from service.store.installation.remembered import recall, remember
from service.store.reminders.coming import Waiting, due_reminders, look_again
from service.store.reminders.leads import leads_in_use, note_leads, spread_leads
from service.store.reminders.renewing import Renewal, drop, held_reminders, renew
from service.store.spans import Span
from service.store.standings.histories import load_histories
from service.store.standings.subjects import MEASURES, list_subjects

TOPIC = "tariffs"
"""Beside the events whose dates they are: a subject's are read in one order, and no topic more."""
MADE = "reminders.made"
"""Remembered under this: up to which subject those of a former release have their reminders."""
ALL = "all"
SUBJECTS = 200
PAGE = 500


@dataclass(slots=True)
class Page:
    """What one transaction takes off the table."""

    records: list[Record] = field(default_factory=list)
    gone: list[Waiting] = field(default_factory=list)
    moved: list[tuple[Waiting, datetime]] = field(default_factory=list)
    is_full: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.gone or self.moved)


class Timekeeper:
    """`late` is how long after its instant nobody is alerted any more; `ring` wakes the publisher.

    Any number may work at once: they share the pages, and what both took is one event.
    """

    def __init__(
        self,
        db: Database,
        clock: Callable[[], datetime],
        late: timedelta,
        ring: Callable[[], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._late = late
        self._ring = ring

    async def tick(self) -> int:
        """All that is due now; how many events that made."""
        await self._make_missing()
        await self._note_leads()
        total = 0
        while True:
            page = await self._db.run_turn(self._take, self._write, name="clock")
            total += len(page.records)
            if page.records:
                self._ring()
            if not page.is_full:
                return total

    async def _take(self, session: AsyncSession) -> Page:
        now = self._clock()
        waiting = await due_reminders(session, now, PAGE)
        leads = await leads_in_use(session) if waiting else {}
        return self._plan(waiting, leads, now)

    def _plan(
        self, waiting: Sequence[Waiting], leads: Mapping[int, datetime], now: datetime
    ) -> Page:
        page = Page(is_full=len(waiting) == PAGE)
        for one in sorted(waiting, key=lambda one: one.at):  # as it comes, so it is told
            planned = plan(one.at, one.since, now, leads, self._late)
            page.records += _write_records(one, planned)
            if planned.next_at is None:
                page.gone.append(one)
            else:
                page.moved.append((one, planned.next_at))
        return page

    async def _write(self, session: AsyncSession, page: Page) -> None:
        now = self._clock()
        await put(session, TOPIC, page.records, now)
        keys = ({"subject": one.subject, "turn": one.turn, "at": one.at} for one in page.gone)
        await drop(session, keys)
        await look_again(session, page.moved, now)

    async def _note_leads(self) -> None:
        """A lead time that is new counts for all reminders that are still ahead."""
        now = self._clock()
        if not await self._db.run_write(partial(note_leads, now=now)):
            return
        place: str | None = ""
        while place is not None:
            place = await self._db.run_write(partial(spread_leads, after=place, now=now))

    async def _make_missing(self) -> None:
        """Reminders of what an earlier release has recorded, page by page, once."""
        while await self._db.run_read(partial(recall, name=MADE)) != ALL:
            await self._db.run_write(self._make_page)

    async def _make_page(self, session: AsyncSession) -> None:
        place = await recall(session, MADE)
        subjects = await list_subjects(session, MEASURES, Span(place, SUBJECTS))
        if not subjects:
            await remember(session, {MADE: ALL})
            return
        now, keys = self._clock(), [one.key for one in subjects]
        histories = await load_histories(session, keys, {})
        held = await held_reminders(session, keys)
        renewals = [
            Renewal(key, *renewed(histories[key], held.get(key, frozenset()), now), since=now)
            for key in keys
        ]
        await renew(session, renewals)
        await remember(session, {MADE: keys[-1]})


def _write_records(one: Waiting, planned: Plan) -> list[Record]:
    """What is due of one reminder, the earliest first."""
    handling = Handling.HISTORY if planned.is_late else Handling(one.handling)
    told = [*planned.leads, *([None] if planned.has_come else [])]
    ticks = [Tick(subject=one.subject, turn=Turn(one.turn), at=one.at, lead=lead) for lead in told]
    return [Record(one.subject, write_tick(tick, handling)) for tick in ticks]
