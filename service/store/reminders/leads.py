"""How many days before an instant anybody wants to be told of it, and since when."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.match.subscription import LEAD
from service.store.database import insert_new
from service.store.following.tables import Filter
from service.store.reminders.tables import LeadTime, Reminder

SPREAD = 5_000
"""Subjects whose reminders are looked at again in one transaction."""


async def leads_in_use(session: AsyncSession) -> Mapping[int, datetime]:
    """Days → since when, as they were last noted."""
    rows = await session.execute(select(col(LeadTime.days), col(LeadTime.since)))
    return {row.days: row.since for row in rows}


async def note_leads(session: AsyncSession, now: datetime) -> bool:
    """Bring the list up to date; True: every reminder must be looked at for a new one.

    As many look-ups as there are different lead times, however many subscriptions ask for them.
    """
    asked = await _asked(session)
    known = {row.days: row.is_spread for row in await session.execute(_KNOWN)}
    for days in sorted(asked - known.keys()):
        first = insert_new(session, LeadTime).values(days=days, since=now, is_spread=False)
        await session.execute(first)
    if gone := known.keys() - asked:
        await session.execute(delete(LeadTime).where(col(LeadTime.days).in_(gone)))
    return bool(asked - known.keys()) or not all(known[days] for days in asked & known.keys())


_KNOWN = select(col(LeadTime.days), col(LeadTime.is_spread))


async def _asked(session: AsyncSession) -> set[int]:
    """From one to the next in the index: SQL's DISTINCT would read them all."""
    found: set[int] = set()
    code = ""
    while (after := await session.scalar(_NEXT, {"code": code})) is not None:
        code = after
        found.add(int(code))
    return found


_NEXT = select(func.min(col(Filter.code))).where(
    col(Filter.layer) == literal_column(f"'{LEAD}'"),
    col(Filter.importer) == literal_column("''"),
    col(Filter.code) > bindparam("code"),
)


async def spread_leads(session: AsyncSession, after: str, now: datetime) -> str | None:
    """Have the reminders of the next subjects looked at; the last of these, None after all."""
    subjects = list((await session.execute(_SUBJECTS, {"after": after})).scalars())
    if not subjects:
        await session.execute(update(LeadTime).values(is_spread=True))
        return None
    again = update(Reminder).where(
        col(Reminder.subject) > after, col(Reminder.subject) <= subjects[-1]
    )
    await session.execute(again.where(col(Reminder.due_at) > now).values(due_at=now))
    return subjects[-1]


_SUBJECTS = (
    select(col(Reminder.subject))
    .where(col(Reminder.subject) > bindparam("after"))
    .distinct()
    .order_by(col(Reminder.subject))
    .limit(SPREAD)
)
