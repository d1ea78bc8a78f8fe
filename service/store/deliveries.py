"""Live work: claimed under a lease, settled by its holder, held for the paused, released again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.delivery import (
    OPEN,
    Delivered,
    Outcome,
    Refused,
    Reply,
    State,
    TryLater,
    next_state,
)
from service.store.database import insert_latest, insert_new
from service.store.holding import disable
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
    .where(col(Delivery.id).in_(_DUE))
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
    .where(col(Alert.id).in_(bindparam("those", expanding=True)))
    .order_by(col(Alert.number))
)


async def renew(session: AsyncSession, until: datetime, lease: str, held: Collection[UUID]) -> None:
    """Keep what is still in the air hidden from other senders until then."""
    kept = (
        update(Delivery)
        .where(col(Delivery.id).in_(held), col(Delivery.lease) == lease)
        .values(visible_at=until)
        .execution_options(synchronize_session=False)
    )
    await session.execute(kept)


async def read_changes(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
    """The changes behind claimed deliveries, as written."""
    wanted = select(col(Change.id), col(Change.body)).where(col(Change.id).in_(ids))
    return {row.id: row.body for row in await session.execute(wanted)}


async def find_alerts(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these deliveries exist: a previous alert is only named to who was sent one."""
    wanted = select(col(Alert.id)).where(col(Alert.id).in_(ids))
    return set((await session.execute(wanted)).scalars())


async def settle(
    session: AsyncSession, lease: str, done: Sequence[Transmitted]
) -> list[Transmitted]:
    """Write receipts and what comes next; what another sender has taken over is left alone.

    Returns those that were still ours.
    """
    connection = await session.connection()
    asked = {"those": [one.claimed.id for one in done], "by": lease}
    ours = set((await connection.execute(_HELD_BY, asked)).scalars())
    settled = [one for one in done if one.claimed.id in ours]
    await _finish_held(session, [one for one in done if one.claimed.id not in ours])
    if settled:
        # An attempt that failed by our own fault is made again under its number.
        made = insert_latest(session, Attempt)
        await connection.execute(made, [_attempt(one) for one in settled])
        await _finish(session, [one for one in settled if _is_end(one.outcome)])
        await _put_off(session, [one for one in settled if not _is_end(one.outcome)])
        await _disable_gone(session, settled)  # last: it holds all that is still in the queue
    return settled


_HELD_BY = (
    select(col(Delivery.id))
    .where(
        col(Delivery.id).in_(bindparam("those", expanding=True)),
        col(Delivery.lease) == bindparam("by"),
    )
    .with_for_update()
)


_TAKE_OUT = delete(Delivery).where(col(Delivery.id).in_(bindparam("those", expanding=True)))


async def _finish_held(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    """What was taken while its destination was paused, or resumed, is delivered all the same."""
    arrived = {one.claimed.id: one for one in done if isinstance(one.outcome, Delivered)}
    if not arrived:
        return
    connection = await session.connection()
    held = delete(Held).where(col(Held.delivery_id).in_(list(arrived)))
    gone = set((await connection.execute(held.returning(col(Held.delivery_id)))).scalars())
    free = delete(Delivery).where(
        col(Delivery.id).in_(list(arrived)), col(Delivery.lease).is_(None)
    )
    gone |= set((await connection.execute(free.returning(col(Delivery.id)))).scalars())
    if gone:
        late = [arrived[identity] for identity in gone]
        made = insert_latest(session, Attempt)
        await connection.execute(made, [_attempt(one) for one in late])
        await connection.execute(insert_new(session, Receipt), [_receipt(one) for one in late])


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
        await connection.execute(insert_new(session, Receipt), receipts)
        ids = [row["delivery_id"] for row in receipts]
        await connection.execute(_TAKE_OUT, {"those": ids})
        retried = [one.claimed.id for one in done if one.claimed.attempt > 1]
        if retried:
            spent = delete(Rendered).where(col(Rendered.delivery_id).in_(retried))
            await session.execute(spent)


async def _disable_gone(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    for one in done:
        if isinstance(one.outcome, Refused) and one.outcome.disable:
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
    if first:
        bodies = [{"delivery_id": one.claimed.id, "body": one.body} for one in first]
        await connection.execute(insert_new(session, Rendered), bodies)
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
