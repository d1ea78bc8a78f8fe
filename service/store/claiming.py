"""Live work, claimed under a lease: what is due, with all that rendering it needs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.delivery import WAITS
from service.store.leases import SKEW
from service.store.lists import one_of
from service.store.sending import IS_HELD
from service.store.steering.tables import SPENT
from service.store.tables import Alert, Change, Delivery, Destination, Rendered

FIRST_RETRY = WAITS[0] * 1.1
"""Seconds: the longest that the first wait is spread to."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease runs out, with all that rendering needs.

    `spent` attempts were made before it was sent again: its schedule begins after them.
    """

    id: UUID
    attempt: int
    destination_id: str
    kind: str
    address: str
    secrets: tuple[str, ...]
    change_id: UUID
    matched: bytes
    rendered: bytes | None
    made_at: datetime
    cause: str = ""
    spent: int = 0


async def claim(
    session: AsyncSession, now: datetime, lease: str, limit: int, seconds: float
) -> list[Claimed]:
    """The longest due, hidden from other senders for `seconds`; none while sending is held."""
    given = {"now": now, "most": limit, "by": lease, "until": now + timedelta(seconds=seconds)}
    connection = await session.connection()
    attempts = {row.id: row.attempt for row in await connection.execute(_CLAIM, given)}
    return await read_claimed(session, attempts) if attempts else []


_DUE = (
    select(col(Delivery.id))
    .where(col(Delivery.visible_at) <= bindparam("now"))
    .order_by(col(Delivery.visible_at), col(Delivery.id))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


_CLAIM = (
    update(Delivery)
    .where(one_of(col(Delivery.id), _DUE), ~IS_HELD)
    .values(lease=bindparam("by"), visible_at=bindparam("until"))
    .returning(col(Delivery.id), col(Delivery.attempt))
)


async def read_claimed(session: AsyncSession, attempts: Mapping[UUID, int]) -> list[Claimed]:
    """Deliveries with their attempts, as rendering needs them; whose destination is gone is not."""
    connection = await session.connection()
    return [
        Claimed(
            row.id,
            attempts[row.id],
            row.destination_id,
            row.kind,
            row.address,
            tuple(row.secrets.split()),
            row.change_id,
            row.matched,
            row.body,
            row.created_at,
            row.cause,
            row.spent or 0,
        )
        for row in await connection.execute(_CLAIMED, {"those": list(attempts)})
    ]


_CLAIMED = (
    select(
        col(Alert.id),
        col(Alert.destination_id),
        col(Destination.kind),
        col(Destination.address),
        col(Destination.secrets),
        col(Alert.change_id),
        col(Alert.matched),
        col(Rendered.body),
        col(Alert.created_at),
        col(Alert.cause),
        SPENT.label("spent"),
    )
    .join(Destination, col(Destination.id) == col(Alert.destination_id))
    .outerjoin(Rendered, col(Rendered.delivery_id) == col(Alert.id))
    .where(one_of(col(Alert.id), "those"))
    .order_by(col(Alert.number))
)


async def renew(session: AsyncSession, until: datetime, lease: str, held: Collection[UUID]) -> None:
    """Keep what is still in the air hidden from other senders until then."""
    connection = await session.connection()
    await connection.execute(_RENEW, {"those": list(held), "by": lease, "until": until})


HELD_BY = (
    select(col(Delivery.id))
    .where(one_of(col(Delivery.id), "those"), col(Delivery.lease) == bindparam("by"))
    .order_by(col(Delivery.id))  # whoever locks several does so in this order
    .with_for_update()
)
_RENEW = (
    update(Delivery).where(one_of(col(Delivery.id), HELD_BY)).values(visible_at=bindparam("until"))
)


async def free_misdated(session: AsyncSession, now: datetime, seconds: float) -> None:
    """What is hidden for longer than it can be was hidden before a clock was set back.

    Leases that end later than any would bind nobody, else what their holder had in the air when it
    died would wait for that clock's hour to come again. So would what never was attempted: it is
    due when it is made, or after our own fault as late as a first retry.
    """
    connection = await session.connection()
    latest = now + timedelta(seconds=max(seconds, FIRST_RETRY)) + SKEW
    await connection.execute(_FREE, {"now": now, "latest": latest})


_MISDATED = (
    select(col(Delivery.id))
    .where(
        col(Delivery.visible_at) > bindparam("latest"),
        or_(col(Delivery.lease).is_not(None), col(Delivery.attempt) == 1),
    )
    .order_by(col(Delivery.id))
    .with_for_update(skip_locked=True)
)
_FREE = (
    update(Delivery).where(one_of(col(Delivery.id), _MISDATED)).values(visible_at=bindparam("now"))
)


async def read_changes(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
    """The changes behind claimed deliveries, as written."""
    wanted = select(col(Change.id), col(Change.body)).where(one_of(col(Change.id), "those"))
    return {row.id: row.body for row in await session.execute(wanted, {"those": list(ids)})}


async def find_alerts(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these deliveries exist: a previous alert is only named to who was sent one."""
    wanted = select(col(Alert.id)).where(one_of(col(Alert.id), "those"))
    return set((await session.execute(wanted, {"those": list(ids)})).scalars())
