"""Events that were accepted while the log was out of reach: first in, first out, by topic."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.log import Record
from service.store.arrivals.tables import Outbox

PAGE_BYTES = 8 * 1024 * 1024
"""A page ends early rather than hold more than this, or one record."""


async def put(session: AsyncSession, topic: str, records: Sequence[Record], now: datetime) -> None:
    """Keep them, behind all that waits already."""
    rows = [
        {
            "topic": topic,
            "key": one.key,
            "value": one.value,
            "headers": _write_headers(one),
            "at": now,
        }
        for one in records
    ]
    if rows:
        connection = await session.connection()
        await connection.execute(insert(Outbox), rows)


async def oldest(session: AsyncSession, topic: str, limit: int) -> list[tuple[int, Record]]:
    """Up to `limit` by number, locked until the transaction ends."""
    sized = (
        select(col(Outbox.number), func.length(col(Outbox.value)).label("size"))
        .where(col(Outbox.topic) == topic)
        .order_by(col(Outbox.number))
        .limit(limit)
        .with_for_update()
    )
    numbers = _fit([(row.number, row.size) for row in await session.execute(sized)])
    if not numbers:
        return []
    columns = (col(Outbox.number), col(Outbox.key), col(Outbox.value), col(Outbox.headers))
    wanted = select(*columns).where(col(Outbox.number).in_(numbers)).order_by(col(Outbox.number))
    return [(row.number, _read(row)) for row in await session.execute(wanted)]


def _fit(sized: Sequence[tuple[int, int]]) -> list[int]:
    """The first of them that make a page, and one at least."""
    numbers: list[int] = []
    room = PAGE_BYTES
    for number, size in sized:
        room -= size
        if numbers and room < 0:
            break
        numbers.append(number)
    return numbers


async def drop(session: AsyncSession, numbers: Collection[int]) -> None:
    """Forget these, and only these: what came in between waits on."""
    if numbers:
        gone = delete(Outbox).where(col(Outbox.number).in_(list(numbers)))
        await session.execute(gone)


async def count_waiting(session: AsyncSession) -> Mapping[str, int]:
    """By topic; one where nothing waits is not named."""
    counted = select(col(Outbox.topic), func.count()).group_by(col(Outbox.topic))
    return {row[0]: row[1] for row in await session.execute(counted)}


async def oldest_at(session: AsyncSession) -> datetime | None:
    """Since when the oldest waits."""
    wanted = select(col(Outbox.at)).order_by(col(Outbox.number)).limit(1)
    return await session.scalar(wanted)


def _write_headers(record: Record) -> str:
    """A byte of a value as a code point: text that survives any byte."""
    return json.dumps([(name, value.decode("latin-1")) for name, value in record.headers])


def _read(row: Any) -> Record:
    headers = tuple((name, text.encode("latin-1")) for name, text in json.loads(row.headers))
    return Record(row.key, row.value, headers)
