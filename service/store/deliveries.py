"""Live work: claimed under a lease, settled by its holder, held for the paused, released again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.delivery import (
    OPEN,
    WAITS,
    Delivered,
    Outcome,
    Refused,
    Reply,
    State,
    TryLater,
    next_state,
)
from service.store.holding import disable
from service.store.leases import SKEW
from service.store.lists import one_of
from service.store.rows import Clash, insert_rows
from service.store.tables import (
    Alert,
    Attempt,
    Change,
    Delivery,
    Destination,
    Held,
    Receipt,
    Rendered,
)

Row = dict[str, Any]
FIRST_RETRY = WAITS[0] * 1.1
"""Seconds: the longest that the first wait is spread to."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease runs out, with all that rendering needs."""

    id: UUID
    attempt: int
    destination_id: str
    kind: str
    address: str
    secrets: tuple[str, ...]
    change_id: UUID
    matched: bytes
    rendered: bytes | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Transmitted:
    """What one attempt met, and what follows from it."""

    claimed: Claimed
    body: bytes
    sha256: str
    reply: Reply
    outcome: Outcome
    at: datetime


async def claim(
    session: AsyncSession, now: datetime, lease: str, limit: int, seconds: float
) -> list[Claimed]:
    """The longest due, hidden from other senders for `seconds`."""
    given = {"now": now, "most": limit, "by": lease, "until": now + timedelta(seconds=seconds)}
    connection = await session.connection()
    attempts = {row.id: row.attempt for row in await connection.execute(_CLAIM, given)}
    return await _read_claimed(session, attempts) if attempts else []


