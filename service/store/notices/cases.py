"""A case: a destination in trouble, locked, with all that decides what its owner is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.notice import Place, place_of
from service.core.sending.pace import Health
from service.store.following.destinations import (
    DestinationValue,
    find_destination,
    lock_destination,
)
from service.store.following.tables import Destination
from service.store.notices.channel import Terms, find_channel, know_operator
from service.store.notices.tables import Trouble
from service.store.pacing.paces import lock_paces


@dataclass(frozen=True, slots=True)
class Known:
    """What was told last; see the table."""

    since: datetime
    step: int
    word: str
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Case:
    """`to` is whoever is told, None where there is nobody."""

    about: DestinationValue
    to: DestinationValue | None
    health: Health
    known: Known | None

    @property
    def place(self) -> Place:
        """The destination as it is said."""
        return place_of(self.about.id, self.about.name, self.about.kind, self.about.address)

    @property
    def zone(self) -> str:
        """By whose clocks times are said."""
        return self.to.preferences.timezone if self.to else "UTC"


async def open_case(
    session: AsyncSession, destination_id: str, terms: Terms, now: datetime
) -> Case | None:
    """Lock the destination and whoever is told; of two looks at once, the second waits here.

    None: there is none, or who is to be told has just changed. Then the next look finds it.
    """
    account = await session.scalar(_ACCOUNT.where(col(Destination.id) == destination_id))
    seen = await find_destination(session, account, destination_id) if account else None
    if seen is None:
        return None
    if terms.operator:
        await know_operator(session, seen.account_id, terms.operator, now)
    held = await _lock(session, seen, terms)
    about = held.get(destination_id)
    if about is None:
        return None
    to = (await find_channel(session, about, terms.operator)).to
    if to is not None and to.id not in held:
        return None
    paces = await lock_paces(session, [destination_id])
    return Case(about, to, paces[destination_id].health, await _find(session, destination_id))


async def _lock(
    session: AsyncSession, about: DestinationValue, terms: Terms
) -> Mapping[str, DestinationValue]:
    to = (await find_channel(session, about, terms.operator)).to
    ids = sorted({about.id, to.id if to else about.id})
    locked = [await lock_destination(session, about.account_id, one) for one in ids]
    return {one.id: one for one in locked if one is not None}


async def _find(session: AsyncSession, destination_id: str) -> Known | None:
    wanted = _KNOWN.where(col(Trouble.destination_id) == destination_id)
    row: Any = (await session.execute(wanted)).first()
    return Known(*row) if row else None


_ACCOUNT = select(col(Destination.account_id))
_KNOWN = select(*(col(getattr(Trouble, name)) for name in Known.__slots__))
