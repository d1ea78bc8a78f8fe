"""Live work, settled by its holder: receipts for what ended, another time for what did not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.delivery import (
    OPEN,
    Delivered,
    Outcome,
    Refused,
    Reply,
    State,
    TryLater,
    next_state,
)
from service.core.sending.pace import weigh
from service.core.sending.sent import write_sent
from service.store.delivery.claiming import HELD_BY, Claimed
from service.store.delivery.holding import disable
from service.store.delivery.superseding import disprove
from service.store.delivery.tables import Attempt, Delivery, Held, Receipt, Rendered
from service.store.following.tables import Destination
from service.store.gathering.leaving import forget_sent
from service.store.lists import one_of
from service.store.mail.suppressed import suppress
from service.store.pacing.paces import lock_paces, write_health
from service.store.rows import Clash, insert_rows

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Transmitted:
    """What one attempt met, and what follows from it; `spread` is random, 0 to 1."""

    claimed: Claimed
    body: bytes
    sha256: str
    reply: Reply
    outcome: Outcome
    at: datetime
    spread: float = 0.5


async def settle(
    session: AsyncSession, lease: str, done: Sequence[Transmitted]
) -> list[Transmitted]:
    """Write receipts and what comes next; what another sender has taken over is left alone.

    Returns those that were still ours.
    """
    connection = await session.connection()
    await _lock_gone(session, done)
    await _settle_paces(session, done)
    asked = {"those": [one.claimed.id for one in done], "by": lease}
    ours = set((await connection.execute(HELD_BY, asked)).scalars())
    settled = [one for one in done if one.claimed.id in ours]
    await _finish_held(session, [one for one in done if one.claimed.id not in ours])
    if settled:
        # An attempt that failed by our own fault is made again under its number.
        await insert_rows(session, Attempt, [_attempt(one) for one in settled], Clash.REPLACE)
        await _finish(session, [one for one in settled if _is_end(one.outcome)])
        await _put_off(session, [one for one in settled if not _is_end(one.outcome)])
        await _disable_gone(session, settled)  # last: it holds all that is still in the queue
    return settled


async def _settle_paces(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    """What the outcomes say of their destinations, whoever holds the deliveries by now."""
    telling = [one for one in done if one.claimed.is_paced or _blames_receiver(one)]
    if not telling:
        return
    known = await lock_paces(session, {one.claimed.destination_id for one in telling})
    for one in sorted(telling, key=_at):
        name = one.claimed.destination_id
        health = weigh(known[name].health, one.reply, one.outcome, one.at, one.spread)
        known[name] = replace(known[name], health=health)
    await write_health(session, known, max(map(_at, telling)))


def _at(one: Transmitted) -> datetime:
    return one.at


def _blames_receiver(one: Transmitted) -> bool:
    return isinstance(one.outcome, TryLater) and not one.reply.ours


_TAKE_OUT = delete(Delivery).where(one_of(col(Delivery.id), "those"))


async def _finish_held(session: AsyncSession, done: Sequence[Transmitted]) -> None:
    """What was taken while its destination was paused, or resumed, is delivered all the same.

    So is what was superseded then.
    """
    arrived = {one.claimed.id: one for one in done if isinstance(one.outcome, Delivered)}
    if not arrived:
        return
    connection = await session.connection()
    asked = {"those": list(arrived)}
    gone = set((await connection.execute(_TAKE_HELD, asked)).scalars())
    gone |= set((await connection.execute(_TAKE_FREE, asked)).scalars())
    gone |= await disprove(session, arrived)
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
        "request": write_sent(one.reply.sent, len(one.body), one.sha256),
        "answered": orjson.dumps(one.reply.answered).decode() if one.reply.answered else "",
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
        await forget_sent(session, [one.claimed.id for one in done if one.claimed.preferences])
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
                if one.claimed.kind == "email":
                    await suppress(session, one.claimed.address, one.reply.reason, one.at)


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
