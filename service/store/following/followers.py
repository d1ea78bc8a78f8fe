"""Who was told of earlier changes: their destinations, and the subscriptions behind the alerts."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.event import Identity
from service.core.sending.delivery import TOLD
from service.core.sending.steering import Act
from service.store.delivery.tables import Alert, Held, Receipt
from service.store.following.candidates import JOINED, Candidate
from service.store.following.tables import Destination, Subscription, SubscriptionDestination
from service.store.gathering.tables import Carried
from service.store.lists import one_of, runs
from service.store.mail.tables import Returned
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change, Event
from service.store.steering.tables import FormerReceipt


async def find_changes_of(session: AsyncSession, events: Iterable[Identity]) -> list[bytes]:
    """The changes that these events made, as written; some made none, or were not seen."""
    connection = await session.connection()
    found = [
        await connection.scalar(_OF_EVENT, {"source": source, "name": name})
        for source, name in events
    ]
    return [body for body in found if body is not None]


_OF_EVENT = (
    select(col(Change.body))
    .join(Event, col(Event.change_id) == col(Change.id))
    .where(col(Event.source) == bindparam("source"), col(Event.id) == bindparam("name"))
)


async def is_being_planned(session: AsyncSession, changes: Collection[UUID], number: int) -> bool:
    """Whether one of these is still being planned, and came before change `number`."""
    connection = await session.connection()
    asked = {"those": list(changes), "number": number}
    return (await connection.execute(_OPEN, asked)).first() is not None


_OPEN = select(col(Fanout.change_id)).where(
    one_of(col(Fanout.change_id), "those"),
    text("fanout.is_open"),
    col(Fanout.number) < bindparam("number"),
)


async def list_reached(session: AsyncSession, changes: Collection[UUID], limit: int) -> list[str]:
    """Destinations for which there is an alert of these changes, told or not, in no order."""
    connection = await session.connection()
    rows = await connection.execute(_REACHED, {"those": list(changes), "most": limit})
    return list(rows.scalars())


_REACHED = (
    select(col(Alert.destination_id))
    .where(one_of(col(Alert.change_id), "those"), col(Alert.cause) == "")
    .limit(bindparam("most"))
)


async def find_made(session: AsyncSession, alerts: Sequence[UUID]) -> set[UUID]:
    """Those of the alerts that there are."""
    connection = await session.connection()
    found: set[UUID] = set()
    for some in runs(alerts):
        found.update((await connection.execute(_MADE, {"those": some})).scalars())
    return found


_MADE = select(col(Alert.id)).where(one_of(col(Alert.id), "those"))


async def read_told(session: AsyncSession, alerts: Sequence[UUID]) -> list[Any]:
    """Of these alerts those whose receiver knows, or will: told, or still on the way.

    Not told is what a halt keeps, what ended otherwise, and what came back. What had been told
    before it was sent again was told.
    """
    connection = await session.connection()
    found: list[Any] = []
    for some in runs(alerts):
        found += (await connection.execute(_TOLD, {"those": some})).all()
    return found


_IS_STOPPED = exists().where(
    col(Held.delivery_id) == col(Alert.id), col(Held.owner_id).startswith(f"{Act.HALT}:")
)
_END = aliased(Receipt)
_BUNDLE_LOST = exists().where(
    col(Carried.member_id) == col(Alert.id),
    col(_END.delivery_id) == col(Carried.alert_id),
    col(_END.outcome).not_in(TOLD),
)
_TOLD_ONCE = exists().where(
    col(FormerReceipt.delivery_id) == col(Alert.id), col(FormerReceipt.outcome).in_(TOLD)
)
_CAME_BACK = exists().where(col(Returned.delivery_id) == col(Alert.id))
_TOLD = (
    select(
        col(Alert.id),
        col(Alert.destination_id),
        col(Alert.account_id),
        col(Alert.change_id),
        col(Alert.created_at),
        col(Alert.matched),
    )
    .outerjoin(Receipt, col(Receipt.delivery_id) == col(Alert.id))
    .where(
        one_of(col(Alert.id), "those"),
        or_(
            and_(col(Receipt.outcome).is_(None), ~_IS_STOPPED),
            and_(col(Receipt.outcome).in_(TOLD), ~_BUNDLE_LOST, ~_CAME_BACK),
            _TOLD_ONCE,
        ),
    )
    .order_by(col(Alert.number))
)


async def list_behind(
    session: AsyncSession, subscriptions: Collection[str], destinations: Collection[str]
) -> list[Candidate]:
    """Those of the subscriptions that still are, with the destinations that they still tell.

    Of these destinations, and of whatever lies between them: two lists at once, an engine may
    well try in every combination.
    """
    asked = {
        "those": sorted(subscriptions),
        "first": min(destinations),
        "last": max(destinations),
    }
    connection = await session.connection()
    return [Candidate(*row) for row in await connection.execute(_BEHIND, asked)]


_BEHIND = JOINED.where(
    one_of(col(Subscription.id), "those"),
    col(SubscriptionDestination.destination_id) >= bindparam("first"),
    col(SubscriptionDestination.destination_id) <= bindparam("last"),
).order_by(col(Destination.id), col(Subscription.id))
