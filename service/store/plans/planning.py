"""What planners of several processes must know of each other."""

from collections.abc import Collection

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.store.plans.tables import Fanout
from service.store.standings.tables import Change


async def find_subjects_in_hand(session: AsyncSession, ours: Collection[int]) -> set[str]:
    """Subjects of older open changes than these `ours`: another planner has those locked.

    What it has committed by now is seen as it left it; what it commits later leaves the subject
    to the next turn.
    """
    if not ours:
        return set()
    wanted = (
        select(col(Change.subject))
        .join(Fanout, col(Fanout.change_id) == col(Change.id))
        .where(
            text("fanout.is_open"),  # in the words of its partial index
            col(Fanout.number) < max(ours),
            col(Fanout.number).not_in(list(ours)),
        )
    )
    return set((await session.execute(wanted)).scalars())
