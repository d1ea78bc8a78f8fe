"""Deciding while planners and senders are at it, as many as there are."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

import service.dispatch.plan as planning
from service.core.sending.steering import LANDING, Act
from service.dispatch.chores import Errands
from service.dispatch.plan import Planner
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.steering import errands
from service.telemetry import Metrics
from service.verify import Books, walk
from tests.books import NOW, consumer_of, count, rows, silent, take
from tests.core.builders import measure
from tests.dispatch.office import follow
from tests.dispatch.steering import say
from tests.receivers import Answer, http_receiver

MANY = 24
PAUSE = 0.005


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch):
    monkeypatch.setattr(planning, "DESTINATIONS", 5)
    monkeypatch.setattr(errands, "_OF_CHANGE", errands._OF_CHANGE.limit(5))
    monkeypatch.setattr(errands, "PAGE", 5)


@asynccontextmanager
async def at_work(db, clock, dispatch):
    """Two of each role, until the block ends."""
    stop = asyncio.Event()

    async def run(step):
        while not stop.is_set():
            if not await step():
                await asyncio.sleep(PAUSE)

    senders = [dispatch(name, slots=3) for name in ("one", "two")]
    planners = [Planner(db, clock, Metrics(), silent) for _ in range(2)]
    helpers = [Errands(db, clock, silent) for _ in range(2)]
    steps = [one.turn for one in senders] + [one.step for one in (*planners, *helpers)]
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(run(step))
        yield
        stop.set()
    for sender in senders:
        await sender.drain()


async def until(db, clock, is_done):
    """The clock goes on, so that whatever waits for it comes; what is in the air lands sooner."""
    while not await is_done():
        clock.advance(seconds=LANDING.total_seconds() / 200)
        await asyncio.sleep(PAUSE)


async def nothing_waits(db):
    return await count(db, Delivery) == await count(db, Held) == 0


async def look(db):
    async with db.read() as session:
        return [str(one) async for one in walk(Books(session, NOW, NOW))]


@pytest.mark.parametrize("after", [1, 9, MANY])
async def test_whoever_was_told_is_corrected_once_and_nobody_else(db, log, clock, dispatch, after):
    async with http_receiver(answer=Answer(delay=0.02)) as receiver:
        for number in range(MANY):
            await follow(db, f"d{number:02}", address=f"{receiver.url}/{number:02}")
        await take(consumer_of(db, log, clock), db, measure("law", rate="25"))
        async with at_work(db, clock, dispatch):
            await receiver.wait_for(after)
            await say(db, clock, Act.RECALL)

            async def is_done():
                return await nothing_waits(db) and await told(db) == await corrected(db)

            await until(db, clock, is_done)
    heard = {}
    for request in receiver.requests:
        # The clock leaps, and leases run out with it: some come twice, under the same id.
        kind = json.loads(request.body)["type"]
        heard.setdefault(request.path, {}).setdefault(kind, set()).add(
            request.headers["webhook-id"]
        )
    assert len(heard) >= after
    for kinds in heard.values():
        assert {kind: len(ids) for kind, ids in kinds.items()} == {
            "tariffwire.change": 1,
            "tariffwire.recall": 1,
        }
    assert await look(db) == []


async def told(db):
    return sum(outcome == "delivered" and not cause for cause, outcome in await ends(db))


async def corrected(db):
    return sum(outcome == "delivered" and cause != "" for cause, outcome in await ends(db))


async def ends(db):
    outcomes = dict(await rows(db, Receipt, "delivery_id", "outcome"))
    return [(cause, outcomes.get(one)) for one, cause in await rows(db, Alert, "id", "cause")]


async def test_what_is_halted_and_resumed_on_and_on_is_told_to_all(db, log, clock, dispatch):
    async with http_receiver(answer=Answer(delay=0.01)) as receiver:
        for number in range(MANY):
            await follow(db, f"d{number:02}", address=f"{receiver.url}/{number:02}")
        await take(consumer_of(db, log, clock), db, measure("law", rate="25"))
        async with at_work(db, clock, dispatch):
            for heard in (1, 5, 10):
                await receiver.wait_for(heard)
                await say(db, clock, Act.HALT)
                await say(db, clock, Act.RESUME)

            async def is_done():
                return await count(db, Receipt) == MANY

            await until(db, clock, is_done)
    assert len({one.path for one in receiver.requests}) == MANY
    assert await rows(db, Receipt, "outcome") == [("delivered",)] * MANY
    assert await look(db) == []
