"""What an installation remembers of itself: by name, one latest value each."""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.database import insert_latest, insert_new
from service.store.tables import Setting


async def recall(session: AsyncSession, name: str) -> str | None:
    """What was remembered last under the name."""
    found: str | None = await session.scalar(
        select(col(Setting.value)).where(col(Setting.name) == name)
    )
    return found


async def recall_all(session: AsyncSession) -> dict[str, str]:
    """Name → value."""
    rows = await session.execute(select(col(Setting.name), col(Setting.value)))
    return {row.name: row.value for row in rows}


async def remember(session: AsyncSession, values: Mapping[str, str | None]) -> None:
    """From now on; what is None is forgotten."""
    for name, value in values.items():
        if value is not None:
            await session.execute(insert_latest(session, Setting).values(name=name, value=value))
    await forget(session, *(name for name, value in values.items() if value is None))


async def remember_first(session: AsyncSession, name: str, value: str) -> None:
    """Unless something is remembered under the name, whoever says so meanwhile."""
    await session.execute(insert_new(session, Setting).values(name=name, value=value))


async def forget(session: AsyncSession, *names: str) -> None:
    """As if it had never been said."""
    if names:
        await session.execute(delete(Setting).where(col(Setting.name).in_(names)))
