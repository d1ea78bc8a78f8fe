"""Giving a place back: what was to be sent instead of another was taken back itself, unsent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.sending.steering import Word
from service.store.again.queueing import Waiting, queue
from service.store.delivery.superseding import ask, disprove, is_lost, link
from service.store.delivery.tables import Alert, Held, Receipt, Superseded
from service.store.following.tables import Destination
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.rows import insert_rows, update_rows
from service.store.steering.halting import owner_of

Row = dict[str, Any]


async def revive(session: AsyncSession, recalled: Collection[UUID], now: datetime) -> int:
    """Let the latest go out that these had taken the place of; how many those are.

    Unless it was recalled too, or something newer was told since; what is newer and still waits
    takes its place instead. What was halted meanwhile waits for that halt. Their destinations are
    locked.
    """
    spared: dict[UUID, list[Any]] = {}
    for row in await ask(session, _SPARED, {"those": sorted(recalled)}):
        spared.setdefault(row.successor_id, []).append(row)
    heirs = {before: rows[0] for before, rows in spared.items() if not rows[0].is_overtaken}
    overtaken = [row for before, rows in spared.items() if before not in heirs for row in rows]
    links = [link(row.id, row.waiting) for row in overtaken if row.waiting]
    links += [link(row.id, heir.id) for before, heir in heirs.items() for row in spared[before][1:]]
    await update_rows(session, Superseded, "delivery_id", links)
    await _put_back(session, list(heirs.values()), now)
    return len(heirs)


async def _put_back(session: AsyncSession, heirs: Sequence[Any], now: datetime) -> None:
    if not heirs:
        return
    await disprove(session, [row.id for row in heirs])
    halted = [row for row in heirs if row.state == Word.HALTED]
    await insert_rows(session, Held, [_halted(row, now) for row in halted])
    waiting = [Waiting(row.id, row.destination_id) for row in heirs if row.state != Word.HALTED]
    if waiting:
        await queue(session, f"again:{waiting[0].id}", waiting, now)


def _halted(row: Any, now: datetime) -> Row:
    return {
        "delivery_id": row.id,
        "owner_id": owner_of(str(row.change_id)),
        "destination_id": row.destination_id,
        "attempt": 1,
        "held_at": now,
    }


_LATER = aliased(Alert)
_NEWER = (
    col(_LATER.subject) == col(Alert.subject),
    col(_LATER.destination_id) == col(Alert.destination_id),
    col(_LATER.number) > col(Alert.number),
    col(_LATER.cause) == "",
)
_IS_OVERTAKEN = exists().where(*_NEWER, ~is_lost(_LATER))
_WAITING = (
    select(col(_LATER.id))
    .where(*_NEWER, ~exists().where(col(Receipt.delivery_id) == col(_LATER.id)))
    .order_by(col(_LATER.number))
    .limit(1)
    .correlate(Alert)
    .scalar_subquery()
)
_SPARED = (
    select(
        col(Superseded.successor_id),
        col(Alert.id),
        col(Alert.number),
        col(Alert.destination_id),
        col(Alert.change_id),
        col(Fanout.state),
        _IS_OVERTAKEN.label("is_overtaken"),
        _WAITING.label("waiting"),
    )
    .join(Alert, col(Alert.id) == col(Superseded.delivery_id))
    .join(Fanout, col(Fanout.change_id) == col(Alert.change_id))
    .join(Destination, col(Destination.id) == col(Alert.destination_id))
    .where(
        one_of(col(Superseded.successor_id), "those"),
        col(Fanout.state) != Word.RECALLED.value,
    )
    .order_by(col(Alert.number).desc())
)
