"""Several planners on one database: they share the work, and keep the order of each subject."""

import asyncio

import pytest

import service.dispatch.plan as module
from service.dispatch.plan import Planner
from service.store.database import open_database
from service.store.delivery.tables import Alert, Delivery
from service.store.plans.tables import Fanout
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, rows, silent, subscribe, take
from tests.core.builders import measure

START = "2025-04-10T00:01:00-04:00"


@pytest.fixture
def database_url(server_database):
    """Only a server is shared."""
    return server_database


@pytest.fixture
async def elsewhere(database_url):
    async with open_database(database_url) as other:
        yield other


@pytest.fixture
def change(db, log, clock):
    """A change of this measure to this rate."""
    made = []

    async def make(name, rate="25", **rest):
        made.append(name)
        action = "increased" if made.count(name) > 1 else "imposed"
        event = measure(f"e{len(made)}", action, measure=name, rate=rate, effective_at=START)
        await take(consumer_of(db, log, clock), db, event)

    return make


@pytest.fixture
def planner(db, clock):
    def build(books=db):
        return Planner(books, clock, Metrics(), silent)

    return build


async def plan(one):
    while await one.step():
        pass


async def test_they_plan_everything_once(db, elsewhere, change, planner, monkeypatch):
    monkeypatch.setattr(module, "DESTINATIONS", 3)
    monkeypatch.setattr(module, "FANOUTS", 2)
    for name in ("a", "b", "c", "d"):
        await subscribe(db, f"all-{name}", [await add_receiver(db, name)])
    for number in range(12):
        await change(f"m{number}")
    planners = [planner(), planner(elsewhere), planner(elsewhere)]
    await asyncio.gather(*map(plan, planners))
    await plan(planners[0])
    planned = await rows(db, Alert, "change_id", "destination_id")
    assert len(planned) == len(set(planned)) == 48
    assert len(await rows(db, Delivery, "id")) == 48
    assert set(await rows(db, Fanout, "is_open", "planned")) == {(False, 4)}


async def test_one_takes_what_the_other_has_not_in_hand(
    db, elsewhere, change, planner, monkeypatch
):
    monkeypatch.setattr(module, "FANOUTS", 1)
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await change("first")
    await change("second")
    async with db.write() as session:
        assert await planner()._turn_pages(session)
        assert await planner(elsewhere).step()
        assert await rows(elsewhere, Alert, "subject") == [("measure:second",)]


async def test_a_later_change_waits_while_another_has_an_earlier_one_in_hand(
    db, elsewhere, change, planner, monkeypatch
):
    monkeypatch.setattr(module, "FANOUTS", 1)
    await subscribe(db, "all", [await add_receiver(db, "desk")], min_delta_pp="5")
    await change("law", "10")
    await plan(planner())
    await change("law", "16")
    await change("law", "10")
    other = planner(elsewhere)
    async with db.write() as session:
        assert await planner()._turn_pages(session)
        assert not await other.step()
    await plan(other)
    told = await rows(db, Alert, "told_pp", order="number")
    assert told == [("10",), ("16",), ("10",)]


async def test_a_later_change_waits_for_the_last_page_of_an_earlier_one(
    db, change, planner, monkeypatch
):
    monkeypatch.setattr(module, "WIDE", 0)
    monkeypatch.setattr(module, "DESTINATIONS", 1)
    await add_receiver(db, "a-nobody")
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await change("law", "10")
    await change("law", "20")
    await planner().step()
    assert await rows(db, Fanout, "cursor", order="number") == [("a-nobody",), ("",)]
