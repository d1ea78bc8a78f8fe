"""Deliveries as people read them: every alert ever planned, where it stands, and its attempts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.delivery import State
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt
from service.store.following.tables import Destination
from service.store.mail.tables import Returned
from service.store.spans import Span

_HELD = exists().where(col(Held.delivery_id) == col(Alert.id))
_CAME_BACK = and_(col(Receipt.outcome) == State.DELIVERED.value, col(Returned.reason).is_not(None))
state_column = case(
    (_CAME_BACK, State.BOUNCED.value),
    (col(Receipt.outcome).is_not(None), col(Receipt.outcome)),
    (_HELD, State.HELD.value),
    else_=State.PENDING.value,
).label("state")
"""Derived, never stored: a receipt ends it, unless it came back; else it is held or on its way."""
reason_column = case((_CAME_BACK, col(Returned.reason)), else_=col(Receipt.reason)).label("reason")
"""Why it stands so: in the words of whoever gave it up, if it came back, else of its receipt."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert to a destination, and how it ended, if it did.

    `sha256` is that of the bytes that ended it; `cause` is empty where the change is the cause.
    """

    id: UUID
    number: int
    destination_id: str
    kind: str | None
    address: str | None
    change_id: UUID
    cause: str
    subject: str
    matched: bytes
    created_at: datetime
    state: str
    reason: str | None
    attempts: int | None
    finished_at: datetime | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ListedAlert(AlertRow):
    """The same, as people read it. `due_at` is None unless it waits to be sent."""

    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One transmission; `timings` is JSON, seconds a phase, as are `request` and `answered`."""

    number: int
    at: datetime
    outcome: str
    status: int | None
    reason: str
    peer: str
    seconds: float
    timings: str
    response: bytes
    request: str
    answered: str


def alerts_with_ends(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Alerts beside their receipts, and what came back of them, if there is any."""
    return (
        select(*columns)
        .select_from(Alert)
        .outerjoin(Receipt, col(Receipt.delivery_id) == col(Alert.id))
        .outerjoin(Returned, col(Returned.delivery_id) == col(Alert.id))
    )


def alert_rows(*more: Any) -> Select[*tuple[Any, ...]]:
    """The columns of `AlertRow`, and `more` of what the caller joins."""
    return alerts_with_ends(
        col(Alert.id),
        col(Alert.number),
        col(Alert.destination_id),
        col(Destination.kind),
        col(Destination.address),
        col(Alert.change_id),
        col(Alert.cause),
        col(Alert.subject),
        col(Alert.matched),
        col(Alert.created_at),
        state_column,
        reason_column,
        col(Receipt.attempts),
        col(Receipt.finished_at),
        col(Receipt.sha256),
        *more,
    ).outerjoin(Destination, col(Destination.id) == col(Alert.destination_id))


_READ = alert_rows(col(Delivery.visible_at)).outerjoin(Delivery, col(Delivery.id) == col(Alert.id))


async def list_alerts(
    session: AsyncSession,
    account_id: str,
    span: Span,
    where: Mapping[str, Any],
    state: str | None = None,
) -> list[ListedAlert]:
    """By number; `where` names columns of the alert and what each must be."""
    wanted = _READ.where(col(Alert.account_id) == account_id)
    for name, value in where.items():
        wanted = wanted.where(col(getattr(Alert, name)) == value)
    if state:
        wanted = wanted.where(state_column == state)
    rows = await session.execute(span.of(wanted, col(Alert.number)))
    return [ListedAlert(*row) for row in rows]


async def find_alert(session: AsyncSession, account_id: str, alert_id: UUID) -> ListedAlert | None:
    """The account's alert with this id, which is the webhook-id of its delivery."""
    wanted = _READ.where(col(Alert.account_id) == account_id, col(Alert.id) == alert_id)
    row = (await session.execute(wanted)).first()
    return ListedAlert(*row) if row else None


async def list_attempts(session: AsyncSession, alert_id: UUID) -> list[AttemptRow]:
    """Every transmission, in order."""
    columns = [col(getattr(Attempt, name)) for name in AttemptRow.__slots__]
    wanted = select(*columns).where(col(Attempt.delivery_id) == alert_id)
    rows = await session.execute(wanted.order_by(col(Attempt.number)))
    return [AttemptRow(*row) for row in rows]
