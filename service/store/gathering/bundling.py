"""Of what has waited long enough: what is alone leaves as it is, what is not as one alert.

A bundle, the receipts of its members and what it carries are written in one transaction, in which
its destination is locked before any delivery: so each member leaves once, whoever does it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import Severity
from service.core.destination.optin import ACTIVE
from service.core.sending.delivery import State, delivery_id
from service.core.sending.gathering import bundle_cause, shared_cause
from service.store.again.queueing import Waiting, end_unsent, queue
from service.store.delivery.tables import Alert, Held, Receipt
from service.store.following.tables import Destination
from service.store.gathering.leaving import note_sent
from service.store.gathering.tables import Carried, Gathered
from service.store.gathering.waiting import GATHERING
from service.store.lists import one_of
from service.store.numbers import take_numbers
from service.store.rows import Clash, insert_rows
from service.store.standings.tables import Change

DESTINATIONS = 16
"""Whose bundles are made in one transaction, at most."""
MOST = 2_000
"""Members of one bundle; what is beyond makes another."""
RANKS = {severity.value: rank for rank, severity in enumerate(Severity)}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """What waited at one destination for one cause: alerts, the worst and newest first."""

    cause: str
    is_active: bool
    members: Sequence[Any]


async def find_due(session: AsyncSession, now: datetime) -> list[Any]:
    """Destinations for which something is due, and that no other process has in hand."""
    return list((await session.execute(_DESTINATIONS, {"now": now})).all())


_IS_DUE = (text("gathered.due_at IS NOT NULL"), col(Gathered.due_at) <= bindparam("now"))
"""In the words of its partial index."""
_WITH_DUE = select(col(Gathered.destination_id)).where(*_IS_DUE).distinct().limit(DESTINATIONS)
_DESTINATIONS = (
    select(col(Destination.id), col(Destination.state))
    .where(one_of(col(Destination.id), _WITH_DUE))
    .order_by(col(Destination.id))
    .with_for_update(skip_locked=True)
)


async def bundle_due(session: AsyncSession, destinations: Sequence[Any], now: datetime) -> int:
    """Let go what is due for these; how many alerts are on their way by that."""
    groups = [
        await _take(session, one, cause)
        for one in destinations
        for cause in (await session.execute(_CAUSES, {"of": one.id, "now": now})).scalars()
    ]
    whole = [one for one in groups if one.is_active and len(one.members) > 1]
    loose = [one for one in groups if one not in whole]
    alone = [one.members[0] for one in loose if one.is_active and one.members]
    await note_sent(session, alone)  # else they would be made to wait again when they are claimed
    bundles = await _write_bundles(session, whole, now)
    waiting = [Waiting(row.id, row.destination_id) for one in loose for row in one.members]
    waiting += [Waiting(row["id"], row["destination_id"]) for row in bundles]
    await queue(session, f"{GATHERING}:due", waiting, now)
    return len(waiting)


_CAUSES = (
    select(col(Gathered.cause))
    .where(col(Gathered.destination_id) == bindparam("of"), *_IS_DUE)
    .distinct()
    .order_by(col(Gathered.cause))
)


async def _take(session: AsyncSession, destination: Any, cause: str) -> Group:
    """All that waits for the cause, due or not; what is not held for it any more is forgotten.

    Whoever stops a destination need not know of what waits: it is found here, and held for that.
    """
    asked = {"of": destination.id, "cause": cause, "most": MOST}
    known = list((await session.execute(_WAITING, asked)).scalars())
    held = (await session.execute(_TAKE_HELD, {"those": known})).scalars()
    found = (await session.execute(_MEMBERS, {"those": list(held)})).all()
    await session.execute(_FORGET, {"those": known})
    members = sorted(found, key=lambda row: (RANKS[row.severity], -row.change_number))
    return Group(cause, destination.state == ACTIVE, members)


_WAITING = (
    select(col(Gathered.delivery_id))
    .where(
        col(Gathered.destination_id) == bindparam("of"),
        col(Gathered.cause) == bindparam("cause"),
        col(Gathered.due_at).is_not(None),
    )
    .order_by(col(Gathered.delivery_id))
    .limit(bindparam("most"))
)
_PLAIN = {"synchronize_session": False}
_TAKE_HELD = (
    delete(Held)
    .where(one_of(col(Held.delivery_id), "those"), col(Held.owner_id) == GATHERING)
    .returning(col(Held.delivery_id))
    .execution_options(**_PLAIN)
)
_FORGET = (
    delete(Gathered).where(one_of(col(Gathered.delivery_id), "those")).execution_options(**_PLAIN)
)
_MEMBERS: Any = (
    select(
        col(Alert.id),
        col(Alert.number),
        col(Alert.account_id),
        col(Alert.destination_id),
        col(Alert.change_id),
        col(Alert.subject),
        col(Alert.matched),
        col(Change.severity),
        col(Change.number).label("change_number"),
    )
    .join(Change, col(Change.id) == col(Alert.change_id))
    .where(one_of(col(Alert.id), "those"))
)


async def _write_bundles(
    session: AsyncSession, groups: Sequence[Group], now: datetime
) -> Sequence[Row]:
    if not groups:
        return []
    bundles = [_alert(one, now) for one in groups]
    first = (await take_numbers(session, alerts=len(bundles)))["alerts"]
    for number, row in enumerate(bundles, first):
        row["number"] = number
    carried, receipts = [], []
    for bundle, group in zip(bundles, groups, strict=True):
        carried += list(_carry(bundle["id"], group))
        end = (State.DIGESTED, f"told in {bundle['id']} ({shared_cause(bundle['cause'])})")
        receipts += [end_unsent(row.id, end, now) for row in group.members]
    await insert_rows(session, Alert, bundles)
    await insert_rows(session, Carried, carried)
    await insert_rows(session, Receipt, receipts, Clash.SKIP)
    return bundles


def _alert(group: Group, now: datetime) -> Row:
    """About its worst change, and for every reason for which its members were made."""
    worst = group.members[0]
    cause = bundle_cause(group.cause, min(row.number for row in group.members))
    return {
        "id": delivery_id(worst.destination_id, cause),
        "account_id": worst.account_id,
        "destination_id": worst.destination_id,
        "change_id": worst.change_id,
        "subject": worst.subject,
        "told_pp": None,
        "matched": _unite(group.members),
        "created_at": now,
        "cause": cause,
    }


def _unite(members: Sequence[Any]) -> bytes:
    """Each subscription once, with the reason for which it matched the worst change."""
    united: dict[str, Row] = {}
    for row in members:
        for told in orjson.loads(row.matched):
            united.setdefault(told["subscription"], told)
    return orjson.dumps(list(united.values()))


def _carry(bundle: UUID, group: Group) -> Iterator[Row]:
    for place, row in enumerate(group.members):
        yield {"alert_id": bundle, "member_id": row.id, "place": place}
