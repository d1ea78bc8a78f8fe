"""The move is killed at every kind of moment: never are two places served, and nothing is lost."""

import asyncio
import os
import random
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import ProgrammingError

from service.log import open_log
from service.move import move
from service.runtime import utc_now
from service.store.database import open_database
from service.store.delivery.tables import Delivery, Held
from service.store.installation.fit import WrongLog
from service.store.installation.moved import find_arrival, refuse_moved
from service.store.installation.whole import count_rows
from service.store.standings.tables import Change, Event
from tests.books import rows
from tests.move.scenes import place_of, read_all, silent

ROOT = Path(__file__).parents[2]
MOVE = """
import asyncio, sys
from service.move import Place, move
from service.runtime import utc_now
asyncio.run(move(Place(*sys.argv[1:3]), Place(*sys.argv[3:5]), utc_now, lambda *_: None))
"""
POINTS = (
    "move.page:1",
    "move.page:6",
    "move.page:11",
    "move.append:1",
    "move.append:2",
    "move.tail",
    "move.copied",
    "move.left",
)
KILLED = -9


async def start(scene, there, crash=""):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MOVE),
        *(scene.place.database, scene.place.log),
        *(there.settings["database_url"], there.settings["log_url"]),
        env=os.environ | {"PYTHONPATH": str(ROOT), "TARIFFWIRE_TEST_CRASH": crash},
        start_new_session=True,
    )


class Undecided(Exception):
    """Nothing is to be written by a question."""


async def may_serve(url):
    async def ask(session):
        await refuse_moved(session)
        raise Undecided

    async with open_database(url) as db:
        try:
            await db.run_write(ask)
        except Undecided:
            return True
        except WrongLog:
            return False


async def who_may_serve(scene, there):
    new = there.settings["database_url"]
    return await may_serve(scene.place.database), await may_serve(new)


async def is_claimed(there):
    """Whether the new place is marked as such; before that it is empty books like any others."""
    async with open_database(there.settings["database_url"]) as new:
        if await new.run_read(find_arrival):
            return True
        assert await rows(new, Event) == []
        return False


async def finish_and_compare(scene, there):
    """A second attempt, in this process; then both sides hold the same, each record once."""
    await move(scene.place, place_of(there.settings), utc_now, silent)
    assert await who_may_serve(scene, there) == (False, True)
    async with (
        open_database(scene.place.database) as old,
        open_database(there.settings["database_url"]) as new,
        open_log(there.settings["log_url"], utc_now) as log,
    ):
        assert await old.run_read(count_rows) == await new.run_read(count_rows)
        for table in (Event, Change, Delivery, Held):
            assert await rows(old, table) == await rows(new, table)
        assert Counter(await read_all(log)) == Counter(scene.read_unread())


@pytest.mark.parametrize("point", POINTS)
async def test_killed_there_and_run_again_it_has_moved_once(scene, there, point):
    killed = await start(scene, there, point)
    assert await killed.wait() == KILLED
    expected = (False, False) if point == "move.left" else (True, False)
    assert await who_may_serve(scene, there) == expected
    await finish_and_compare(scene, there)


@pytest.mark.parametrize("seed", range(3))
async def test_killed_anywhere_again_and_again(scene, there, seed):
    chance = random.Random(seed)
    for _ in range(3):
        running = await start(scene, there)
        await asyncio.sleep(chance.uniform(0.8, 3))
        if running.returncode is None:
            running.kill()
        await running.wait()
        with suppress(ProgrammingError):  # it has no tables yet: nobody serves that either
            if await is_claimed(there):
                assert await who_may_serve(scene, there) != (True, True)
    await finish_and_compare(scene, there)


async def test_two_moves_at_once_do_not_meet(scene, there):
    first, second = [await start(scene, there) for _ in range(2)]
    codes = sorted([await first.wait(), await second.wait()])
    assert codes[0] == 0
    await finish_and_compare(scene, there)
