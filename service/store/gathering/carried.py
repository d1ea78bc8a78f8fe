"""Which alert carries which; and taking one out again, as long as nobody was told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from service.core.sending.delivery import TOLD, State
from service.core.sending.steering import LANDING, STOPPED
from service.store.delivery.receipts import write_cancelled
from service.store.delivery.tables import Alert, Delivery, Held, Receipt, Rendered
from service.store.gathering.tables import Carried
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change
from service.store.steering.tables import FormerReceipt

MOST_TOLD = 200
"""Members that a bundle lists; the others are counted."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a bundle carries: its first members, and how many changes of each severity in all."""

    members: Sequence[Any]  # id, change_id, matched
    severities: Mapping[str, int]


async def read_loads(session: AsyncSession, bundles: Sequence[UUID]) -> Mapping[UUID, Load]:
    """By bundle; the worst first."""
    members: dict[UUID, list[Any]] = {one: [] for one in bundles}
    for row in await session.execute(_MEMBERS, {"those": list(bundles)}):
        members[row.alert_id].append(row)
    severities: dict[UUID, dict[str, int]] = {one: {} for one in bundles}
    for one in await session.execute(_SEVERITIES, {"those": list(bundles)}):
        severities[one.alert_id][one.severity] = one.many
    return {name: Load(members[name], severities[name]) for name in bundles}


_MEMBERS = (
    select(col(Carried.alert_id), col(Alert.id), col(Alert.change_id), col(Alert.matched))
    .join(Alert, col(Alert.id) == col(Carried.member_id))
    .where(one_of(col(Carried.alert_id), "those"), col(Carried.place) < MOST_TOLD)
    .order_by(col(Carried.alert_id), col(Carried.place))
)
_SEVERITIES = (
    select(col(Carried.alert_id), col(Change.severity), func.count().label("many"))
    .join(Alert, col(Alert.id) == col(Carried.member_id))
    .join(Change, col(Change.id) == col(Alert.change_id))
    .where(one_of(col(Carried.alert_id), "those"))
    .group_by(col(Carried.alert_id), col(Change.severity))
)


async def list_carried(session: AsyncSession, bundle: UUID) -> list[UUID]:
    """All that it carries, in their order."""
    wanted = select(col(Carried.member_id)).where(col(Carried.alert_id) == bundle)
    return list((await session.execute(wanted.order_by(col(Carried.place)))).scalars())


async def find_told(session: AsyncSession, alerts: Collection[UUID]) -> Mapping[UUID, set[UUID]]:
    """By bundle, the changes that it carries; what is no bundle is left out."""
    told: dict[UUID, set[UUID]] = {}
    for row in await session.execute(_CARRIED_CHANGES, {"those": list(alerts)}):
        told.setdefault(row.alert_id, set()).add(row.change_id)
    return told


_CARRIED_CHANGES = (
    select(col(Carried.alert_id), col(Alert.change_id))
    .join(Alert, col(Alert.id) == col(Carried.member_id))
    .where(one_of(col(Carried.alert_id), "those"))
)
_MEMBER = aliased(Alert)


def is_whole(alert: Any) -> Any:
    """Whether no change that it carries, if it is a bundle, was stopped."""
    stopped = (
        exists()
        .where(
            col(Carried.alert_id) == col(alert.id),
            col(_MEMBER.id) == col(Carried.member_id),
            col(Fanout.change_id) == col(_MEMBER.change_id),
            col(Fanout.state).in_([*STOPPED]),
        )
        .correlate(alert)
    )
    return ~stopped


# Taking members out


@dataclass(frozen=True, slots=True)
class Struck:
    """Members that nobody will be told of any more, with their destinations.

    Those `aloft` may be told of at this moment; all others have been.
    """

    free: Mapping[UUID, str]
    aloft: Collection[UUID]


async def strike(
    session: AsyncSession, members: Sequence[UUID], reason: str, now: datetime
) -> Struck:
    """Take these out of bundles that nobody was told; their digested ends are gone, too.

    The caller says how they end, or who holds them. A bundle that is left empty is cancelled.
    """
    found = (await session.execute(_UNTOLD, {"those": list(members)})).all()
    if not found:
        return Struck({}, ())
    flying = await _find_flying(session, {row.alert_id for row in found}, now)
    out = {row.id: row.destination_id for row in found if row.alert_id not in flying}
    bundles = sorted({row.alert_id for row in found} - flying)
    for statement in (_UNLOAD, _FORGET):
        await session.execute(statement, {"those": list(out)})
    # One that was sent again by itself has another end, or is on its way to it.
    free = (await session.execute(_REOPEN, {"those": list(out)})).scalars()
    await session.execute(_UNWRITE, {"those": bundles})
    await _mend(session, bundles, reason, now)
    return Struck({one: out[one] for one in free}, {row.id for row in found} - out.keys())


