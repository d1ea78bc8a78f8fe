"""Telling owners that codes of theirs change: a page of subscriptions at a time, each once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.codes import describe_product
from service.core.correlation import Correlation, Turn, find_turns
from service.core.match.subscription import Rule
from service.core.sending.notice import (
    ChangedCode,
    CodeChanged,
    Kind,
    NamedCode,
    notice_id,
    place_of,
)
from service.store.following.destinations import DestinationValue, lock_destination
from service.store.following.tables import Filter, Subscription, SubscriptionDestination
from service.store.lists import one_of
from service.store.notices.telling import tell
from service.store.products import tables
from service.store.products.correlations import CorrelationValue
from service.store.products.deciding import note_told, read_correlations
from service.store.products.stocking import restock

PAGE = 200
LISTED = 20


async def find_due(session: AsyncSession, now: datetime) -> CorrelationValue | None:
    """The one that has been due for longest and that no other process has in hand."""
    row = (await session.execute(_DUE, {"now": now})).first()
    return CorrelationValue(**row._mapping) if row else None  # noqa: SLF001 - its public name


_DUE = (
    select(*(col(getattr(tables.Correlation, name)) for name in CorrelationValue.__slots__))
    .where(text("due_at IS NOT NULL"), col(tables.Correlation.due_at) <= bindparam("now"))
    .order_by(col(tables.Correlation.due_at))
    .limit(1)
    .with_for_update(skip_locked=True)
)


async def tell_page(session: AsyncSession, due: CorrelationValue, now: datetime) -> None:
    """The next subscriptions on goods: those that it concerns match what follows, and are told."""
    rows = (await session.execute(_PAGE, {"after": due.cursor, "most": PAGE})).all()
    correlation = (await read_correlations(session, [due.id]))[due.id]
    concerned = [(row, turns) for row in rows if (turns := _turns_of(row, correlation))]
    places = await _lock_places(session, [row.id for row, _ in concerned])
    for row, turns in concerned:
        await note_told(session, row.account_id, row.id, due.id, now)
        await restock(session, row.account_id, [row.id], now)
        for place in places.get(row.id, ()):
            identity = notice_id(place.id, Kind.CODE_CHANGED, row.id, due.id)
            await tell(session, identity, _write(due, row, turns, place, now), place, now)
    is_last = len(rows) < PAGE
    moved = {
        "cursor": rows[-1].id if rows else due.cursor,
        "told": due.told + len(concerned),
        "due_at": None if is_last else now,
    }
    named = update(tables.Correlation).where(col(tables.Correlation.id) == due.id)
    await session.execute(named.values(moved))


_PAGE = (
    select(
        col(Subscription.id),
        col(Subscription.account_id),
        col(Subscription.name),
        col(Subscription.rule),
    )
    .where(
        col(Subscription.id) > bindparam("after"),
        exists().where(
            col(Filter.subscription_id) == col(Subscription.id),
            col(Filter.code) != literal_column("''"),
        ),
    )
    .order_by(col(Subscription.id))
    .limit(bindparam("most"))
)


def _turns_of(row: Any, correlation: Correlation) -> tuple[Turn, ...]:
    return find_turns(Rule.model_validate_json(row.rule), correlation)


async def _lock_places(
    session: AsyncSession, subscriptions: Sequence[str]
) -> Mapping[str, list[DestinationValue]]:
    """By subscription whom it tells; destinations are locked first of all, in their order."""
    links = (await session.execute(_LINKS, {"those": list(subscriptions)})).all()
    accounts = {row.destination_id: row.account_id for row in links}
    held = {
        one: await lock_destination(session, account, one)
        for one, account in sorted(accounts.items())
    }
    found: dict[str, list[DestinationValue]] = {}
    for row in links:
        if place := held[row.destination_id]:
            found.setdefault(row.subscription_id, []).append(place)
    return found


_LINKS = (
    select(
        col(SubscriptionDestination.subscription_id),
        col(SubscriptionDestination.destination_id),
        col(Subscription.account_id),
    )
    .join(Subscription, col(Subscription.id) == col(SubscriptionDestination.subscription_id))
    .where(one_of(col(SubscriptionDestination.subscription_id), "those"))
    .order_by(col(SubscriptionDestination.destination_id))
)


def _write(
    due: CorrelationValue, row: Any, turns: Sequence[Turn], to: DestinationValue, now: datetime
) -> CodeChanged:
    return CodeChanged(
        about=place_of(to.id, to.name, to.kind, to.address),
        at=now,
        zone=to.preferences.timezone,
        subscription=row.id,
        subscription_name=row.name,
        correlation=due.id,
        title=due.title,
        nomenclature=due.nomenclature,
        effective=due.effective,
        codes=tuple(map(_name_turn, turns[:LISTED])),
        codes_more=max(0, len(turns) - LISTED),
    )


def _name_turn(turn: Turn) -> ChangedCode:
    return ChangedCode(
        code=turn.code,
        description=describe(turn.code),
        lane=turn.lane,
        old=turn.old,
        is_retired=turn.is_retired,
        following=tuple(NamedCode(code=one, description=describe(one)) for one in turn.following),
    )


def describe(code: str) -> str:
    """As HS 2022 does, or nothing where it has not even the chapter."""
    try:
        return describe_product(code)
    except ValueError:
        return ""
