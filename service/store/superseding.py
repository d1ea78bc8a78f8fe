"""Superseding: an alert that was not sent gives way to a newer one, and says to which.

Who asked for the latest alone is spared the steps between. Nothing is lost by it: what takes the
place of another and is then taken back itself, unsent, gives the place back (`revive`), and what
had arrived all the same is written down as delivered (`disprove`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.delivery import TOLD, State
from service.core.steering import STOPPED, Word
from service.core.superseding import LATEST, Step, gives_way, reason_for
from service.store.again.queueing import Waiting, end_unsent, queue
from service.store.lists import one_of
from service.store.rows import insert_rows, update_rows
from service.store.steering.halting import owner_of
from service.store.tables import (
    Alert,
    Attempt,
    Change,
    Delivery,
    Destination,
    Fanout,
    Held,
    Receipt,
    Subscription,
    Superseded,
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Newer:
    """An alert that is about to be entered, for whom a subscription wants the latest alone."""

    alert: Row
    step: Step

    @property
    def place(self) -> tuple[str, str]:
        """Where there is room for one."""
        return self.alert["subject"], self.alert["destination_id"]


async def supersede(session: AsyncSession, newer: Iterable[Newer], now: datetime) -> None:
    """End what these are sent instead of; their destinations are locked, and one has a place."""
    by_place = {one.place: one for one in newer}
    asked = {
        "subjects": sorted({subject for subject, _ in by_place}),
        "destinations": sorted({destination for _, destination in by_place}),
    }
    found = [*await _ask(session, _LIVE, asked), *await _ask(session, _HELD, asked)]
    found = [row for row in found if (row.subject, row.destination_id) in by_place]
    if not found:
        return
    behind = {row.id: _read_behind(row.matched) for row in found}
    every = sorted(set().union(*behind.values()))
    latest = {row.id for row in await _ask(session, _LATEST, {"those": every})}
    ended: dict[UUID, UUID] = {}
    for identity, group in groupby(found, key=lambda row: row.id):
        rows = list(group)
        heir = by_place[rows[0].subject, rows[0].destination_id]
        if gives_way(_step(rows), heir.step, behind[identity], latest):
            ended[identity] = heir.alert["id"]
    await _end(session, ended, now)


async def _ask(session: AsyncSession, wanted: Any, given: Mapping[str, Any]) -> Sequence[Any]:
    return (await (await session.connection()).execute(wanted, given)).all()


def _read_behind(matched: bytes) -> set[str]:
    return {told["subscription"] for told in orjson.loads(matched)}


def _step(rows: Sequence[Any]) -> Step:
    """One row for each who holds it."""
    holders = frozenset(row.holder for row in rows if row.holder)
    return Step(rows[0].number, rows[0].mode, holders)


_COLUMNS = (
    col(Alert.id),
    col(Alert.subject),
    col(Alert.destination_id),
    col(Alert.matched),
    col(Change.number),
    col(Change.mode),
)


def _find_unsent(table: type[Delivery | Held], key: Any, holder: Any) -> Any:
    """Older alerts at these places that nobody has tried to send, and no person has stopped."""
    return (
        select(*_COLUMNS, holder.label("holder"))
        .join(table, key == col(Alert.id))
        .join(Change, col(Change.id) == col(Alert.change_id))
        .join(Fanout, col(Fanout.change_id) == col(Alert.change_id))
        .where(
            one_of(col(Alert.subject), "subjects"),
            one_of(col(Alert.destination_id), "destinations"),
            col(Alert.cause) == "",
            col(Fanout.state).not_in([word.value for word in STOPPED]),
            col(table.attempt) == 1,
            ~exists().where(col(Attempt.delivery_id) == col(Alert.id)),
        )
        .order_by(col(Alert.id))
    )


# Who claims one at this moment has it: it is sent, and told.
_LIVE = (
    _find_unsent(Delivery, col(Delivery.id), literal(""))
    .where(col(Delivery.lease).is_(None))
    .with_for_update(of=Delivery, skip_locked=True)
)
_HELD = _find_unsent(Held, col(Held.delivery_id), col(Held.owner_id)).with_for_update(of=Held)
_LATEST = select(col(Subscription.id)).where(
    one_of(col(Subscription.id), "those"), col(Subscription.steps) == LATEST
)


async def _end(session: AsyncSession, ended: Mapping[UUID, UUID], now: datetime) -> None:
    """Receipts instead of work; what these had taken the place of is their heirs'."""
    if not ended:
        return
    connection = await session.connection()
    those = {"those": sorted(ended)}
    for statement in (_TAKE_LIVE, _TAKE_HELD):
        await connection.execute(statement, those)
    receipts = [
        end_unsent(identity, (State.SUPERSEDED, reason_for(heir)), now)
        for identity, heir in ended.items()
    ]
    await insert_rows(session, Receipt, receipts)
    before = await _ask(session, _TAKEN_OVER, those)
    links = [_link(row.delivery_id, ended[row.successor_id]) for row in before]
    await update_rows(session, Superseded, "delivery_id", links)
    await insert_rows(session, Superseded, [_link(*pair) for pair in ended.items()])


def _link(identity: UUID, heir: UUID) -> Row:
    return {"delivery_id": identity, "successor_id": heir}


