"""The bookmark of each partition, moved only together with the effects of what it passes."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.log import Batch, Position
from service.store.database import count_changed, insert_new
from service.store.tables import Progress


class Overtaken(Exception):
    """Another consumer has moved this bookmark: roll back and ask it again."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far one partition has been consumed, and how many records that was."""

    topic: str
    partition: int
    log_id: str
    next: int
    records: int


async def find_bookmark(session: AsyncSession, topic: str, partition: int) -> Position | None:
    """Where to go on; None where nothing was ever consumed."""
    wanted = select(col(Progress.log_id), col(Progress.next)).where(
        col(Progress.topic) == topic, col(Progress.partition) == partition
    )
    found = (await session.execute(wanted)).first()
    return Position(found.log_id, found.next) if found else None


async def move_bookmark(session: AsyncSession, batch: Batch, log_id: str) -> None:
    """Compare-and-set from `batch.since` to `batch.next`; `Overtaken` if it stood elsewhere."""
    moved = (
        update(Progress)
        .where(
            col(Progress.topic) == batch.topic,
            col(Progress.partition) == batch.partition,
            col(Progress.next) == batch.since,
            col(Progress.log_id) == log_id,
        )
        .values(next=batch.next, records=col(Progress.records) + len(batch.records))
    )
    if await count_changed(session, moved):
        return
    first = {
        "topic": batch.topic,
        "partition": batch.partition,
        "log_id": log_id,
        "next": batch.next,
        "records": len(batch.records),
    }
    if not await count_changed(session, insert_new(session, Progress).values(first)):
        raise Overtaken


async def list_places(session: AsyncSession) -> Mapping[tuple[str, int], Place]:
    """Every bookmark, by topic and partition."""
    columns = (
        col(Progress.topic),
        col(Progress.partition),
        col(Progress.log_id),
        col(Progress.next),
        col(Progress.records),
    )
    rows = await session.execute(select(*columns))
    return {(row.topic, row.partition): Place(*row) for row in rows}
