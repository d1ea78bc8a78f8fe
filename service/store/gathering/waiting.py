"""What was claimed and has to wait is taken out of the queue, and held like anything held.

Whoever takes it from there (a halt, say) takes it out of its wait, too: when it is let go, it is
claimed, and asked anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import read_change
from service.core.destination.preferences import Preferences, read_preferences
from service.core.sending.gathering import Wait, hour_of, wait_for
from service.core.sending.steering import is_replay
from service.store.delivery.holding import hold, release
from service.store.delivery.tables import Delivery, Held
from service.store.gathering.leaving import note_leased
from service.store.gathering.tables import Gathered, Tally
from service.store.lists import one_of, runs
from service.store.rows import Clash, insert_rows, update_rows

GATHERING = "gathering"
"""Holds what waits for its kind."""
Asking = Sequence[tuple[Any, Preferences]]


async def set_waiting(
    session: AsyncSession, rows: Sequence[Any], changes: Mapping[UUID, bytes], now: datetime
) -> set[UUID]:
    """Of claimed rows those that must wait: they are out of the queue now.

    `changes` are those of the rows whose destinations have preferences. Tallies are locked, so
    nothing else should be afterwards.
    """
    read = ((row, read_preferences(row.preferences)) for row in rows if row.preferences)
    asking = [(row, wishes) for row, wishes in read if wishes.gathers]
    if not asking:
        return set()
    may_wait = await _find_young(session, asking)
    sent = await _lock_tallies(session, asking, now)
    waits: dict[UUID, tuple[str, Wait]] = {}
    for row, wishes in asking:
        wait = None
        if row.id in may_wait and row.change_id in changes:
            change = read_change(changes[row.change_id])
            wait = wait_for(wishes, change, now, sent[row.destination_id])
        if wait:
            waits[row.id] = (row.destination_id, wait)
        elif row.attempt == 1:
            sent[row.destination_id] += 1
    await _write_tallies(session, asking, sent, now)
    await _hold(session, waits, now)
    return set(waits)


async def _find_young(session: AsyncSession, asking: Asking) -> set[UUID]:
    """A change's own alert that nobody sent yet, that nobody replayed, and that has not waited.

    One that was claimed before may have been sent, whatever its attempts say (`leaving.py`).
    """
    young = {
        row.id
        for row, _ in asking
        if not row.cause and row.attempt == 1 and row.spent is None and row.body is None
    }
    young -= {row.id for row, _ in asking if row.id in young and is_replay(row.matched)}
    waited = select(col(Gathered.delivery_id)).where(one_of(col(Gathered.delivery_id), "those"))
    return young - set((await session.execute(waited, {"those": list(young)})).scalars())


async def _lock_tallies(session: AsyncSession, asking: Asking, now: datetime) -> Counter[str]:
    """What capped destinations were sent in this hour; nobody else counts before we commit."""
    capped = _capped(asking)
    if not capped:
        return Counter()
    hour = hour_of(now)
    fresh = [{"destination_id": one, "hour": hour, "sent": 0} for one in capped]
    await insert_rows(session, Tally, fresh, Clash.SKIP)
    found = (await session.execute(_TALLIES, {"those": capped})).all()
    return Counter({row.destination_id: row.sent for row in found if row.hour == hour})


_TALLIES = (
    select(col(Tally.destination_id), col(Tally.hour), col(Tally.sent))
    .where(one_of(col(Tally.destination_id), "those"))
    .order_by(col(Tally.destination_id))
    .with_for_update()
)


def _capped(asking: Asking) -> list[str]:
    return sorted({row.destination_id for row, wishes in asking if wishes.hourly_cap})


async def _write_tallies(
    session: AsyncSession, asking: Asking, sent: Mapping[str, int], now: datetime
) -> None:
    rows = [
        {"destination_id": one, "hour": hour_of(now), "sent": sent[one]} for one in _capped(asking)
    ]
    await update_rows(session, Tally, "destination_id", rows)


async def _hold(
    session: AsyncSession, waits: Mapping[UUID, tuple[str, Wait]], now: datetime
) -> None:
    if not waits:
        return
    await hold(session, GATHERING, now, col(Delivery.id).in_(list(waits)))
    rows = [
        {
            "delivery_id": identity,
            "destination_id": destination,
            "cause": wait.cause,
            "due_at": wait.due_at,
        }
        for identity, (destination, wait) in waits.items()
    ]
    await insert_rows(session, Gathered, rows)


async def give_over(session: AsyncSession, deliveries: Sequence[UUID], owner: str) -> None:
    """What waits of these is held for `owner` alone."""
    moved = (
        update(Held)
        .where(one_of(col(Held.delivery_id), "those"), col(Held.owner_id) == GATHERING)
        .values(owner_id=owner)
        .execution_options(synchronize_session=False)
    )
    await session.execute(moved, {"those": list(deliveries)})
    await session.execute(LEAVE_OFF, {"those": list(deliveries)})


LEAVE_OFF = (
    delete(Gathered)
    .where(one_of(col(Gathered.delivery_id), "those"), col(Gathered.due_at).is_not(None))
    .execution_options(synchronize_session=False)
)


async def ask_anew(session: AsyncSession, destination_id: str, now: datetime) -> None:
    """Its owner wishes otherwise: what waits goes back into the queue, to be asked when claimed.

    What is in the air is not asked.
    """
    await note_leased(session, col(Delivery.destination_id) == destination_id)
    here = (col(Gathered.destination_id) == destination_id, col(Gathered.due_at).is_not(None))
    waiting = (await session.execute(select(col(Gathered.delivery_id)).where(*here))).scalars()
    owner = f"{GATHERING}:{destination_id}"
    for some in runs(list(waiting)):
        await give_over(session, some, owner)
    await release(session, owner, now)


async def forget_waits(session: AsyncSession, destination_id: str) -> None:
    """Nothing waits for this destination any more, and nothing is counted."""
    await session.execute(delete(Gathered).where(col(Gathered.destination_id) == destination_id))
    await session.execute(delete(Tally).where(col(Tally.destination_id) == destination_id))
