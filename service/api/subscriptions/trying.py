"""Trying a rule on the changes that were, in turns: whoever else asks is answered meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.problems import Unavailable
from service.core.event import Fault
from service.core.match.facets import seek
from service.core.match.subscription import Rule, explode
from service.core.match.trial import Trial
from service.store.database import Database
from service.store.facets.keeping import TakenUp, take_up
from service.store.facets.seeking import find_beginning, find_numbers, read_kept, read_outlines

MOST = 100_000
"""Changes looked at for one preview; of more, the latest."""
A_READ = 2_000
A_TURN = 50
"""Changes matched between two turns of the loop: some three milliseconds."""
TAKEN_UP, IN_ONE_GO = 200, 5_000
"""Changes of an earlier release that are taken up in one transaction, and for one preview."""


async def take_up_all(db: Database) -> None:
    """What an earlier release recorded is made ready first; of very much, a part at a time."""

    async def work(session: AsyncSession) -> TakenUp:
        return await take_up(session, TAKEN_UP)

    count, has_more = 0, True
    while has_more:
        if count >= IN_ONE_GO:
            said = "changes of an earlier release are being made ready for previews: ask again"
            raise Unavailable(said, [Fault("path", said)], {"Retry-After": "1"})
        taken = await db.run_write(work)
        count, has_more = count + taken.count, taken.has_more


@dataclass(frozen=True, slots=True)
class Tried:
    """A finished trial; `since` is later than asked where the span was cut.

    `begins` is when the first change was judged that there is to look at; None: there is none.
    """

    trial: Trial
    since: datetime
    is_cut: bool
    begins: datetime | None


async def try_on(db: Database, rule: Rule, since: datetime) -> Tried:
    """Read some, match some, and let others have their turn in between."""
    sought = seek(explode(rule))

    async def find(session: AsyncSession) -> tuple[list[int], datetime | None]:
        found = await find_numbers(session, sought, since, MOST + 1)
        return found, await find_beginning(session)

    found, begins = await db.run_read(find)
    is_cut, numbers = len(found) > MOST, found[-MOST:]
    trial, first = Trial(rule), since
    for start in range(0, len(numbers), A_READ):
        rows = await _read(db, numbers[start : start + A_READ])
        if is_cut and start == 0:
            first = rows[0].at
        for turn in range(0, len(rows), A_TURN):
            for row in rows[turn : turn + A_TURN]:
                kept = read_kept(row)
                trial.look(kept.number, kept.at, kept.facts)
            await asyncio.sleep(0)
    return Tried(trial, first, is_cut, begins)


async def _read(db: Database, numbers: Sequence[int]) -> Sequence[Any]:
    async def read(session: AsyncSession) -> Sequence[Any]:
        return await read_outlines(session, numbers)

    return await db.run_read(read)
