"""What became of events: their outcome, the reason, and the change they made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.event import Identity
from service.store.spans import Span
from service.store.standings.tables import RECORDED_AT, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    """An event in the books, without its content."""

    number: int
    source: str
    id: str
    type: str
    handling: str
    subject: str | None
    known_at: datetime
    accepted_at: datetime
    recorded_at: datetime
    outcome: str
    reason: str
    change_id: UUID | None


_COLUMNS = tuple(
    RECORDED_AT if name == "recorded_at" else col(getattr(Event, name))
    for name in EventOutcome.__slots__
)


async def list_outcomes(
    session: AsyncSession, span: Span, where: Mapping[str, str]
) -> list[EventOutcome]:
    """By number; `where` names columns and the text that each must have."""
    wanted = select(*_COLUMNS)
    for name, text in where.items():
        wanted = wanted.where(col(getattr(Event, name)) == text)
    rows = await session.execute(span.of(wanted, col(Event.number)))
    return [_outcome(row) for row in rows]


async def find_outcome(
    session: AsyncSession, identity: Identity
) -> tuple[EventOutcome, bytes] | None:
    """The event and its bytes as they came."""
    source, name = identity
    wanted = select(*_COLUMNS, col(Event.body)).where(
        col(Event.source) == source, col(Event.id) == name
    )
    row = (await session.execute(wanted)).first()
    return (_outcome(row[:-1]), row.body) if row else None


async def list_outcomes_of(session: AsyncSession, subject: str, limit: int) -> list[EventOutcome]:
    """The latest events about one subject, oldest first."""
    latest = Span(None, limit, newest=True)
    found = await list_outcomes(session, latest, {"subject": subject})
    return found[::-1]


def _outcome(row: Row[*tuple[Any, ...]] | tuple[Any, ...]) -> EventOutcome:
    return EventOutcome(**dict(zip(EventOutcome.__slots__, row, strict=True)))
