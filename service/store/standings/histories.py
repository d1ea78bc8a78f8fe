"""The histories of subjects, as the fold needs them: locked to be extended, or to be asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.event import Event as CoreEvent
from service.core.event import Handling, Identity
from service.core.event.envelope import EVENTS
from service.core.standing import Entry, History
from service.store.lists import one_of
from service.store.standings.tables import RECORDED_AT, Echo, Event, Subject, recorded_at


def entry_of(
    event: CoreEvent,
    accepted_at: datetime,
    change: UUID | None = None,
    recorded_at: datetime | None = None,
) -> Entry:
    """Known when it says, never after we accepted it; a replay is judged when it was known."""
    known_at = min(event.knownfrom or accepted_at, accepted_at)
    is_replay = event.handling in {Handling.HISTORY, Handling.SIMULATED}
    return Entry(event, known_at, known_at if is_replay else accepted_at, change, recorded_at)


MOST_TESTS = 20
"""A test builds on the latest before it; a source that only ever tests costs no more than that."""


async def find_tests(
    session: AsyncSession, subjects: Collection[str], sources: Collection[str]
) -> dict[str, dict[Identity, Entry]]:
    """The tests that these sources have sent, by subject: they stand in no history."""
    if not subjects:
        return {}
    wanted = (
        select(col(Event.subject), col(Event.body), col(Event.accepted_at), col(Event.change_id))
        .where(
            one_of(col(Event.subject), "subjects"),
            one_of(col(Event.source), "sources"),
            col(Event.handling) == Handling.TEST,
        )
        .order_by(col(Event.number).desc())
        .limit(MOST_TESTS)
    )
    asked = {"subjects": list(subjects), "sources": list(sources)}
    found: dict[str, dict[Identity, Entry]] = {}
    for row in reversed((await session.execute(wanted, asked)).all()):
        entry = entry_of(EVENTS.validate_json(row.body), row.accepted_at, row.change_id)
        found.setdefault(str(row.subject), {})[entry.identity] = entry
    return found


_LOCKED = (
    select(col(Subject.key), col(Subject.events), col(Subject.sequence), col(Subject.last_change))
    .where(one_of(col(Subject.key), "keys"))
    .order_by(col(Subject.key))
    .with_for_update()
)


async def load_histories(
    session: AsyncSession, subjects: Collection[str], cached: Mapping[str, History]
) -> dict[str, History]:
    """Lock the subjects in sorted order, then read what the cache does not have in full."""
    found: dict[str, History] = {}
    missing: dict[str, tuple[int, UUID | None]] = {}
    connection = await session.connection()
    for row in await connection.execute(_LOCKED, {"keys": list(subjects)}):
        known = cached.get(row.key)
        if known is not None and known.size == row.events and known.sequence == row.sequence:
            found[row.key] = known
        elif row.events == 0:
            found[row.key] = History(row.key, (), row.sequence, row.last_change)
        else:
            missing[row.key] = (row.sequence, row.last_change)
    read = await read_histories(session, list(missing)) if missing else {}
    for key, (sequence, last_change) in missing.items():
        found[key] = replace(read[key], sequence=sequence, last_change=last_change)
    return found


async def read_histories(session: AsyncSession, subjects: Sequence[str]) -> dict[str, History]:
    """All kept events of each subject, and the echoes, for questions (nothing is locked)."""
    entries = await _read(session, _ENTRIES, subjects)
    echoes = await _read(session, _ECHOES, subjects)
    return {
        key: History(key, tuple(entries.get(key, ())), echoes=tuple(echoes.get(key, ())))
        for key in subjects
    }


KEPT = ("changed", "evidence_only", "weaker_claim", "history", "outdated")
"""Outcomes of events that stand in a history (unless they were tests)."""


_READ = (col(Event.body), col(Event.accepted_at), col(Event.change_id), RECORDED_AT)
_ENTRIES = (
    select(col(Event.subject), *_READ)
    .where(
        one_of(col(Event.subject), "subjects"),
        col(Event.outcome).in_(KEPT),
        col(Event.handling) != Handling.TEST,
    )
    .order_by(col(Event.number))
)
_SINCE = aliased(Event)
_ECHOES = (
    select(col(Echo.subject), *_READ[:-1], recorded_at(_SINCE))
    .join(Event, col(Event.number) == col(Echo.number))
    .outerjoin(_SINCE, col(_SINCE.number) == col(Echo.since))
    .where(one_of(col(Echo.subject), "subjects"))
    .order_by(col(Echo.since), col(Echo.number))
)


async def _read(
    session: AsyncSession, wanted: Select[*tuple[Any, ...]], subjects: Collection[str]
) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for row in await session.execute(wanted, {"subjects": list(subjects)}):
        event = EVENTS.validate_json(row.body)
        entry = entry_of(event, row.accepted_at, row.change_id, row.recorded_at)
        found.setdefault(row.subject, []).append(entry)
    return found
