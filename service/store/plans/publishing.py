"""What the publisher asks of the books: changes by number, and numbers that were not given yet."""

import orjson
import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.log import CHANGES
from service.store.database import count_changed
from service.store.installation.remembered import recall, remember
from service.store.spans import Span
from service.store.standings.changes import Recorded, list_changes
from service.store.tables import Counter

PUBLISHED = "published"

log = structlog.get_logger()


async def changes_after(session: AsyncSession, number: int, limit: int) -> list[Recorded]:
    """The next ones; numbers are given in the order of commits, so none appears behind later."""
    return await list_changes(session, Span(number, limit), {})


async def note_published(session: AsyncSession, log_id: str, position: int) -> None:
    """How far readers of this log were told: a log may forget that where nothing is published."""
    value = orjson.dumps([log_id, position]).decode()
    await remember(session, {PUBLISHED: value})


async def find_published(session: AsyncSession, log_id: str) -> int:
    """What was noted of this log; 0 before the first."""
    noted, position = orjson.loads(await recall(session, PUBLISHED) or '["", 0]')
    return int(position) if noted == log_id else 0


async def pass_published(session: AsyncSession, position: int) -> bool:
    """No change gets a number again that readers outside have passed; False: none would have.

    A database that was restored is behind what it has published. What it derives again is
    published again, under the same id and a number of its own: repeated rather than left out.
    """
    moved = (
        update(Counter)
        .where(col(Counter.name) == CHANGES, col(Counter.last) < position)
        .values(last=position)
        .execution_options(synchronize_session=False)
    )
    passed = await count_changed(session, moved) > 0
    if passed:
        log.error(
            "the database is older than the changes topic, as after a restore: "
            "what is derived again is published again",
            position=position,
        )
    return passed
