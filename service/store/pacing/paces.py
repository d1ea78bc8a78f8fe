"""How destinations are doing: failures in a row, a rest, when a rate allows the next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.pace import NONE, WELL, Health, Limits
from service.store.delivery.tables import Delivery, Pace
from service.store.following.tables import Destination
from service.store.lists import one_of
from service.store.notices.marking import mark_enabled
from service.store.rows import Clash, insert_rows

QUEUED, LANED = text("delivery.lane = ''"), text("delivery.lane <> ''")
"""In the words of their partial indexes: SQLite knows them by nothing else."""


def limits_of(row: Any) -> Limits:
    """What the destination in this row asks for."""
    return Limits(row.rate, row.at_once, row.ordered)


def health_of(row: Any) -> Health:
    """What is known of the destination in this row; well where nothing is."""
    return Health(row.failures or 0, row.failing_since, row.rests_until)


PACE = (
    col(Destination.rate),
    col(Destination.at_once),
    col(Destination.ordered),
    col(Pace.failures),
    col(Pace.failing_since),
    col(Pace.rests_until),
    col(Pace.next_at),
    col(Pace.look_at),
)
"""Columns of a destination beside its pace, if it has one."""


def has_lane(row: Any, now: datetime) -> bool:
    """Whether its deliveries wait in a lane rather than leave at once."""
    if row.failures is None:  # nearly all: nothing is known of it, and most ask for nothing
        return limits_of(row) != NONE
    health = health_of(row)
    is_resting = health.rests_until is not None and health.rests_until > now
    is_open = row.look_at is not None
    return is_open or is_resting or health.is_probed or limits_of(row) != NONE


@dataclass(frozen=True, slots=True)
class Known:
    """What the row of a destination says, if it has one."""

    health: Health = WELL
    next_at: datetime | None = None
    has_open_lane: bool = False


async def lock_paces(session: AsyncSession, destinations: Collection[str]) -> dict[str, Known]:
    """What is known of each, held until this transaction ends."""
    connection = await session.connection()
    rows = await connection.execute(_LOCK, {"those": sorted(destinations)})
    known = {
        row.destination_id: Known(health_of(row), row.next_at, row.look_at is not None)
        for row in rows
    }
    return {one: known.get(one, Known()) for one in sorted(destinations)}


_LOCK = (
    select(
        col(Pace.destination_id),
        col(Pace.failures),
        col(Pace.failing_since),
        col(Pace.rests_until),
        col(Pace.next_at),
        col(Pace.look_at),
    )
    .where(one_of(col(Pace.destination_id), "those"))
    .order_by(col(Pace.destination_id))
    .with_for_update()
)


async def write_health(session: AsyncSession, known: Mapping[str, Known], now: datetime) -> None:
    """What is known now; an open lane is visited at once."""
    rows = [
        {
            "destination_id": name,
            "failures": one.health.failures,
            "failing_since": one.health.failing_since,
            "rests_until": one.health.rests_until,
            "next_at": one.next_at,
            "look_at": now if one.has_open_lane else None,
        }
        for name, one in known.items()
    ]
    await insert_rows(session, Pace, rows, Clash.REPLACE)


async def how_it_does(session: AsyncSession, destination_id: str) -> dict[str, Any]:
    """In a row's own words, for whoever owns the destination; `waiting` are those in its lane."""
    wanted = select(Pace).where(col(Pace.destination_id) == destination_id)
    row = (await session.execute(wanted)).scalar_one_or_none()
    lane = select(func.count()).where(LANED, col(Delivery.lane) == destination_id)
    return {
        "failures": row.failures if row else 0,
        "failing_since": row.failing_since if row else None,
        "rests_until": row.rests_until if row else None,
        "waiting": int(await session.scalar(lane) or 0),
    }


@dataclass(frozen=True, slots=True)
class Failing:
    """A destination that nothing has arrived at since then, after so many attempts."""

    destination_id: str
    since: datetime
    failures: int


async def list_failing(session: AsyncSession, before: datetime) -> Sequence[Failing]:
    """Active destinations that have been failing since before then, the longest first."""
    wanted = (
        select(col(Pace.destination_id), col(Pace.failing_since), col(Pace.failures))
        .join(Destination, col(Destination.id) == col(Pace.destination_id))
        .where(col(Pace.failing_since) < before, col(Destination.state) == "active")
        .order_by(col(Pace.failing_since))
    )
    rows: Any = await session.execute(wanted)
    return [Failing(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Worst:
    """A destination that fails, as people know it."""

    destination_id: str
    name: str
    since: datetime
    failures: int


async def list_worst(session: AsyncSession, most: int) -> Sequence[Worst]:
    """Active destinations that fail now, the longest first."""
    columns = (col(Destination.id), col(Destination.name), col(Pace.failing_since))
    wanted = select(*columns, col(Pace.failures)).join(*_OF_PACE).where(*_FAILS)
    rows: Any = await session.execute(wanted.order_by(col(Pace.failing_since)).limit(most))
    return [Worst(*row) for row in rows]


async def count_failing(session: AsyncSession) -> int:
    """How many those are."""
    wanted = select(func.count()).select_from(Pace).join(*_OF_PACE).where(*_FAILS)
    return int(await session.scalar(wanted) or 0)


_OF_PACE = (Destination, col(Destination.id) == col(Pace.destination_id))
_FAILS = (col(Pace.failing_since).is_not(None), col(Destination.state) == "active")


async def begin_anew(session: AsyncSession, destination_id: str, now: datetime) -> None:
    """Neither failures nor a rest: it was mended, or its owner says so."""
    fresh = {"failures": 0, "failing_since": None, "rests_until": None, "look_at": now}
    await session.execute(
        update(Pace).where(col(Pace.destination_id) == destination_id).values(fresh)
    )
    await mark_enabled(session, destination_id)


async def look_again(session: AsyncSession, destination_id: str, now: datetime) -> None:
    """Its limits are others: what waits in its lane may be free to go."""
    await session.execute(
        update(Pace).where(col(Pace.destination_id) == destination_id).values(look_at=now)
    )


async def forget_pace(session: AsyncSession, destination_id: str) -> None:
    """There is no such destination any more."""
    await session.execute(delete(Pace).where(col(Pace.destination_id) == destination_id))
