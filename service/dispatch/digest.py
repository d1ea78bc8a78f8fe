"""What the bundles among claimed deliveries are written from."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from service.core.language import Language
from service.core.message import Prepared, Told
from service.core.message.concerned import read_concern
from service.core.message.digest import Bundle, Member
from service.core.sending.delivery import delivery_id
from service.core.sending.gathering import is_bundle, shared_cause
from service.store.delivery.claiming import Claimed, find_alerts, find_unheard
from service.store.gathering.carried import Load, read_loads

Wanted = tuple[UUID, Language]
"""A change, as those read it who share a language."""
Prepare = Callable[[AsyncSession, Collection[Wanted]], Awaitable[Mapping[Wanted, Prepared]]]
"""Changes as their receivers share them; those that cannot be written are missing."""


async def find_bundles(
    session: AsyncSession, claimed: Sequence[Claimed], prepare: Prepare
) -> Mapping[UUID, Bundle]:
    """By delivery: what it carries. One of which nothing can be written is left out."""
    bundles = [one for one in claimed if is_bundle(one.cause)]
    if not bundles:
        return {}
    loads = await read_loads(session, [one.id for one in bundles])
    changes = {
        (row.change_id, one.tongue.language) for one in bundles for row in loads[one.id].members
    }
    prepared = await prepare(session, changes)
    carried = {one.id: _members_of(one, loads[one.id], prepared) for one in bundles}
    every = {
        former
        for one in bundles
        for member in carried[one.id]
        for former in alerts_before(one, member.change.continues)
    }
    known = await find_alerts(session, every)
    unheard = await find_unheard(session, known) if known else {}
    heard = {one.id: known - ended_by(unheard, one.made_at) for one in bundles}
    return {
        one.id: Bundle(
            shared_cause(one.cause),
            loads[one.id].severities,
            tuple(_as_told(member, one, heard[one.id]) for member in carried[one.id]),
            one.made_at,
            one.tongue,
        )
        for one in bundles
        if carried[one.id]
    }


def ended_by(unheard: Mapping[UUID, datetime], instant: datetime) -> set[UUID]:
    """Of alerts that told nobody, by when they ended, those that had by then.

    How others end later makes no difference, so that bytes can be made again.
    """
    return {alert for alert, ended in unheard.items() if ended <= instant}


def _members_of(one: Claimed, load: Load, prepared: Mapping[Wanted, Prepared]) -> list[Member]:
    return [
        Member(found, row.id, told_of(row.matched))
        for row in load.members
        if (found := prepared.get((row.change_id, one.tongue.language)))
    ]


def alerts_before(one: Claimed, changes: Iterable[UUID]) -> list[UUID]:
    """The alerts by which its receiver would have been told of these changes."""
    return [delivery_id(one.destination_id, str(change)) for change in changes]


def _as_told(member: Member, one: Claimed, heard: Collection[UUID]) -> Member:
    """With the alert by which its receiver was told of what it follows on."""
    formers = alerts_before(one, member.change.continues)
    return replace(member, previous_alert=next((it for it in formers if it in heard), None))


def told_of(matched: bytes) -> tuple[Told, ...]:
    """As the row of an alert keeps them."""
    return tuple(map(_told, orjson.loads(matched)))


def _told(row: dict[str, Any]) -> Told:
    read = {"yours": tuple(row["yours"]), "concerns": read_concern(row.get("concerns"))}
    return Told(**(row | read))
