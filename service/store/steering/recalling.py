"""A recall cancels what was not sent, and corrects exactly those who were told.

What was in the air when it was taken out may have arrived: it is held until it has landed. Then it
was told, and is corrected, or was not, and is cancelled. A correction is an alert of its own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import read_change
from service.core.sending.delivery import PULL, TOLD, delivery_id
from service.core.sending.steering import LANDING, recall_cause, told_percent
from service.store.again.queueing import LISTED, Waiting, end_unsent, queue
from service.store.delivery.claiming import find_alerts
from service.store.delivery.receipts import write_cancelled
from service.store.delivery.reviving import revive
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.gathering.carried import call_off, strike
from service.store.lists import one_of
from service.store.mail.tables import Returned
from service.store.numbers import take_numbers
from service.store.plans.tables import Fanout
from service.store.rows import insert_rows
from service.store.standings.tables import Change
from service.store.steering.errands import Step, Task, last_of, lock_owners, page_of_change
from service.store.steering.tables import FormerReceipt

Row = dict[str, Any]


async def recall_page(session: AsyncSession, task: Task, now: datetime) -> Step:
    """The next alerts of the change; all of them again, as long as some are in the air.

    Only a time through all pages that meets none of these has met whoever was told.
    """
    page = await page_of_change(session, task)
    owner = recall_cause(UUID(task.target))
    kinds = await lock_owners(session, page)
    ids = [one.id for one in page]
    taken = await _take_back(session, ids, owner, task, now)
    struck = await strike(session, ids, f"recalled: {task.reason}", now)
    ended = ((one, 1) for one in struck.free)
    await write_cancelled(session, ended, f"recalled: {task.reason}", now)
    again = await call_off(session, ids, f"recalled: {task.reason}", now)
    known = [one for one in page if one.id not in struck.aloft]
    corrected = await _correct(session, known, kinds, task, now)
    done, aloft = taken.cancelled + len(struck.free), taken.aloft + len(struck.aloft)
    waiting = taken.waiting + len(struck.aloft) + again
    return Step(last_of(page), done + corrected, aloft, waiting)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a page that was not sent; those `aloft` are among the `waiting`."""

    cancelled: int
    aloft: int
    waiting: int


async def _take_back(
    session: AsyncSession, ids: Sequence[UUID], owner: str, task: Task, now: datetime
) -> Taken:
    live = await _take_out(session, ids)
    held = (await session.execute(_TAKE_HELD, {"those": ids})).all()
    latest = {row.delivery_id: row for row in sorted(held, key=lambda one: one.held_at)}
    ended = [(row.id, row.attempt) for row in live if row.lease is None]
    ended += [(one, row.attempt) for one, row in latest.items() if row.held_at <= now - LANDING]
    aloft = [_held(row.id, row, owner, now) for row in live if row.lease is not None]
    still = [
        _held(one, row, owner, row.held_at)
        for one, row in latest.items()
        if row.held_at > now - LANDING
    ]
    await insert_rows(session, Held, aloft + still)
    await write_cancelled(session, ended, f"recalled: {task.reason}", now)
    if ended:
        await revive(session, [identity for identity, _ in ended], now)
    return Taken(len(ended), len(aloft), len(aloft) + len(still))


async def _take_out(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Any]:
    return (await session.execute(_TAKE_LIVE, {"those": ids})).all()


_PLAIN = {"synchronize_session": False}
_LOCK_LIVE = (
    select(col(Delivery.id))
    .where(one_of(col(Delivery.id), "those"))
    .order_by(col(Delivery.id))
    .with_for_update()
)
_TAKE_LIVE = (
    delete(Delivery)
    .where(one_of(col(Delivery.id), _LOCK_LIVE))
    .returning(
        col(Delivery.id), col(Delivery.destination_id), col(Delivery.attempt), col(Delivery.lease)
    )
    .execution_options(**_PLAIN)
)
_TAKE_HELD = (
    delete(Held)
    .where(one_of(col(Held.delivery_id), "those"))
    .returning(
        col(Held.delivery_id), col(Held.destination_id), col(Held.attempt), col(Held.held_at)
    )
    .execution_options(**_PLAIN)
)


def _held(identity: UUID, row: Any, owner: str, since: datetime) -> Row:
    return {
        "delivery_id": identity,
        "owner_id": owner,
        "destination_id": row.destination_id,
        "attempt": row.attempt,
        "held_at": since,
    }


async def _correct(
    session: AsyncSession, page: Sequence[Any], kinds: Mapping[str, str], task: Task, now: datetime
) -> int:
    """Those of a page who were told, are still there, and have no correction yet."""
    cause = recall_cause(UUID(task.target))
    told = set((await session.execute(_TOLD, {"those": [one.id for one in page]})).scalars())
    told |= set((await session.execute(_TOLD_ONCE, {"those": [one.id for one in page]})).scalars())
    wanted = {
        delivery_id(one.destination_id, cause): one
        for one in page
        if one.id in told and one.destination_id in kinds
    }
    for identity in await find_alerts(session, list(wanted)) if wanted else ():
        del wanted[identity]
    if wanted:
        shared = await _shared(session, UUID(task.target), cause, now)
        await _write(session, [_alert(*one, shared) for one in wanted.items()], kinds, now)
    return len(wanted)


_CAME_BACK = exists().where(col(Returned.delivery_id) == col(Receipt.delivery_id))
_TOLD = select(col(Receipt.delivery_id)).where(
    one_of(col(Receipt.delivery_id), "those"), col(Receipt.outcome).in_(TOLD), ~_CAME_BACK
)
_TOLD_ONCE = select(col(FormerReceipt.delivery_id)).where(  # before it was sent again
    one_of(col(FormerReceipt.delivery_id), "those"), col(FormerReceipt.outcome).in_(TOLD)
)


async def _shared(session: AsyncSession, change_id: UUID, cause: str, now: datetime) -> Row:
    """What is told now is the rate before, so that a later change is measured against that."""
    body = await session.scalar(select(col(Change.body)).where(col(Change.id) == change_id))
    change = read_change(body) if body else None
    told = told_percent(change.old, change.mode) if change else None
    return {"change_id": change_id, "told_pp": told, "created_at": now, "cause": cause}


def _alert(identity: UUID, one: Any, shared: Row) -> Row:
    """To the one who got this alert, and for the same reasons."""
    kept = ("account_id", "destination_id", "subject", "matched")
    return shared | {"id": identity} | {name: getattr(one, name) for name in kept}


async def _write(
    session: AsyncSession, alerts: Sequence[Row], kinds: Mapping[str, str], now: datetime
) -> None:
    first = (await take_numbers(session, alerts=len(alerts)))["alerts"]
    for number, row in enumerate(alerts, first):
        row["number"] = number
    await insert_rows(session, Alert, alerts)
    listed = [row for row in alerts if kinds[row["destination_id"]] == PULL]
    await insert_rows(session, Receipt, [end_unsent(row["id"], LISTED, now) for row in listed])
    sent = [row for row in alerts if kinds[row["destination_id"]] != PULL]
    waiting = [Waiting(row["id"], row["destination_id"]) for row in sent]
    await queue(session, f"again:{alerts[0]['cause']}", waiting, now)


async def find_reasons(session: AsyncSession, changes: Collection[UUID]) -> Mapping[UUID, str]:
    """Why each of these changes was recalled."""
    wanted = select(col(Fanout.change_id), col(Fanout.reason)).where(
        col(Fanout.change_id).in_(changes)
    )
    return {row.change_id: row.reason for row in await session.execute(wanted)}
