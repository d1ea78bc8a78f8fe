"""Who follows what: rules, their filter rows, and the destinations they tell."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.catalogue.filling import catalogues_of
from service.core.match.subscription import Rule, explode
from service.core.sending.superseding import EVERY, Steps
from service.store.delivery.cancelled import cancel_subscription
from service.store.evidence.versions import REMOVED, note_version
from service.store.following.tables import (
    Destination,
    Filter,
    Subscription,
    SubscriptionDestination,
)
from service.store.products.catalogues import forget_follower, note_follower
from service.store.products.deciding import forget_code_changes
from service.store.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionValue:
    """A rule, how its alerts are labelled, and the ids of the destinations it tells.

    `state` is `active` or `paused`. Changes up to number `after_change` came before it.
    """

    id: str
    account_id: str
    name: str
    external_id: str | None
    rule: Rule
    labels: Mapping[str, str]
    metadata: Mapping[str, Any]
    destinations: tuple[str, ...]
    state: str
    after_change: int
    created_at: datetime
    updated_at: datetime
    steps: Steps = EVERY


_COLUMNS = (
    col(Subscription.id),
    col(Subscription.account_id),
    col(Subscription.name),
    col(Subscription.external_id),
    col(Subscription.rule),
    col(Subscription.labels),
    col(Subscription.details),
    col(Subscription.state),
    col(Subscription.after_change),
    col(Subscription.created_at),
    col(Subscription.updated_at),
    col(Subscription.steps),
)


async def add_subscription(session: AsyncSession, value: SubscriptionValue) -> None:
    """Enter a new one with its filter rows; an `external_id` in use is an IntegrityError."""
    fixed = {
        "id": value.id,
        "account_id": value.account_id,
        "after_change": value.after_change,
        "created_at": value.created_at,
    }
    await session.execute(insert(Subscription), [fixed | _variable(value)])
    await _add_filters(session, value)
    await _add_links(session, value)
    await _note(session, value, "made", value.created_at)


async def change_subscription(session: AsyncSession, value: SubscriptionValue) -> None:
    """Write all that can change; filter rows and links are replaced in the same transaction.

    Whom it tells is locked before the links are: who removes a destination does so, too. One that
    is gone by then is left out. Its state is left as it is: it may have been paused since it was
    read. Nothing is written of one that was removed.
    """
    told = await _share_destinations(session, value.destinations)
    fields = {name: text for name, text in _variable(value).items() if name != "state"}
    changed = update(Subscription).where(col(Subscription.id) == value.id).values(**fields)
    state = await session.scalar(changed.returning(col(Subscription.state)))
    if state is None:
        return
    value = replace(value, destinations=told, state=state)
    await _remove_parts(session, value.id)
    await _add_filters(session, value)
    await _add_links(session, value)
    await _note(session, value, "changed", value.updated_at)


async def change_state(
    session: AsyncSession, subscription_id: str, state: str, now: datetime
) -> None:
    """Pause or resume; filter rows stay, so that what comes meanwhile is held."""
    named = col(Subscription.id) == subscription_id
    await session.execute(update(Subscription).where(named).values(state=state, updated_at=now))
    for value in await _read(session, select(*_COLUMNS).where(named)):
        await _note(session, value, "paused" if state == "paused" else "resumed", now)


async def remove_subscription(session: AsyncSession, subscription_id: str, now: datetime) -> None:
    """Forget it and cancel what was held for it; the alerts it caused are kept.

    It is locked first: whoever is planning something for it has written that by then, or finds it
    gone.
    """
    await lock_subscription(session, subscription_id)
    await cancel_subscription(session, subscription_id, now)
    named = col(Subscription.id) == subscription_id
    for value in await _read(session, select(*_COLUMNS).where(named)):
        await _note(session, value, REMOVED, now)
    await _remove_parts(session, subscription_id)
    await forget_code_changes(session, subscription_id)
    await session.execute(delete(Subscription).where(named))


async def _note(session: AsyncSession, value: SubscriptionValue, act: str, now: datetime) -> None:
    """For evidence, as it is from now on; of one that is removed, as it was in the end."""
    kept = {name: text for name, text in _variable(value).items() if name != "updated_at"}
    told = " ".join(sorted(set(value.destinations)))
    fixed = {"subscription_id": value.id, "account_id": value.account_id, "at": now, "act": act}
    await note_version(session, fixed | kept | {"destinations": told})


async def find_subscription(
    session: AsyncSession, account_id: str, subscription_id: str
) -> SubscriptionValue | None:
    """The account's subscription with this id."""
    return await _find(session, account_id, col(Subscription.id) == subscription_id)


async def lock_subscription(session: AsyncSession, subscription_id: str) -> None:
    """Nobody else writes it before this transaction ends."""
    named = select(col(Subscription.id)).where(col(Subscription.id) == subscription_id)
    await session.execute(named.with_for_update())


