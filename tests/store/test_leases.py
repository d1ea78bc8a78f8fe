"""Leases: one holder at a time, whatever rivals do."""

import asyncio
from datetime import timedelta

from service.store.leases import give_up, lease, list_leases
from tests.books import NOW

SECONDS = 5.0


async def take(db, holder, after=0.0, name="publish"):
    now = NOW + timedelta(seconds=after)
    return await db.run_write(lambda session: lease(session, name, holder, now, SECONDS))


async def held(db):
    return {
        name: (one.holder, (one.until - NOW).total_seconds())
        for name, one in (await db.run_read(list_leases)).items()
    }


async def test_the_first_has_it_and_the_second_has_not(db):
    assert await take(db, "a")
    assert not await take(db, "b", 4.9)
    assert await held(db) == {"publish": ("a", 5)}


async def test_its_holder_renews_it(db):
    assert await take(db, "a")
    assert await take(db, "a", 4)
    assert not await take(db, "b", 8.9)
    assert await held(db) == {"publish": ("a", 9)}


async def test_one_that_ran_out_is_taken_over_and_the_old_holder_learns_it(db):
    assert await take(db, "a")
    assert await take(db, "b", 5)
    assert not await take(db, "a", 5)
    assert await held(db) == {"publish": ("b", 10)}


async def test_what_is_given_up_is_free_at_once(db):
    assert await take(db, "a")
    await db.run_write(lambda session: give_up(session, "publish", "a"))
    assert await take(db, "b")


async def test_nobody_gives_up_what_another_holds(db):
    assert await take(db, "a")
    await db.run_write(lambda session: give_up(session, "publish", "b"))
    assert await held(db) == {"publish": ("a", 5)}


async def test_leases_of_different_names_have_nothing_to_do_with_each_other(db):
    assert await take(db, "a", name="one")
    assert await take(db, "b", name="two")
    assert await held(db) == {"one": ("a", 5), "two": ("b", 5)}


async def test_one_left_by_a_clock_that_ran_ahead_binds_nobody(db):
    assert await take(db, "ahead", 3600)
    assert await take(db, "a")
    assert await held(db) == {"publish": ("a", 5)}


async def test_a_clock_that_differs_a_little_changes_nothing(db):
    assert await take(db, "ahead", 30)
    assert not await take(db, "a")


async def test_of_many_rivals_one_gets_a_fresh_lease(db):
    taken = await asyncio.gather(*(take(db, f"h{number}") for number in range(20)))
    assert taken.count(True) == 1


async def test_of_many_rivals_one_gets_a_lease_that_ran_out(db):
    assert await take(db, "dead")
    taken = await asyncio.gather(*(take(db, f"h{number}", 6) for number in range(20)))
    assert taken.count(True) == 1
    ((holder, _),) = (await held(db)).values()
    assert holder == f"h{taken.index(True)}"
