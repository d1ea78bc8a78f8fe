"""Marks of what happens to a destination, left in the same transaction for who tells its owner."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.notice import STOPPED
from service.store.notices.tables import Beat, Trouble
from service.store.rows import Clash, insert_rows

DUE, TOLD, KEPT = "due", "told", "kept"
"""Words over a trouble: to be told, told, and not told because notices alone are concerned."""


async def mark(
    session: AsyncSession, destination_id: str, since: datetime, step: int, word: str
) -> None:
    """How it stands now, whatever stood there."""
    row = {
        "destination_id": destination_id,
        "since": since,
        "step": step,
        "word": word,
        "is_enabled": False,
    }
    await insert_rows(session, Trouble, [row], Clash.REPLACE)


async def mark_disabled(session: AsyncSession, destination_id: str, now: datetime) -> None:
    """Its owner is to be told that nothing is sent there any more."""
    await mark(session, destination_id, now, STOPPED, DUE)


async def mark_enabled(session: AsyncSession, destination_id: str) -> None:
    """If it is in trouble, that ends by its owner's word."""
    known = update(Trouble).where(col(Trouble.destination_id) == destination_id)
    await session.execute(known.values(is_enabled=True))


async def forget_trouble(session: AsyncSession, destination_id: str) -> None:
    """It is over."""
    await session.execute(delete(Trouble).where(col(Trouble.destination_id) == destination_id))


async def forget_beat(session: AsyncSession, destination_id: str) -> None:
    """Nobody asks for it any more."""
    await session.execute(delete(Beat).where(col(Beat.destination_id) == destination_id))
