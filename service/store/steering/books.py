"""The books of decisions row by row, in pages, each row with what must stand beside it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.audit import PAGE, Rows
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.plans.tables import Fanout
from service.store.steering.tables import Audit, Errand, FormerReceipt

_HAS_LIVE = (
    exists()
    .where(
        col(Alert.change_id) == col(Fanout.change_id),
        col(Alert.cause) == "",
        col(Delivery.id) == col(Alert.id),
    )
    .correlate(Fanout)
)


async def read_deeds(session: AsyncSession, after: int) -> Rows:
    """By number."""
    return await _page(session, select(col(Audit.number), col(Audit.at)), Audit.number, after)


async def read_stops(session: AsyncSession, after: int) -> Rows:
    """Fan-outs that a person had a word over, by number, with whether anything of them is live."""
    wanted = select(
        col(Fanout.number),
        col(Fanout.change_id),
        col(Fanout.state),
        col(Fanout.is_open),
        col(Fanout.is_unfinished),
        _HAS_LIVE.label("live"),
    ).where(or_(col(Fanout.state) != "", col(Fanout.is_unfinished)))
    return await _page(session, wanted, Fanout.number, after)


async def read_errands(session: AsyncSession, after: str) -> Rows:
    """Those that are not finished, by their object."""
    wanted = select(col(Errand.object), col(Errand.kind), col(Errand.due_at))
    return await _page(session, wanted.where(col(Errand.due_at).is_not(None)), Errand.object, after)


async def find_working(session: AsyncSession, objects: Sequence[str]) -> set[str]:
    """Which of these have an errand that is not finished."""
    wanted = select(col(Errand.object)).where(
        col(Errand.object).in_(objects), col(Errand.due_at).is_not(None)
    )
    return set((await session.execute(wanted)).scalars())


async def read_stopped(session: AsyncSession, after: UUID | None) -> Rows:
    """What a halt or a recall holds, by delivery, with the word over its change."""
    holders = [col(Held.owner_id).startswith(name) for name in ("halt:", "recall:")]
    wanted: Any = (
        select(
            col(Held.delivery_id).label("id"),
            func.min(col(Held.owner_id)).label("owner"),
            func.min(col(Fanout.state)).label("state"),
            col(Fanout.change_id),
        )
        .join(Alert, col(Alert.id) == col(Held.delivery_id))
        .join(Fanout, col(Fanout.change_id) == col(Alert.change_id))
        .where(or_(*holders))
        .group_by(col(Held.delivery_id), col(Fanout.change_id))
    )
    return await _page(session, wanted, Held.delivery_id, after)


async def read_corrections(session: AsyncSession, after: int) -> Rows:
    """Alerts with a cause of their own, by number, with the word over their change."""
    wanted: Any = (
        select(
            col(Alert.number),
            col(Alert.id),
            col(Alert.cause),
            col(Alert.change_id),
            col(Fanout.state),
        )
        .outerjoin(Fanout, col(Fanout.change_id) == col(Alert.change_id))
        .where(col(Alert.cause).startswith("recall:"))
    )
    return await _page(session, wanted, Alert.number, after)


async def read_former(session: AsyncSession, after: UUID | None) -> Rows:
    """What was sent again, by delivery: attempts made before, and those counted since."""
    delivery = col(FormerReceipt.delivery_id)
    since = func.coalesce(
        func.max(col(Receipt.attempts)),
        func.max(col(Delivery.attempt)) - literal(1),
        func.max(col(Held.attempt)) - literal(1),
    )
    wanted: Any = (
        select(
            delivery.label("id"),
            func.max(col(FormerReceipt.attempts)).label("before"),
            since.label("since"),
            func.max(col(Alert.number)).label("alert"),
        )
        .outerjoin(Alert, col(Alert.id) == delivery)
        .outerjoin(Receipt, col(Receipt.delivery_id) == delivery)
        .outerjoin(Delivery, col(Delivery.id) == delivery)
        .outerjoin(Held, col(Held.delivery_id) == delivery)
        .group_by(delivery)
    )
    return await _page(session, wanted, FormerReceipt.delivery_id, after)


async def _page(session: AsyncSession, wanted: Any, place: Any, after: Any) -> Rows:
    if after is not None:
        wanted = wanted.where(col(place) > after)
    return (await session.execute(wanted.order_by(col(place)).limit(PAGE))).all()
