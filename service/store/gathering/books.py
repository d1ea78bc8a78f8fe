"""What waits, and what was told together, row by row for whoever checks."""

from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.sending.delivery import State
from service.store.audit import PAGE, Rows
from service.store.delivery.tables import Alert, Held, Receipt
from service.store.gathering.tables import Carried, Gathered
from service.store.gathering.waiting import GATHERING
from service.store.steering.tables import FormerReceipt

_END = aliased(Receipt)
_BUNDLE = aliased(Alert)


async def read_gathered(session: AsyncSession, after: UUID | None) -> Rows:
    """What is held until others come, by delivery, with what it waits for."""
    wanted: Any = (
        select(
            col(Held.delivery_id).label("id"),
            col(Held.destination_id),
            col(Gathered.destination_id).label("waits_at"),
            col(Gathered.due_at),
        )
        .outerjoin(Gathered, col(Gathered.delivery_id) == col(Held.delivery_id))
        .where(col(Held.owner_id) == GATHERING)
    )
    return await _page(session, wanted, Held.delivery_id, after)


async def read_carried(session: AsyncSession, after: UUID | None) -> Rows:
    """Members of bundles by their id, with both alerts, and whether the member ended by that."""
    ended = exists().where(
        col(_END.delivery_id) == col(Carried.member_id), col(_END.outcome) == State.DIGESTED.value
    )
    again = exists().where(
        col(FormerReceipt.delivery_id) == col(Carried.member_id),
        col(FormerReceipt.outcome) == State.DIGESTED.value,
    )
    wanted: Any = (
        select(
            col(Carried.member_id).label("id"),
            col(Carried.alert_id),
            col(Alert.destination_id),
            col(_BUNDLE.destination_id).label("told_at"),
            col(_BUNDLE.cause),
            (ended | again).label("ended"),
        )
        .outerjoin(Alert, col(Alert.id) == col(Carried.member_id))
        .outerjoin(_BUNDLE, col(_BUNDLE.id) == col(Carried.alert_id))
    )
    return await _page(session, wanted, Carried.member_id, after)


async def read_digested(session: AsyncSession, after: UUID | None) -> Rows:
    """What ended in a bundle that does not carry it, by delivery."""
    wanted: Any = (
        select(col(Receipt.delivery_id).label("id"))
        .outerjoin(Carried, col(Carried.member_id) == col(Receipt.delivery_id))
        .where(col(Receipt.outcome) == State.DIGESTED.value, col(Carried.member_id).is_(None))
    )
    return await _page(session, wanted, Receipt.delivery_id, after)


async def _page(session: AsyncSession, wanted: Any, place: Any, after: UUID | None) -> Rows:
    if after is not None:
        wanted = wanted.where(col(place) > after)
    return (await session.execute(wanted.order_by(col(place)).limit(PAGE))).all()
