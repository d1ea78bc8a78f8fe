"""Changes as readers page through them, and how far each has been told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import Change as CoreChange
from service.core.change import read_change
from service.core.sending.delivery import OPEN, TOLD
from service.store.delivery.alerts import alerts_with_ends, state_column
from service.store.delivery.tables import Alert
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.spans import Span
from service.store.standings.tables import Change


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change with the number that readers page by."""

    number: int
    recorded_at: datetime
    change: CoreChange


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a change has been told: `states` counts its deliveries by where they stand.

    `state` is the word of a person over its fan-out (`core/sending/steering.py`), and `reason` why.
    """

    is_open: bool
    looked_at: int
    planned: int
    state: str = ""
    reason: str = ""
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """How many receivers have it."""
        return sum(self.states.get(state, 0) for state in TOLD)

    @property
    def unsent(self) -> int:
        """How many deliveries may still be sent."""
        return sum(self.states.get(state, 0) for state in OPEN)


_COLUMNS = (col(Change.number), col(Change.recorded_at), col(Change.body))


async def list_changes(
    session: AsyncSession,
    span: Span,
    where: Mapping[str, str],
    certainties: Collection[str] | None = None,
    since: datetime | None = None,
) -> list[Recorded]:
    """By number; `where` names columns and the text that each must have.

    Its `state` is what a person said about telling it.
    """
    wanted = select(*_COLUMNS)
    for name, said in where.items():
        column = col(Fanout.state) if name == "state" else col(getattr(Change, name))
        wanted = wanted.where(column == said)
    if "state" in where:
        fanned_out = col(Fanout.change_id) == col(Change.id)
        wanted = wanted.join(Fanout, fanned_out).where(_HAS_STATE)
    if certainties is not None:
        wanted = wanted.where(col(Change.certainty).in_(certainties))
    if since is not None:
        wanted = wanted.where(col(Change.recorded_at) >= since)
    rows = await session.execute(span.of(wanted, col(Change.number)))
    return [_recorded(row) for row in rows]


_HAS_STATE = text("fanout.state <> ''")
"""In the words of its partial index."""


async def find_change(session: AsyncSession, change_id: UUID) -> Recorded | None:
    """The change with this id."""
    row = (await session.execute(select(*_COLUMNS).where(col(Change.id) == change_id))).first()
    return _recorded(row) if row else None


async def find_numbered(session: AsyncSession, numbers: Collection[int]) -> Mapping[int, Recorded]:
    """Those of these numbers that there are."""
    rows = await session.execute(_NUMBERED, {"those": list(numbers)})
    return {row.number: _recorded(row) for row in rows}


_NUMBERED = select(*_COLUMNS).where(one_of(col(Change.number), "those"))
_OF_FANOUT = ("is_open", "looked_at", "planned", "state", "reason")


async def find_progress(session: AsyncSession, change_id: UUID) -> Progress:
    """How far it has been planned, and what became of its deliveries."""
    columns = [col(getattr(Fanout, name)) for name in _OF_FANOUT]
    fanout = select(*columns).where(col(Fanout.change_id) == change_id)
    row = (await session.execute(fanout)).first()
    counted = (
        alerts_with_ends(state_column, func.count())
        .where(col(Alert.change_id) == change_id, col(Alert.cause) == "")
        .group_by(state_column)
    )
    states = {row[0]: row[1] for row in await session.execute(counted)}
    if row is None:
        return Progress(is_open=False, looked_at=0, planned=0)
    return Progress(**row._mapping, states=states)  # noqa: SLF001 - SQLAlchemy's public name


def _recorded(row: Any) -> Recorded:
    return Recorded(row.number, row.recorded_at, read_change(row.body))
