"""Numbers that readers page by, in the order of commits."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, case, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.lists import one_of
from service.store.tables import Counter


class NoCounter(LookupError):
    """A migration makes every counter, so that no two transactions ever race to."""


async def take_numbers(session: AsyncSession, **counts: int) -> Mapping[str, int]:
    """So many numbers of each counter, by name; the first of each.

    The counters' rows stay locked until commit. Take numbers last in a transaction, and all at
    once: whoever comes next waits for the commit.
    """
    connection = await session.connection()
    given = {_count_of(name): count for name, count in counts.items()}
    rows = await connection.execute(_move(tuple(counts)), {"names": list(counts), **given})
    first = {row.name: row.last - counts[row.name] + 1 for row in rows}
    for name in counts.keys() - first.keys():
        raise NoCounter(f"{NoCounter.__doc__} There is none for {name!r}.")
    return first


@lru_cache
def _move(names: tuple[str, ...]) -> Any:
    in_order = (
        select(col(Counter.name))
        .where(one_of(col(Counter.name), "names"))
        .order_by(col(Counter.name))  # whoever locks several does so in this order
        .with_for_update()
    )
    by = case(
        {name: bindparam(_count_of(name), type_=BigInteger) for name in names},
        value=col(Counter.name),
    )
    return (
        update(Counter)
        .where(one_of(col(Counter.name), in_order))
        .values(last=col(Counter.last) + by)
        .returning(col(Counter.name), col(Counter.last))
    )


def _count_of(name: str) -> str:
    return f"count_of_{name}"


async def last_number(session: AsyncSession, name: str) -> int:
    """The latest number given; 0 before the first."""
    found = await session.scalar(select(col(Counter.last)).where(col(Counter.name) == name))
    return int(found or 0)
