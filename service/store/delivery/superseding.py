"""Superseding: an alert that was not sent gives way to a newer one, and says to which.

Who asked for the latest alone is spared the steps between. Nothing is lost by it: what takes the
place of another and is then taken back itself, unsent, gives the place back (`reviving.py`), and
what had arrived all the same is written down as delivered (`disprove`).
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

from service.core.sending.delivery import TOLD, State
from service.core.sending.steering import STOPPED
from service.core.sending.superseding import LATEST, Step, gives_way, reason_for
from service.store.again.queueing import end_unsent
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt, Superseded
from service.store.following.tables import Subscription
from service.store.gathering.waiting import LEAVE_OFF
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.rows import insert_rows, update_rows
from service.store.standings.tables import Change

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
    found = [*await ask(session, _LIVE, asked), *await ask(session, _HELD, asked)]
    found = [row for row in found if (row.subject, row.destination_id) in by_place]
    if not found:
        return
    behind = {row.id: _read_behind(row.matched) for row in found}
    every = sorted(set().union(*behind.values()))
    latest = {row.id for row in await ask(session, _LATEST, {"those": every})}
    ended: dict[UUID, UUID] = {}
    for identity, group in groupby(found, key=lambda row: row.id):
        rows = list(group)
        heir = by_place[rows[0].subject, rows[0].destination_id]
        if gives_way(_step(rows), heir.step, behind[identity], latest):
            ended[identity] = heir.alert["id"]
    await _end(session, ended, now)


async def ask(session: AsyncSession, wanted: Any, given: Mapping[str, Any]) -> Sequence[Any]:
    """The rows that a statement finds, as plain as they are."""
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
_HELD = (
    _find_unsent(Held, col(Held.delivery_id), col(Held.owner_id))
    .order_by(col(Held.owner_id))
    .with_for_update(of=Held)
)
_LATEST = select(col(Subscription.id)).where(
    one_of(col(Subscription.id), "those"), col(Subscription.steps) == LATEST
)


async def _end(session: AsyncSession, ended: Mapping[UUID, UUID], now: datetime) -> None:
    """Receipts instead of work; what these had taken the place of is their heirs'."""
    if not ended:
        return
    connection = await session.connection()
    those = {"those": sorted(ended)}
    for statement in (_TAKE_LIVE, _TAKE_HELD, LEAVE_OFF):
        await connection.execute(statement, those)
    receipts = [
        end_unsent(identity, (State.SUPERSEDED, reason_for(heir)), now)
        for identity, heir in ended.items()
    ]
    await insert_rows(session, Receipt, receipts)
    before = await ask(session, _TAKEN_OVER, those)
    links = [link(row.delivery_id, ended[row.successor_id]) for row in before]
    await update_rows(session, Superseded, "delivery_id", links)
    await insert_rows(session, Superseded, [link(*pair) for pair in ended.items()])


def link(identity: UUID, heir: UUID) -> Row:
    """As a row says which of two took the other's place."""
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
    gone = {row.delivery_id for row in await ask(session, _TAKE_ENDS, those)}
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


def is_lost(alert: Any) -> Any:
    """Whether it ended and its receiver does not know of it."""
    return exists().where(
        col(Receipt.delivery_id) == col(alert.id), col(Receipt.outcome).not_in(TOLD)
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
    for row in await ask(session, _GONE, those):
        gone.setdefault(row.successor_id, []).append(row.delivery_id)
    told = {row.later: row for row in await ask(session, _LAST_TOLD, those)}
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
    .where(one_of(col(_HEIR.id), "those"), ~is_lost(_EARLIER))
    .subquery()
)
_LAST_TOLD = select(_RANKED.c.later, _RANKED.c.id, _RANKED.c.change_id, _RANKED.c.cause).where(
    _RANKED.c.place == 1
)
