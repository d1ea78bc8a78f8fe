"""Planning: which changes are not planned yet, and who might be told of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    true,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.change import Change as CoreChange
from service.core.change import read_change
from service.core.match import Narrow
from service.store.numbers import take_numbers
from service.store.tables import (
    Alert,
    Change,
    Delivery,
    Destination,
    Fanout,
    Filter,
    Held,
    Subscription,
    SubscriptionDestination,
)

Row = dict[str, Any]
EXPOSED_BLOCKS = 200
MOST_VALUES = 20_000  # bound in one statement; both engines refuse some 32,000


@dataclass(frozen=True, slots=True)
class OpenFanout:
    """A change that is still being planned; destinations up to `cursor` have been looked at."""

    change: CoreChange
    number: int
    cursor: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subscription that may match, with one destination that it tells."""

    destination_id: str
    destination_state: str
    account_id: str
    subscription_id: str
    subscription_state: str
    name: str
    external_id: str | None
    rule: str
    labels: str
    details: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of a fan-out writes: deliveries to make or to hold, and the new cursor."""

    fanout: OpenFanout
    alerts: Sequence[Row]
    due: Sequence[Row]
    held: Sequence[Row]
    looked_at: int
    cursor: str = ""
    is_last: bool = True


_IS_OPEN = text("fanout.is_open")
"""In the words of its partial index: for `is_open = 1` SQLite reads the whole table."""


async def open_fanouts(session: AsyncSession, limit: int) -> list[OpenFanout]:
    """The oldest changes that are not fully planned."""
    wanted = (
        select(col(Change.body), col(Fanout.number), col(Fanout.cursor))
        .join(Fanout, col(Fanout.change_id) == col(Change.id))
        .where(_IS_OPEN)
        .order_by(col(Fanout.number))
        .limit(limit)
    )
    rows = await session.execute(wanted)
    return [OpenFanout(read_change(row.body), row.number, row.cursor) for row in rows]


_COLUMNS: tuple[Any, ...] = (
    col(Destination.id).label("destination_id"),
    col(Destination.state).label("destination_state"),
    col(Destination.account_id),
    col(Subscription.id).label("subscription_id"),
    col(Subscription.state).label("subscription_state"),
    col(Subscription.name),
    col(Subscription.external_id),
    col(Subscription.rule),
    col(Subscription.labels),
    col(Subscription.details),
)
_JOINED = (
    select(*_COLUMNS)
    .select_from(Subscription)
    .join(
        SubscriptionDestination,
        col(SubscriptionDestination.subscription_id) == col(Subscription.id),
    )
    .join(Destination, col(Destination.id) == col(SubscriptionDestination.destination_id))
)


async def find_subscriptions(session: AsyncSession, net: Narrow, limit: int) -> list[str]:
    """Ids of the subscriptions that the net holds, `limit` at the most."""
    wanted = [select(col(Filter.subscription_id)).where(condition) for condition in _nets(net)]
    rows = await session.execute(union(*wanted).limit(limit))
    return list(rows.scalars())


def _nets(net: Narrow) -> list[ColumnElement[bool]]:
    """One condition an index can serve, each; a row may satisfy several."""
    if net.layer == "track":
        return [_placed(net)]
    by_subject = and_(col(Filter.subject) != "", col(Filter.subject) == net.subject)
    if net.codes is None:
        return [by_subject, _placed(net)]
    coded: list[ColumnElement[bool]] = [col(Filter.code).in_(sorted(net.codes))]
    values = len(net.blocks) * (len(net.importers) + len(net.origins or ()))
    if len(net.blocks) > EXPOSED_BLOCKS or values > MOST_VALUES:
        return [by_subject, _placed(net)]
    coded += [
        and_(col(Filter.code) > block, col(Filter.code) < _after(block))
        for block in sorted(net.blocks)
    ]
    if net.possible_only:
        coded.append(col(Filter.possible) == true())
    return [by_subject, *(and_(_placed(net), one) for one in coded)]


def _placed(net: Narrow) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [
        col(Filter.layer) == net.layer,
        col(Filter.importer).in_(sorted(net.importers)),
    ]
    if net.origins is not None:
        parts.append(col(Filter.origin).in_(sorted(net.origins)))
    return and_(*parts)


def _after(block: str) -> str:
    """The first code past all descendants of `block`: plain digits sort alike in any collation."""
    following = str(int(block) + 1).zfill(len(block))
    return following if len(following) == len(block) else "Z"


async def list_candidates(
    session: AsyncSession, subscriptions: Collection[str], number: int, cursor: str
) -> list[Candidate]:
    """Those subscriptions that existed at change `number`, by destination, after `cursor`."""
    asked = {"those": list(subscriptions), "number": number, "cursor": cursor}
    connection = await session.connection()
    return [Candidate(*row) for row in await connection.execute(_CANDIDATES, asked)]


_CANDIDATES = _JOINED.where(
    col(Subscription.id).in_(bindparam("those", expanding=True)),
    col(Subscription.after_change) < bindparam("number"),
    col(Destination.id) > bindparam("cursor"),
).order_by(col(Destination.id), col(Subscription.id))


async def walk_candidates(
    session: AsyncSession, net: Narrow, number: int, cursor: str, destinations: int
) -> tuple[list[Candidate], str, bool]:
    """What the net holds of the next destinations, for a change that reaches very many.

    Returns them with the last destination looked at, and whether it was the last of all.
    """
    page = select(col(Destination.id)).where(col(Destination.id) > cursor)
    ids = list(
        (await session.execute(page.order_by(col(Destination.id)).limit(destinations))).scalars()
    )
    if not ids:
        return [], cursor, True
    caught = exists().where(col(Filter.subscription_id) == col(Subscription.id), or_(*_nets(net)))
    wanted = _JOINED.where(
        col(Destination.id) > cursor,
        col(Destination.id) <= ids[-1],
        col(Subscription.after_change) < number,
        caught,
    ).order_by(col(Destination.id), col(Subscription.id))
    rows = [Candidate(*row) for row in await session.execute(wanted)]
    return rows, ids[-1], len(ids) < destinations


async def find_told(
    session: AsyncSession, subject: str, destinations: Collection[str]
) -> Mapping[str, Decimal]:
    """The rate in percent that each destination was last told for the subject, if any."""
    if not destinations:
        return {}
    latest = (
        select(func.max(col(Alert.number)))
        .where(
            col(Alert.subject) == subject,
            col(Alert.destination_id).in_(destinations),
            col(Alert.told_pp).is_not(None),
        )
        .group_by(col(Alert.destination_id))
    )
    wanted = select(col(Alert.destination_id), col(Alert.told_pp)).where(
        col(Alert.number).in_(latest)
    )
    return {row.destination_id: Decimal(row.told_pp) for row in await session.execute(wanted)}


async def record_pages(session: AsyncSession, pages: Sequence[Page], now: datetime) -> None:
    """Deliveries and cursors of all pages, in one transaction with each other.

    A page that another planner has written meanwhile is left out as a whole (its cursor moved).
    """
    connection = await session.connection()
    rows: dict[type[Alert | Delivery | Held], list[Row]] = {Alert: [], Delivery: [], Held: []}
    for page in await _move_cursors(session, pages):
        rows[Alert] += page.alerts
        rows[Delivery] += page.due
        rows[Held] += page.held
    first = await take_numbers(session, "alerts", len(rows[Alert]))
    for number, row in enumerate(rows[Alert], first):
        row |= {"number": number, "created_at": now}
    for table, made in rows.items():
        if made:
            await connection.execute(insert(table), made)


async def _move_cursors(session: AsyncSession, pages: Sequence[Page]) -> list[Page]:
    """Those pages whose fan-out still stands where they begin; two statements, however many."""
    standing = select(col(Fanout.change_id), col(Fanout.cursor)).where(
        col(Fanout.change_id).in_([page.fanout.change.id for page in pages]),
        col(Fanout.is_open) == true(),
    )
    found = {tuple(row) for row in await session.execute(standing.with_for_update())}
    ours = [page for page in pages if (page.fanout.change.id, page.fanout.cursor) in found]
    if ours:
        connection = await session.connection()
        await connection.execute(_MOVE, [_moved(page) for page in ours])
    return ours


_MOVE = (
    update(Fanout)
    .where(col(Fanout.change_id) == bindparam("of"))
    .values(
        cursor=bindparam("to"),
        is_open=bindparam("more"),
        looked_at=col(Fanout.looked_at) + bindparam("looked"),
        planned=col(Fanout.planned) + bindparam("made"),
    )
)


def _moved(page: Page) -> Row:
    return {
        "of": page.fanout.change.id,
        "to": page.cursor,
        "more": not page.is_last,
        "looked": page.looked_at,
        "made": len(page.alerts),
    }
