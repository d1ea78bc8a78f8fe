"""A halt takes what was not sent of a change out of the queue; resuming puts it back.

What somebody else held already goes under the halt's name, with theirs behind it: so nobody who
lets his own go lets this go too, and at the end each gets back what still must wait for him.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.steering import Act
from service.store.delivery.holding import hold, release
from service.store.delivery.tables import Delivery, Held
from service.store.following.tables import Destination, Subscription
from service.store.gathering.carried import call_off, strike
from service.store.gathering.leaving import note_leased
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
    struck = await strike(session, ids, f"halted: {task.reason}", now)
    aloft = await _count_aloft(session, ids, now)
    live = col(Delivery.id).in_(ids)
    await note_leased(session, live)
    held = await hold(session, owner, now, live)
    # By now a sender has finished that had some of these in hand, and may have set them to wait;
    # and what was let go while we waited for those who held it is in the queue after all.
    await _take_over(session, ids, owner)
    held += await hold(session, owner, now, live)
    free = [_held(*one, owner, now) for one in struck.free.items()]
    await insert_rows(session, Held, free, Clash.SKIP)
    again = await call_off(session, ids, f"halted: {task.reason}", now)
    return Step(last_of(page), held + len(free), aloft + len(struck.aloft) + again, again)


async def _take_over(session: AsyncSession, ids: Sequence[UUID], owner: str) -> None:
    """What others hold of these is held for `owner` first."""
    await give_over(session, ids, owner)
    taken_over = (
        update(Held)
        .where(col(Held.delivery_id).in_(ids), ~col(Held.owner_id).startswith(owner))
        .values(owner_id=f"{owner}/" + col(Held.owner_id))
        .execution_options(synchronize_session=False)
    )
    await session.execute(taken_over)


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
    await lock_owners(session, page)
    name = f"{owner_of(task.target)}/{task.cursor}"
    is_free = await _hand_back(session, [one.id for one in page], owner_of(task.target), name)
    freed = await release(session, name, task.due_after(len(page))) if is_free else 0
    if last_of(page) is None:
        await reopen_followups(session, [UUID(task.target)])
    return Step(last_of(page), freed)


async def _hand_back(session: AsyncSession, ids: Sequence[UUID], owner: str, name: str) -> bool:
    """To whom it was held for before the halt, if he still wants it held; all else under `name`.

    By that name these can be let go, and nothing else of whoever held some of them: he may hold
    the alerts of many. Whether there are any.
    """
    of_owner = (col(Held.owner_id) == owner) | col(Held.owner_id).startswith(f"{owner}/")
    taken = delete(Held).where(col(Held.delivery_id).in_(ids), of_owner).returning(*_COLUMNS)
    rows = (await session.execute(taken, execution_options={"synchronize_session": False})).all()
    former = [row.owner_id.removeprefix(owner).removeprefix("/") for row in rows]
    stopped = await _find_stopped(session, sorted(set(former)))
    back = [
        {**row._mapping, "owner_id": one if one in stopped else name}  # noqa: SLF001 - its public name
        for row, one in zip(rows, former, strict=True)
    ]
    await insert_rows(session, Held, back, Clash.SKIP)
    return any(row["owner_id"] == name for row in back)


_COLUMNS = [col(getattr(Held, name)) for name in Held.model_fields]


async def _find_stopped(session: AsyncSession, owners: Sequence[str]) -> set[str]:
    """Those that still want it held; whoever is gone, or only let things pass, does not."""
    found: set[str] = set()
    for table in (Destination, Subscription):
        stopped = select(col(table.id)).where(col(table.id).in_(owners), col(table.state) != ACTIVE)
        found |= set((await session.execute(stopped)).scalars())
    return found
