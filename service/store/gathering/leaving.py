"""What was claimed to be sent may have arrived: whoever claims it next sends it under its own id.

In a bundle it would be told again under another. So it waits for nobody any more, as what has
waited: a row of `gathered` without an hour says so, for as long as it is on its way.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.preferences import read_preferences
from service.store.delivery.tables import Delivery
from service.store.gathering.tables import Gathered
from service.store.lists import one_of
from service.store.rows import Clash, insert_rows


async def note_leaving(session: AsyncSession, claimed: Sequence[Any]) -> None:
    """Of what is about to be sent, the changes' own alerts that might else be made to wait."""
    young = [one for one in claimed if one.preferences and one.attempt == 1 and not one.cause]
    rows = [one for one in young if read_preferences(one.preferences).gathers]
    await note_sent(session, rows)


async def note_leased(session: AsyncSession, which: Any) -> None:
    """Of live deliveries those that somebody claimed, for their owners may wish otherwise now.

    They are locked before they are noted, as they are by who claims them.
    """
    leased = (col(Delivery.lease).is_not(None), col(Delivery.attempt) == 1)
    wanted = select(col(Delivery.id), col(Delivery.destination_id)).where(which, *leased)
    locked = wanted.order_by(col(Delivery.id)).with_for_update()
    await note_sent(session, (await session.execute(locked)).all())


async def note_sent(session: AsyncSession, deliveries: Sequence[Any]) -> None:
    """These may have arrived."""
    rows = [
        {"delivery_id": row.id, "destination_id": row.destination_id, "cause": "", "due_at": None}
        for row in sorted(deliveries, key=lambda one: one.id)
    ]
    await insert_rows(session, Gathered, rows, Clash.SKIP)


async def forget_sent(session: AsyncSession, ended: Collection[UUID]) -> None:
    """These are not on their way any more."""
    if ended:
        await session.execute(_FORGET, {"those": list(ended)})


_FORGET = (
    delete(Gathered)
    .where(one_of(col(Gathered.delivery_id), "those"), col(Gathered.due_at).is_(None))
    .execution_options(synchronize_session=False)
)
