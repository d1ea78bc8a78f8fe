"""The books of one destination and span, page by page, with all that stands beside each alert."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.delivery.alerts import AlertRow, AttemptRow, alert_rows
from service.store.delivery.tables import Alert, Attempt, Held, Superseded
from service.store.gathering.tables import Carried
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change, Event
from service.store.steering.deeds import Deed
from service.store.steering.tables import Audit, FormerReceipt


@dataclass(frozen=True, slots=True)
class Planned(AlertRow):
    """An alert with what else became of it.

    `holder` keeps it back; `told_in` is the alert that carries it, `gave_way_to` the one that was
    sent in its place.
    """

    holder: str | None
    told_in: UUID | None
    gave_way_to: UUID | None


async def page_alerts(
    session: AsyncSession,
    destination_id: str,
    span: tuple[datetime, datetime],
    after: int,
    most: int,
) -> list[Planned]:
    """The next ones that were made in the span, by number."""
    since, until = span
    asked = {"of": destination_id, "since": since, "until": until, "after": after, "most": most}
    connection = await session.connection()
    return [Planned(*row) for row in await connection.execute(_ALERTS, asked)]


_HOLDER = (
    select(func.min(col(Held.owner_id)))
    .where(col(Held.delivery_id) == col(Alert.id))
    .correlate(Alert)
    .scalar_subquery()
)
_PLANNED = (
    alert_rows(_HOLDER, col(Carried.alert_id), col(Superseded.successor_id))
    .outerjoin(Carried, col(Carried.member_id) == col(Alert.id))
    .outerjoin(Superseded, col(Superseded.delivery_id) == col(Alert.id))
    .order_by(col(Alert.number))
)
_ALERTS = _PLANNED.where(
    col(Alert.destination_id) == bindparam("of"),
    col(Alert.number) > bindparam("after"),
    col(Alert.created_at) >= bindparam("since"),
    col(Alert.created_at) < bindparam("until"),
).limit(bindparam("most"))


async def read_alerts(session: AsyncSession, alerts: Collection[UUID]) -> list[Planned]:
    """These, whenever they were made; by number."""
    connection = await session.connection()
    return [Planned(*row) for row in await connection.execute(_THESE, {"those": list(alerts)})]


_THESE = _PLANNED.where(one_of(col(Alert.id), "those"))


@dataclass(frozen=True, slots=True)
class Beside:
    """What belongs to the alerts of a page, by alert."""

    attempts: Mapping[UUID, Sequence[AttemptRow]]
    former: Mapping[UUID, Sequence[Any]]


async def read_beside(session: AsyncSession, alerts: Collection[UUID]) -> Beside:
    """Every attempt, and how each had ended before it was sent again."""
    asked = {"those": list(alerts)}
    connection = await session.connection()
    attempts: dict[UUID, list[AttemptRow]] = {}
    for of, *row in await connection.execute(_ATTEMPTS, asked):
        attempts.setdefault(of, []).append(AttemptRow(*row))
    former: dict[UUID, list[Any]] = {}
    for end in await connection.execute(_FORMER, asked):
        former.setdefault(end.delivery_id, []).append(end)
    return Beside(attempts, former)


_ATTEMPTS = (
    select(col(Attempt.delivery_id), *(col(getattr(Attempt, one)) for one in AttemptRow.__slots__))
    .where(one_of(col(Attempt.delivery_id), "those"))
    .order_by(col(Attempt.delivery_id), col(Attempt.number))
)
_FORMER = (
    select(*FormerReceipt.__table__.columns)  # type: ignore[attr-defined]
    .where(one_of(col(FormerReceipt.delivery_id), "those"))
    .order_by(col(FormerReceipt.delivery_id), col(FormerReceipt.number))
)


async def read_deeds(session: AsyncSession, objects: Collection[str]) -> Mapping[str, list[Deed]]:
    """What people did to each of these, in the order in which they did it."""
    found: dict[str, list[Deed]] = {}
    connection = await session.connection()
    for row in await connection.execute(_DEEDS, {"those": list(objects)}):
        found.setdefault(row.object, []).append(Deed(*row))
    return found


_DEEDS = (
    select(*(col(getattr(Audit, name)) for name in Deed.__slots__))
    .where(one_of(col(Audit.object), "those"))
    .order_by(col(Audit.number))
)


@dataclass(frozen=True, slots=True)
class Told:
    """A change as recorded, and the event that caused it as it came, where that is kept."""

    id: UUID
    number: int
    recorded_at: datetime
    body: bytes
    event: bytes | None
    word: str | None
    reason: str | None


async def read_told(session: AsyncSession, changes: Collection[UUID]) -> list[Told]:
    """By number."""
    connection = await session.connection()
    rows = await connection.execute(_CHANGES, {"those": list(changes)})
    return [Told(*row) for row in rows]


_COLUMNS: tuple[Any, ...] = (
    col(Change.id),
    col(Change.number),
    col(Change.recorded_at),
    col(Change.body),
    col(Event.body).label("event"),
    col(Fanout.state),
    col(Fanout.reason),
)
_WITH_EVENTS = (
    select(*_COLUMNS)
    .outerjoin(Fanout, col(Fanout.change_id) == col(Change.id))
    .outerjoin(
        Event,
        and_(col(Event.subject) == col(Change.subject), col(Event.change_id) == col(Change.id)),
    )
)
_CHANGES = _WITH_EVENTS.where(one_of(col(Change.id), "those")).order_by(col(Change.number))


async def page_stopped(
    session: AsyncSession, span: tuple[datetime, datetime], after: int, most: int
) -> list[Told]:
    """Changes recorded in the span over whose telling a person has, or had, the word; by number."""
    since, until = span
    asked = {"since": since, "until": until, "after": after, "most": most}
    connection = await session.connection()
    return [Told(*row) for row in await connection.execute(_STOPPED, asked)]


_STOPPED = (
    _WITH_EVENTS.where(
        text("fanout.state <> ''"),  # in the words of its partial index
        col(Change.number) > bindparam("after"),
        col(Change.recorded_at) >= bindparam("since"),
        col(Change.recorded_at) < bindparam("until"),
    )
    .order_by(col(Change.number))
    .limit(bindparam("most"))
)
