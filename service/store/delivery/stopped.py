"""Claimed, and not to be sent after all: its destination was stopped, or is gone.

Whoever stops or removes a destination takes its deliveries along, so none should be met here. One
that is met all the same is held or ended, rather than sent, or claimed again and again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import ACTIVE, UNSUBSCRIBED
from service.store.delivery.cancelled import REMOVED
from service.store.delivery.holding import hold, take_out
from service.store.delivery.receipts import write_cancelled
from service.store.delivery.tables import Delivery
from service.store.following.tables import Destination
from service.store.lists import one_of


async def end_lost(session: AsyncSession, claimed: Collection[UUID], now: datetime) -> None:
    """Of these, what nobody is there any more to be told of."""
    rows = await session.execute(_LOST, {"those": sorted(claimed)})
    which = col(Delivery.id).in_(rows.scalars().all())
    ended = [(row.id, row.attempt) for row in await take_out(session, which)]
    await write_cancelled(session, ended, REMOVED, now)


_LOST = select(col(Delivery.id)).where(
    one_of(col(Delivery.id), "those"),
    ~exists().where(col(Destination.id) == col(Delivery.destination_id)),
)


async def put_aside(session: AsyncSession, rows: Sequence[Any], now: datetime) -> None:
    """Claimed rows of stopped destinations: held for these, or ended if no mail is wanted there.

    Destinations are locked before deliveries, and these are claimed already: so nobody is waited
    for here. What belongs to one that is changed at this moment stays under its lease.
    """
    asked = {"those": sorted({row.destination_id for row in rows})}
    for one in (await session.execute(_STOPPED, asked)).all():
        ids = [row.id for row in rows if row.destination_id == one.id]
        which = col(Delivery.id).in_(ids)
        if one.state == UNSUBSCRIBED:
            ended = [(row.id, row.attempt) for row in await take_out(session, which)]
            await write_cancelled(session, ended, one.reason, now)
        else:
            await hold(session, one.id, now, which)


_STOPPED = (
    select(col(Destination.id), col(Destination.state), col(Destination.reason))
    .where(one_of(col(Destination.id), "those"), col(Destination.state) != ACTIVE)
    .order_by(col(Destination.id))
    .with_for_update(read=True, skip_locked=True)
)
