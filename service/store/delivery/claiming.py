"""Live work, claimed under a lease: what is due, with all that rendering it needs."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, exists, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.destination.optin import ACTIVE
from service.core.destination.preferences import read_preferences
from service.core.language import Tongue
from service.core.sending.delivery import LONGEST_OF_OURS, TOLD
from service.store.delivery.sending import IS_HELD
from service.store.delivery.stopped import end_lost, put_aside
from service.store.delivery.tables import (
    Alert,
    Attempt,
    Delivery,
    Pace,
    Receipt,
    Rendered,
    Superseded,
)
from service.store.following.tables import Destination
from service.store.gathering.waiting import set_waiting
from service.store.leases import SKEW
from service.store.lists import one_of
from service.store.pacing.lanes import Room, Visit, park, visit_lanes
from service.store.pacing.paces import PACE, QUEUED, has_lane
from service.store.standings.tables import Change
from service.store.steering.tables import SPENT

KINDS = ("webhook", "email")
Slots = Mapping[str, int]  # by kind
LONGEST_FIRST = LONGEST_OF_OURS * 1.1
"""Seconds: the longest that anything waits for its first attempt, after faults of our own."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease runs out, with all that rendering needs.

    `sealed` and `secrets` are for a `Vault` to open when the delivery is sent. `is_paced`: its
    destination is sent to at its own pace, which what comes of it may change. `spent` attempts were
    made before it was sent again: its schedule begins after them. `has_spared`: others gave way to
    it. `tried_at` is when this very attempt was made before, and met a fault of our own.
    """

    id: UUID
    attempt: int
    destination_id: str
    kind: str
    address: str
    secrets: tuple[str, ...] = field(repr=False)
    sealed: str = field(repr=False)
    change_id: UUID
    matched: bytes
    rendered: bytes | None
    made_at: datetime
    urgency: int = 1
    is_paced: bool = False
    cause: str = ""
    spent: int = 0
    has_spared: bool = False
    preferences: str = ""
    tried_at: datetime | None = None

    @property
    def tongue(self) -> Tongue:
        """Of whoever reads it."""
        return read_preferences(self.preferences).tongue


@dataclass(frozen=True, slots=True)
class Asked:
    """Who claims, until when, and for which slots."""

    holder: str
    now: datetime
    until: datetime
    room: Room


async def claim(session: AsyncSession, asked: Asked) -> tuple[list[Claimed], int]:
    """From the lanes that are due, then the longest due of the queue; hidden from other senders.

    What cannot leave at once is moved to its destination's lane, and what is to wait for others, or
    for an hour, is held, as is what must not leave at all; how many those are. None while sending
    is held.
    """
    visit = Visit(asked.holder, asked.now, asked.until, asked.room)
    paced = await visit_lanes(session, visit)
    taken = await _claim_due(session, asked)
    due = await _read(session, taken)
    if len(due) < len(taken):
        await end_lost(session, set(taken) - {row.id for row in due}, asked.now)
    parked = [row for row in due if not _leaves(row, asked)]
    lanes = {row.destination_id for row in parked}
    if parked:
        await park(session, [row.id for row in parked], lanes, asked.holder, asked.now)
        paced += await visit_lanes(session, visit)
    stay = {row.id for row in parked}
    ours = [row for row in due if row.id not in stay]
    found = (*await _read(session, paced), *ours)
    rows = [row for row in found if row.state == ACTIVE]
    if len(rows) < len(found):
        await put_aside(session, [row for row in found if row.state != ACTIVE], asked.now)
    asking = {row.change_id for row in rows if row.preferences}
    changes = await read_changes(session, asking) if asking else {}
    waiting = await set_waiting(session, rows, changes, asked.now) if asking else set()
    leaving = [_claimed(row, lanes) for row in rows if row.id not in waiting]
    return leaving, len(parked) + len(waiting) + len(found) - len(rows)


def _leaves(row: Row[Any], asked: Asked) -> bool:
    if has_lane(row, asked.now):
        return False
    return asked.room.take(row.kind, row.destination_id, 1) > 0


async def _claim_due(session: AsyncSession, asked: Asked) -> list[UUID]:
    """From the queue: what is urgent may have most of the slots, and never all of them."""
    free = {kind: asked.room.left(kind) for kind in KINDS}
    kept = {kind: min(free[kind], asked.room.kept(kind)) for kind in KINDS}
    most = {kind: free[kind] - kept[kind] for kind in KINDS}
    first = await _take_due(session, asked, most, kept)
    more = await _take_due(session, asked, *_left_over(first, free, most, kept))
    return [row.id for row in (*first, *more)]


def _left_over(
    first: Sequence[Any], free: Slots, most: Slots, kept: Slots
) -> tuple[dict[str, int], dict[str, int]]:
    """What one of the two did not use is for the other, if that may have more."""
    urgent = Counter(row.kind for row in first if not row.urgency)
    rest = Counter(row.kind for row in first if row.urgency)
    left = {kind: free[kind] - urgent[kind] - rest[kind] for kind in KINDS}
    return (
        {kind: left[kind] for kind in KINDS if urgent[kind] == most[kind]},
        {
            kind: left[kind]
            for kind in KINDS
            if rest[kind] == kept[kind] and urgent[kind] < most[kind]
        },
    )


async def _take_due(
    session: AsyncSession, asked: Asked, urgent: Slots, rest: Slots
) -> Sequence[Any]:
    if not any((*urgent.values(), *rest.values())):
        return []
    limits = {
        _limit(kind, urgency): of.get(kind, 0)
        for urgency, of in enumerate((urgent, rest))
        for kind in KINDS
    }
    given = {"now": asked.now, "by": asked.holder, "until": asked.until}
    connection = await session.connection()
    return (await connection.execute(_CLAIM, given | limits)).all()


def _limit(kind: str, urgency: int) -> str:
    return f"most_{kind}_{urgency}"


def _due(kind: str, urgency: int) -> Any:
    wanted = (
        select(col(Delivery.id))
        .where(
            QUEUED,
            col(Delivery.kind) == kind,
            col(Delivery.urgency) == urgency,
            col(Delivery.visible_at) <= bindparam("now"),
        )
        .order_by(col(Delivery.visible_at), col(Delivery.number))
        .limit(bindparam(_limit(kind, urgency)))
        .with_for_update(skip_locked=True)
    )
    return select(wanted.subquery().c.id)


_DUE: Any = union_all(*(_due(kind, urgency) for kind in KINDS for urgency in (0, 1)))
_CLAIM = (
    update(Delivery)
    .where(one_of(col(Delivery.id), _DUE), ~IS_HELD)
    .values(lease=bindparam("by"), visible_at=bindparam("until"))
    .returning(col(Delivery.id), col(Delivery.kind), col(Delivery.urgency))
)


async def _read(session: AsyncSession, those: Sequence[UUID]) -> list[Row[Any]]:
    """In the order in which they were made."""
    if not those:
        return []
    connection = await session.connection()
    return list(await connection.execute(_CLAIMED, {"those": those}))


_CLAIMED = (
    select(
        col(Alert.id),
        col(Delivery.attempt),
        col(Alert.destination_id),
        col(Destination.kind),
        col(Destination.address),
        col(Destination.secrets),
        col(Destination.sealed),
        col(Destination.state),
        col(Alert.change_id),
        col(Alert.matched),
        col(Rendered.body),
        col(Alert.created_at),
        col(Delivery.urgency),
        *PACE,
        col(Alert.cause),
        SPENT.label("spent"),
        col(Destination.preferences),
        exists().where(col(Superseded.successor_id) == col(Alert.id)).label("has_spared"),
        col(Attempt.at).label("tried_at"),
    )
    .outerjoin(Delivery, col(Delivery.id) == col(Alert.id))
    .outerjoin(
        Attempt,
        and_(col(Attempt.delivery_id) == col(Alert.id), col(Attempt.number) == Delivery.attempt),
    )
    .join(Destination, col(Destination.id) == col(Alert.destination_id))
    .outerjoin(Pace, col(Pace.destination_id) == col(Alert.destination_id))
    .outerjoin(Rendered, col(Rendered.delivery_id) == col(Alert.id))
    .where(one_of(col(Alert.id), "those"))
    .order_by(col(Alert.number))
)


def _claimed(row: Row[Any], lanes: Collection[str]) -> Claimed:
    return Claimed(
        row.id,
        row.attempt or 1,
        row.destination_id,
        row.kind,
        row.address,
        tuple(row.secrets.split()),
        row.sealed,
        row.change_id,
        row.matched,
        row.body,
        row.created_at,
        row.urgency or 0,
        is_paced=row.failures is not None or row.destination_id in lanes,
        cause=row.cause,
        spent=row.spent or 0,
        has_spared=bool(row.has_spared),
        preferences=row.preferences,
        tried_at=row.tried_at,
    )


async def read_claimed(session: AsyncSession, those: Sequence[UUID]) -> list[Claimed]:
    """Any deliveries, as rendering needs them; one whose destination is gone is left out."""
    return [_claimed(row, ()) for row in await _read(session, those)]


async def renew(session: AsyncSession, until: datetime, lease: str, held: Collection[UUID]) -> None:
    """Keep what is still in the air hidden from other senders until then."""
    connection = await session.connection()
    await connection.execute(_RENEW, {"those": list(held), "by": lease, "until": until})


HELD_BY = (
    select(col(Delivery.id))
    .where(one_of(col(Delivery.id), "those"), col(Delivery.lease) == bindparam("by"))
    .order_by(col(Delivery.id))  # whoever locks several does so in this order
    .with_for_update()
)
_RENEW = (
    update(Delivery).where(one_of(col(Delivery.id), HELD_BY)).values(visible_at=bindparam("until"))
)


async def free_misdated(session: AsyncSession, now: datetime, seconds: float) -> None:
    """What is hidden for longer than it can be was hidden before a clock was set back.

    Leases that end later than any would bind nobody, else what their holder had in the air when it
    died would wait for that clock's hour to come again. So would what never was attempted: it is
    due when it is made, or after a fault of our own as late as it may be tried again.
    """
    connection = await session.connection()
    latest = now + timedelta(seconds=seconds) + SKEW
    first = now + timedelta(seconds=max(seconds, LONGEST_FIRST)) + SKEW
    await connection.execute(_FREE, {"now": now, "latest": latest, "first": first})


_IS_NEW = and_(
    col(Delivery.attempt) == 1,
    or_(
        col(Delivery.visible_at) > bindparam("first"),
        ~exists().where(col(Attempt.delivery_id) == col(Delivery.id)),
    ),
)
_MISDATED = (
    select(col(Delivery.id))
    .where(
        col(Delivery.visible_at) > bindparam("latest"),
        or_(col(Delivery.lease).is_not(None), _IS_NEW),
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


async def find_unheard(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, datetime]:
    """Of these deliveries those that ended and told nobody, and when they ended."""
    wanted = select(col(Receipt.delivery_id), col(Receipt.finished_at)).where(
        one_of(col(Receipt.delivery_id), "those"), col(Receipt.outcome).not_in(TOLD)
    )
    rows = await session.execute(wanted, {"those": list(ids)})
    return {row.delivery_id: row.finished_at for row in rows}


async def find_alerts(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these deliveries exist: a previous alert is only named to who was sent one.

    One that gave way to another was not.
    """
    gave_way = exists().where(col(Superseded.delivery_id) == col(Alert.id))
    wanted = select(col(Alert.id)).where(one_of(col(Alert.id), "those"), ~gave_way)
    return set((await session.execute(wanted, {"those": list(ids)})).scalars())