_TAKE_LIVE = delete(Delivery).where(one_of(col(Delivery.id), "those"))
_TAKE_HELD = delete(Held).where(one_of(col(Held.delivery_id), "those"))
_TAKEN_OVER = select(col(Superseded.delivery_id), col(Superseded.successor_id)).where(
    one_of(col(Superseded.successor_id), "those")
)


async def find_successor(session: AsyncSession, alert_id: UUID) -> UUID | None:
    """Which alert is sent instead of this one."""
    wanted = select(col(Superseded.successor_id)).where(col(Superseded.delivery_id) == alert_id)
    found: UUID | None = await session.scalar(wanted)
    return found


async def disprove(session: AsyncSession, delivered: Collection[UUID]) -> set[UUID]:
    """Of what arrived, that which had been superseded meanwhile: it was not, after all."""
    those = {"those": sorted(delivered)}
    gone = {row.delivery_id for row in await _ask(session, _TAKE_ENDS, those)}
    if gone:
        await (await session.connection()).execute(_TAKE_LINKS, {"those": sorted(gone)})
    return gone


_TAKE_ENDS = (
    delete(Receipt)
    .where(
        one_of(col(Receipt.delivery_id), "those"),
        col(Receipt.outcome) == State.SUPERSEDED.value,
    )
    .returning(col(Receipt.delivery_id))
)
_TAKE_LINKS = delete(Superseded).where(one_of(col(Superseded.delivery_id), "those"))


# What a person takes back, unsent, gives its place back


async def revive(session: AsyncSession, recalled: Collection[UUID], now: datetime) -> int:
    """Let the latest go out that these had taken the place of; how many those are.

    Unless it was recalled too, or something newer was told since; what is newer and still waits
    takes its place instead. What was halted meanwhile waits for that halt. Their destinations are
    locked.
    """
    spared: dict[UUID, list[Any]] = {}
    for row in await _ask(session, _SPARED, {"those": sorted(recalled)}):
        spared.setdefault(row.successor_id, []).append(row)
    heirs = {before: rows[0] for before, rows in spared.items() if not rows[0].is_overtaken}
    overtaken = [row for before, rows in spared.items() if before not in heirs for row in rows]
    links = [_link(row.id, row.waiting) for row in overtaken if row.waiting]
    links += [
        _link(row.id, heir.id) for before, heir in heirs.items() for row in spared[before][1:]
    ]
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


def _is_lost(alert: Any) -> Any:
    """Whether it ended and its receiver does not know of it."""
    return exists().where(
        col(Receipt.delivery_id) == col(alert.id), col(Receipt.outcome).not_in(TOLD)
    )


_LATER = aliased(Alert)
_NEWER = (
    col(_LATER.subject) == col(Alert.subject),
    col(_LATER.destination_id) == col(Alert.destination_id),
    col(_LATER.number) > col(Alert.number),
    col(_LATER.cause) == "",
)
_IS_OVERTAKEN = exists().where(*_NEWER, ~_is_lost(_LATER))
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


# What the one that took their place says of them


@dataclass(frozen=True, slots=True)
class Before:
    """What gave way to an alert, oldest first, and what its receiver was last told, if anything."""

    alerts: tuple[UUID, ...]
    told: UUID | None = None
    change_id: UUID | None = None
    cause: str = ""


async def find_before(session: AsyncSession, alerts: Collection[UUID]) -> Mapping[UUID, Before]:
    """By alert, for those that took the place of others."""
    those = {"those": sorted(alerts)}
    gone: dict[UUID, list[UUID]] = {}
    for row in await _ask(session, _GONE, those):
        gone.setdefault(row.successor_id, []).append(row.delivery_id)
    told = {row.later: row for row in await _ask(session, _LAST_TOLD, those)}
    return {
        one: Before(tuple(ids), *(told[one][1:] if one in told else ()))
        for one, ids in gone.items()
    }


_GONE = (
    select(col(Superseded.successor_id), col(Superseded.delivery_id))
    .join(Alert, col(Alert.id) == col(Superseded.delivery_id))
    .where(one_of(col(Superseded.successor_id), "those"))
    .order_by(col(Alert.number))
)
_HEIR, _EARLIER = aliased(Alert), aliased(Alert)
_OF_HEIR, _OF_EARLIER = aliased(Change), aliased(Change)
_RANKED = (
    select(
        col(_HEIR.id).label("later"),
        col(_EARLIER.id),
        col(_EARLIER.change_id),
        col(_EARLIER.cause),
        func.row_number()
        .over(partition_by=col(_HEIR.id), order_by=col(_EARLIER.number).desc())
        .label("place"),
    )
    .join(_OF_HEIR, col(_OF_HEIR.id) == col(_HEIR.change_id))
    .join(
        _EARLIER,
        (col(_EARLIER.subject) == col(_HEIR.subject))
        & (col(_EARLIER.destination_id) == col(_HEIR.destination_id))
        & (col(_EARLIER.number) < col(_HEIR.number)),
    )
    .join(
        _OF_EARLIER,
        (col(_OF_EARLIER.id) == col(_EARLIER.change_id))
        & (col(_OF_EARLIER.mode) == col(_OF_HEIR.mode)),
    )
    .where(one_of(col(_HEIR.id), "those"), ~_is_lost(_EARLIER))
    .subquery()
)
_LAST_TOLD = select(_RANKED.c.later, _RANKED.c.id, _RANKED.c.change_id, _RANKED.c.cause).where(
    _RANKED.c.place == 1
)
