"""A database as a whole: counted, read page by page, written and emptied, whatever its engine."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel

from service.store import tables

PAGE = 5_000
Row = dict[str, Any]

BOUND = frozenset({tables.Lease.__tablename__, tables.Progress.__tablename__})
"""What belongs to the processes and the log of one place, and means nothing in another."""
SETTINGS = str(tables.Setting.__tablename__)
COUNTERS = str(tables.Counter.__tablename__)
NO_TEXT = "\x00"
SAID_INSTEAD = "\N{SYMBOL FOR NULL}"
"""SQLite keeps a NUL in a text, PostgreSQL has no text with one."""


def list_tables() -> list[Table]:
    """Those whose rows go along, in an order in which references find what they point to."""
    left = BOUND | {SETTINGS}
    return [one for one in SQLModel.metadata.sorted_tables if one.name not in left]


async def count_rows(session: AsyncSession) -> dict[str, int]:
    """By table, of those that go along."""
    return {
        one.name: int(await session.scalar(select(func.count()).select_from(one)) or 0)
        for one in list_tables()
    }


async def find_rows(session: AsyncSession) -> list[str]:
    """Tables that are not as a migration leaves them; counters at 0 are."""
    found = []
    for one in SQLModel.metadata.sorted_tables:
        wanted = select(func.count()).select_from(one)
        if one.name == COUNTERS:
            wanted = wanted.where(one.c.last > 0)
        if await session.scalar(wanted):
            found.append(one.name)
    return found


async def read_page(session: AsyncSession, table: Table, after: Sequence[Any] | None) -> list[Row]:
    """Up to `PAGE` rows behind the key `after`, in the order of keys."""
    keys = list(table.primary_key.columns)
    wanted = select(table).order_by(*keys).limit(PAGE)
    if after is not None:
        beyond = keys[0] > after[0] if len(keys) == 1 else tuple_(*keys) > tuple(after)
        wanted = wanted.where(beyond)
    connection = await session.connection()
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


def key_of(table: Table, row: Row) -> list[Any]:
    """Where the next page begins."""
    return [row[one.name] for one in table.primary_key.columns]


async def write_page(session: AsyncSession, table: Table, rows: Sequence[Row]) -> None:
    """Insert them in this order; numbers that the database gives are given anew in it."""
    numbered = table.autoincrement_column
    given = numbered.name if numbered is not None else ""
    connection = await session.connection()
    await connection.execute(insert(table), [_mend(row, given) for row in rows])


def _mend(row: Row, given: str) -> Row:
    return {
        name: one.replace(NO_TEXT, SAID_INSTEAD) if isinstance(one, str) and NO_TEXT in one else one
        for name, one in row.items()
        if name != given
    }


async def wipe(connection: AsyncConnection, kept: Sequence[str]) -> None:
    """Every row, except settings of these names; may take long."""
    for one in reversed(SQLModel.metadata.sorted_tables):
        gone = delete(one)
        if one.name == SETTINGS:
            gone = gone.where(one.c.name.not_in(kept))
        await connection.execute(gone)
