"""A subject's events as they were recorded, with all that folding them again needs."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.change.rebuild import Heard, Kept
from service.core.event import Handling
from service.core.event.envelope import EVENTS
from service.core.standing import Entry
from service.store.standings.histories import KEPT, entry_of
from service.store.standings.tables import Change, Echo, Event, Mention

Wanted = Select[*tuple[Any, ...]]
Histories = dict[str, list[Kept]]
Echoes = dict[str, list[Heard]]


async def read_kept(
    session: AsyncSession, subjects: Collection[str]
) -> tuple[Histories, dict[int, str]]:
    """The events in the histories of these subjects, by number, with their changes.

    And why some cannot be read, by number.
    """
    elsewhere = await _read_elsewhere(session, subjects)
    wanted: Wanted = (
        select(
            col(Event.subject),
            col(Event.number),
            col(Event.body),
            col(Event.accepted_at),
            col(Event.outcome),
            col(Event.change_id),
            col(Change.body).label("change"),
        )
        .outerjoin(Change, col(Change.id) == col(Event.change_id))
        .where(
            col(Event.subject).in_(subjects),
            col(Event.outcome).in_(KEPT),
            col(Event.handling) != Handling.TEST,
        )
        .order_by(col(Event.number))
    )
    found: Histories = {}
    unreadable: dict[int, str] = {}
    for row in await session.execute(wanted):
        try:
            event = EVENTS.validate_json(row.body)
        except ValueError as error:
            unreadable[row.number] = str(error).partition("\n")[0]
            continue
        entry = entry_of(event, row.accepted_at, row.change_id)
        named = tuple(elsewhere.get(row.number, ()))
        kept = Kept(row.number, entry, row.outcome, row.change, named)
        found.setdefault(row.subject, []).append(kept)
    return found, unreadable


NAMED = aliased(Event)
"""What an event names, where it has come."""
IS_NAMED = and_(
    col(NAMED.source) == col(Mention.named_source), col(NAMED.id) == col(Mention.named_id)
)


async def _read_elsewhere(
    session: AsyncSession, subjects: Collection[str]
) -> dict[int, list[Entry]]:
    """By number of an event of these subjects: what it named of others when it was folded."""
    wanted: Wanted = (
        select(col(Event.number), col(NAMED.body), col(NAMED.accepted_at), col(NAMED.change_id))
        .join(Echo, col(Echo.number) == col(Event.number))
        .join(Mention, col(Mention.number) == col(Event.number))
        .join(NAMED, and_(IS_NAMED, col(NAMED.subject) == col(Echo.subject)))
        .where(
            col(Event.subject).in_(subjects),
            col(Echo.since) == col(Event.number),
            col(NAMED.number) < col(Event.number),
            col(NAMED.outcome).in_(KEPT),
            col(NAMED.handling) != Handling.TEST,
        )
    )
    found: dict[int, list[Entry]] = {}
    for row in await session.execute(wanted):
        with suppress(ValueError):  # what cannot be read is told of its own subject
            entry = entry_of(EVENTS.validate_json(row.body), row.accepted_at, row.change_id)
            found.setdefault(row.number, []).append(entry)
    return found


async def read_heard(session: AsyncSession, subjects: Collection[str]) -> Echoes:
    """The events of others that count in these subjects, as far as they can be read."""
    wanted: Wanted = (
        select(
            col(Echo.subject),
            col(Echo.since),
            col(Event.body),
            col(Event.accepted_at),
            col(Event.change_id),
        )
        .join(Event, col(Event.number) == col(Echo.number))
        .where(col(Echo.subject).in_(subjects))
        .order_by(col(Echo.since), col(Echo.number))
    )
    found: Echoes = {}
    for row in await session.execute(wanted):
        with suppress(ValueError):
            entry = entry_of(EVENTS.validate_json(row.body), row.accepted_at, row.change_id)
            found.setdefault(row.subject, []).append(Heard(row.since, entry))
    return found
