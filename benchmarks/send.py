"""Deliveries a second, from claim to settled receipt, to a receiver in another process.

100 changes reach 30 destinations each; the dispatcher claims, renders, signs, posts and settles with
64 slots. Baseline: a bare aiohttp loop in this same process, with as many posts in flight, the same
connector, and bodies and headers as they were sent, to the same receiver.
"""

import asyncio
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from sqlalchemy import insert, select
from sqlmodel import col

from benchmarks.children import Child, start
from benchmarks.figures import Figure, stopwatch
from benchmarks.made_up import rate_events
from benchmarks.population import open_population, destination_id, subscription_id
from service.core import signature
from service.core.change import Change as CoreChange
from service.core.change import write_change
from service.core.delivery import delivery_id
from service.core.derive import derive
from service.core.event import read_event
from service.core.history import History
from service.dispatch.render import Letterhead, Renderer
from service.dispatch.send import Dispatcher
from service.dispatch.webhook import HEADERS, WebhookSender
from service.roles import Bell
from service.store.database import Database
from service.store.events import entry_of
from service.store.tables import Alert, Change, Delivery, Receipt
from service.telemetry import Metrics

SLOTS = 64
DESTINATIONS = 30
HEAD = Letterhead("urn:tariffwire:benchmark", "http://127.0.0.1/s", "http://127.0.0.1", "a@b.example")
MATCHED = (
    b'[{"subscription":"%s","name":"Cars","external_id":"ext-1","labels":{"desk":"imports"},'
    b'"metadata":{},"lane":1,"reason":"the United States levies it; it is on goods of Japan; '
    b'your 8703 includes 8703.23","possible":false,"six_digits":false,"yours":["8703"]}]'
)


def now() -> datetime:
    return datetime.now(UTC)


async def measure(*, quick: bool) -> list[Figure]:
    changes = 100 if quick else 300
    count = changes * DESTINATIONS
    with tempfile.TemporaryDirectory() as folder:
        async with (
            start("receiving") as receiver,
            open_population(Path(folder), 1_000, receiver.url) as db,
        ):
            body = await _queue(db, changes)
            seconds = await _dispatch(db, count)
            bare = await _post_bare(receiver, body, count)
    return [
        Figure(
            name="send, claim to settle",
            value=count / seconds,
            unit="deliveries/s",
            baseline=count / bare,
            ratio_at_least=0.6,
            note=f"{len(body):,} bytes a body, {SLOTS} in flight",
        )
    ]


async def _queue(db: Database, count: int) -> bytes:
    """Write the changes and their deliveries; one delivery's body, for the baseline."""
    changes = [_change(one) for one in rate_events(count, count)]
    alerts = [
        _alert(change, number * DESTINATIONS + place, place)
        for number, change in enumerate(changes)
        for place in range(DESTINATIONS)
    ]
    deliveries = [
        {
            "id": one["id"],
            "destination_id": one["destination_id"],
            "visible_at": now(),
            "attempt": 1,
            "lease": None,
        }
        for one in alerts
    ]
    async with db.write() as session:
        connection = await session.connection()
        rows = [_row(change, number) for number, change in enumerate(changes, start=1)]
        for table, made in ((Change, rows), (Alert, alerts), (Delivery, deliveries)):
            await connection.execute(insert(table), made)
    return await _render_one(db)


async def _render_one(db: Database) -> bytes:
    from service.store.deliveries import claim

    async with db._write() as session:
        claimed = await claim(session, now(), "look", 1, 1)
        bodies = await Renderer(HEAD).render(session, claimed, now())
        await session.rollback()
    return next(iter(bodies.values()))


def _change(raw: dict[str, Any]) -> CoreChange:
    event = read_event(raw)
    change = derive(entry_of(event, now()), History(f"measure:{raw['data']['measure']}"))
    assert change
    return change


def _row(change: CoreChange, number: int) -> dict[str, Any]:
    return {
        "id": change.id,
        "number": number,
        "subject": change.subject,
        "sequence": change.sequence,
        "kind": change.headline,
        "severity": change.severity,
        "certainty": change.certainty,
        "mode": change.mode,
        "recorded_at": now(),
        "body": write_change(change),
    }


def _alert(change: CoreChange, number: int, place: int) -> dict[str, Any]:
    return {
        "id": delivery_id(destination_id(place), str(change.id)),
        "number": number,
        "account_id": "acc_default",
        "destination_id": destination_id(place),
        "change_id": change.id,
        "subject": change.subject,
        "told_pp": None,
        "matched": MATCHED % subscription_id(place).encode(),
        "created_at": now(),
    }


async def _dispatch(db: Database, count: int) -> float:
    stop, bell = asyncio.Event(), Bell()
    async with WebhookSender(loopback_allowed=True, limit=SLOTS) as sender:
        metrics = Metrics()
        dispatcher = Dispatcher(
            db,
            {"webhook": sender},
            Renderer(HEAD),
            now,
            random.Random(1).random,
            metrics,
            bell,
            lease="benchmark",
            slots=SLOTS,
            lease_seconds=60,
        )
        delivered = metrics.deliveries.labels("webhook", "delivered")
        with stopwatch() as watch:
            running = asyncio.create_task(dispatcher.run(stop))
            while delivered._value.get() < count:  # noqa: SLF001
                assert not running.done(), running.exception()
                await asyncio.sleep(0.005)
        stop.set()
        bell.ring()
        await running
    async with db.read() as session:
        receipts = list(await session.execute(select(col(Receipt.delivery_id))))
    assert len(receipts) == count
    return watch.seconds


async def _post_bare(receiver: Child, body: bytes, count: int) -> float:
    secret = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)
    signed = signature.headers(str(UUID(int=1)), now(), body, secret)
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=SLOTS, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
        left = iter(range(count))

        async def post() -> None:
            for number in left:
                url = f"{receiver.url}/{number % DESTINATIONS}"
                async with session.post(url, data=body, headers=signed) as answer:
                    await answer.read()

        with stopwatch() as watch:
            await asyncio.gather(*(post() for _ in range(SLOTS)))
    return watch.seconds
