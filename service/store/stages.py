"""What each stage of the journey has done, and what waits in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.delivery.tables import Delivery, Held, Receipt
from service.store.numbers import last_number
from service.store.pacing.paces import QUEUED
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change, Event
from service.store.steering.stops import count_awaiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """Counts since the books began; `…_since` is the instant of the oldest that waits.

    `awaiting` counts changes that wait for approval.
    """

    outcomes: Mapping[str, int]
    changes: int
    alerts: int
    unplanned: int
    unplanned_since: datetime | None
    awaiting: int
    pending: int
    pending_since: datetime | None
    held: int
    receipts: Mapping[str, int]


async def count_stages(session: AsyncSession) -> Stages:
    """All of them as of one snapshot."""
    unplanned, oldest = (
        await session.execute(
            select(func.count(), func.min(col(Change.recorded_at)))
            .select_from(Fanout)
            .join(Change, col(Change.id) == col(Fanout.change_id))
            .where(text("fanout.is_open"))  # in the words of its partial index
        )
    ).one()
    pending, due = (
        await session.execute(
            # What waits in a lane waits for its receiver, which is told there.
            select(func.count(), func.min(col(Delivery.visible_at)).filter(QUEUED)).select_from(
                Delivery
            )
        )
    ).one()
    held = await session.scalar(select(func.count(distinct(col(Held.delivery_id)))))
    return Stages(
        outcomes=await _count_by(session, col(Event.outcome)),
        changes=await last_number(session, "changes"),
        alerts=await last_number(session, "alerts"),
        unplanned=unplanned,
        unplanned_since=oldest,
        awaiting=await count_awaiting(session),
        pending=pending,
        pending_since=due,
        held=int(held or 0),
        receipts=await _count_by(session, col(Receipt.outcome)),
    )


async def _count_by(session: AsyncSession, column: object) -> Mapping[str, int]:
    wanted = select(column, func.count()).group_by(column)  # type: ignore[call-overload]
    return {row[0]: row[1] for row in await session.execute(wanted)}
