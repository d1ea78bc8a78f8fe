"""Readers: mail addresses, how they stand, and doing as they say."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import ACTIVE, UNSUBSCRIBED, Act, follow
from service.store.delivery import holding
from service.store.delivery.cancelled import cancel_destination
from service.store.following.tables import Destination, Subscription, SubscriptionDestination
from service.store.mail.consents import ConsentRow, note_consent


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A mail address and how it stands."""

    id: str
    address: str
    state: str
    reason: str
    preferences: str


async def find_reader(
    session: AsyncSession, destination_id: str, *, locked: bool = False
) -> ReaderRow | None:
    """The email destination with this id, whoever owns it."""
    columns = [col(getattr(Destination, name)) for name in ReaderRow.__slots__]
    wanted = select(*columns).where(
        col(Destination.id) == destination_id, col(Destination.kind) == "email"
    )
    row = (await session.execute(wanted.with_for_update() if locked else wanted)).first()
    return ReaderRow(*row) if row else None


async def list_followed(session: AsyncSession, destination_id: str) -> list[str]:
    """Names of the subscriptions that tell it."""
    told = SubscriptionDestination
    wanted = (
        select(col(Subscription.name))
        .join(told, col(told.subscription_id) == col(Subscription.id))
        .where(col(told.destination_id) == destination_id)
        .order_by(col(Subscription.name), col(Subscription.id))
    )
    return list((await session.execute(wanted)).scalars())


async def obey(session: AsyncSession, reader: ReaderRow, act: Act, now: datetime) -> bool:
    """Do as the reader says, and write it down. False: there was nothing to do.

    The reader is locked, so what is planned meanwhile sees the new state.
    """
    wanted = follow(act, reader.state, reader.reason)
    if wanted is None:
        return False
    state, reason = wanted
    await note_consent(session, reader.id, ConsentRow(act, reader.address, "", now))
    if state == ACTIVE:
        await set_state(session, reader.id, state, reason, now)
        await holding.release(session, reader.id, now)
    elif state == UNSUBSCRIBED:
        await set_state(session, reader.id, state, reason, now)
        await cancel_destination(session, reader.id, now, reason)
    else:
        await holding.disable(session, reader.id, reason, now, state)
    return True


async def set_state(
    session: AsyncSession, destination_id: str, state: str, reason: str, now: datetime
) -> None:
    """Nothing else: what waits for it is left where it is."""
    moved = update(Destination).where(col(Destination.id) == destination_id)
    await session.execute(moved.values(state=state, reason=reason[:1000], updated_at=now))


async def explain(
    session: AsyncSession, destination_id: str, state: str, reason: str, now: datetime
) -> None:
    """Give the state that it is in a reason; what has moved on meanwhile is left alone."""
    here = (col(Destination.id) == destination_id, col(Destination.state) == state)
    said = update(Destination).where(*here).values(reason=reason[:1000], updated_at=now)
    await session.execute(said)
