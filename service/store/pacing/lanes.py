"""Lanes: what waits for a destination that is sent to at its own pace, so that it delays nobody.

The queue is one for all, and quick. A destination that is slow, resting, or has limits of its own
has its deliveries moved to its lane, where they wait in the order in which they were made, what is
urgent before the rest. Its row
in `pace` says when the lane is next worth a visit; whoever visits it holds that row.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.pace import Limits, allow, spend
from service.store.delivery.sending import IS_HELD
from service.store.delivery.tables import Alert, Delivery, Pace
from service.store.following.tables import Destination
from service.store.leases import SKEW
from service.store.lists import one_of
from service.store.pacing.paces import LANED, PACE, QUEUED, health_of, limits_of
from service.store.rows import Clash, insert_rows, update_rows

LANES, MOST = 32, 256
"""Lanes visited in one transaction, and what is taken from each, at most."""
SWEPT = 2000
"""Deliveries moved from the queue to a lane beside those that were met."""
ORDERED = 2000
"""How far an ordered lane is read for subjects of which nothing is under way."""
AGAIN = timedelta(seconds=1)
"""After so long a lane is visited again even if nobody said that something came back."""


class Room(Protocol):
    """The slots of a sender; what is taken is counted at once."""

    def left(self, kind: str) -> int:
        """Slots that nobody has taken yet."""
        ...

    def kept(self, kind: str) -> int:
        """Slots that what is urgent leaves to the rest."""
        ...

    def take(self, kind: str, destination_id: str, wanted: int) -> int:
        """How many of so many deliveries may leave from here."""
        ...


@dataclass(frozen=True, slots=True)
class Visit:
    """On whose behalf lanes are visited: `until` is when the lease on what is taken runs out."""

    holder: str
    now: datetime
    until: datetime
    room: Room


async def park(
    session: AsyncSession,
    deliveries: Collection[UUID],
    destinations: Collection[str],
    holder: str,
    now: datetime,
) -> None:
    """Move claimed deliveries to the lanes of their destinations, and what is due beside them."""
    connection = await session.connection()
    asked = {"those": sorted(deliveries), "by": holder, "now": now}
    await connection.execute(_PARK, asked)
    lanes = sorted(destinations)
    await connection.execute(_SWEEP, {"lanes": lanes, "now": now})
    rows = [{"destination_id": one, "failures": 0, "look_at": now} for one in lanes]
    await insert_rows(session, Pace, rows, Clash.SKIP)
    await connection.execute(_OPEN, {"lanes": lanes, "now": now})


_PARK = (
    update(Delivery)
    .where(one_of(col(Delivery.id), "those"), col(Delivery.lease) == bindparam("by"))
    .values(lane=col(Delivery.destination_id), lease=None, visible_at=bindparam("now"))
)
_DUE_BESIDE = (
    select(col(Delivery.id))
    .where(
        one_of(col(Delivery.destination_id), "lanes"),
        QUEUED,
        col(Delivery.lease).is_(None),
        col(Delivery.visible_at) <= bindparam("now"),
    )
    .limit(SWEPT)
    .with_for_update(skip_locked=True)
)
_SWEEP = (
    update(Delivery)
    .where(one_of(col(Delivery.id), _DUE_BESIDE))
    .values(lane=col(Delivery.destination_id))
)
# What is parked is due, whatever the lane waited for until then. A row that another holds is being
# visited: `reopen` sees to what its visitor did not.
_FREE = (
    select(col(Pace.destination_id))
    .where(
        one_of(col(Pace.destination_id), "lanes"),
        or_(col(Pace.look_at).is_(None), col(Pace.look_at) > bindparam("now")),
    )
    .with_for_update(skip_locked=True)
)
_OPEN = update(Pace).where(one_of(col(Pace.destination_id), _FREE)).values(look_at=bindparam("now"))


async def reopen(session: AsyncSession, now: datetime) -> None:
    """Have lanes visited that hold something though their row says that they are empty.

    Or that they need no visit for long, though nothing rests there: that may have been written
    before a clock was set back, and a visit too early finds out.
    """
    await (await session.connection()).execute(_REOPEN, {"now": now, "latest": now + SKEW})


_HOLDS = exists().where(LANED, col(Delivery.lane) == col(Pace.destination_id))
_RESTS = and_(col(Pace.rests_until).is_not(None), col(Pace.rests_until) > bindparam("now"))
_FORGOTTEN = (
    select(col(Pace.destination_id))
    .where(
        or_(
            and_(col(Pace.look_at).is_(None), _HOLDS),
            and_(col(Pace.look_at) > bindparam("latest"), ~_RESTS),
        )
    )
    .with_for_update(skip_locked=True)
)
_REOPEN = (
    update(Pace)
    .where(one_of(col(Pace.destination_id), _FORGOTTEN))
    .values(look_at=bindparam("now"))
)


async def visit_lanes(session: AsyncSession, visit: Visit) -> list[UUID]:
    """Claim what the paces of due lanes allow, for half of the slots at most."""
    connection = await session.connection()
    lanes = (await connection.execute(_LOOK, {"now": visit.now})).all()
    if not lanes:
        return []
    in_air = await _count_in_air(session, [one.destination_id for one in lanes], visit.now)
    most = {kind: -(-visit.room.left(kind) // 2) for kind in {one.kind for one in lanes}}
    taken: list[UUID] = []
    rows = []
    for lane in lanes:
        air = in_air.get(lane.destination_id, 0)
        found, row = await _visit_one(session, visit, lane, air, most[lane.kind])
        most[lane.kind] -= len(found)
        taken += found
        rows.append(row)
    await update_rows(session, Pace, "destination_id", rows)
    return taken


_LOOK = (
    select(col(Pace.destination_id), col(Destination.kind), *PACE)
    .join(Destination, col(Destination.id) == col(Pace.destination_id))
    .where(col(Pace.look_at) <= bindparam("now"), ~IS_HELD)
    .order_by(col(Pace.look_at))
    .limit(LANES)
    .with_for_update(of=Pace, skip_locked=True)
)


async def _count_in_air(
    session: AsyncSession, destinations: Sequence[str], now: datetime
) -> Mapping[str, int]:
    connection = await session.connection()
    asked = {"those": list(destinations), "now": now}
    return {row[0]: row[1] for row in await connection.execute(_IN_AIR, asked)}


_IN_AIR = (
    select(col(Delivery.destination_id), func.count())
    .where(
        one_of(col(Delivery.destination_id), "those"),
        (col(Delivery.lane) == "") | (col(Delivery.lane) == col(Delivery.destination_id)),
        col(Delivery.lease) > "",
        col(Delivery.visible_at) > bindparam("now"),
    )
    .group_by(col(Delivery.destination_id))
)


async def _visit_one(
    session: AsyncSession, visit: Visit, lane: Any, in_air: int, most: int
) -> tuple[Sequence[UUID], dict[str, Any]]:
    limits = limits_of(lane)
    allowed = allow(limits, health_of(lane), lane.next_at, in_air, visit.now)
    due = await _find_due(session, lane.destination_id, limits, allowed.count, visit.now)
    room = visit.room.take(lane.kind, lane.destination_id, min(len(due), most)) if due else 0
    found = await _take(session, visit, due[:room]) if room else []
    is_dry = len(due) < min(allowed.count, MOST)
    again: datetime | None = allowed.again or visit.now + AGAIN
    if is_dry and len(found) == len(due):
        again = await _next_due(session, lane.destination_id, visit.now)
    return found, {
        "destination_id": lane.destination_id,
        "next_at": spend(limits, lane.next_at, len(found), visit.now),
        "look_at": again,
    }


async def _find_due(
    session: AsyncSession, lane: str, limits: Limits, most: int, now: datetime
) -> Sequence[UUID]:
    """The oldest that may go next, held by this transaction."""
    if most <= 0:
        return []
    connection = await session.connection()
    asked = {"lane": lane, "now": now, "most": min(most, MOST)}
    if limits.ordered:
        asked |= {"those": await _find_heads(session, lane)}
        return (await connection.execute(_NEXT_HEADS, asked)).scalars().all()
    return (await connection.execute(_NEXT, asked)).scalars().all()


_IS_DUE = (
    LANED,
    col(Delivery.lane) == bindparam("lane"),
    col(Delivery.visible_at) <= bindparam("now"),
)
_NEXT = (
    select(col(Delivery.id))
    .where(*_IS_DUE)
    .order_by(col(Delivery.urgency), col(Delivery.number))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_NEXT_HEADS = _NEXT.where(one_of(col(Delivery.id), "those"))


async def _take(session: AsyncSession, visit: Visit, those: Sequence[UUID]) -> Sequence[UUID]:
    asked = {"those": those, "by": visit.holder, "until": visit.until}
    connection = await session.connection()
    await connection.execute(_TAKE, asked)
    return those


_TAKE = (
    update(Delivery)
    .where(one_of(col(Delivery.id), "those"))
    .values(lease=bindparam("by"), visible_at=bindparam("until"))
)


async def _find_heads(session: AsyncSession, lane: str) -> list[UUID]:
    """The oldest live delivery of each subject: the others wait behind it."""
    connection = await session.connection()
    heads: dict[str, UUID] = {}
    for row in await connection.execute(_LIVE, {"lane": lane}):
        heads.setdefault(row.subject, row.id)
    return list(heads.values())


_LIVE = (
    select(col(Delivery.id), col(Alert.subject))
    .join(Alert, col(Alert.id) == col(Delivery.id))
    .where(
        col(Delivery.destination_id) == bindparam("lane"),
        (col(Delivery.lane) == "") | (col(Delivery.lane) == bindparam("lane")),
    )
    .order_by(col(Delivery.number))
    .limit(ORDERED)
)


async def _next_due(session: AsyncSession, lane: str, now: datetime) -> datetime | None:
    """When something in the lane is due again: put off, or taken by one that may have died."""
    of_lane = (LANED, col(Delivery.lane) == lane, col(Delivery.visible_at) > now)
    wanted = select(func.min(col(Delivery.visible_at))).where(*of_lane)
    found: datetime | None = await session.scalar(wanted)
    return found
