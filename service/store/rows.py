"""Many rows in one statement, in the words in which each engine takes them fastest.

A server gets one array a column: one statement, planned and run once. A file in this process gets
them row by row, which costs it nothing. All rows have the same columns.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from service.store.database import insert_latest, insert_new, is_server
from service.store.lists import as_array

Row = Mapping[str, Any]


class Clash(StrEnum):
    """What becomes of a row whose key is taken."""

    RAISE = "raise"
    SKIP = "skip"
    REPLACE = "replace"


async def insert_rows(
    session: AsyncSession, table: type[SQLModel], rows: Sequence[Row], clash: Clash = Clash.RAISE
) -> None:
    """Enter them in their order."""
    if not rows:
        return
    connection = await session.connection()  # plain rows: the mapper would only cost time
    if is_server(session):
        names = tuple(rows[0])
        statement = _made(session, table, clash, names)
        await connection.execute(statement, _arrays(names, rows))
    else:
        await connection.execute(_made(session, table, clash), list(rows))


async def update_rows(
    session: AsyncSession, table: type[SQLModel], key: str, rows: Sequence[Row]
) -> None:
    """Set what each row says in the one that has its `key`."""
    if not rows:
        return
    connection = await session.connection()
    names = tuple(rows[0])
    if is_server(session):
        await connection.execute(_updating(table, key, names), _arrays(names, rows))
    else:
        bound = [{f"to_{name}": value for name, value in row.items()} for row in rows]
        await connection.execute(_setting(table, key, names), bound)


def _begin(session: AsyncSession, table: type[SQLModel], clash: Clash) -> Any:
    match clash:
        case Clash.SKIP:
            return insert_new(session, table)
        case Clash.REPLACE:
            return insert_latest(session, table)
    return insert(table)


def _arrays(names: Sequence[str], rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {f"of_{name}": [row[name] for row in rows] for name in names}


_kept: dict[tuple[type[SQLModel], Clash, tuple[str, ...]], Any] = {}
"""Statements are made once: making one costs more than running it."""


def _made(
    session: AsyncSession, table: type[SQLModel], clash: Clash, names: tuple[str, ...] = ()
) -> Any:
    """Of rows, or of one array for each of these columns."""
    made = _kept.get((table, clash, names))
    if made is None:
        made = _begin(session, table, clash)
        if names:
            given = _given(table, names)
            made = made.from_select(list(names), select(*given.columns))
        _kept[table, clash, names] = made
    return made


@lru_cache
def _updating(table: type[SQLModel], key: str, names: tuple[str, ...]) -> Any:
    given = _given(table, names)
    values = {name: given.columns[name] for name in names if name != key}
    return update(table).where(getattr(table, key) == given.columns[key]).values(values)


@lru_cache
def _setting(table: type[SQLModel], key: str, names: tuple[str, ...]) -> Any:
    values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names if name != key}
    return update(table).where(getattr(table, key) == bindparam(f"to_{key}")).values(values)


def _given(table: type[SQLModel], names: Sequence[str]) -> Any:
    arrays = [as_array(f"of_{name}", getattr(table, name)) for name in names]
    return func.unnest(*arrays).table_valued(*names).render_derived(name="given")
