"""What the bundles among claimed deliveries are written from."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.delivery import delivery_id
from service.core.gathering import is_bundle, shared_cause
from service.core.message import Prepared, Told
from service.core.message.digest import Bundle, Member
from service.store.claiming import Claimed, find_alerts
from service.store.gathering.carried import Load, read_loads

Prepare = Callable[[AsyncSession, Collection[UUID]], Awaitable[Mapping[UUID, Prepared]]]
"""Changes as their receivers share them; those that cannot be written are missing."""


async def find_bundles(
    session: AsyncSession, claimed: Sequence[Claimed], prepare: Prepare
) -> Mapping[UUID, Bundle]:
    """By delivery: what it carries. One of which nothing can be written is left out."""
    bundles = [one for one in claimed if is_bundle(one.cause)]
    if not bundles:
        return {}
    loads = await read_loads(session, [one.id for one in bundles])
    changes = {row.change_id for load in loads.values() for row in load.members}
    prepared = await prepare(session, changes)
    carried = {one.id: _members_of(one, loads[one.id], prepared) for one in bundles}
    former = {one.previous_alert for members in carried.values() for one in members}
    known = await find_alerts(session, former - {None})  # type: ignore[arg-type]
    return {
        one.id: Bundle(
            shared_cause(one.cause),
            loads[one.id].severities,
            tuple(_as_known(member, known) for member in carried[one.id]),
            one.made_at,
        )
        for one in bundles
        if carried[one.id]
    }


def _members_of(one: Claimed, load: Load, prepared: Mapping[UUID, Prepared]) -> list[Member]:
    """Each with the alert by which its receiver would have been told of the change before."""
    return [
        Member(
            found,
            row.id,
            told_of(row.matched),
            delivery_id(one.destination_id, str(found.change.previous))
            if found.change.previous
            else None,
        )
        for row in load.members
        if (found := prepared.get(row.change_id))
    ]


def _as_known(member: Member, known: Collection[UUID]) -> Member:
    return member if member.previous_alert in known else replace(member, previous_alert=None)


def told_of(matched: bytes) -> tuple[Told, ...]:
    """As the row of an alert keeps them."""
    return tuple(map(_told, orjson.loads(matched)))


def _told(row: dict[str, Any]) -> Told:
    return Told(**(row | {"yours": tuple(row["yours"])}))
