"""What is known of a destination in trouble: what waits for it, and what its last attempt met."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.notice import CAUSE, is_notice
from service.store.delivery.tables import Alert, Attempt, Delivery, Held


@dataclass(frozen=True, slots=True)
class Facts:
    """`waiting` counts alerts, `notices` beside them; `last_error` is in words, or empty.

    `is_own`: notices alone are concerned, so that another notice would only follow from them.
    """

    waiting: int
    notices: int
    last_error: str
    is_own: bool


async def look_into(session: AsyncSession, destination_id: str) -> Facts:
    """As it is now."""
    asked = {"of": destination_id}
    counted = {row.is_notice: row.many for row in await session.execute(_WAITING, asked)}
    waiting, notices = counted.get(False, 0), counted.get(True, 0)
    error = await session.scalar(_LAST_ERROR, asked)
    latest = await session.scalar(_LATEST, asked)
    is_own = not waiting and (notices > 0 or is_notice(latest or ""))
    return Facts(waiting, notices, error or "", is_own)


_LIVE: Any = select(col(Delivery.id).label("id")).where(
    col(Delivery.destination_id) == bindparam("of")
)
_HELD: Any = select(col(Held.delivery_id).label("id")).where(col(Held.owner_id) == bindparam("of"))
_ALL: Any = union(_LIVE, _HELD).subquery()
_IS_NOTICE = col(Alert.cause).startswith(CAUSE)
_WAITING = (
    select(_IS_NOTICE.label("is_notice"), func.count().label("many"))
    .join(_ALL, _ALL.c.id == col(Alert.id))
    .group_by(_IS_NOTICE)
)


_MADE: Any = union_all(
    select(col(Attempt.at), col(Attempt.reason))
    .join(Delivery, col(Delivery.id) == col(Attempt.delivery_id))
    .where(col(Delivery.destination_id) == bindparam("of")),
    select(col(Attempt.at), col(Attempt.reason))
    .join(Held, col(Held.delivery_id) == col(Attempt.delivery_id))
    .where(col(Held.owner_id) == bindparam("of")),
).subquery()
_LAST_ERROR = select(_MADE.c.reason).order_by(_MADE.c.at.desc()).limit(1)
_LATEST = (
    select(col(Alert.cause))
    .where(col(Alert.destination_id) == bindparam("of"))
    .order_by(col(Alert.number).desc())
    .limit(1)
)
