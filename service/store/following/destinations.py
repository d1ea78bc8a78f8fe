"""Where alerts go: a URL or a mail address, with its sealed credentials and its state."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.preferences import (
    NO_PREFERENCES,
    Preferences,
    read_preferences,
    write_preferences,
)
from service.core.sending.pace import NONE, Limits
from service.store.delivery.cancelled import cancel_destination
from service.store.following.tables import Destination, SubscriptionDestination
from service.store.notices.marking import forget_beat, forget_trouble
from service.store.pacing.paces import forget_pace, look_again
from service.store.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationValue:
    """`sealed` is for a `Vault` to open, and `secrets` what an earlier release left in plain text.

    Both are empty for an email address. `state` is `active`, `paused` (by its owner) or `disabled`
    (by what its receiver said, which `reason` repeats). Deliveries are held in both latter states.
    """

    id: str
    account_id: str
    kind: str
    address: str
    name: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    sealed: str = field(default="", repr=False)
    state: str
    reason: str
    limits: Limits = NONE
    preferences: Preferences = NO_PREFERENCES
    created_at: datetime
    updated_at: datetime


_COLUMNS = (
    col(Destination.id),
    col(Destination.account_id),
    col(Destination.kind),
    col(Destination.address),
    col(Destination.name),
    col(Destination.secrets),
    col(Destination.sealed),
    col(Destination.state),
    col(Destination.reason),
    col(Destination.rate),
    col(Destination.at_once),
    col(Destination.ordered),
    col(Destination.preferences),
    col(Destination.created_at),
    col(Destination.updated_at),
)


async def add_destination(session: AsyncSession, value: DestinationValue) -> None:
    """Enter a new one."""
    row = {name: getattr(value, name) for name in DestinationValue.__slots__} | asdict(value.limits)
    del row["limits"]
    row |= {
        "secrets": " ".join(value.secrets),
        "preferences": write_preferences(value.preferences),
    }
    await session.execute(insert(Destination), [row])


async def find_destination(
    session: AsyncSession, account_id: str, destination_id: str
) -> DestinationValue | None:
    """The account's destination with this id."""
    found = await find_destinations(session, account_id, [destination_id])
    return found.get(destination_id)


async def lock_destination(
    session: AsyncSession, account_id: str, destination_id: str
) -> DestinationValue | None:
    """The same, and nobody else changes it until this transaction ends."""
    wanted = select(*_COLUMNS).where(
        col(Destination.account_id) == account_id, col(Destination.id) == destination_id
    )
    row = (await session.execute(wanted.with_for_update())).first()
    return _value(row) if row else None


async def find_destinations(
    session: AsyncSession, account_id: str, ids: Sequence[str]
) -> Mapping[str, DestinationValue]:
    """Those of `ids` that the account has."""
    wanted = select(*_COLUMNS).where(
        col(Destination.account_id) == account_id, col(Destination.id).in_(ids)
    )
    return {row.id: _value(row) for row in await session.execute(wanted)}


async def share_destinations(
    session: AsyncSession, account_id: str, ids: Sequence[str]
) -> Mapping[str, DestinationValue]:
    """The same, and nobody changes or removes them until this transaction ends."""
    wanted = select(*_COLUMNS).where(
        col(Destination.account_id) == account_id, col(Destination.id).in_(ids)
    )
    locked = wanted.order_by(col(Destination.id)).with_for_update(read=True)
    return {row.id: _value(row) for row in await session.execute(locked)}


async def find_address(
    session: AsyncSession, account_id: str, kind: str, address: str
) -> DestinationValue | None:
    """The account's destination with this address: an account has an address once."""
    wanted = select(*_COLUMNS).where(
        col(Destination.account_id) == account_id,
        col(Destination.kind) == kind,
        col(Destination.address) == address,
    )
    row = (await session.execute(wanted.order_by(col(Destination.id)).limit(1))).first()
    return _value(row) if row else None


async def list_destinations(
    session: AsyncSession,
    account_id: str,
    span: Span,
    kind: str | None = None,
    state: str | None = None,
) -> list[DestinationValue]:
    """In the order of their making."""
    wanted = select(*_COLUMNS).where(col(Destination.account_id) == account_id)
    if kind:
        wanted = wanted.where(col(Destination.kind) == kind)
    if state:
        wanted = wanted.where(col(Destination.state) == state)
    rows = await session.execute(span.of(wanted, col(Destination.id)))
    return [_value(row) for row in rows]


async def change_destination(session: AsyncSession, value: DestinationValue) -> None:
    """Write all that can change: name, address, credentials, state, reason, limits, preferences."""
    await session.execute(
        update(Destination)
        .where(col(Destination.id) == value.id)
        .values(
            name=value.name,
            address=value.address,
            secrets=" ".join(value.secrets),
            sealed=value.sealed,
            state=value.state,
            reason=value.reason,
            updated_at=value.updated_at,
            preferences=write_preferences(value.preferences),
            **asdict(value.limits),
        )
    )
    await look_again(session, value.id, value.updated_at)


async def count_followers(session: AsyncSession, destination_id: str) -> int:
    """How many subscriptions point to it."""
    wanted = select(func.count()).where(
        col(SubscriptionDestination.destination_id) == destination_id
    )
    return int(await session.scalar(wanted) or 0)


async def remove_destination(session: AsyncSession, destination_id: str, now: datetime) -> None:
    """Detach it, cancel what waits for it, and forget it; its past alerts are kept.

    It is locked first: whoever is planning something for it has written that by then, or finds it
    gone.
    """
    named = col(Destination.id) == destination_id
    await session.execute(select(col(Destination.id)).where(named).with_for_update())
    await cancel_destination(session, destination_id, now)
    await session.execute(
        delete(SubscriptionDestination).where(
            col(SubscriptionDestination.destination_id) == destination_id
        )
    )
    await forget_pace(session, destination_id)
    await forget_trouble(session, destination_id)
    await forget_beat(session, destination_id)
    await session.execute(delete(Destination).where(named))


def _value(row: Row[*tuple[Any, ...]]) -> DestinationValue:
    named = dict(row._mapping)  # noqa: SLF001  # the public name that SQLAlchemy gives it
    limits = Limits(*(named.pop(name) for name in ("rate", "at_once", "ordered")))
    read = {
        "secrets": tuple(row.secrets.split()),
        "preferences": read_preferences(row.preferences),
    }
    return DestinationValue(**named | read | {"limits": limits})