_BUNDLE = aliased(Receipt)
_WAS_TOLD = or_(
    exists().where(
        col(_BUNDLE.delivery_id) == col(Carried.alert_id), col(_BUNDLE.outcome).in_(TOLD)
    ),
    exists().where(
        col(FormerReceipt.delivery_id) == col(Carried.alert_id),
        col(FormerReceipt.outcome).in_(TOLD),
    ),
)
_UNTOLD = (
    select(col(Carried.alert_id), col(Alert.id), col(Alert.destination_id))
    .join(Alert, col(Alert.id) == col(Carried.member_id))
    .where(one_of(col(Carried.member_id), "those"), ~_WAS_TOLD)
)


async def _find_flying(
    session: AsyncSession, bundles: Collection[UUID], now: datetime
) -> set[UUID]:
    """Which may be arriving: claimed, or taken out of the queue so lately that it may land yet."""
    asked = {"those": sorted(bundles)}
    live = await session.execute(_LOCK_LIVE, asked)
    held = await session.execute(_HELD_SINCE, asked | {"landed": now - LANDING})
    return {row.id for row in live if row.lease is not None} | set(held.scalars())


_LOCK_LIVE = (
    select(col(Delivery.id), col(Delivery.lease))
    .where(one_of(col(Delivery.id), "those"))
    .order_by(col(Delivery.id))
    .with_for_update()
)
_HELD_SINCE = select(col(Held.delivery_id)).where(
    one_of(col(Held.delivery_id), "those"), col(Held.held_at) > bindparam("landed")
)
_PLAIN = {"synchronize_session": False}
_UNLOAD = delete(Carried).where(one_of(col(Carried.member_id), "those")).execution_options(**_PLAIN)
_REOPEN = (
    delete(Receipt)
    .where(one_of(col(Receipt.delivery_id), "those"), col(Receipt.outcome) == State.DIGESTED.value)
    .returning(col(Receipt.delivery_id))
    .execution_options(**_PLAIN)
)
_FORGET = (  # it had not been told before after all
    update(FormerReceipt)
    .where(
        one_of(col(FormerReceipt.delivery_id), "those"),
        col(FormerReceipt.outcome) == State.DIGESTED.value,
    )
    .values(outcome=State.CANCELLED.value)
    .execution_options(**_PLAIN)
)
_UNWRITE = (
    delete(Rendered).where(one_of(col(Rendered.delivery_id), "those")).execution_options(**_PLAIN)
)


async def _mend(session: AsyncSession, bundles: Sequence[UUID], reason: str, now: datetime) -> None:
    """A bundle is about the worst change that is left in it; an empty one about nothing."""
    worst: dict[UUID, Any] = {}
    for row in await session.execute(_LEFT, {"those": list(bundles)}):
        worst.setdefault(row.alert_id, row)
    for bundle, row in worst.items():
        about = update(Alert).where(col(Alert.id) == bundle)
        await session.execute(about.values(change_id=row.change_id, subject=row.subject))
    empty = {"those": [one for one in bundles if one not in worst]}
    for statement in (_END_LIVE, _END_HELD):
        gone = (await session.execute(statement, empty)).all()
        await write_cancelled(session, [(row[0], row[1]) for row in gone], reason, now)


_LEFT = (
    select(col(Carried.alert_id), col(Alert.change_id), col(Alert.subject))
    .join(Alert, col(Alert.id) == col(Carried.member_id))
    .where(one_of(col(Carried.alert_id), "those"))
    .order_by(col(Carried.alert_id), col(Carried.place))
)
_END_LIVE = (
    delete(Delivery)
    .where(one_of(col(Delivery.id), "those"))
    .returning(col(Delivery.id), col(Delivery.attempt))
    .execution_options(**_PLAIN)
)
_END_HELD = (
    delete(Held)
    .where(one_of(col(Held.delivery_id), "those"))
    .returning(col(Held.delivery_id), col(Held.attempt))
    .execution_options(**_PLAIN)
)


# Sent again


async def call_off(
    session: AsyncSession, members: Sequence[UUID], reason: str, now: datetime
) -> int:
    """End what goes out once more of bundles that tell of these and were told before.

    How many may be arriving: those are left for another time.
    """
    asked = {"those": list(members)}
    bundles = (await session.execute(_TOLD_BUNDLES, asked)).scalars().all()
    if not bundles:
        return 0
    flying = await _find_flying(session, bundles, now)
    landed = {"those": [one for one in bundles if one not in flying]}
    for statement in (_END_LIVE, _END_HELD):
        gone = (await session.execute(statement, landed)).all()
        await write_cancelled(session, [(row[0], row[1]) for row in gone], reason, now)
    return len(flying)


_TOLD_BUNDLES = (
    select(col(Carried.alert_id))
    .where(one_of(col(Carried.member_id), "those"), _WAS_TOLD)
    .distinct()
    .order_by(col(Carried.alert_id))
)
