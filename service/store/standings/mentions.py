"""Events that name others: which ones name these, and in which other subjects they count."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change.derive import Outcome
from service.core.event import Event as CoreEvent
from service.core.event import Identity
from service.core.event.envelope import EVENTS
from service.core.standing import Entry
from service.store.database import lock_names
from service.store.standings.events import Row, by_pair, find_by_pair, stake_of
from service.store.standings.histories import KEPT, entry_of
from service.store.standings.tables import RECORDED_AT, Echo, Event, Mention


@dataclass(frozen=True, slots=True)
class Naming:
    """An event that names another, and the subject that it is about; its row has its number."""

    entry: Entry
    subject: str
    row: Row


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claim that came before what it is about."""

    event: CoreEvent
    accepted_at: datetime
    number: int | None = None  # none before it is written


@dataclass(slots=True)
class Said:
    """What was said of events before these came, by the event that is named."""

    waiting: dict[Identity, list[Waiting]] = field(default_factory=dict)
    namings: dict[Identity, list[Naming]] = field(default_factory=dict)


async def find_said(session: AsyncSession, named: Collection[Identity]) -> Said:
    """Of these events, none of which has come; and what was said of what says it, oldest first.

    The caller holds `named`; what is found is held before it is asked who assesses that.
    """
    found = Said()
    asked, known = set(named), set(named)
    while asked:
        rows = await find_by_pair(session, _SAID, asked)
        for row in sorted(rows, key=lambda one: one.number):
            _note(found, (row.named_source, row.named_id), row)
        asked = {(row.source, row.id) for row in rows} - known
        known |= asked
        if asked:
            await lock_names(session, {stake_of(one) for one in asked}, set())
    return found


def _note(found: Said, named: Identity, row: Any) -> None:
    """A claim that waits for it; or what is folded on a subject of its own, and names it."""
    event = EVENTS.validate_json(row.body)
    if row.outcome == Outcome.WAITING:
        claim = Waiting(event, row.accepted_at, row.number)
        found.waiting.setdefault(named, []).append(claim)
    elif event.is_kept and row.outcome in KEPT:
        entry = entry_of(event, row.accepted_at, row.change_id, row.recorded_at)
        naming = Naming(entry, row.subject, {"number": row.number})
        found.namings.setdefault(named, []).append(naming)


_SAID = by_pair(
    col(Mention.named_source),
    col(Mention.named_id),
    col(Event.source),
    col(Event.id),
    col(Event.number),
    col(Event.subject),
    col(Event.outcome),
    col(Event.body),
    col(Event.accepted_at),
    col(Event.change_id),
    RECORDED_AT,
).join(Event, col(Event.number) == col(Mention.number))


async def find_echoing(
    session: AsyncSession, events: Collection[Identity]
) -> dict[Identity, set[str]]:
    """The other subjects in which these events count, of those that do."""
    found: dict[Identity, set[str]] = {}
    for row in await find_by_pair(session, _ECHOING, events):
        found.setdefault((row.source, row.id), set()).add(row.subject)
    return found


_ECHOING = by_pair(col(Event.source), col(Event.id), col(Echo.subject)).join(
    Echo, col(Echo.number) == col(Event.number)
)
