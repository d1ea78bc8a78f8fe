"""Whether anything may leave the house: a hold stops all sending until a person releases it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.delivery.holding import hold, release
from service.store.delivery.tables import Delivery, Held, Pace
from service.store.gathering.leaving import note_sent
from service.store.installation.remembered import forget, recall, remember
from service.store.lists import one_of
from service.store.tables import Setting

SENDING = "sending"
"""Holds what may not be sent, as a paused destination holds what it would get."""

_HOLD = "sending.hold"
IS_HELD = exists().where(col(Setting.name) == _HOLD)
"""Whether anything holds it, for a statement that would else begin to send."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is sent, and since when."""

    reason: str
    since: datetime


async def find_hold(session: AsyncSession) -> str | None:
    """Why nothing may be sent; None: it may."""
    found = await read_hold(session)
    return found.reason if found else None


async def read_hold(session: AsyncSession) -> Hold | None:
    """The hold, if there is one."""
    text = await recall(session, _HOLD)
    if text is None:
        return None
    kept = orjson.loads(text)
    return Hold(kept["reason"], datetime.fromisoformat(kept["since"]))


async def hold_sending(session: AsyncSession, reason: str, now: datetime) -> None:
    """From now on nothing is claimed; a hold that stands keeps its beginning."""
    standing = await read_hold(session)
    since = standing.since if standing else now
    value = orjson.dumps({"reason": reason, "since": since}).decode()
    await remember(session, {_HOLD: value})


async def release_sending(session: AsyncSession, now: datetime) -> int:
    """Let all go that only the hold kept back; how many deliveries those are."""
    hold = await find_hold(session)
    waiting = await count_kept_back(session, is_held=hold is not None)
    await forget(session, _HOLD)
    await release(session, SENDING, now)
    return waiting


async def count_kept_back(session: AsyncSession, *, is_held: bool) -> int:
    """What was set aside for sending, and, while all is held, whatever waits."""
    aside = select(func.count()).select_from(Held).where(col(Held.owner_id) == SENDING)
    count = int(await session.scalar(aside) or 0)
    if is_held:
        count += int(await session.scalar(select(func.count()).select_from(Delivery)) or 0)
    return count


async def set_aside(session: AsyncSession, deliveries: Collection[UUID], now: datetime) -> None:
    """Out of the queue until sending is released; no attempt was made."""
    await hold(session, SENDING, now, col(Delivery.id).in_(list(deliveries)))


async def hand_back(
    session: AsyncSession, deliveries: Collection[UUID], lease: str, now: datetime
) -> None:
    """Give up claims before they run out: others may have these at once, in their lanes too.

    Some may have arrived.
    """
    connection = await session.connection()
    asked = {"those": list(deliveries), "by": lease, "now": now}
    await connection.execute(_LOOK_AGAIN, asked)
    freed = (await connection.execute(_FREE, asked)).all()
    await note_sent(session, [row for row in freed if row.attempt == 1])


_CLAIMED = (
    select(col(Delivery.id))
    .where(one_of(col(Delivery.id), "those"), col(Delivery.lease) == bindparam("by"))
    .order_by(col(Delivery.id))  # as all do who lock several
    .with_for_update()
)
_LANES = select(col(Delivery.lane)).where(
    one_of(col(Delivery.id), "those"), col(Delivery.lease) == bindparam("by")
)
_VISITED = (
    select(col(Pace.destination_id))
    .where(col(Pace.destination_id).in_(_LANES))
    .order_by(col(Pace.destination_id))
    .with_for_update()
)
_LOOK_AGAIN = (
    update(Pace).where(one_of(col(Pace.destination_id), _VISITED)).values(look_at=bindparam("now"))
)
_FREE = (
    update(Delivery)
    .where(one_of(col(Delivery.id), _CLAIMED))
    .values(lease=None, visible_at=bindparam("now"))
    .returning(col(Delivery.id), col(Delivery.destination_id), col(Delivery.attempt))
)
