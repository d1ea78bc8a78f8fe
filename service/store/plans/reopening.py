"""Planning again what speaks of a change that is let go late: who is told of it now needs that."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import read_change
from service.core.event import Identity
from service.core.match.following import followed_by
from service.core.sending.steering import Word
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change


async def reopen_followups(session: AsyncSession, changes: Collection[UUID]) -> None:
    """Of each of the changes: what was said later of it, on its subject.

    The planner passes over destinations that have the second already, so nobody is told it twice.
    """
    firsts = (await session.execute(_FIRSTS, {"those": sorted(set(changes))})).all()
    of_subject: dict[str, list[Any]] = {}
    for row in firsts:
        of_subject.setdefault(row.subject, []).append(row)
    found: set[UUID] = set()
    for subject, some in of_subject.items():
        asked = {"subject": subject, "after": min(row.number for row in some)}
        later = (await session.execute(_LATER, asked)).scalars()
        found.update(_speaking_of({read_change(row.body).event for row in some}, later))
    if found:
        await session.execute(_REOPEN, {"those": sorted(found)})


def _speaking_of(events: Collection[Identity], bodies: Iterable[bytes]) -> Iterator[UUID]:
    """Most bodies do not name any of the events, and are not read."""
    names = [orjson.dumps(name) for _, name in events]
    for body in bodies:
        if any(name in body for name in names):
            change = read_change(body)
            if not set(events).isdisjoint(followed_by(change)):
                yield change.id


_FIRSTS = select(col(Change.subject), col(Change.number), col(Change.body)).where(
    one_of(col(Change.id), "those")
)
_LATER = select(col(Change.body)).where(
    col(Change.subject) == bindparam("subject"), col(Change.number) > bindparam("after")
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
