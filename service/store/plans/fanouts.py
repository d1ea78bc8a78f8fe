"""Fan-outs: which changes are not planned yet, and writing what was planned of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from service.core.change import Change as CoreChange
from service.core.change import read_change
from service.core.destination.optin import ACTIVE, UNSUBSCRIBED
from service.core.sending.delivery import PULL, State, urgency
from service.core.sending.steering import REPLAYED, Word
from service.core.sending.superseding import LATEST, Step
from service.store.again.queueing import LISTED, End, end_unsent
from service.store.delivery.superseding import Newer, supersede
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.following.tables import Destination, Subscription
from service.store.lists import one_of
from service.store.numbers import take_numbers
from service.store.plans.tables import Fanout
from service.store.rows import insert_rows
from service.store.standings.tables import Change
from service.store.steering.muting import find_quiet

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenFanout:
    """A change that is still being planned; destinations up to `cursor` have been looked at."""

    change: CoreChange
    number: int
    cursor: str
    word: Word = Word.FREE

    @property
    def is_fresh(self) -> bool:
        """Whether nothing of it was planned yet, and nobody was asked about it."""
        return not self.cursor and self.word is Word.FREE


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of a fan-out writes, and the new cursor.

    `matched` are the subscriptions behind each alert, in the order of `alerts`: whether it is sent
    or held is decided from their states when it is written. A page that waits for approval says
    why in `doubt`, and has no alerts. `wants_latest`: some of the subscriptions do.
    """

    fanout: OpenFanout
    alerts: Sequence[Row]
    matched: Sequence[Sequence[str]]
    looked_at: int
    cursor: str = ""
    is_last: bool = True
    doubt: str = ""
    wants_latest: bool = False


_IS_OPEN = text("fanout.is_open")
"""In the words of its partial index: for `is_open = 1` SQLite reads the whole table."""


async def open_fanouts(session: AsyncSession, limit: int) -> list[OpenFanout]:
    """The oldest changes that are not fully planned, and that no other planner has in hand."""
    connection = await session.connection()
    rows = await connection.execute(_OPEN, {"most": limit})
    return [
        OpenFanout(read_change(row.body), row.number, row.cursor, Word(row.state)) for row in rows
    ]


_OPEN = (
    select(col(Change.body), col(Fanout.number), col(Fanout.cursor), col(Fanout.state))
    .join(Fanout, col(Fanout.change_id) == col(Change.id))
    .where(_IS_OPEN)
    .order_by(col(Fanout.number))
    .limit(bindparam("most"))
    .with_for_update(of=Fanout, skip_locked=True)
)


async def record_pages(session: AsyncSession, pages: Sequence[Page], now: datetime) -> None:
    """Deliveries and cursors of all pages, in one transaction with each other.

    A page that another planner has written meanwhile is left out as a whole (its cursor moved).
    """
    ours = await _move_cursors(session, pages)
    planned = [
        (alert, matched)
        for page in ours
        for alert, matched in zip(page.alerts, page.matched, strict=True)
    ]
    states, kinds, latest = await _read_states(session, planned)
    quiet = await find_quiet(session, [(page.fanout.change, page.alerts) for page in ours], now)
    routed = [(alert, _holders(alert, matched, states)) for alert, matched in planned]
    made = [(alert, owners) for alert, owners in routed if owners is not None]
    fanouts = {page.fanout.change.id: page.fanout for page in ours}
    ends = {alert["id"]: end for alert, _ in made if (end := _end_of(alert, states, quiet))}
    sent = [(alert, owners) for alert, owners in made if alert["id"] not in ends]
    asking = {alert["id"] for alert, matched in planned if latest.intersection(matched)}
    newer = [
        Newer(alert, _step(fanouts[alert["change_id"]], owners))
        for alert, owners in sent
        if alert["id"] in asking
    ]
    if newer:
        await supersede(session, newer, now)
    first = await take_numbers(session, alerts=len(made))
    for number, (row, _) in enumerate(made, first["alerts"]):
        row |= {"number": number, "created_at": now}
    rows: dict[type[SQLModel], list[Row]] = {
        Alert: [alert for alert, _ in made],
        Delivery: [
            _due(alert, kinds[alert["destination_id"]], fanouts[alert["change_id"]], now)
            for alert, owners in sent
            if not owners
        ],
        Held: [_held(alert, owner, now) for alert, owners in sent for owner in owners],
        Receipt: [end_unsent(alert, end, now) for alert, end in ends.items()],
    }
    for table, some in rows.items():
        await insert_rows(session, table, some)


Planned = tuple[Row, Sequence[str]]