_DUE = (
    select(col(Delivery.id))
    .where(col(Delivery.visible_at) <= bindparam("now"))
    .order_by(col(Delivery.visible_at), col(Delivery.id))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


_CLAIM = (
    update(Delivery)
    .where(one_of(col(Delivery.id), _DUE))
    .values(lease=bindparam("by"), visible_at=bindparam("until"))
    .returning(col(Delivery.id), col(Delivery.attempt))
)


async def _read_claimed(session: AsyncSession, attempts: Mapping[UUID, int]) -> list[Claimed]:
    connection = await session.connection()
    return [
        Claimed(
            row.id,
            attempts[row.id],
            row.destination_id,
            row.kind,
            row.address,
            tuple(row.secrets.split()),
            row.change_id,
            row.matched,
            row.body,
            row.created_at,
        )
        for row in await connection.execute(_CLAIMED, {"those": list(attempts)})
    ]


_CLAIMED = (
    select(
        col(Alert.id),
        col(Alert.destination_id),
        col(Destination.kind),
        col(Destination.address),
        col(Destination.secrets),
        col(Alert.change_id),
        col(Alert.matched),
        col(Rendered.body),
        col(Alert.created_at),
    )
    .join(Destination, col(Destination.id) == col(Alert.destination_id))
    .outerjoin(Rendered, col(Rendered.delivery_id) == col(Alert.id))
    .where(one_of(col(Alert.id), "those"))
    .order_by(col(Alert.number))
)


async def renew(session: AsyncSession, until: datetime, lease: str, held: Collection[UUID]) -> None:
    """Keep what is still in the air hidden from other senders until then."""
    connection = await session.connection()
    await connection.execute(_RENEW, {"those": list(held), "by": lease, "until": until})


_HELD_BY = (
    select(col(Delivery.id))
    .where(one_of(col(Delivery.id), "those"), col(Delivery.lease) == bindparam("by"))
    .order_by(col(Delivery.id))  # whoever locks several does so in this order
    .with_for_update()
)
_RENEW = (
    update(Delivery).where(one_of(col(Delivery.id), _HELD_BY)).values(visible_at=bindparam("until"))
)


async def free_misdated(session: AsyncSession, now: datetime, seconds: float) -> None:
    """What is hidden for longer than it can be was hidden before a clock was set back.

    Leases that end later than any would bind nobody, else what their holder had in the air when it
    died would wait for that clock's hour to come again. So would what never was attempted: it is
    due when it is made, or after our own fault as late as a first retry.
    """
    connection = await session.connection()
    latest = now + timedelta(seconds=max(seconds, FIRST_RETRY)) + SKEW
    await connection.execute(_FREE, {"now": now, "latest": latest})


_MISDATED = (
    select(col(Delivery.id))
    .where(
        col(Delivery.visible_at) > bindparam("latest"),
        or_(col(Delivery.lease).is_not(None), col(Delivery.attempt) == 1),
    )
    .order_by(col(Delivery.id))
    .with_for_update(skip_locked=True)
)
_FREE = (
    update(Delivery).where(one_of(col(Delivery.id), _MISDATED)).values(visible_at=bindparam("now"))
)


async def read_changes(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
    """The changes behind claimed deliveries, as written."""
    wanted = select(col(Change.id), col(Change.body)).where(one_of(col(Change.id), "those"))
    return {row.id: row.body for row in await session.execute(wanted, {"those": list(ids)})}


async def find_alerts(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these deliveries exist: a previous alert is only named to who was sent one."""
    wanted = select(col(Alert.id)).where(one_of(col(Alert.id), "those"))
    return set((await session.execute(wanted, {"those": list(ids)})).scalars())


async def settle(
    session: AsyncSession, lease: str, done: Sequence[Transmitted]
) -> list[Transmitted]:
    """Write receipts and what comes next; what another sender has taken over is left alone.

    Returns those that were still ours.
    """
    connection = await session.connection()
    await _lock_gone(session, done)
    asked = {"those": [one.claimed.id for one in done], "by": lease}
    ours = set((await connection.execute(_HELD_BY, asked)).scalars())
    settled = [one for one in done if one.claimed.id in ours]
    await _finish_held(session, [one for one in done if one.claimed.id not in ours])
    if settled:
        # An attempt that failed by our own fault is made again under its number.
        await insert_rows(session, Attempt, [_attempt(one) for one in settled], Clash.REPLACE)
        await _finish(session, [one for one in settled if _is_end(one.outcome)])
        await _put_off(session, [one for one in settled if not _is_end(one.outcome)])
        await _disable_gone(session, settled)  # last: it holds all that is still in the queue
    return settled


_TAKE_OUT = delete(Delivery).where(one_of(col(Delivery.id), "those"))


async def _finish_held(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    """What was taken while its destination was paused, or resumed, is delivered all the same."""
    arrived = {one.claimed.id: one for one in done if isinstance(one.outcome, Delivered)}
    if not arrived:
        return
    connection = await session.connection()
    asked = {"those": list(arrived)}
    gone = set((await connection.execute(_TAKE_HELD, asked)).scalars())
    gone |= set((await connection.execute(_TAKE_FREE, asked)).scalars())
    if gone:
        late = [arrived[identity] for identity in gone]
        await insert_rows(session, Attempt, [_attempt(one) for one in late], Clash.REPLACE)
        await insert_rows(session, Receipt, [_receipt(one) for one in late], Clash.SKIP)


_TAKE_HELD = (
    delete(Held).where(one_of(col(Held.delivery_id), "those")).returning(col(Held.delivery_id))
)
_TAKE_FREE = (
    delete(Delivery)
    .where(one_of(col(Delivery.id), "those"), col(Delivery.lease).is_(None))
    .returning(col(Delivery.id))
)


def _is_end(outcome: Outcome) -> bool:
    return next_state(State.PENDING, outcome) not in OPEN


def _attempt(one: Transmitted) -> Row:
    return {
        "delivery_id": one.claimed.id,
        "number": one.claimed.attempt,
        "at": one.at,
        "outcome": _word(one.outcome),
        "status": one.reply.status,
        "reason": one.reply.reason[:1000],
        "peer": one.reply.peer,
        "seconds": one.reply.timings.get("total", 0.0),
        "timings": orjson.dumps(dict(one.reply.timings)).decode(),
        "response": one.reply.excerpt,
    }


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Delivered):
        return "delivered"
    return "try_later" if isinstance(outcome, TryLater) else "refused"


async def _finish(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    receipts = [_receipt(one) for one in done]
    if receipts:
        connection = await session.connection()
        await insert_rows(session, Receipt, receipts, Clash.SKIP)
        ids = [row["delivery_id"] for row in receipts]
        await connection.execute(_TAKE_OUT, {"those": ids})
        retried = [one.claimed.id for one in done if one.claimed.attempt > 1]
        if retried:
            spent = delete(Rendered).where(one_of(col(Rendered.delivery_id), "those"))
            await connection.execute(spent, {"those": retried})


async def _lock_gone(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    """Destinations before deliveries, as their owner does who pauses one."""
    gone = {one.claimed.destination_id for one in done if _is_gone(one.outcome)}
    if gone:
        named = col(Destination.id)
        wanted = select(named).where(one_of(named, "those")).order_by(named).with_for_update()
        await session.execute(wanted, {"those": sorted(gone)})


def _is_gone(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.disable


async def _disable_gone(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    for one in done:
        if _is_gone(one.outcome):
            reason = f"the receiver said that it is gone: {one.reply.reason}"
            if await _is_still_at(session, one.claimed):
                await disable(session, one.claimed.destination_id, reason, one.at)


async def _is_still_at(session: AsyncSession, one: Claimed) -> bool:
    """A 410 speaks of the address that was asked, which its owner may have changed since."""
    wanted = select(col(Destination.address)).where(col(Destination.id) == one.destination_id)
    return await session.scalar(wanted) == one.address


def _receipt(one: Transmitted) -> Row:
    return {
        "delivery_id": one.claimed.id,
        "outcome": next_state(State.PENDING, one.outcome).value,
        "reason": one.reply.reason[:1000],
        "attempts": one.claimed.attempt,
        "finished_at": one.at,
        "sha256": one.sha256,
    }


async def _put_off(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    """Due again later, with the bytes of the first attempt kept."""
    if not done:
        return
    connection = await session.connection()
    first = [one for one in done if one.claimed.rendered is None and one.body]
    bodies = [{"delivery_id": one.claimed.id, "body": one.body} for one in first]
    await insert_rows(session, Rendered, bodies, Clash.SKIP)
    again = (
        update(Delivery)
        .where(col(Delivery.id) == bindparam("of"))
        .values(visible_at=bindparam("then"), attempt=bindparam("next"), lease=None)
    )
    await connection.execute(again, [_later(one) for one in done])


def _later(one: Transmitted) -> Row:
    wait = one.outcome.after if isinstance(one.outcome, TryLater) else 0.0
    # Our own fault uses up no attempt: the receiver was never asked.
    following = one.claimed.attempt + (not one.reply.ours)
    return {"of": one.claimed.id, "then": one.at + timedelta(seconds=wait), "next": following}
