"""Read a batch, fold it, write its effects and the bookmark in one transaction.

So each event has its effect once, through crashes, rebalances and zombies: whoever comes second
finds the bookmark moved, rolls back and asks again.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from consumers.arrival import Arrival, read_arrival
from consumers.folding import fold_batch
from consumers.ledger import Ledger, changed_histories
from consumers.marking import Marking
from consumers.patience import Patience, Tell
from service.core.change.derive import Outcome
from service.core.standing.history import History
from service.log import TOPICS, Batch, Log, Position
from service.store.arrivals.progress import Overtaken, find_bookmark, move_bookmark
from service.store.database import Database
from service.store.rows import Row
from service.store.standings.events import Outpaced
from service.telemetry import Metrics

__all__ = ["TOPICS", "Consumer", "Poisoned", "TooManyUnreadable"]

BATCH = 500
CACHED_ENTRIES = 200_000
WATCHED = 500
UNREADABLE_SHARE = 0.2
RIVALRIES = 3
"""How often a batch is taken when rivals write the same at that moment."""
SAID = 200
"""Characters of a reason that are said: it repeats what came in."""


log = structlog.get_logger()


class Poisoned(Exception):
    """A record cannot be folded by our own fault: mend the fault, or set the record aside."""


class TooManyUnreadable(Exception):
    """Past a fifth unreadable, the fault is ours: stop rather than quarantine a whole topic."""


class Consumer:
    """Folds what the log brings; `ring` wakes the planner after each commit that made changes.

    `deployment` signs the advisory marks it leaves in the log (none without). `tell` hears what it
    waits for while the database is away, and None once it goes on.
    """

    def __init__(  # noqa: PLR0913 - its parts
        self,
        db: Database,
        source: Log,
        clock: Callable[[], datetime],
        metrics: Metrics,
        ring: Callable[[], None],
        *,
        deployment: str = "",
        tell: Tell | None = None,
    ) -> None:
        self._db = db
        self._log = source
        self._clock = clock
        self._metrics = metrics
        self._ring = ring
        self._marking = Marking(source, deployment)
        self._patience = Patience(tell)
        self._cache = OrderedDict[str, History]()
        self._cached_entries = 0
        self._recent: deque[bool] = deque(maxlen=WATCHED)
        self.last_moved: float | None = None

    @property
    def trouble(self) -> str:
        """What it waits for; empty while it goes on."""
        return self._patience.trouble

    async def follow(self) -> None:
        """Until cancelled: take batch after batch, answering each."""
        follower: AsyncGenerator[Batch, bool | None] = self._log.follow(
            TOPICS, self._bookmark, limit=BATCH
        )
        try:
            async with aclosing(follower):
                batch = await anext(follower, None)
                while batch is not None:
                    applied = await self.take(batch)
                    try:
                        batch = await follower.asend(applied)
                    except StopAsyncIteration:
                        return
        finally:
            self._marking.stop()

    async def take(self, batch: Batch) -> bool:
        """Fold one batch. False: it was overtaken, and nothing was written."""
        arrivals = [read_arrival(record) for record in batch.records]
        self._watch(arrivals, batch)
        try:
            await self._take(batch, arrivals)
        except Overtaken:
            return False
        except Exception:
            if not arrivals:
                raise
            return await self._one_by_one(batch, arrivals)
        return True

    async def _one_by_one(self, batch: Batch, arrivals: Sequence[Arrival]) -> bool:
        """A failing batch again, event by event: the good ones commit, the bad one is named."""
        since = batch.since
        for arrival in arrivals:
            last = arrival is arrivals[-1]
            end = batch.next if last else arrival.record.offset + 1
            part = replace(batch, since=since, next=end, records=(arrival.record,))
            try:
                await self._take(part, [arrival])
            except Overtaken:
                return False
            except Exception as error:
                place = f"{batch.topic}/{batch.partition} offset {arrival.record.offset}"
                message = (
                    f"{place} cannot be folded: {error!r}. Report it; to go on without it: "
                    f"tariffwire quarantine {batch.topic} {batch.partition} {arrival.record.offset}"
                )
                raise Poisoned(message) from error
            since = end
        return True

    async def _take(self, batch: Batch, arrivals: Sequence[Arrival]) -> None:
        """Fold and commit; while the database is away, wait: the log keeps the records."""
        ledger = await self._patience.have(partial(self._apply, batch, arrivals))
        self._metrics.foreign_keys.inc(sum(arrival.is_foreign for arrival in arrivals))
        self._settle(ledger)
        self._marking.note(batch)
        self.last_moved = asyncio.get_running_loop().time()

    async def _apply(self, batch: Batch, arrivals: Sequence[Arrival]) -> Ledger:
        """One transaction; where a rival wrote the same meanwhile, again with what it wrote."""
        work = partial(self._fold, batch, arrivals)
        for _ in range(RIVALRIES - 1):
            try:
                return await self._db.run_write(work, "consume")
            except (Outpaced, IntegrityError):
                continue
        return await self._db.run_write(work, "consume")

    async def _fold(
        self, batch: Batch, arrivals: Sequence[Arrival], session: AsyncSession
    ) -> Ledger:
        await move_bookmark(session, batch, self._log.id)
        return await fold_batch(session, batch, arrivals, self._clock(), self._cache)

    def _settle(self, ledger: Ledger) -> None:
        """After the commit: remember the histories, count, wake the planner."""
        for key, history in changed_histories(ledger).items():
            former = self._cache.pop(key, None)
            self._cached_entries += history.size - (former.size if former else 0)
            self._cache[key] = history
        while self._cached_entries > CACHED_ENTRIES:
            self._cached_entries -= self._cache.popitem(last=False)[1].size
        for outcome in Outcome:
            count = ledger.outcomes.count(outcome)
            if count:
                self._metrics.events.labels(outcome).inc(count)
        _tell_set_aside(ledger.effects.quarantined)
        for change in ledger.changes:
            self._metrics.changes.labels(change.headline).inc()
        if ledger.changes:
            self._ring()

    def _watch(self, arrivals: Iterable[Arrival], batch: Batch) -> None:
        is_first = not self._recent
        faults = [arrival.fault for arrival in arrivals if arrival.event is None]
        self._recent.extend(arrival.event is None for arrival in arrivals)
        bad = sum(self._recent)
        if is_first:
            return  # else a process that was started again would never get past this batch
        if faults and len(self._recent) == WATCHED and bad > WATCHED * UNREADABLE_SHARE:
            raise TooManyUnreadable(
                f"{bad} of the last {WATCHED} records of {batch.topic} are unreadable:"
                f" {TooManyUnreadable.__doc__} The last of them: {faults[-1][:SAID]}."
                " Mend whatever writes them, or this service, then start it again; it goes on"
                f" where it stands, and sets aside up to {WATCHED} more before it looks again."
            )

    async def _bookmark(self, topic: str, partition: int) -> Position | None:
        async def ask(session: AsyncSession) -> Position | None:
            return await find_bookmark(session, topic, partition)

        return await self._patience.have(partial(self._db.run_read, ask))


def _tell_set_aside(rows: Sequence[Row]) -> None:
    """One line, however many there are in the batch."""
    if rows:
        first, why = rows[0]["id"], rows[0]["reason"][:SAID]
        log.warning("set inputs aside", count=len(rows), first=first, why=why)
