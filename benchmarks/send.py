"""Deliveries a second, from claim to settled receipt, to a receiver in another process.

Changes that reach 30 destinations each wait in the queue when a child process with the `send` role
opens it: it claims, renders, signs, posts and settles with 64 slots. Counted are the receipts from
the first that this process sees to the last. Baseline: a bare aiohttp loop in one process, with as
many posts in flight, the same connector, and a body and headers as they were sent before, to the
same receiver process.
"""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
from sqlalchemy import insert

from benchmarks.children import Child, service_in, start
from benchmarks.figures import Figure, stopwatch
from benchmarks.made_up import rate_events
from benchmarks.population import ACCOUNT, destination_id, open_population, subscription_id
from service.core import signature
from service.core.change import Change as CoreChange
from service.core.change import write_change
from service.core.change.derive import derive
from service.core.delivery import delivery_id
from service.core.event import read_event
from service.core.standing.history import History
from service.dispatch.webhook import HEADERS
from service.store.database import Database
from service.store.histories import entry_of
from service.store.tables import Alert, Change, Delivery

SLOTS = 256
A_HOST = 64
DESTINATIONS = 30
WAITED_SECONDS = 120
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a published example
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with start("receiving") as receiver:
            async with open_population(folder, 1_000, receiver.url) as db:
                await _queue(db, changes)
            settings = service_in(folder) | {"TARIFFWIRE_SEND_SLOTS": str(SLOTS)}
            async with start("serving", "send", **settings):
                rate = await _watch_receipts(folder / "books.db", count)
            body, bare = await _post_bare(receiver, count)
    return [
        Figure(
            name="send, claim to settle",
            value=rate,
            unit="deliveries/s",
            baseline=bare,
            ratio_at_least=0.6,
            note=f"{len(body):,} bytes a body, {SLOTS} in flight",
        )
    ]


async def _queue(db: Database, count: int) -> None:
    """The changes, their alerts and the deliveries that are due."""
    changes = [_change(one) for one in rate_events(count, count)]
    alerts = [
        _alert(change, number * DESTINATIONS + place, place)
        for number, change in enumerate(changes)
        for place in range(DESTINATIONS)
    ]
    common = {"visible_at": now(), "attempt": 1, "lease": None}
    due = [common | {"id": one["id"], "destination_id": one["destination_id"]} for one in alerts]
    rows = [_row(change, number) for number, change in enumerate(changes, start=1)]
    async with db.write() as session:
        connection = await session.connection()
        for table, made in ((Change, rows), (Alert, alerts), (Delivery, due)):
            await connection.execute(insert(table), made)


def _change(raw: dict[str, Any]) -> CoreChange:
    history = History(f"measure:{raw['data']['measure']}")
    change = derive(entry_of(read_event(raw), now()), history)
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
        "account_id": ACCOUNT,
        "destination_id": destination_id(place),
        "change_id": change.id,
        "subject": change.subject,
        "told_pp": None,
        "matched": MATCHED % subscription_id(place).encode(),
        "created_at": now(),
    }


async def _watch_receipts(books: Path, count: int) -> float:
    """Receipts a second, from the first look that sees any."""
    with closing(sqlite3.connect(f"file:{books}?mode=ro", uri=True)) as reader:
        first = seen = 0
        async with asyncio.timeout(WAITED_SECONDS):
            while not first:
                await asyncio.sleep(0.005)
                first = _count(reader)
            with stopwatch() as watch:
                while seen < count:
                    await asyncio.sleep(0.02)
                    seen = _count(reader)
    return (count - first) / watch.seconds


def _count(reader: sqlite3.Connection) -> int:
    (found,) = reader.execute("SELECT count(*) FROM receipt").fetchone()
    return int(found)


async def _post_bare(receiver: Child, count: int) -> tuple[bytes, float]:
    """The body that came last, and how often a second it is posted by a bare loop."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=A_HOST, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
        async with session.get(receiver.url) as answer:
            body = await answer.read()
        signed = signature.headers(str(UUID(int=1)), now(), body, (SECRET,))
        left = iter(range(count))

        async def post() -> None:
            for number in left:
                url = f"{receiver.url}/{number % DESTINATIONS}"
                async with session.post(url, data=body, headers=signed) as answer:
                    await answer.read()

        with stopwatch() as watch:
            await asyncio.gather(*(post() for _ in range(SLOTS)))
    return body, count / watch.seconds