async def find_external(
    session: AsyncSession, account_id: str, external_id: str
) -> SubscriptionValue | None:
    """The account's subscription that its owner calls so."""
    return await _find(session, account_id, col(Subscription.external_id) == external_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; None narrows nothing. A label is (name, text)."""

    state: str | None = None
    label: tuple[str, str] | None = None
    external_id: str | None = None
    destination: str | None = None


async def list_subscriptions(
    session: AsyncSession, account_id: str, span: Span, only: Wanted
) -> list[SubscriptionValue]:
    """In the order of their making."""
    wanted = select(*_COLUMNS).where(col(Subscription.account_id) == account_id)
    if only.state:
        wanted = wanted.where(col(Subscription.state) == only.state)
    if only.external_id:
        wanted = wanted.where(col(Subscription.external_id) == only.external_id)
    if only.label:
        wanted = wanted.where(_has_label(*only.label))
    if only.destination:
        told = select(col(SubscriptionDestination.subscription_id)).where(
            col(SubscriptionDestination.destination_id) == only.destination
        )
        wanted = wanted.where(col(Subscription.id).in_(told))
    return await _read(session, span.of(wanted, col(Subscription.id)))


def _has_label(name: str, text: str) -> Any:
    """Labels are stored as compact JSON, so that a pair can be found in the text."""
    pair = _compact({name: text})[1:-1]
    return col(Subscription.labels).contains(pair, autoescape=True)


def _variable(value: SubscriptionValue) -> dict[str, Any]:
    return {
        "name": value.name,
        "external_id": value.external_id,
        "rule": value.rule.model_dump_json(exclude_defaults=True),
        "labels": _compact(value.labels),
        "details": _compact(value.metadata),
        "steps": value.steps,
        "state": value.state,
        "updated_at": value.updated_at,
    }


def _compact(given: Mapping[str, Any]) -> str:
    return json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


async def _add_filters(session: AsyncSession, value: SubscriptionValue) -> None:
    rows = [
        {
            "subscription_id": value.id,
            "layer": row.layer,
            "importer": row.importer,
            "origin": row.origin,
            "code": row.code,
            "nomenclature": row.nomenclature,
            "subject": row.subject,
            "possible": row.possible,
        }
        for row in explode(value.rule)
    ]
    if rows:  # none is left of a lane whose codes have all been taken out
        await session.execute(insert(Filter), rows)


async def _add_links(session: AsyncSession, value: SubscriptionValue) -> None:
    rows = [
        {"subscription_id": value.id, "destination_id": destination}
        for destination in sorted(set(value.destinations))
    ]
    if rows:
        await session.execute(insert(SubscriptionDestination), rows)
    names = catalogues_of(value.rule)
    if names:
        await note_follower(session, value.account_id, value.id, names)


async def _share_destinations(session: AsyncSession, ids: Sequence[str]) -> tuple[str, ...]:
    """Those that are still there, and are until this transaction ends; in their order."""
    there = select(col(Destination.id)).where(col(Destination.id).in_(ids))
    locked = there.order_by(col(Destination.id)).with_for_update(read=True)
    return tuple((await session.execute(locked)).scalars())


async def _remove_parts(session: AsyncSession, subscription_id: str) -> None:
    for part in (Filter, SubscriptionDestination):
        owned = col(part.subscription_id) == subscription_id
        await session.execute(delete(part).where(owned))
    await forget_follower(session, subscription_id)


async def _find(session: AsyncSession, account_id: str, named: Any) -> SubscriptionValue | None:
    wanted = select(*_COLUMNS).where(col(Subscription.account_id) == account_id, named)
    found = await _read(session, wanted)
    return found[0] if found else None


async def _read(session: AsyncSession, wanted: Select[*tuple[Any, ...]]) -> list[SubscriptionValue]:
    rows = (await session.execute(wanted)).all()
    told = await _links(session, [row.id for row in rows])
    return [_value(row, told.get(row.id, ())) for row in rows]


async def _links(session: AsyncSession, ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
    link = SubscriptionDestination
    wanted = (
        select(col(link.subscription_id), col(link.destination_id))
        .where(col(link.subscription_id).in_(list(ids)))
        .order_by(col(link.destination_id))
    )
    found: dict[str, list[str]] = {}
    for row in await session.execute(wanted):
        found.setdefault(row.subscription_id, []).append(row.destination_id)
    return found


def _value(row: Row[*tuple[Any, ...]], destinations: Sequence[str]) -> SubscriptionValue:
    return SubscriptionValue(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        external_id=row.external_id,
        rule=Rule.model_validate_json(row.rule),
        labels=json.loads(row.labels),
        metadata=json.loads(row.details),
        destinations=tuple(destinations),
        state=row.state,
        after_change=row.after_change,
        created_at=row.created_at,
        updated_at=row.updated_at,
        steps=row.steps,
    )
