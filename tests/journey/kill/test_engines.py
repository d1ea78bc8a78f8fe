"""The broker and the database go away and come back, while events flow in.

What an outage takes is made up for without a hand: the seconds from the return of an engine until
every alert of what was accepted before it has arrived are printed with the ledger.
"""

import asyncio

import pytest
import pytest_asyncio

from tests.journey.torture.world import open_world

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.needs_real_kafka("a broker that is killed, or behind a broken network"),
]

EVENTS = 30
LONGEST = 120
"""Seconds after which a recovery has failed; what it took is in the ledger's line."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(engines, tmp_path_factory):
    async with open_world(tmp_path_factory.mktemp("outages"), engines.place()) as opened:
        yield opened


async def test_a_broker_that_is_killed_and_comes_back_is_found_again(world, engines):
    async with world.flow.running():
        await world.flow.reach(EVENTS)
        await asyncio.to_thread(engines.kafka.kill)
        await world.flow.reach(EVENTS)
        await asyncio.to_thread(engines.kafka.start)
        seconds = await world.catch_up(LONGEST)
    await world.check(f"broker killed (caught up after {seconds:.1f} s)")


@pytest.mark.parametrize("how", ["hang", "refuse"])
async def test_while_the_network_to_the_broker_is_broken_events_are_accepted(world, engines, how):
    for door in world.http_doors:
        door.refused.clear()
    async with world.flow.running():
        await world.flow.reach(EVENTS)
        await world.harm(engines.to_kafka, how)
        await world.flow.reach(EVENTS)
        api, text = await world.fleet.one_of("api").health()
        reading, _ = await world.fleet.one_of("consume").health()
        await engines.to_kafka.restore()
        seconds = await world.catch_up(LONGEST)
        await world.fleet.ready()
    await world.check(f"broker behind a network that {how}s (caught up after {seconds:.1f} s)")
    assert not [answer.text for door in world.http_doors for answer in door.refused]
    assert (api, reading) == (200, 503)
    assert '"log":false' in text.replace(" ", "")


async def test_a_database_that_is_killed_and_comes_back_is_found_again(world, engines):
    async with world.flow.running():
        await world.flow.reach(EVENTS)
        await asyncio.to_thread(engines.postgres.crash)
        await asyncio.sleep(2)
        await asyncio.to_thread(engines.postgres.start)
        seconds = await world.catch_up(LONGEST)
        await world.flow.reach(EVENTS)
    await world.check(f"database killed (caught up after {seconds:.1f} s)")


@pytest.mark.parametrize("how", ["hang", "refuse"])
async def test_a_broken_network_to_the_database_is_survived(world, engines, how):
    async with world.flow.running():
        await world.flow.reach(EVENTS)
        await world.harm(engines.to_postgres, how)
        await asyncio.sleep(5)
        api, _ = await world.fleet.one_of("api").health()
        await engines.to_postgres.restore()
        seconds = await world.catch_up(LONGEST)
        await world.flow.reach(EVENTS)
        await world.fleet.ready()
    await world.check(f"database behind a network that {how}s (caught up after {seconds:.1f} s)")
    assert api == 503
