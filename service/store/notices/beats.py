"""Heartbeats: where nothing was sent for a day or a week, that is said, and what it proves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.hours import next_beat
from service.core.destination.optin import ACTIVE
from service.core.destination.preferences import Preferences
from service.core.sending.notice import Heartbeat, Kind, notice_id, place_of
from service.store.database import insert_new
from service.store.following.destinations import DestinationValue, lock_destination
from service.store.following.tables import Destination
from service.store.notices.marking import forget_beat
from service.store.notices.silence import (
    Heard,
    count_behind,
    count_lanes,
    count_stopped,
    find_last_event,
    find_silence,
)
from service.store.notices.tables import Beat
from service.store.notices.telling import Telling, tell
from service.store.numbers import last_number

GRACE = timedelta(minutes=15)
"""What is being worked up when a heartbeat is due has so long before that is said."""
LONGEST = timedelta(days=8)
"""No heartbeat is due later than this: one that is was planned by a clock that was ahead."""
PAGE = 1_000


async def plan_beat(
    session: AsyncSession, before: Preferences, value: DestinationValue, now: datetime
) -> None:
    """Follow a change of what its owner asks for."""
    wishes = value.preferences
    if wishes.heartbeat is None:
        await forget_beat(session, value.id)
    elif wishes != before:
        after = await last_number(session, "alerts")
        row = {"destination_id": value.id, "since": now, "after": after, "due_at": now}
        await session.execute(insert_new(session, Beat).values(row))
        await _move(session, value.id, due_at=next_beat(wishes, now))


async def list_due_beats(session: AsyncSession, now: datetime) -> Sequence[str]:
    """The longest due first, up to a page."""
    asked = {"now": now, "latest": now + LONGEST}
    return (await session.execute(_DUE, asked)).scalars().all()


_DUE = (
    select(col(Beat.destination_id))
    .where(or_(col(Beat.due_at) <= bindparam("now"), col(Beat.due_at) > bindparam("latest")))
    .order_by(col(Beat.due_at))
    .limit(PAGE)
)


async def beat(session: AsyncSession, destination_id: str, heard: Heard) -> Telling | None:
    """Tell it, if it is due and nothing was sent; None: not, or not yet.

    The next is planned in the same transaction. What nobody can vouch for is said so, once it has
    had its time to be worked up.
    """
    about = await _lock(session, destination_id)
    row = (await session.execute(_BEAT, {"of": destination_id})).first()
    if about is None or row is None or about.preferences.heartbeat is None:
        await forget_beat(session, destination_id)
        return None
    if not await _is_time(session, about, row, heard.at):
        return None
    behind = await count_behind(session, heard)
    if behind != 0 and heard.at < row.due_at + GRACE:
        return None
    silence = await find_silence(session, about.id, row.after)
    following = next_beat(about.preferences, heard.at)
    await _move(session, about.id, since=heard.at, after=silence.last, due_at=following)
    if silence.sent:
        return None
    notice = Heartbeat(
        about=place_of(about.id, about.name, about.kind, about.address),
        at=heard.at,
        zone=about.preferences.timezone,
        since=min(row.since, heard.at),
        lanes=await count_lanes(session, about.id),
        last_event_at=await find_last_event(session),
        behind=behind,
        stopped=await count_stopped(session),
        muted=silence.muted,
    )
    identity = notice_id(about.id, Kind.HEARTBEAT, row.due_at.isoformat())
    await tell(session, identity, notice, about, heard.at)
    return Telling(Kind.HEARTBEAT, about.id, about.id)


async def _is_time(session: AsyncSession, about: DestinationValue, row: Any, now: datetime) -> bool:
    """Whether it is due; for who is stopped, and after a clock was set back, it is put off."""
    following = next_beat(about.preferences, now)
    if about.state == ACTIVE and row.due_at <= now:
        return True
    due_at = following if about.state != ACTIVE else min(row.due_at, following)
    await _move(session, about.id, due_at=due_at)
    return False


async def _lock(session: AsyncSession, destination_id: str) -> DestinationValue | None:
    account = await session.scalar(_ACCOUNT, {"of": destination_id})
    return await lock_destination(session, account, destination_id) if account else None


async def _move(session: AsyncSession, destination_id: str, **to: Any) -> None:
    moved = update(Beat).where(col(Beat.destination_id) == destination_id)
    await session.execute(moved.values(to))


_ACCOUNT = select(col(Destination.account_id)).where(col(Destination.id) == bindparam("of"))
_BEAT = select(col(Beat.since), col(Beat.after), col(Beat.due_at)).where(
    col(Beat.destination_id) == bindparam("of")
)
