"""Who might be told of a change: subscriptions with the destinations that they tell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.match import Narrow
from service.core.sending.delivery import TOLD
from service.store.delivery.tables import Alert, Receipt
from service.store.following.nets import is_caught
from service.store.following.tables import Destination, Subscription, SubscriptionDestination
from service.store.gathering.tables import Carried
from service.store.lists import one_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subscription that may match, with one destination that it tells."""

    destination_id: str
    account_id: str
    subscription_id: str
    name: str
    external_id: str | None
    rule: str
    labels: str
    details: str
    steps: str


_COLUMNS: tuple[Any, ...] = (
    col(Destination.id).label("destination_id"),
    col(Destination.account_id),
    col(Subscription.id).label("subscription_id"),
    col(Subscription.name),
    col(Subscription.external_id),
    col(Subscription.rule),
    col(Subscription.labels),
    col(Subscription.details),
    col(Subscription.steps),
)
JOINED = (
    select(*_COLUMNS)
    .select_from(Subscription)
    .join(
        SubscriptionDestination,
        col(SubscriptionDestination.subscription_id) == col(Subscription.id),
    )
    .join(Destination, col(Destination.id) == col(SubscriptionDestination.destination_id))
)


async def list_candidates(
    session: AsyncSession, subscriptions: Collection[str], number: int, cursor: str
) -> list[Candidate]:
    """Those subscriptions that existed at change `number`, by destination, after `cursor`."""
    asked = {"those": list(subscriptions), "number": number, "cursor": cursor}
    connection = await session.connection()
    return [Candidate(*row) for row in await connection.execute(_CANDIDATES, asked)]


_CANDIDATES = JOINED.where(
    one_of(col(Subscription.id), "those"),
    col(Subscription.after_change) < bindparam("number"),
    col(Destination.id) > bindparam("cursor"),
).order_by(col(Destination.id), col(Subscription.id))


async def turn_destinations(session: AsyncSession, cursor: str, limit: int) -> list[str]:
    """The next of all destinations, for a change that reaches very many."""
    page = select(col(Destination.id)).where(col(Destination.id) > cursor)
    rows = await session.execute(page.order_by(col(Destination.id)).limit(limit))
    return list(rows.scalars())


async def walk_candidates(
    session: AsyncSession, net: Narrow, number: int, ids: Sequence[str]
) -> list[Candidate]:
    """What the net holds of these destinations, which follow on each other."""
    if not ids:
        return []
    caught, values = is_caught(net)
    wanted = JOINED.where(
        col(Destination.id) >= ids[0],
        col(Destination.id) <= ids[-1],
        col(Subscription.after_change) < number,
        caught,
    ).order_by(col(Destination.id), col(Subscription.id))
    return [Candidate(*row) for row in await session.execute(wanted, values)]


async def find_told(
    session: AsyncSession, subject: str, destinations: Collection[str]
) -> Mapping[str, Decimal]:
    """The rate in percent that each destination was last told for the subject, if any."""
    if not destinations:
        return {}
    latest = (
        select(func.max(col(Alert.number)))
        .where(
            col(Alert.subject) == subject,
            col(Alert.destination_id).in_(destinations),
            col(Alert.told_pp).is_not(None),
            ~exists().where(
                col(Receipt.delivery_id) == col(Alert.id),
                col(Receipt.outcome).not_in(TOLD),
            ),  # what never arrived was not told
            ~exists().where(
                col(Carried.member_id) == col(Alert.id),
                col(Receipt.delivery_id) == col(Carried.alert_id),
                col(Receipt.outcome).not_in(TOLD),
            ),  # nor by what it was told in
        )
        .group_by(col(Alert.destination_id))
    )
    wanted = select(col(Alert.destination_id), col(Alert.told_pp)).where(
        col(Alert.number).in_(latest)
    )
    return {row.destination_id: Decimal(row.told_pp) for row in await session.execute(wanted)}
