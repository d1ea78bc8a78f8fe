"""Whoever owns destinations and subscriptions: one account from the first day."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.store.database import insert_new
from service.store.following.tables import Account

DEFAULT = "acc_default"


async def ensure_default(session: AsyncSession, now: datetime) -> None:
    """Enter the default account, if it is not there."""
    row = {"id": DEFAULT, "name": "default", "created_at": now}
    await session.execute(insert_new(session, Account).values(row))
