"""Who might be told of a change: subscriptions with the destinations that they tell."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.delivery import TOLD
from service.core.match import Narrow
from service.store.gathering.tables import Carried
from service.store.lists import one_of
from service.store.nets import is_caught
from service.store.tables import (
    Alert,
    Destination,
    Receipt,
    Subscription,
    SubscriptionDestination,
)


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
_JOINED = (
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


_CANDIDATES = _JOINED.where(
    one_of(col(Subscription.id), "those"),
    col(Subscription.after_change) < bindparam("number"),
    col(Destination.id) > bindparam("cursor"),
).order_by(col(Destination.id), col(Subscription.id))


async def walk_candidates(
    session: AsyncSession, net: Narrow, number: int, cursor: str, destinations: int
) -> tuple[list[Candidate], str, bool]:
    """What the net holds of the next destinations, for a change that reaches very many.

    Returns them with the last destination looked at, and whether it was the last of all.
    """
    page = select(col(Destination.id)).where(col(Destination.id) > cursor)
    ids = list(
        (await session.execute(page.order_by(col(Destination.id)).limit(destinations))).scalars()
    )
    if not ids:
        return [], cursor, True
    caught, values = is_caught(net)
    wanted = _JOINED.where(
        col(Destination.id) > cursor,
        col(Destination.id) <= ids[-1],
        col(Subscription.after_change) < number,
        caught,
    ).order_by(col(Destination.id), col(Subscription.id))
    found = await session.execute(wanted, values)
    rows = [Candidate(*row) for row in found]
    return rows, ids[-1], len(ids) < destinations


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
