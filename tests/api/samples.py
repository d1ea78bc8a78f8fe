"""Events and rows as a test needs them."""

import json
from contextlib import aclosing
from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import insert

from consumers.consumer import TOPICS, Consumer
from service.api import Desk
from service.api.intake.routes import EXAMPLE
from service.core.change.change import CHANGES
from service.log import Position
from service.store.arrivals.progress import find_bookmark, list_places
from service.store.database import Database
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt
from service.store.following.accounts import DEFAULT

SOURCE = EXAMPLE["source"]
NDJSON = {"content-type": "application/x-ndjson"}


def measure(name: str = "e1", **data: Any) -> dict[str, Any]:
    """The example under another id, with other data."""
    event: dict[str, Any] = deepcopy(EXAMPLE) | {"id": name}
    event["data"] |= data
    return event


def rate(percent: str) -> dict[str, Any]:
    part = {"kind": "ad_valorem", "amount": percent}
    return {"components": [part], "basis": "component_total"}


def step(name: str = "s1", stage: str = "under_way") -> dict[str, Any]:
    parties = [{"code": "US", "role": "initiator"}, {"code": "CN", "role": "counterpart"}]
    data = {"parties": parties, "stage": stage, "certainty": "official_statement"}
    return {"specversion": "1.0", "id": name, "source": SOURCE, "type": "negotiation.step"} | {
        "data": data
    }


def verdict(about: str, name: str = "c1", said: str = "denied") -> dict[str, Any]:
    data = {
        "about": {"source": SOURCE, "id": about},
        "verdict": said,
        "certainty": "official_statement",
    }
    return {"specversion": "1.0", "id": name, "source": SOURCE, "type": "claim.assessed"} | {
        "data": data
    }


def lines(*events: dict[str, Any]) -> bytes:
    return "\n".join(map(json.dumps, events)).encode()


async def consume(desk: Desk) -> None:
    """Fold all that the log holds, as the consumer's role would."""
    consumer = Consumer(desk.db, desk.log, desk.clock, desk.metrics, lambda: None)

    async def bookmark(topic: str, partition: int) -> Position | None:
        async with desk.db.read() as session:
            return await find_bookmark(session, topic, partition)

    async with aclosing(desk.log.follow(TOPICS, bookmark)) as follower:
        while await _is_behind(desk):
            assert await consumer.take(await anext(follower))


async def _is_behind(desk: Desk) -> bool:
    async with desk.db.read() as session:
        places = await list_places(session)
    read = {topic: places[topic, 0].next if (topic, 0) in places else 0 for topic in TOPICS}
    ends = {topic: (await desk.log.ends(topic))[0] for topic in TOPICS}
    return any(ends[topic] > read[topic] for topic in TOPICS)


async def logged(desk: Desk, topic: str) -> list[bytes]:
    """Every value in a topic."""
    end = (await desk.log.ends(topic))[0]
    if not end:
        return []
    found: list[bytes] = []

    async def start(_topic: str, _partition: int) -> None:
        return None

    async with aclosing(desk.log.follow([topic], start)) as follower:
        async for batch in follower:
            found += [record.value for record in batch.records]
            if batch.next >= end:
                return found
    return found


def alert_id(number: int) -> UUID:
    return uuid5(CHANGES, f"alert {number}")


async def plan_alert(
    db: Database, number: int, destination: str, change: UUID, now: datetime
) -> UUID:
    """One alert on its way, as the planner would write it."""
    alert = {
        "id": alert_id(number),
        "number": number,
        "account_id": DEFAULT,
        "destination_id": destination,
        "change_id": change,
        "subject": "measure:us-ieepa-reciprocal-cn",
        "told_pp": None,
        "matched": b'[{"subscription":"sub_1","reason":"it names your 8703"}]',
        "created_at": now,
    }
    live = {"id": alert_id(number), "destination_id": destination, "visible_at": now, "attempt": 2}
    async with db.write() as session:
        await session.execute(insert(Alert), [alert])
        await session.execute(insert(Delivery), [live])
        await session.execute(insert(Attempt), [_attempt(number, now)])
    return alert_id(number)


def _attempt(number: int, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": alert_id(number),
        "number": 1,
        "at": now,
        "outcome": "try_later",
        "status": 503,
        "reason": "answered 503",
        "peer": "198.51.100.7:443",
        "seconds": 0.2,
        "timings": '{"total":0.2}',
        "response": b"busy",
    }


async def finish_alert(db: Database, number: int, outcome: str, now: datetime) -> None:
    """Move it from the queue to its receipt."""
    receipt = {
        "delivery_id": alert_id(number),
        "outcome": outcome,
        "reason": "taken",
        "attempts": 2,
        "finished_at": now,
        "sha256": "",
    }
    async with db.write() as session:
        await session.execute(Delivery.__table__.delete().where(_is(Delivery.id, number)))
        await session.execute(insert(Receipt), [receipt])


async def hold_alert(
    db: Database, number: int, owner: str, destination: str, now: datetime
) -> None:
    """Move it from the queue to the held ones."""
    held = {
        "delivery_id": alert_id(number),
        "owner_id": owner,
        "destination_id": destination,
        "attempt": 2,
        "held_at": now,
    }
    async with db.write() as session:
        await session.execute(Delivery.__table__.delete().where(_is(Delivery.id, number)))
        await session.execute(insert(Held), [held])


def _is(column: Any, number: int) -> Any:
    return column == alert_id(number)
