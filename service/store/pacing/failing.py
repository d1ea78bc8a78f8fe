"""The end of patience: with destinations that nothing reaches, and with what was held too long."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.delivery import State
from service.store.delivery.holding import disable
from service.store.delivery.tables import Held, Receipt
from service.store.following.tables import Destination
from service.store.lists import one_of
from service.store.pacing.paces import Failing, lock_paces
from service.store.pruning import PAGE
from service.store.rows import Clash, insert_rows

ACTIVE = "active"
EXPIRED = "held for too long: its destination was stopped, and nobody enabled it in time"


async def disable_if_failing(session: AsyncSession, given: Failing, now: datetime) -> bool:
    """Unless something has arrived since it was found, or its owner has stopped it himself."""
    named = col(Destination.id) == given.destination_id
    locked = select(col(Destination.state)).where(named).with_for_update()
    if await session.scalar(locked) != ACTIVE:
        return False
    known = (await lock_paces(session, [given.destination_id]))[given.destination_id]
    if known.health.failing_since != given.since:
        return False
    since, failures = given.since.isoformat(), known.health.failures
    reason = f"nothing has arrived since {since}: {failures} attempts failed in a row"
    await disable(session, given.destination_id, reason, now)
    return True


async def expire_held(
    session: AsyncSession, before: datetime, now: datetime, limit: int = PAGE
) -> int:
    """What a stopped destination's owner left lying since before then fails; how many those are."""
    old = (
        select(col(Held.delivery_id))
        .where(col(Held.owner_id) == col(Held.destination_id), col(Held.held_at) < before)
        .order_by(col(Held.delivery_id))
        .limit(limit)
        .with_for_update()
    )
    taken = (
        delete(Held)
        .where(one_of(col(Held.delivery_id), old))
        .returning(col(Held.delivery_id), col(Held.attempt))
    )
    rows = await session.execute(taken, execution_options={"synchronize_session": False})
    ended = {row.delivery_id: row.attempt - 1 for row in rows}
    receipts = [
        {
            "delivery_id": identity,
            "outcome": State.FAILED.value,
            "reason": EXPIRED,
            "attempts": attempts,
            "finished_at": now,
            "sha256": "",
        }
        for identity, attempts in ended.items()
    ]
    await insert_rows(session, Receipt, receipts, Clash.SKIP)
    return len(ended)
