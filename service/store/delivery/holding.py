"""Held, not lost: what waits for a paused owner is taken out of the queue, and put back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.destination.optin import ACTIVE, UNSUBSCRIBED, UNSUBSCRIBED_BY_READER
from service.core.sending.delivery import urgency
from service.store.database import is_server
from service.store.delivery.receipts import write_cancelled
from service.store.delivery.tables import Alert, Delivery, Held
from service.store.following.tables import Destination
from service.store.gathering.leaving import note_leased
from service.store.lists import one_of, runs
from service.store.notices.marking import mark_disabled
from service.store.rows import Clash, insert_rows
from service.store.standings.tables import Change

DISABLED = "disabled"
Row = dict[str, Any]


async def disable(
    session: AsyncSession, destination_id: str, reason: str, now: datetime, state: str = DISABLED
) -> None:
    """Stop sending to a destination; what waits for it is held, not lost.

    The destination is locked. Its owner is told later, unless he has stopped it himself.
    """
    before = await session.scalar(_STATE, {"of": destination_id})
    if state == DISABLED != before:
        await mark_disabled(session, destination_id, now)
    stopped = (
        update(Destination)
        .where(col(Destination.id) == destination_id)
        .values(state=state, reason=reason[:1000], updated_at=now)
    )
    await session.execute(stopped)
    live = col(Delivery.destination_id) == destination_id
    await note_leased(session, live)
    await hold(session, destination_id, now, live)


_STATE = select(col(Destination.state)).where(col(Destination.id) == bindparam("of"))


async def take_out(session: AsyncSession, which: Any) -> Sequence[Any]:
    """Remove live deliveries from the queue; they are locked in the order of their ids."""
    locked = select(col(Delivery.id)).where(which).order_by(col(Delivery.id)).with_for_update()
    taken = delete(Delivery).where(one_of(col(Delivery.id), locked))
    columns = (col(Delivery.id), col(Delivery.destination_id), col(Delivery.attempt))
    return (await session.execute(taken.returning(*columns), execution_options=_PLAIN)).all()


_PLAIN = {"synchronize_session": False}


async def hold(session: AsyncSession, owner_id: str, now: datetime, which: Any) -> int:
    """Take live deliveries out of the queue until `owner_id` is released."""
    rows = [
        _held(row.id, row.destination_id, owner_id, row.attempt, now)
        for row in await take_out(session, which)
    ]
    await insert_rows(session, Held, rows, Clash.SKIP)
    return len(rows)


async def lock_held(session: AsyncSession, which: Any) -> None:
    """Lock what is held, under all of its holders' names and in one order, for whoever lets it go.

    Where writers are one at a time there is nothing to do.
    """
    if not is_server(session):
        return
    those = select(col(Held.delivery_id)).where(which)
    every = (
        select(col(_HOLDER.delivery_id))
        .where(one_of(col(_HOLDER.delivery_id), those))
        .order_by(col(_HOLDER.delivery_id), col(_HOLDER.owner_id))
        .with_for_update()
    )
    await session.execute(every)


_HOLDER = aliased(Held)


async def release(session: AsyncSession, owner_id: str, now: datetime) -> int:
    """Put back what was held for this subscription or destination, in the order it was made.

    What a destination that is itself stopped should get stays held, for the destination: so these
    are locked, as all do, before anything of theirs. What a reader should get who has unsubscribed
    ends here: nobody else can let it go. Only what is taken out of `held` here is put back: a
    sender may have settled the rest meanwhile.
    """
    asked = {"owner": owner_id}
    reached = {row.id: row for row in await session.execute(_DESTINATIONS, asked)}
    freed = await _free(session, owner_id)
    found = [row for some in runs(list(freed)) for row in await _read_alerts(session, some)]
    found.sort(key=lambda row: row.number)
    states = {one.id: one.state for one in reached.values()}
    due, still, ended = [], [], []
    for row in found:
        state, attempt = states.get(row.destination_id), freed[row.id]
        if state == ACTIVE:
            due.append(_due(row, reached[row.destination_id].kind, attempt, now))
        elif state == UNSUBSCRIBED:
            ended.append((row.id, attempt))
        else:
            # One that came to be held after its destination was asked for stays as it was.
            holder = owner_id if state is None else row.destination_id
            still.append(_held(row.id, row.destination_id, holder, attempt, now))
    await insert_rows(session, Delivery, due)
    await insert_rows(session, Held, still)
    await write_cancelled(session, ended, UNSUBSCRIBED_BY_READER, now)
    return len(due)


def _due(row: Any, kind: str, attempt: int, now: datetime) -> Row:
    return {
        "id": row.id,
        "destination_id": row.destination_id,
        "visible_at": now,
        "attempt": attempt,
        "lease": None,
        "kind": kind,
        "urgency": urgency(row.severity),
        "number": row.number,
    }


def _held(identity: UUID, destination_id: str, owner_id: str, attempt: int, now: datetime) -> Row:
    return {
        "delivery_id": identity,
        "owner_id": owner_id,
        "destination_id": destination_id,
        "attempt": attempt,
        "held_at": now,
    }


_OF_OWNER = select(col(Held.destination_id)).where(col(Held.owner_id) == bindparam("owner"))
_DESTINATIONS = (
    select(col(Destination.id), col(Destination.state), col(Destination.kind))
    .where(one_of(col(Destination.id), _OF_OWNER.distinct()))
    .order_by(col(Destination.id))
    .with_for_update(read=True)
)


async def _free(session: AsyncSession, owner_id: str) -> dict[UUID, int]:
    """Deliveries that the owner held, whoever else held them too, and their next attempt."""
    owned = col(Held.owner_id) == owner_id
    await lock_held(session, owned)
    taken = delete(Held).where(
        one_of(col(Held.delivery_id), select(col(Held.delivery_id)).where(owned))
    )
    columns = (col(Held.delivery_id), col(Held.attempt))
    rows = await session.execute(taken.returning(*columns), execution_options=_PLAIN)
    return {row.delivery_id: row.attempt for row in rows}


async def _read_alerts(session: AsyncSession, some: Sequence[UUID]) -> Sequence[Any]:
    return (await session.execute(_ALERTS, {"those": some})).all()


_ALERTS = (
    select(col(Alert.id), col(Alert.number), col(Alert.destination_id), col(Change.severity))
    .outerjoin(Change, col(Change.id) == col(Alert.change_id))
    .where(one_of(col(Alert.id), "those"))
)
