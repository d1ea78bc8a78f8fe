"""Taking back what was not sent yet: a receipt says so, for nothing disappears without one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.delivery.holding import lock_held, take_out
from service.store.delivery.receipts import write_cancelled
from service.store.delivery.tables import Delivery, Held
from service.store.gathering.waiting import forget_waits
from service.store.lists import one_of, runs

REMOVED = "its destination was removed"


async def cancel_destination(
    session: AsyncSession,
    destination_id: str,
    now: datetime,
    reason: str = REMOVED,
) -> None:
    """All that waits for a destination which is going away, or whose reader has had enough."""
    live = col(Delivery.destination_id) == destination_id
    ended = [(row.id, row.attempt) for row in await take_out(session, live)]
    await write_cancelled(session, ended, reason, now)
    await _cancel_held(session, col(Held.destination_id) == destination_id, reason, now)
    await forget_waits(session, destination_id)


async def cancel_subscription(session: AsyncSession, subscription_id: str, now: datetime) -> None:
    """All that was held for a paused subscription which is going away."""
    owned = col(Held.owner_id) == subscription_id
    await _cancel_held(session, owned, "its paused subscription was removed", now)


async def _cancel_held(session: AsyncSession, which: Any, reason: str, now: datetime) -> None:
    """What another paused subscription still holds is not cancelled.

    All holders are locked: of two that let go at once, the second finds itself the last.
    """
    await lock_held(session, which)
    taken = delete(Held).where(which).returning(col(Held.delivery_id), col(Held.attempt))
    freed = {row.delivery_id: row.attempt for row in await session.execute(taken)}
    kept = select(col(Held.delivery_id)).where(one_of(col(Held.delivery_id), "those"))
    still: set[UUID] = set()
    for some in runs(list(freed)):
        still |= set((await session.execute(kept, {"those": some})).scalars())
    ended = [(identity, attempt) for identity, attempt in freed.items() if identity not in still]
    await write_cancelled(session, ended, reason, now)
