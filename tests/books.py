"""Books, batches and subscriptions for the tests of whatever works on a real database."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from consumers.consumer import Consumer
from service.core.match.subscription import Rule
from service.core.sending.pace import Limits
from service.log import Batch, Log, Record
from service.store.arrivals.progress import find_bookmark
from service.store.database import Database
from service.store.following.accounts import DEFAULT, ensure_default
from service.store.following.destinations import DestinationValue, add_destination
from service.store.following.subscriptions import SubscriptionValue, add_subscription
from service.store.migrations import migrate
from service.store.numbers import last_number
from service.telemetry import Metrics

NOW = datetime(2025, 4, 9, 20, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Watch:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def silent() -> None:
    """A bell that nobody listens to."""


async def prepare(db: Database, now: datetime = NOW) -> None:
    """The newest schema, and whoever owns everything."""
    await migrate(db)
    async with db.write() as session:
        await ensure_default(session, now)


def write(event, offset: int = 0, at: datetime = NOW) -> Record:
    """A record as the log gives it; bytes stay as they are."""
    value = event if isinstance(event, bytes) else json.dumps(event).encode()
    return Record(None, value, (), offset, at)


def consumer_of(db: Database, log: Log, clock=None, ring=silent) -> Consumer:
    """A consumer with an empty memory, as after a restart."""
    return Consumer(db, log, clock or Watch(), Metrics(), ring)


async def take(consumer: Consumer, db: Database, *events, topic: str = "tariffs") -> bool:
    """Hand over one batch that begins where the bookmark stands; each minute brings an event."""
    async with db.read() as session:
        place = await find_bookmark(session, topic, 0)
    since = place.next if place else 0
    records = [
        write(event, number, NOW + timedelta(minutes=number))
        for number, event in enumerate(events, since)
    ]
    return await consumer.take(Batch(topic, 0, since, since + len(records), tuple(records)))


async def rows(db: Database, table, *columns: str, order: str | None = None) -> list[tuple]:
    """What a table holds, in some order that does not depend on how it was written."""
    names = columns or tuple(table.__table__.columns.keys())
    wanted = select(*(getattr(table, name) for name in names))
    keys = [getattr(table, order)] if order else list(table.__table__.primary_key.columns)
    async with db.read() as session:
        return [tuple(row) for row in await session.execute(wanted.order_by(*keys))]


async def count(db: Database, table) -> int:
    """How many rows a table has."""
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(table))


async def add_receiver(
    db: Database, name: str, address: str = "", kind: str = "webhook", **limits: float
) -> str:
    """A destination; its id is its name."""
    async with db.write() as session:
        await add_destination(
            session,
            DestinationValue(
                id=name,
                account_id=DEFAULT,
                kind=kind,
                address=address or f"https://{name}.example/hook",
                name=name,
                secrets=(SECRET,) if kind == "webhook" else (),
                state="active",
                reason="",
                limits=Limits(**limits),
                created_at=NOW,
                updated_at=NOW,
            ),
        )
    return name


async def subscribe(db: Database, name: str, destinations: Iterable[str], *lanes, **rule) -> str:
    """A subscription to these lanes (to everything, if none is given); its id is its name."""
    state = rule.pop("state", "active")
    async with db.write() as session:
        await add_subscription(
            session,
            SubscriptionValue(
                id=name,
                account_id=DEFAULT,
                name=name,
                external_id=None,
                rule=Rule.model_validate({"lanes": lanes or [{}], **rule}),
                labels={},
                metadata={},
                destinations=tuple(destinations),
                state=state,
                after_change=await last_number(session, "changes"),
                created_at=NOW,
                updated_at=NOW,
            ),
        )
    return name
