"""What is held of measures and tracks: which there are, and their histories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.standing.history import History
from service.store.spans import Span
from service.store.standings.histories import read_histories
from service.store.standings.tables import Alias, Event, Subject

MEASURES = "measure:"
TRACKS = "track:"


@dataclass(frozen=True, slots=True)
class Held:
    """A subject in the books; `flagged` when it might be the same as another one."""

    key: str
    flagged: bool
    sequence: int


async def list_subjects(
    session: AsyncSession,
    layer: str,
    span: Span,
    where: Mapping[str, str | tuple[str, ...]] | None = None,
    without: str | None = None,
) -> list[Held]:
    """By key, those of one layer (`measure:` or `track:`), but none that begins with `without`.

    `where` names columns and the text that each must have, or several of which one will do.
    """
    wanted = select(col(Subject.key), col(Subject.flagged), col(Subject.sequence)).where(
        col(Subject.key).startswith(layer, autoescape=True)
    )
    for name, text in (where or {}).items():
        column = col(getattr(Subject, name))
        wanted = wanted.where(column == text if isinstance(text, str) else column.in_(text))
    if without:
        wanted = wanted.where(~col(Subject.key).startswith(without, autoescape=True))
    rows = await session.execute(span.of(wanted, col(Subject.key)))
    return [Held(*row) for row in rows]


async def find_subject(session: AsyncSession, key: str) -> Held | None:
    """By its key, else by an alias."""
    wanted = select(col(Subject.key), col(Subject.flagged), col(Subject.sequence))
    row = (await session.execute(wanted.where(col(Subject.key) == key))).first()
    if row is None:
        alias = key.removeprefix(MEASURES)
        named = select(col(Alias.subject)).where(col(Alias.alias) == alias).scalar_subquery()
        row = (await session.execute(wanted.where(col(Subject.key) == named))).first()
    return Held(*row) if row else None


async def list_aliases(session: AsyncSession, key: str) -> list[str]:
    """Its other names."""
    wanted = select(col(Alias.alias)).where(col(Alias.subject) == key).order_by(col(Alias.alias))
    return list((await session.execute(wanted)).scalars())


async def last_event(session: AsyncSession) -> int:
    """The number of the latest event: while it stays, no history has moved."""
    return int(await session.scalar(select(func.max(col(Event.number)))) or 0)


async def histories_of(session: AsyncSession, subjects: Sequence[str]) -> Mapping[str, History]:
    """The kept events of each subject that has any."""
    found = await read_histories(session, subjects) if subjects else {}
    return {key: history for key, history in found.items() if history.entries}
