"""Inputs that could not be taken: looked at, sent again, or dismissed by a person."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.log import Record
from service.store.arrivals.tables import Quarantine
from service.store.spans import Span

OPEN, REPLAYED, DISMISSED = "open", "replayed", "dismissed"


@dataclass(frozen=True, slots=True)
class SetAside:
    """The bytes as they came, where they stood in the log, and why they were not taken."""

    id: str
    topic: str
    partition: int
    position: int
    reason: str
    key: str | None
    value: bytes
    headers: str
    state: str
    at: datetime

    def as_record(self) -> Record:
        """What the log was given, headers and all."""
        named = json.loads(self.headers)
        headers = tuple((name, value.encode("latin-1")) for name, value in named)
        return Record(self.key, self.value, headers)


_COLUMNS = tuple(col(getattr(Quarantine, name)) for name in SetAside.__slots__)


async def list_quarantined(
    session: AsyncSession, span: Span, state: str | None = None, topic: str | None = None
) -> list[SetAside]:
    """By id, which is their place in the log."""
    wanted = select(*_COLUMNS)
    if state:
        wanted = wanted.where(col(Quarantine.state) == state)
    if topic:
        wanted = wanted.where(col(Quarantine.topic) == topic)
    rows = await session.execute(span.of(wanted, col(Quarantine.id)))
    return [SetAside(*row) for row in rows]


async def find_quarantined(session: AsyncSession, entry_id: str) -> SetAside | None:
    """The one with this id."""
    wanted = select(*_COLUMNS).where(col(Quarantine.id) == entry_id)
    row = (await session.execute(wanted)).first()
    return SetAside(*row) if row else None


async def settle_quarantined(session: AsyncSession, entry_id: str, state: str) -> None:
    """Note what a person decided."""
    named = col(Quarantine.id) == entry_id
    await session.execute(update(Quarantine).where(named).values(state=state))


async def count_open(session: AsyncSession) -> int:
    """How many nobody has decided on."""
    wanted = select(func.count()).where(col(Quarantine.state) == OPEN)
    return int(await session.scalar(wanted) or 0)
