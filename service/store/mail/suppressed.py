"""Addresses that get no mail any more, because a server said that they are no good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import ACTIVE
from service.store.database import count_changed
from service.store.delivery import holding
from service.store.delivery.holding import DISABLED
from service.store.following.tables import Destination
from service.store.mail.readers import set_state
from service.store.mail.tables import Suppression
from service.store.pacing.paces import begin_anew
from service.store.rows import Clash, insert_rows
from service.store.spans import Span

HARD = "no mail reaches this address: "


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """An address, and the words of the server that refused it."""

    address: str
    reason: str
    at: datetime


async def suppress(session: AsyncSession, address: str, reason: str, now: datetime) -> None:
    """From now on; the first reason is kept."""
    row = {"address": address, "reason": reason[:1000], "at": now}
    await insert_rows(session, Suppression, [row], Clash.SKIP)


async def stop_address(session: AsyncSession, address: str, reason: str, now: datetime) -> None:
    """Suppress it, and hold what its destinations would get, if nothing holds that yet."""
    for destination in await _list_at(session, address, ACTIVE):
        await holding.disable(session, destination, HARD + reason, now)
    await suppress(session, address, reason, now)


async def find_suppression(session: AsyncSession, address: str) -> SuppressionRow | None:
    """Why the address gets nothing; None: it does."""
    wanted = select(*_COLUMNS).where(col(Suppression.address) == address)
    row = (await session.execute(wanted)).first()
    return SuppressionRow(*row) if row else None


async def list_suppressions(session: AsyncSession, span: Span) -> Sequence[SuppressionRow]:
    """By address."""
    rows = await session.execute(span.of(select(*_COLUMNS), col(Suppression.address)))
    return [SuppressionRow(*row) for row in rows]


async def lift(session: AsyncSession, address: str, now: datetime) -> int | None:
    """Trust the address again, and put back what was held for it: how many deliveries.

    None: it was not suppressed.
    """
    stopped = await _list_at(session, address, DISABLED)
    gone = delete(Suppression).where(col(Suppression.address) == address)
    if not await count_changed(session, gone):
        return None
    released = 0
    for destination in stopped:
        await set_state(session, destination, ACTIVE, "", now)
        await begin_anew(session, destination, now)
        released += await holding.release(session, destination, now)
    return released


async def _list_at(session: AsyncSession, address: str, state: str) -> list[str]:
    """Ids of the email destinations there, locked in their order."""
    wanted = (
        select(col(Destination.id))
        .where(
            col(Destination.address) == address,
            col(Destination.kind) == "email",
            col(Destination.state) == state,
        )
        .order_by(col(Destination.id))
        .with_for_update()
    )
    return list((await session.execute(wanted)).scalars())


_COLUMNS = tuple(col(getattr(Suppression, name)) for name in SuppressionRow.__slots__)
