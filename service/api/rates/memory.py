"""Histories of measures kept between questions, cut to what was known; read again when they grow.

A history only ever grows, so how many events and changes it has says whether it is the same.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.core.rates import Dossier
from service.core.rates.reach import Net
from service.core.standing import History
from service.store.database import Database
from service.store.rates.reaching import Candidate, find_candidates, reach_further
from service.store.standings.histories import read_histories

MOST_EVENTS = 200_000
"""Events held in memory, of all measures together; the measure asked longest ago goes first."""
CUTS = 8
"""Earlier states of knowledge kept of one measure."""


@dataclass(slots=True)
class Kept:
    """A history as it was read, and what earlier knowledge made of it."""

    candidate: Candidate
    history: History
    known: list[datetime] = field(default_factory=list)
    cuts: OrderedDict[int, Dossier] = field(default_factory=OrderedDict)

    def as_known(self, known_at: datetime) -> Dossier | None:
        """What was known by then; None: nothing."""
        if not self.known:
            self.known = sorted(entry.known_at for entry in self.history.every)
        count = bisect_right(self.known, known_at)
        if not count:
            return None
        if count not in self.cuts:
            self.cuts[count] = Dossier.as_known(self.history, known_at)
        self.cuts.move_to_end(count)
        while len(self.cuts) > CUTS:
            self.cuts.popitem(last=False)
        cut = self.cuts[count]
        return cut if cut.history.entries else None


class Memory:
    """Of one process."""

    def __init__(self, db: Database) -> None:
        """Nothing is read before the first question."""
        self._db = db
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._events = 0

    async def find(self, net: Net, known_at: datetime) -> list[Dossier]:
        """All that may bear on the goods, as known then; the index is brought up to date first."""
        read = await self._db.run_read(lambda session: self._read(session, net))
        while read is None:
            await self._catch_up()
            read = await self._db.run_read(lambda session: self._read(session, net))
        candidates, fresh = read
        for one in candidates:
            if one.subject in fresh:
                self._keep(Kept(one, fresh[one.subject]))
        return list(self._dossiers(candidates, fresh, known_at))

    async def _catch_up(self) -> None:
        while await self._db.run_write(reach_further):
            pass

    async def _read(
        self, session: AsyncSession, net: Net
    ) -> tuple[list[Candidate], dict[str, History]] | None:
        candidates = await find_candidates(session, net)
        if candidates is None:
            return None
        new = [one.subject for one in candidates if not self._has(one)]
        return candidates, await read_histories(session, new) if new else {}

    def _has(self, one: Candidate) -> bool:
        kept = self._kept.get(one.subject)
        return kept is not None and kept.candidate == one

    def _dossiers(
        self, candidates: Iterable[Candidate], fresh: Collection[str], known_at: datetime
    ) -> Iterator[Dossier]:
        for one in candidates:
            kept = self._kept.get(one.subject)
            found = kept.as_known(known_at) if kept else None
            if kept and one.subject not in fresh:
                self._kept.move_to_end(one.subject)
            if found:
                yield found
        self._let_go()

    def _keep(self, kept: Kept) -> None:
        former = self._kept.pop(kept.candidate.subject, None)
        self._events += kept.history.size - (former.history.size if former else 0)
        self._kept[kept.candidate.subject] = kept

    def _let_go(self) -> None:
        """After the answer, which may need more than is kept."""
        while self._events > MOST_EVENTS:
            _, gone = self._kept.popitem(last=False)
            self._events -= gone.history.size
