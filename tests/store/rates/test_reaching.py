"""The index of measures: it follows the events, whoever wrote them, and finds by its index."""

import asyncio

import pytest

from service.store.rates import reaching
from service.store.rates.reaching import find_candidates, reach_further
from service.store.rates.tables import Reach, Reached
from tests.books import consumer_of, count, rows, take
from tests.core.builders import step
from tests.store.rates.made import codes, net, one_of


@pytest.fixture
async def house(db, log):
    return consumer_of(db, log)


async def is_behind(db):
    async with db.read() as session:
        return await find_candidates(session, net()) is None


async def catch_up(db):
    turns = 0
    while await db.run_write(reach_further):
        turns += 1
    return turns


async def test_it_follows_the_events_a_page_at_a_time(db, house, monkeypatch):
    monkeypatch.setattr(reaching, "_PAGE", reaching._PAGE.limit(2))
    assert not await is_behind(db)
    await take(house, db, *(one_of(number) for number in range(5)), step("s", "outreach"))
    assert await is_behind(db)
    assert await catch_up(db) == 3
    assert not await is_behind(db)
    assert await rows(db, Reached, "number") == [(6,)]
    assert await count(db, Reach) == 5


async def test_two_at_once_index_each_event_once(db, house):
    await take(house, db, *(one_of(number) for number in range(20)))
    await asyncio.gather(*(catch_up(db) for _ in range(3)))
    assert not await is_behind(db)
    assert await count(db, Reach) == 20


async def test_measures_are_found_by_codes_above_and_below(db, house):
    await take(
        house,
        db,
        one_of(1, "87"),
        one_of(2, "8703.23.01", product={**codes("8703.23.01"), "nomenclature": "HTS"}),
        one_of(3, "8704"),
        one_of(4, product={"scope": "all"}, origin={"kind": "all"}),
        one_of(5, origin={"kind": "country", "members": ["VN"]}),
    )
    await catch_up(db)

    async def found(code):
        async with db.read() as session:
            return [one.subject[-2:] for one in await find_candidates(session, net(code))]

    assert await found("87032301") == ["m1", "m2", "m4"]
    assert await found("8703") == ["m1", "m2", "m4"]
    assert await found("87") == ["m1", "m2", "m3", "m4"]
    assert await found("9503") == ["m4"]
