"""Who follows what: rules, their filter rows, and the destinations they tell."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.match.subscription import Rule, explode
from service.core.superseding import EVERY, Steps
from service.store.cancelled import cancel_subscription
from service.store.spans import Span
from service.store.tables import Filter, Subscription, SubscriptionDestination


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


async def change_subscription(session: AsyncSession, value: SubscriptionValue) -> None:
    """Write all that can change; filter rows and links are replaced in the same transaction."""
    named = col(Subscription.id) == value.id
    await session.execute(update(Subscription).where(named).values(**_variable(value)))
    await _remove_parts(session, value.id)
    await _add_filters(session, value)
    await _add_links(session, value)


async def change_state(
    session: AsyncSession, subscription_id: str, state: str, now: datetime
) -> None:
    """Pause or resume; filter rows stay, so that what comes meanwhile is held."""
    named = col(Subscription.id) == subscription_id
    await session.execute(update(Subscription).where(named).values(state=state, updated_at=now))


async def remove_subscription(session: AsyncSession, subscription_id: str, now: datetime) -> None:
    """Forget it and cancel what was held for it; the alerts it caused are kept."""
    await cancel_subscription(session, subscription_id, now)
    await _remove_parts(session, subscription_id)
    await session.execute(delete(Subscription).where(col(Subscription.id) == subscription_id))


async def find_subscription(
    session: AsyncSession, account_id: str, subscription_id: str
) -> SubscriptionValue | None:
    """The account's subscription with this id."""
    return await _find(session, account_id, col(Subscription.id) == subscription_id)


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
    await session.execute(insert(Filter), rows)


async def _add_links(session: AsyncSession, value: SubscriptionValue) -> None:
    rows = [
        {"subscription_id": value.id, "destination_id": destination}
        for destination in sorted(set(value.destinations))
    ]
    if rows:
        await session.execute(insert(SubscriptionDestination), rows)


async def _remove_parts(session: AsyncSession, subscription_id: str) -> None:
    for part in (Filter, SubscriptionDestination):
        owned = col(part.subscription_id) == subscription_id
        await session.execute(delete(part).where(owned))


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
