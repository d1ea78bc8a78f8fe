"""Numbers and bookmarks: both are taken in the transaction of what they count."""

import asyncio

import pytest
from sqlalchemy import insert

from service.log import Batch, Position
from service.store.arrivals.progress import Overtaken, find_bookmark, list_places, move_bookmark
from service.store.numbers import NoCounter, last_number, take_numbers
from service.store.tables import Setting
from tests.books import rows


async def test_numbers_begin_at_one_and_have_no_gaps(db):
    taken = []
    for count in (3, 0, 2):
        async with db.write() as session:
            taken.append(await _take(session, "changes", count))
    assert taken == [1, 4, 4]
    async with db.read() as session:
        assert await last_number(session, "changes") == 5
        assert await last_number(session, "other") == 0


async def test_a_number_that_was_rolled_back_is_given_again(db):
    for _ in range(2):
        with pytest.raises(LookupError):
            await _take_and_fail(db)
    async with db.write() as session:
        assert await _take(session, "changes") == 1


async def _take_and_fail(db):
    async with db.write() as session:
        await take_numbers(session, changes=7)
        raise LookupError


async def test_the_order_of_numbers_is_the_order_of_commits(db):
    """Whenever somebody looks, all numbers up to the last one are there."""

    async def write():
        async with db.write() as session:
            number = await _take(session, "changes")
            await asyncio.sleep(0)
            await session.execute(insert(Setting).values(name=f"{number:02}", value=""))

    async def look():
        while len(seen := [int(name) for (name,) in await rows(db, Setting, "name")]) < 40:
            assert seen == list(range(1, len(seen) + 1))
        return seen

    *_, seen = await asyncio.gather(*[write() for _ in range(40)], look(), look())
    assert seen == list(range(1, 41))


async def test_a_number_that_no_migration_made_a_counter_for_is_refused(db):
    with pytest.raises(NoCounter, match="none for 'other'"):
        async with db.write() as session:
            await _take(session, "other")


async def test_numbers_of_several_counters_are_taken_at_once(db):
    for _ in range(2):
        async with db.write() as session:
            taken = await take_numbers(session, events=3, changes=2)
    assert taken == {"events": 4, "changes": 3}


async def _take(session, name, count=1):
    return (await take_numbers(session, **{name: count}))[name]


def batch(since, until, topic="tariffs"):
    return Batch(topic, 0, since, until, ())


async def test_a_bookmark_moves_only_from_where_the_batch_began(db):
    for since, until in ((0, 5), (5, 9)):
        async with db.write() as session:
            await move_bookmark(session, batch(since, until), "log")
    for since in (0, 5, 8, 10):
        with pytest.raises(Overtaken):
            await _move(db, batch(since, 20), "log")
    async with db.read() as session:
        assert await find_bookmark(session, "tariffs", 0) == Position("log", 9)
        assert await find_bookmark(session, "tariffs", 1) is None
        assert await find_bookmark(session, "negotiations", 0) is None


async def test_a_bookmark_does_not_move_for_another_log(db):
    await _move(db, batch(0, 5), "log")
    with pytest.raises(Overtaken):
        await _move(db, batch(5, 9), "other")


async def test_of_two_that_begin_together_one_is_overtaken(db):
    await _move(db, batch(0, 5), "log")
    with pytest.raises(Overtaken):
        await _move(db, batch(0, 3), "log")


async def test_every_place_is_listed(db):
    await _move(db, batch(0, 5), "log")
    await _move(db, batch(0, 7, "negotiations"), "log")
    async with db.read() as session:
        places = await list_places(session)
    assert {key: (place.next, place.log_id) for key, place in places.items()} == {
        ("tariffs", 0): (5, "log"),
        ("negotiations", 0): (7, "log"),
    }


async def _move(db, moved, log_id):
    async with db.write() as session:
        await move_bookmark(session, moved, log_id)
