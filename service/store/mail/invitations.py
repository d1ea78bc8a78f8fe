"""Asking for confirmation: a queue of its own, small, and bounded for each address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import UNCONFIRMED
from service.store.following.tables import Destination
from service.store.lists import one_of
from service.store.mail.tables import Invitation

MOST_A_DAY = 3
"""Asking is mail that nobody wanted yet: more would be a way to pester a stranger."""
DAY = timedelta(days=1)
LEASED = timedelta(minutes=2)
"""Longer than a relay may take; who died meanwhile has another ask again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation in hand; `attempt` counts from 1, `preferences` are as a row keeps them."""

    id: UUID
    destination_id: str
    address: str
    attempt: int
    preferences: str = ""


async def invite(session: AsyncSession, destination_id: str, address: str, now: datetime) -> bool:
    """Have the reader asked soon. False: the address was asked too often within a day."""
    if await find_next_time(session, address, now) is not None:
        return False
    row = {
        "id": uuid4(),
        "destination_id": destination_id,
        "address": address,
        "asked_at": now,
        "visible_at": now,
        "attempt": 1,
        "said": "",
    }
    await session.execute(insert(Invitation), [row])
    return True


async def find_next_time(session: AsyncSession, address: str, now: datetime) -> datetime | None:
    """When the address may be asked again; None: now."""
    wanted = select(func.count(), func.min(col(Invitation.asked_at))).where(
        col(Invitation.address) == address, col(Invitation.asked_at) > now - DAY
    )
    count, first = (await session.execute(wanted)).one()
    return first + DAY if count >= MOST_A_DAY else None


async def claim_invitations(session: AsyncSession, now: datetime, most: int) -> list[Asked]:
    """Those due, hidden from other processes for a while; of readers who are still to confirm."""
    given = {"now": now, "until": now + LEASED, "most": most}
    connection = await session.connection()
    taken = (await connection.execute(_CLAIM, given)).scalars().all()
    if not taken:
        return []
    rows = await connection.execute(_ASKED, {"those": list(taken)})
    return [Asked(*row) for row in rows]


_DUE = (
    select(col(Invitation.id))
    .where(col(Invitation.visible_at) <= bindparam("now"))
    .order_by(col(Invitation.visible_at))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(Invitation)
    .where(one_of(col(Invitation.id), _DUE))
    .values(visible_at=bindparam("until"))
    .returning(col(Invitation.id))
)
_ASKED = (
    select(
        col(Invitation.id),
        col(Invitation.destination_id),
        col(Invitation.address),
        col(Invitation.attempt),
        col(Destination.preferences),
    )
    .join(Destination, col(Destination.id) == col(Invitation.destination_id))
    .where(
        one_of(col(Invitation.id), "those"),
        col(Destination.state) == UNCONFIRMED,
        col(Destination.address) == col(Invitation.address),
    )
    .order_by(col(Invitation.asked_at))
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an attempt; `again` is when to try once more, None for never."""

    asked: Asked
    said: str
    again: datetime | None = None
    is_own_fault: bool = False


async def settle_invitations(session: AsyncSession, done: Sequence[Answered]) -> None:
    """Write what came of them; a fault of our own uses up no attempt."""
    for one in done:
        following = one.asked.attempt + (one.again is not None and not one.is_own_fault)
        values = {"visible_at": one.again, "attempt": following, "said": one.said[:1000]}
        which = col(Invitation.id) == one.asked.id
        await session.execute(update(Invitation).where(which).values(values))


async def find_invited(session: AsyncSession, mail: UUID) -> Asked | None:
    """The invitation that a returned mail was, if it was one."""
    columns = (
        col(Invitation.id),
        col(Invitation.destination_id),
        col(Invitation.address),
        col(Invitation.attempt),
    )
    row = (await session.execute(select(*columns).where(col(Invitation.id) == mail))).first()
    return Asked(*row) if row else None
