"""Events that name others: which ones name these, and in which other subjects they count."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.event import Handling, Identity
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


async def find_namings(
    session: AsyncSession, named: Collection[Identity]
) -> dict[Identity, list[Naming]]:
    """What names these events, and the verdicts on that, by the event named.

    The caller holds `named`; what is found is held before it is asked who assesses that.
    """
    found: dict[Identity, list[Naming]] = {}
    asked = set(named)
    while asked:
        for row in await find_by_pair(session, _NAMINGS, asked):
            event = EVENTS.validate_json(row.body)
            entry = entry_of(event, row.accepted_at, row.change_id, row.recorded_at)
            naming = Naming(entry, row.subject, {"number": row.number})
            found.setdefault((row.named_source, row.named_id), []).append(naming)
        namings = (one for about in asked for one in found.get(about, ()))
        asked = {one.entry.identity for one in namings} - found.keys() - set(named)
        if asked:
            await lock_names(session, {stake_of(one) for one in asked}, set())
    return found


_NAMINGS = by_pair(
    col(Mention.named_source),
    col(Mention.named_id),
    col(Event.number),
    col(Event.subject),
    col(Event.body),
    col(Event.accepted_at),
    col(Event.change_id),
    RECORDED_AT,
).join(Event, col(Event.number) == col(Mention.number))
_NAMINGS = _NAMINGS.where(
    col(Event.outcome).in_(KEPT), col(Event.handling) != Handling.TEST
).order_by(col(Event.number))


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
