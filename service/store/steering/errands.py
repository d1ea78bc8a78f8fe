"""Work on many alerts, in pages: an errand's row says what it is and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from service.core.sending.steering import Word
from service.store.delivery.tables import Alert
from service.store.following.tables import Destination, Subscription
from service.store.lists import one_of
from service.store.plans.tables import Fanout
from service.store.rows import Clash, insert_rows
from service.store.steering.tables import Errand

PAGE = 1_000
RESWEEP = timedelta(seconds=10)
"""After so long it is looked again at what had not landed."""
CHANGE, DESTINATION = "change", "destination"


class Kind(StrEnum):
    """What it does."""

    HALT = "halt"
    RESUME = "resume"
    RECALL = "recall"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An errand as it stands. `object` is `change:<id>` or `destination:<id>`."""

    object: str
    kind: Kind
    who: str
    reason: str = ""
    since: datetime | None = None
    cursor: int = 0
    done: int = 0
    aloft: int = 0
    waiting: int = 0
    begun_at: datetime
    due_at: datetime | None

    @property
    def target(self) -> str:
        """The id of its change or destination."""
        return self.object.partition(":")[2]

    def due_after(self, some: int) -> datetime:
        """When the last of the next `some` is due: pages keep their order, whoever does them.

        A microsecond each, from a second before it began: the first million are due at once.
        """
        return self.begun_at + timedelta(seconds=-1, microseconds=self.done + some)


@dataclass(frozen=True, slots=True)
class Step:
    """What a page did. `after` is the number of its last alert; None: there is no further page.

    An errand that comes to its end while something was `waiting` on any page begins anew.
    """

    after: int | None
    done: int = 0
    aloft: int = 0
    waiting: int = 0


def name_change(change_id: UUID) -> str:
    """As the object of an errand, and of a deed."""
    return f"{CHANGE}:{change_id}"


def name_destination(destination_id: str) -> str:
    """The same of a destination."""
    return f"{DESTINATION}:{destination_id}"


_COLUMNS = [col(getattr(Errand, name)) for name in Task.__slots__]


async def begin(session: AsyncSession, task: Task) -> None:
    """Enter it; one on the same object, whatever it had still to do, gives way to it."""
    row = {name: getattr(task, name) for name in Task.__slots__}
    await insert_rows(session, Errand, [row | {"kind": task.kind.value}], Clash.REPLACE)


async def find_errand(session: AsyncSession, of: str) -> Task | None:
    """The latest on this object, be it finished."""
    return await _read(session, select(*_COLUMNS).where(col(Errand.object) == of))


async def find_due(session: AsyncSession, now: datetime) -> Task | None:
    """The one that has been due for longest and that no other process has in hand."""
    wanted = (
        select(*_COLUMNS)
        .where(text("due_at IS NOT NULL"), col(Errand.due_at) <= now)  # as its partial index says
        .order_by(col(Errand.due_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return await _read(session, wanted)


async def note(session: AsyncSession, task: Task, step: Step, now: datetime) -> Task:
    """How far it has come, and when it goes on."""
    is_last, waiting = step.after is None, task.waiting + step.waiting
    following = now + RESWEEP if waiting else None
    noted = replace(
        task,
        cursor=step.after or 0,
        done=task.done + step.done,
        aloft=task.aloft + step.aloft,
        waiting=0 if is_last else waiting,
        due_at=following if is_last else now,
    )
    changed = {name: getattr(noted, name) for name in _MOVING}
    moved = update(Errand).where(col(Errand.object) == task.object).values(changed)
    await session.execute(moved)
    return noted


_MOVING = ("cursor", "done", "aloft", "waiting", "due_at")


async def _read(session: AsyncSession, wanted: Any) -> Task | None:
    row = (await session.execute(wanted)).first()
    if row is None:
        return None
    named = dict(row._mapping)  # noqa: SLF001 - the public name that SQLAlchemy gives it
    return Task(**named | {"kind": Kind(row.kind)})


# What pages are made of


async def page_of_change(session: AsyncSession, task: Task) -> Sequence[Any]:
    """The next alerts that a change caused itself, by number."""
    asked = {"of": UUID(task.target), "after": task.cursor}
    return (await session.execute(_OF_CHANGE, asked)).all()


_OF_CHANGE = (
    select(
        col(Alert.id),
        col(Alert.number),
        col(Alert.account_id),
        col(Alert.destination_id),
        col(Alert.subject),
        col(Alert.matched),
    )
    .where(
        col(Alert.change_id) == bindparam("of"),
        col(Alert.cause) == "",
        col(Alert.number) > bindparam("after"),
    )
    .order_by(col(Alert.number))
    .limit(PAGE)
)


def last_of(page: Sequence[Any]) -> int | None:
    """Where the next page begins; None after the last one."""
    return page[-1].number if len(page) == PAGE else None


async def lock_words(session: AsyncSession, changes: Sequence[UUID]) -> dict[UUID, Word]:
    """What is said of these fan-outs, and nobody says otherwise before this transaction ends."""
    rows = await session.execute(_WORDS, {"those": sorted(set(changes))})
    return {row.change_id: Word(row.state) for row in rows}


_WORDS = (
    select(col(Fanout.change_id), col(Fanout.state))
    .where(one_of(col(Fanout.change_id), "those"))
    .order_by(col(Fanout.change_id))
    .with_for_update(read=True)
)


async def lock_owners(session: AsyncSession, page: Sequence[Any]) -> dict[str, str]:
    """Whoever may hold alerts of this page back: none of them lets any go meanwhile.

    Returns the destinations that are still there, with their kinds.
    """
    kinds = await lock_destinations(session, [one.destination_id for one in page])
    matched = {told["subscription"] for one in page for told in orjson.loads(one.matched)}
    await session.execute(_SUBSCRIPTIONS, {"those": sorted(matched)})
    return kinds


_SUBSCRIPTIONS = (
    select(col(Subscription.id))
    .where(one_of(col(Subscription.id), "those"))
    .order_by(col(Subscription.id))
    .with_for_update(read=True)
)


async def lock_destinations(session: AsyncSession, ids: Sequence[str]) -> dict[str, str]:
    """Those that are still there, with their kinds; locked, as all do, before any delivery."""
    rows = await session.execute(_DESTINATIONS, {"those": sorted(set(ids))})
    return {row.id: row.kind for row in rows}


_DESTINATIONS = (
    select(col(Destination.id), col(Destination.kind))
    .where(one_of(col(Destination.id), "those"))
    .order_by(col(Destination.id))
    .with_for_update(read=True)
)
