"""Planning again what speaks of a change that is let go late: who is told of it now needs that."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import Kind, read_change
from service.core.match.following import followed_by
from service.core.sending.steering import Word
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.standings.events import by_pair, find_by_pair
from service.store.standings.tables import Change, Event, Mention


async def reopen_followups(session: AsyncSession, changes: Collection[UUID]) -> None:
    """Of each of the changes: what was said later of it, on any subject, or that it lapsed.

    The planner passes over destinations that have the second already, so nobody is told it twice.
    """
    rows = (await session.execute(_FIRSTS, {"those": sorted(set(changes))})).all()
    firsts = {read_change(row.body).event: row for row in rows}
    found = {
        row.id
        for row in await find_by_pair(session, _SPEAKING, firsts)
        if row.number > firsts[row.named_source, row.named_id].number
    }
    for subject in sorted({row.subject for row in rows}):
        later = await session.execute(_LAPSED, {"subject": subject})
        lapsed = (read_change(body) for body in later.scalars())
        found |= {one.id for one in lapsed if not firsts.keys().isdisjoint(followed_by(one))}
    if found:
        await session.execute(_REOPEN, {"those": sorted(found)})


_FIRSTS = select(col(Change.subject), col(Change.number), col(Change.body)).where(
    one_of(col(Change.id), "those")
)
_SPEAKING = (
    by_pair(col(Mention.named_source), col(Mention.named_id), col(Change.id), col(Change.number))
    .join(Event, col(Event.number) == col(Mention.number))
    .join(Change, col(Change.id) == col(Event.change_id))
)
_LAPSED = select(col(Change.body)).where(
    col(Change.subject) == bindparam("subject"), col(Change.kind) == Kind.THREAT_LAPSED.value
)
_REOPEN = (
    update(Fanout)
    .where(
        one_of(col(Fanout.change_id), "those"),
        col(Fanout.state).in_([Word.FREE.value, Word.APPROVED.value]),
    )
    .values(is_open=True, cursor="")
    .execution_options(synchronize_session=False)
)
