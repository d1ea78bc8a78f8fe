"""Reminders that are due, by index whatever their number; and what becomes of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.reminders.tables import Reminder


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reminder as it stands in the books."""

    subject: str
    turn: str
    at: datetime
    handling: str
    since: datetime


async def next_due(session: AsyncSession) -> datetime | None:
    """When the next is looked at, or the longest overdue should have been; None: there is none."""
    found: datetime | None = await session.scalar(_NEXT)
    return found


_NEXT = select(func.min(col(Reminder.due_at)))


_COLUMNS = tuple(col(getattr(Reminder, name)) for name in Waiting.__slots__)


async def due_reminders(session: AsyncSession, now: datetime, limit: int) -> list[Waiting]:
    """The longest due first; locked, and without those that another process has in hand."""
    connection = await session.connection()
    rows = await connection.execute(_DUE, {"now": now, "most": limit})
    return [Waiting(*row) for row in rows]


_DUE = (
    select(*_COLUMNS)
    .where(col(Reminder.due_at) <= bindparam("now"))
    .order_by(col(Reminder.due_at))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


async def look_again(
    session: AsyncSession, moved: Sequence[tuple[Waiting, datetime]], now: datetime
) -> None:
    """Each is due next at its own instant."""
    if moved:
        bound = [
            {
                "of_subject": one.subject,
                "of_turn": one.turn,
                "of_at": one.at,
                "to_due": due_at,
                "to_since": max(now, one.since),
            }
            for one, due_at in moved
        ]
        connection = await session.connection()
        await connection.execute(_MOVE, bound)


_MOVE = (
    update(Reminder)
    .where(
        col(Reminder.subject) == bindparam("of_subject"),
        col(Reminder.turn) == bindparam("of_turn"),
        col(Reminder.at) == bindparam("of_at"),
    )
    .values(due_at=bindparam("to_due"), since=bindparam("to_since"))
)
