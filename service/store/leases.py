"""What one process at a time may do: taken by compare-and-set, and lost by not renewing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.database import count_changed, insert_new
from service.store.tables import Lease

SKEW = timedelta(minutes=1)
"""How far the clocks of two processes may differ at most."""


@dataclass(frozen=True, slots=True)
class Leased:
    """Who holds it, and until when unless it is renewed."""

    holder: str
    until: datetime


async def lease(
    session: AsyncSession, name: str, holder: str, now: datetime, seconds: float
) -> bool:
    """Take or renew it for `seconds`; False: another holds it.

    One that ends later than any would was taken before a clock was set back: it binds nobody,
    else all would wait until that clock's hour comes again.
    """
    until = now + timedelta(seconds=seconds)
    is_free = or_(
        col(Lease.holder) == holder,
        col(Lease.until) <= now,
        col(Lease.until) > until + SKEW,
    )
    # A rival who waited for the row's lock judges the row as it is then.
    taken = (
        update(Lease)
        .where(col(Lease.name) == name, is_free)
        .values(holder=holder, until=until)
        .execution_options(synchronize_session=False)
    )
    if await count_changed(session, taken):
        return True
    first = insert_new(session, Lease).values(name=name, holder=holder, until=until)
    return await count_changed(session, first) > 0


async def give_up(session: AsyncSession, name: str, holder: str) -> None:
    """Let others have it at once; what another holds is left alone."""
    mine = delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder)
    await session.execute(mine)


async def list_leases(session: AsyncSession) -> Mapping[str, Leased]:
    """Every lease by its name, those that have run out among them."""
    rows = await session.execute(select(col(Lease.name), col(Lease.holder), col(Lease.until)))
    return {row.name: Leased(row.holder, row.until) for row in rows}
