"""A halt takes what was not sent of a change out of the queue; resuming puts it back.

What somebody else held already goes under the halt's name, with theirs behind it: so nobody who
lets his own go lets this go too, and at the end each gets back what still must wait for him.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.steering import Act
from service.store.delivery.holding import hold, release
from service.store.delivery.tables import Delivery, Held
from service.store.following.tables import Destination, Subscription
from service.store.gathering.carried import strike
from service.store.gathering.waiting import give_over
from service.store.plans.reopening import reopen_followups
from service.store.rows import Clash, insert_rows
from service.store.steering.errands import Step, Task, last_of, lock_owners, page_of_change

ACTIVE = "active"


def owner_of(change_id: str) -> str:
    """Who holds what a halt took out."""
    return f"{Act.HALT}:{change_id}"


async def halt_page(session: AsyncSession, task: Task, now: datetime) -> Step:
    """The next alerts of the change; what is in the air may still arrive, and is counted.

    What waits for others, or was to be told with others, waits for nobody else any more.
    """
    page = await page_of_change(session, task)
    ids = [one.id for one in page]
    await lock_owners(session, page)
    owner = owner_of(task.target)
    await give_over(session, ids, owner)
    struck = await strike(session, ids, f"halted: {task.reason}", now)
    aloft = await _count_aloft(session, ids, now)
    held = await hold(session, owner, now, col(Delivery.id).in_(ids))
    taken_over = (
        update(Held)
        .where(col(Held.delivery_id).in_(ids), ~col(Held.owner_id).startswith(owner))
        .values(owner_id=f"{owner}/" + col(Held.owner_id))
        .execution_options(synchronize_session=False)
    )
    await session.execute(taken_over)
    free = [_held(*one, owner, now) for one in struck.free.items()]
    await insert_rows(session, Held, free, Clash.SKIP)
    return Step(last_of(page), held + len(free), aloft + len(struck.aloft))


def _held(delivery: UUID, destination: str, owner: str, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": delivery,
        "owner_id": owner,
        "destination_id": destination,
        "attempt": 1,
        "held_at": now,
    }


async def _count_aloft(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> int:
    wanted = select(func.count()).where(
        col(Delivery.id).in_(ids), col(Delivery.lease).is_not(None), col(Delivery.visible_at) > now
    )
    return int(await session.scalar(wanted) or 0)


async def resume_page(session: AsyncSession, task: Task, _now: datetime) -> Step:
    """The next alerts of the change; each is due, or waits again for whom it had waited before."""
    page = await page_of_change(session, task)
    ids = [one.id for one in page]
    await lock_owners(session, page)
    owner = owner_of(task.target)
    mine = await _rename(session, ids, owner, f"{owner}/{task.cursor}")
    due = task.due_after(len(page))
    freed = await release(session, f"{owner}/{task.cursor}", due) if mine else 0
    for former in await _hand_back(session, ids, f"{owner}/"):
        if former not in await _find_stopped(session, [former]):
            freed += await release(session, former, due)
    if last_of(page) is None:
        await reopen_followups(session, [UUID(task.target)])
    return Step(last_of(page), freed)


async def _rename(session: AsyncSession, ids: Sequence[UUID], owner: str, name: str) -> bool:
    """Of one page, so that it can be released by itself."""
    renamed = (
        update(Held)
        .where(col(Held.delivery_id).in_(ids), col(Held.owner_id) == owner)
        .values(owner_id=name)
        .returning(col(Held.delivery_id))
        .execution_options(synchronize_session=False)
    )
    return bool((await session.execute(renamed)).all())


async def _hand_back(session: AsyncSession, ids: Sequence[UUID], prefix: str) -> Iterable[str]:
    """To whom it was held for before the halt; who they are."""
    start = cast(len(prefix) + 1, Integer)
    returned = (
        update(Held)
        .where(col(Held.delivery_id).in_(ids), col(Held.owner_id).startswith(prefix))
        .values(owner_id=func.substr(col(Held.owner_id), start))
        .returning(col(Held.owner_id))
        .execution_options(synchronize_session=False)
    )
    return sorted(set((await session.execute(returned)).scalars()))


async def _find_stopped(session: AsyncSession, owners: Sequence[str]) -> set[str]:
    """Those that still want it held; whoever is gone, or only let things pass, does not."""
    found: set[str] = set()
    for table in (Destination, Subscription):
        stopped = select(col(table.id)).where(col(table.id).in_(owners), col(table.state) != ACTIVE)
        found |= set((await session.execute(stopped)).scalars())
    return found
