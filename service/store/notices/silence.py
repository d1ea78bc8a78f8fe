"""What silence means: whether nothing came in, or it is only not worked up yet.

Looked at in the order in which an event travels, so that nothing slips through between two looks:
the outbox and the ends of the log first, then how far it was read, what is planned, what was made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import ACTIVE
from service.core.sending.delivery import State
from service.core.sending.notice import BEATS
from service.core.sending.steering import Word
from service.store.arrivals.progress import list_places
from service.store.delivery.tables import Alert, Receipt
from service.store.following.tables import Subscription, SubscriptionDestination
from service.store.numbers import last_number
from service.store.plans.tables import Fanout
from service.store.standings.tables import Event


@dataclass(frozen=True, slots=True)
class Heard:
    """What had come in at an instant: so many in the outbox, and where each partition ended.

    `ends` is None while the log is out of reach.
    """

    at: datetime
    outbox: int
    ends: Mapping[tuple[str, int], int] | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Of one destination, up to the alert number `last`: `sent` counts all but the `muted`."""

    last: int
    sent: int
    muted: int


async def count_behind(session: AsyncSession, heard: Heard) -> int | None:
    """Events that may not have become alerts yet; None: nobody can tell."""
    if heard.ends is None:
        return None
    places = await list_places(session)
    read = {key: place.next for key, place in places.items()}
    unread = sum(max(0, end - read.get(key, 0)) for key, end in heard.ends.items())
    return heard.outbox + unread + int(await session.scalar(_UNPLANNED) or 0)


async def count_stopped(session: AsyncSession) -> int:
    """Changes that go on when an operator says so."""
    return int(await session.scalar(_STOPPED) or 0)


_UNPLANNED = select(func.count()).select_from(Fanout).where(text("fanout.is_open"))
_STOPPED = (
    select(func.count())
    .select_from(Fanout)
    .where(
        text("fanout.state <> ''"),
        col(Fanout.state).in_([Word.AWAITING.value, Word.HALTED.value]),
    )
)
"""Both in the words of their partial indexes."""


async def find_silence(session: AsyncSession, destination_id: str, after: int) -> Silence:
    """What was made for it after the alert with this number, heartbeats aside."""
    last = await last_number(session, "alerts")
    asked = {"of": destination_id, "after": after, "last": last}
    sent, muted = (await session.execute(_MADE, asked)).one()
    return Silence(last, sent, muted)


_IS_MUTED: Any = func.coalesce(col(Receipt.outcome), "") == State.MUTED.value
_MADE = (
    select(func.count().filter(~_IS_MUTED), func.count().filter(_IS_MUTED))
    .select_from(Alert)
    .outerjoin(Receipt, col(Receipt.delivery_id) == col(Alert.id))
    .where(
        col(Alert.destination_id) == bindparam("of"),
        col(Alert.number) > bindparam("after"),
        col(Alert.number) <= bindparam("last"),
        ~col(Alert.cause).startswith(BEATS),
    )
)


async def find_last_event(session: AsyncSession) -> datetime | None:
    """When the latest event was taken in."""
    found: datetime | None = await session.scalar(_LAST_EVENT)
    return found


_LAST_EVENT = select(col(Event.accepted_at)).order_by(col(Event.number).desc()).limit(1)


async def count_lanes(session: AsyncSession, destination_id: str) -> int:
    """In all subscriptions that tell it."""
    rules = (await session.execute(_RULES, {"of": destination_id})).scalars()
    return sum(len(orjson.loads(rule)["lanes"]) for rule in rules)


_RULES = (
    select(col(Subscription.rule))
    .join(
        SubscriptionDestination,
        col(SubscriptionDestination.subscription_id) == col(Subscription.id),
    )
    .where(
        col(SubscriptionDestination.destination_id) == bindparam("of"),
        col(Subscription.state) == ACTIVE,
    )
)
