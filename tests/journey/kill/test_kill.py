"""Kill -9 at random, any process at any moment, while events flow in: nothing acknowledged is lost.

Seeded: whom each kill meets, and after how many acknowledgements. `TARIFFWIRE_TEST_KILLS=50` is the
long form, `TARIFFWIRE_TEST_SEED` another run.
"""

import asyncio
import os
import random

import pytest

from tests.journey.places import Folder
from tests.journey.torture.fleet import SHARED
from tests.journey.torture.world import SEED, open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

KILLS = int(os.environ.get("TARIFFWIRE_TEST_KILLS", "10"))
CHANCE = int(os.environ.get("TARIFFWIRE_TEST_SEED", str(SEED)))
LARGEST_GAP = 40
EARLY = 0.2
"""The share of kills that follow at once, while the process before is still starting."""


@pytest.mark.needs_real_kafka("one process a role")
async def test_roles_killed_at_random_lose_and_double_nothing(engines, tmp_path_factory):
    folder = tmp_path_factory.mktemp("apart")
    async with open_world(folder, engines.place(), SHARED, wishing=True) as world:
        await kill_at_random(world)
        await world.check(f"{KILLS} kills at random, a process a role")


async def test_one_process_killed_at_random_loses_and_doubles_nothing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    async with open_world(folder, Folder(folder), wishing=True) as world:
        await kill_at_random(world)
        await world.check(f"{KILLS} kills at random, one process")


async def kill_at_random(world):
    chance = random.Random(CHANCE)
    async with world.flow.running():
        for _ in range(KILLS):
            if chance.random() > EARLY:
                await world.flow.reach(chance.randint(1, LARGEST_GAP))
            await asyncio.sleep(chance.uniform(0, 0.3))
            await chance.choice(world.fleet.children).kill()
        await world.fleet.ready()
    assert world.fleet.deaths == KILLS
