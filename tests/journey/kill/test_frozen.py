"""Processes that stand still and go on later, and groups that never come to rest."""

import asyncio
import os

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from tests.journey.torture.fleet import SHARED
from tests.journey.torture.world import open_world

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.needs_real_kafka("consumer groups that lose members"),
]

EVENTS = 30
LONGEST = 120
"""Seconds after which nobody will take over any more."""
REBALANCES = int(os.environ.get("TARIFFWIRE_TEST_REBALANCES", "8"))
SLOW = 1.0
"""Seconds for which the receiver keeps each alert, so that many are in the air."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(engines, tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen")
    async with open_world(folder, engines.place(), SHARED) as opened:
        yield opened


async def test_a_consumer_frozen_past_its_session_and_thawed_doubles_nothing(world):
    first, *_ = world.fleet.all_of("consume")
    async with world.flow.running():
        await world.flow.reach(EVENTS)
        first.freeze()
        frozen_at = world.now()
        await world.flow.reach(EVENTS)
        seconds = await world.catch_up(LONGEST, frozen_at)
        first.thaw()
        await world.flow.reach(EVENTS)
        await world.fleet.ready()
    await world.check(f"a consumer frozen (the other caught up after {seconds:.1f} s) and thawed")


async def test_a_group_that_rebalances_every_second_loses_and_doubles_nothing(world):
    """Strangers join and leave: each takes partitions away and gives them back unread."""
    async with world.flow.running():
        for _ in range(REBALANCES):
            await join_for_a_second(world.place)
        await world.flow.reach(EVENTS)
    await world.check(f"{REBALANCES} members joined and left, one a second")


async def join_for_a_second(place):
    stranger = AIOKafkaConsumer(
        f"{place.prefix}.tariffs",
        f"{place.prefix}.negotiations",
        bootstrap_servers=place.bootstrap,
        group_id=place.prefix,
        enable_auto_commit=False,
        session_timeout_ms=6000,
    )
    await stranger.start()
    await asyncio.sleep(1)
    await stranger.stop()


@pytest.mark.parametrize("harm", ["kill", "freeze"])
async def test_another_sender_takes_over_what_a_sender_held(world, harm):
    """One that is thawed finds its deliveries settled by another: its own word changes nothing."""
    first, *_ = world.fleet.all_of("send")
    delay = world.slow_down(SLOW)
    async with world.flow.running():
        await world.flow.reach(EVENTS)
        harmed_at = world.now()
        if harm == "kill":
            await first.kill()
        else:
            first.freeze()
        await world.flow.reach(EVENTS)
        seconds = await world.catch_up(LONGEST, harmed_at)
        first.thaw()
        world.slow_down(delay)
        await world.flow.reach(EVENTS)
        await world.fleet.ready()
    await world.check(f"a sender: {harm} (caught up after {seconds:.1f} s)")
