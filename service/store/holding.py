"""Held, not lost: what waits for a paused owner is taken out of the queue, and put back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.database import insert_new
from service.store.tables import Alert, Delivery, Destination, Held


async def disable(
    session: AsyncSession, destination_id: str, reason: str, now: datetime, state: str = "disabled"
) -> None:
    """Stop sending to a destination; what waits for it is held, not lost."""
    stopped = (
        update(Destination)
        .where(col(Destination.id) == destination_id)
        .values(state=state, reason=reason[:1000], updated_at=now)
    )
    await session.execute(stopped)
    await hold(session, destination_id, now, col(Delivery.destination_id) == destination_id)


async def hold(session: AsyncSession, owner_id: str, now: datetime, which: Any) -> int:
    """Take live deliveries out of the queue until `owner_id` is released."""
    taken = (
        delete(Delivery)
        .where(which)
        .returning(col(Delivery.id), col(Delivery.destination_id), col(Delivery.attempt))
    )
    rows = [
        {
            "delivery_id": row.id,
            "owner_id": owner_id,
            "destination_id": row.destination_id,
            "attempt": row.attempt,
            "held_at": now,
        }
        for row in await session.execute(taken)
    ]
    if rows:
        connection = await session.connection()
        await connection.execute(insert_new(session, Held), rows)
    return len(rows)


async def release(session: AsyncSession, owner_id: str, now: datetime) -> int:
    """Put back what was held for this subscription or destination, in the order it was made.

    What a destination that is itself stopped should get stays held, for the destination.
    """
    wanted = (
        select(
            col(Held.delivery_id),
            col(Held.destination_id),
            col(Held.attempt),
            col(Destination.state),
        )
        .join(Destination, col(Destination.id) == col(Held.destination_id))
        .join(Alert, col(Alert.id) == col(Held.delivery_id))
        .where(col(Held.owner_id) == owner_id)
        .order_by(col(Alert.number))
    )
    rows = list(await session.execute(wanted))
    if not rows:
        return 0
    of_owner = select(col(Held.delivery_id)).where(col(Held.owner_id) == owner_id)
    await session.execute(delete(Held).where(col(Held.delivery_id).in_(of_owner)))
    connection = await session.connection()
    active = [row for row in rows if row.state == "active"]
    due = [
        {
            "id": row.delivery_id,
            "destination_id": row.destination_id,
            "visible_at": now - timedelta(microseconds=place),  # the oldest first
            "attempt": row.attempt,
            "lease": None,
        }
        for place, row in enumerate(reversed(active))
    ]
    still = [
        {
            "delivery_id": row.delivery_id,
            "owner_id": row.destination_id,
            "destination_id": row.destination_id,
            "attempt": row.attempt,
            "held_at": now,
        }
        for row in rows
        if row.state != "active"
    ]
    for table, made in ((Delivery, due), (Held, still)):
        if made:
            await connection.execute(insert(table), made)
    return len(due)
