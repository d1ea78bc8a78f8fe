"""What an installation knows of itself, so that books and log of different ones never mix."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.tables import Progress, Setting

DEPLOYMENT = "deployment"


class WrongLog(Exception):
    """The database's bookmarks belong to another log."""


async def know_self(session: AsyncSession, fresh: str) -> str:
    """The deployment's id; `fresh` becomes it the first time."""
    known = await session.scalar(select(col(Setting.value)).where(col(Setting.name) == DEPLOYMENT))
    if known is None:
        await session.execute(insert(Setting).values(name=DEPLOYMENT, value=fresh))
    return known or fresh


async def know_log(session: AsyncSession, log_id: str) -> None:
    """Refuse to go on with a log that these books were not kept from."""
    other = await session.scalar(
        select(col(Progress.log_id)).where(col(Progress.log_id) != log_id).limit(1)
    )
    if other is not None:
        message = (
            f"{WrongLog.__doc__} They were set on log {other}, this is {log_id}: open the log that "
            "belongs to this database (TARIFFWIRE_LOG_URL), or restore both from one backup."
        )
        raise WrongLog(message)
