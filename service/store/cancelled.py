"""Taking back what was not sent yet: a receipt says so, for nothing disappears without one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.delivery import State
from service.store.tables import Delivery, Held, Receipt


async def cancel_destination(session: AsyncSession, destination_id: str, now: datetime) -> None:
    """All that waits for a destination which is going away."""
    reason = "its destination was removed"
    live = col(Delivery.destination_id) == destination_id
    ended = select(col(Delivery.id), col(Delivery.attempt)).where(live)
    await _write_receipts(session, ended, reason, now)
    await session.execute(delete(Delivery).where(live))
    await _cancel_held(session, col(Held.destination_id) == destination_id, reason, now)


async def cancel_subscription(session: AsyncSession, subscription_id: str, now: datetime) -> None:
    """All that was held for a paused subscription which is going away."""
    owned = col(Held.owner_id) == subscription_id
    await _cancel_held(session, owned, "its paused subscription was removed", now)


async def _cancel_held(session: AsyncSession, which: Any, reason: str, now: datetime) -> None:
    ended = select(col(Held.delivery_id), col(Held.attempt)).where(which).distinct()
    await _write_receipts(session, ended, reason, now)
    await session.execute(delete(Held).where(which))


async def _write_receipts(
    session: AsyncSession, ended: Select[UUID, int], reason: str, now: datetime
) -> None:
    """`ended` are deliveries and their next attempt, so one less was made."""
    rows = [
        {
            "delivery_id": row[0],
            "outcome": State.CANCELLED.value,
            "reason": reason,
            "attempts": row[1] - 1,
            "finished_at": now,
            "sha256": "",
        }
        for row in await session.execute(ended)
    ]
    if rows:
        await session.execute(insert(Receipt), rows)
