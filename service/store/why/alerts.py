"""Where one alert stands, with all that holds it back or was tried."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.delivery import State
from service.core.why.trail import Holder, Matched, Pace, Recipient, Sent, Tried, Withheld
from service.store.delivery.alerts import ListedAlert, find_alert
from service.store.delivery.superseding import find_successor
from service.store.delivery.tables import Attempt, Delivery, Held
from service.store.delivery.tables import Pace as PaceRow
from service.store.following.tables import Destination
from service.store.gathering.tables import Carried, Gathered
from service.store.mail.suppressed import find_suppression

_UNSENT = frozenset({State.PENDING, State.HELD})


async def read_sent(
    session: AsyncSession, account_id: str, alert_id: UUID, to: Recipient, withheld: Withheld | None
) -> Sent | None:
    """The alert with this id; None: there is none."""
    row = await find_alert(session, account_id, alert_id)
    if row is None:
        return None
    state = State(row.state)
    bundle = await _find_bundle(session, row.id) if state is State.DIGESTED else None
    unsent = await _read_unsent(session, row, to) if state in _UNSENT else {}
    suppression = await find_suppression(session, to.address) if to.kind == "email" else None
    return Sent(
        id=row.id,
        state=state,
        reason=row.reason or "",
        attempts=row.attempts or 0,
        cause=row.cause,
        created_at=row.created_at,
        finished_at=row.finished_at,
        due_at=row.due_at,
        matched=_read_matched(row.matched),
        withheld=withheld,
        told_in=await read_sent(session, account_id, bundle, to, withheld) if bundle else None,
        successor=await find_successor(session, row.id) if state is State.SUPERSEDED else None,
        suppressed=suppression.reason if suppression else "",
        **unsent,
    )


def _read_matched(text: bytes) -> list[Matched]:
    return [
        Matched(
            subscription=one["subscription"],
            name=one["name"],
            lane=one["lane"],
            reason=one["reason"],
        )
        for one in orjson.loads(text)
    ]


async def _find_bundle(session: AsyncSession, member: UUID) -> UUID | None:
    wanted = select(col(Carried.alert_id)).where(col(Carried.member_id) == member)
    found: UUID | None = await session.scalar(wanted.limit(1))
    return found


async def _read_unsent(session: AsyncSession, row: ListedAlert, to: Recipient) -> dict[str, Any]:
    return {
        "holders": await _list_holders(session, row.id),
        "last": await _find_last(session, row.id),
        "pace": await _find_pace(session, row.id, to.id),
    }


async def _list_holders(session: AsyncSession, alert_id: UUID) -> list[Holder]:
    wanted = (
        select(col(Held.owner_id), col(Held.held_at), col(Gathered.due_at), col(Gathered.cause))
        .outerjoin(Gathered, col(Gathered.delivery_id) == col(Held.delivery_id))
        .where(col(Held.delivery_id) == alert_id)
        .order_by(col(Held.owner_id))
    )
    return [
        Holder(owner=row.owner_id, since=row.held_at, due_at=row.due_at, cause=row.cause or "")
        for row in await session.execute(wanted)
    ]


async def _find_last(session: AsyncSession, alert_id: UUID) -> Tried | None:
    columns = (col(Attempt.number), col(Attempt.at), col(Attempt.status), col(Attempt.reason))
    wanted = select(*columns).where(col(Attempt.delivery_id) == alert_id)
    row = (await session.execute(wanted.order_by(col(Attempt.number).desc()).limit(1))).first()
    return (
        Tried(number=row.number, at=row.at, status=row.status, reason=row.reason) if row else None
    )


async def _find_pace(session: AsyncSession, alert_id: UUID, destination_id: str) -> Pace:
    lane = select(col(Delivery.lane)).where(col(Delivery.id) == alert_id)
    is_laned = bool(await session.scalar(lane))
    wanted = (
        select(
            col(Destination.rate),
            col(PaceRow.failures),
            col(PaceRow.rests_until),
            col(PaceRow.next_at),
        )
        .outerjoin(PaceRow, col(PaceRow.destination_id) == col(Destination.id))
        .where(col(Destination.id) == destination_id)
    )
    row = (await session.execute(wanted)).first()
    if row is None:
        return Pace(is_laned=is_laned)
    return Pace(
        failures=row.failures or 0,
        rests_until=row.rests_until,
        next_at=row.next_at,
        rate=row.rate,
        is_laned=is_laned,
    )