async def _read_states(
    session: AsyncSession, planned: Sequence[Planned]
) -> tuple[dict[str, str], dict[str, str], set[str]]:
    """As they are now: since the page was read, an owner may have paused, resumed or removed.

    And of destinations, their kinds; and the subscriptions that want the latest alone.
    """
    connection = await session.connection()
    destinations = {alert["destination_id"] for alert, _ in planned}
    subscriptions = {one for _, matched in planned for one in matched}
    states: dict[str, str] = {REPLAYED: ACTIVE}  # a person stood in its place
    kinds: dict[str, str] = {}
    latest: set[str] = set()
    if destinations:
        found = (await connection.execute(_DESTINATIONS, {"those": sorted(destinations)})).all()
        states |= {row.id: row.state for row in found}
        kinds |= {row.id: row.kind for row in found}
    if subscriptions:
        rows = (await connection.execute(_SUBSCRIPTIONS, {"those": sorted(subscriptions)})).all()
        states |= {row.id: row.state for row in rows}
        latest = {row.id for row in rows if row.steps == LATEST}
    return states, kinds, latest


_STATE = case((col(Destination.kind) == PULL, PULL), else_=col(Destination.state))
"""Who asks for its alerts cannot be stopped."""
_DESTINATIONS = (
    select(col(Destination.id), _STATE.label("state"), col(Destination.kind))
    .where(one_of(col(Destination.id), "those"))
    .order_by(col(Destination.id))
    .with_for_update(read=True)
)
_SUBSCRIPTIONS = (
    select(col(Subscription.id), col(Subscription.state), col(Subscription.steps))
    .where(one_of(col(Subscription.id), "those"))
    .order_by(col(Subscription.id))
    .with_for_update(read=True)
)


def _holders(alert: Row, matched: Sequence[str], states: Mapping[str, str]) -> Sequence[str] | None:
    """Who holds it back: a stopped destination, else subscriptions all of them paused.

    None: whoever would have been told is gone, or wants no mail any more.
    """
    destination = alert["destination_id"]
    left = [one for one in matched if one in states]
    if states.get(destination, UNSUBSCRIBED) == UNSUBSCRIBED or not left:
        return None
    if states[destination] not in {ACTIVE, PULL}:
        return [destination]
    return [] if any(states[one] == ACTIVE for one in left) else left


def _end_of(alert: Row, states: Mapping[str, str], quiet: Mapping[UUID, str]) -> End | None:
    """What ends without being sent."""
    if alert["id"] in quiet:
        return State.MUTED, quiet[alert["id"]]
    if states[alert["destination_id"]] == PULL:
        return LISTED
    return None


def _step(fanout: OpenFanout, owners: Sequence[str]) -> Step:
    return Step(fanout.number, fanout.change.mode.value, frozenset(owners))


def _due(alert: Row, kind: str, fanout: OpenFanout, now: datetime) -> Row:
    return {
        "id": alert["id"],
        "destination_id": alert["destination_id"],
        "visible_at": now,
        "attempt": 1,
        "lease": None,
        "kind": kind,
        "urgency": urgency(fanout.change.severity),
        "number": alert["number"],
    }


def _held(alert: Row, owner: str, now: datetime) -> Row:
    return {
        "delivery_id": alert["id"],
        "owner_id": owner,
        "destination_id": alert["destination_id"],
        "attempt": 1,
        "held_at": now,
    }


async def _move_cursors(session: AsyncSession, pages: Sequence[Page]) -> list[Page]:
    """Those pages whose fan-out still stands where they begin; two statements, however many."""
    connection = await session.connection()
    asked = {"those": [page.fanout.change.id for page in pages]}
    found = {tuple(row) for row in await connection.execute(_STANDING, asked)}
    ours = [page for page in pages if (page.fanout.change.id, page.fanout.cursor) in found]
    going = [_moved(page) for page in ours if not page.doubt]
    asking = [{"of": page.fanout.change.id, "why": page.doubt} for page in ours if page.doubt]
    for statement, rows in ((_MOVE, going), (_ASK, asking)):
        if rows:
            await connection.execute(statement, rows)
    return ours


_STANDING = (
    select(col(Fanout.change_id), col(Fanout.cursor))
    .where(
        one_of(col(Fanout.change_id), "those"),
        col(Fanout.is_open) == true(),
    )
    .order_by(col(Fanout.change_id))
    .with_for_update()
)
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

_ASK = (
    update(Fanout)
    .where(col(Fanout.change_id) == bindparam("of"))
    .values(is_open=False, is_unfinished=True, state=Word.AWAITING.value, reason=bindparam("why"))
)


def _moved(page: Page) -> Row:
    return {
        "of": page.fanout.change.id,
        "to": page.cursor,
        "more": not page.is_last,
        "looked": page.looked_at,
        "made": len(page.alerts),
    }
