"""All alerts of one destination in a complete order: for proof, and for who fetches them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.steering import Word
from service.store.delivery.alerts import alerts_with_ends, reason_column, state_column
from service.store.delivery.tables import Alert, Held, Receipt
from service.store.plans.tables import Fanout
from service.store.spans import Span


@dataclass(frozen=True, slots=True)
class Listed:
    """Where one alert stands.

    `reason` is its end's, `holder` who holds it back, `recalled` why it was taken back. `sent`
    is the SHA-256 of the bytes that ended it.
    """

    id: UUID
    number: int
    change_id: UUID
    cause: str
    subject: str
    created_at: datetime
    state: str
    reason: str | None
    finished_at: datetime | None
    sent: str | None
    holder: str | None
    recalled: str | None


_HOLDER = (
    select(func.min(col(Held.owner_id)))
    .where(col(Held.delivery_id) == col(Alert.id))
    .correlate(Alert)
    .scalar_subquery()
)
_IS_RECALLED = and_(col(Fanout.state) == Word.RECALLED.value, col(Alert.cause) == "")
_ALERTS = alerts_with_ends(
    col(Alert.id),
    col(Alert.number),
    col(Alert.change_id),
    col(Alert.cause),
    col(Alert.subject),
    col(Alert.created_at),
    state_column,
    reason_column,
    col(Receipt.finished_at),
    col(Receipt.sha256),
    _HOLDER,
    case((_IS_RECALLED, col(Fanout.reason)), else_=None),
).outerjoin(Fanout, col(Fanout.change_id) == col(Alert.change_id))


async def list_of_destination(
    session: AsyncSession, destination_id: str, span: Span
) -> list[Listed]:
    """By number, which is given in the order of commits: paging by it skips nothing."""
    wanted = _ALERTS.where(col(Alert.destination_id) == destination_id)
    rows = await session.execute(span.of(wanted, col(Alert.number)))
    return [Listed(*row) for row in rows]
