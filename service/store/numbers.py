"""Numbers that readers page by, in the order of commits."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.tables import Counter


class NoCounter(LookupError):
    """A migration makes every counter, so that no two transactions ever race to."""


async def take_numbers(session: AsyncSession, name: str, count: int) -> int:
    """The first of `count` numbers; the counter's row stays locked until commit.

    Take them last in a transaction: whoever comes next waits for the commit.
    """
    moved = update(Counter).where(col(Counter.name) == name).values(last=col(Counter.last) + count)
    last = (await session.execute(moved.returning(col(Counter.last)))).scalar()
    if last is None:
        raise NoCounter(f"{NoCounter.__doc__} There is none for {name!r}.")
    return int(last) - count + 1


async def last_number(session: AsyncSession, name: str) -> int:
    """The latest number given; 0 before the first."""
    found = await session.scalar(select(col(Counter.last)).where(col(Counter.name) == name))
    return int(found or 0)
