"""The time of day is set forward and back by an hour, under processes that run."""

import pytest

from tests.journey.places import Folder
from tests.journey.torture.world import open_world

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs_program("faketime")]

EVENTS = 30
HOUR = 3600
LONGEST = 120
"""Seconds: some leases long, and far from an hour."""
SLOW = 1.0


@pytest.mark.needs_real_kafka("one process a role")
async def test_a_clock_set_by_an_hour_stalls_no_role(engines, clock, tmp_path_factory):
    await step_back_and_forth(clock, tmp_path_factory.mktemp("clock"), engines.place())


async def test_a_clock_set_by_an_hour_stalls_no_process(clock, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clock")
    await step_back_and_forth(clock, folder, Folder(folder))


async def step_back_and_forth(clock, folder, place):
    async with open_world(folder, place, around=clock.environment) as world:
        async with world.flow.running():
            waits = [await step_to(world, clock, seconds) for seconds in (HOUR, 0, -HOUR, 0)]
            await world.fleet.ready()
        said = ", ".join(f"{seconds:.1f}" for seconds in waits)
        await world.check(f"the clock set by an hour four times (caught up after {said} s)")


async def step_to(world, clock, seconds):
    """Set the clock in the middle of the flow; how long what came meanwhile took to arrive."""
    await world.flow.reach(EVENTS)
    clock.step(seconds)
    stepped_at = world.now()
    await world.flow.reach(EVENTS)
    return await world.catch_up(LONGEST, stepped_at)


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_death_under_a_wrong_clock_stalls_nobody(clock, tmp_path_factory, hours):
    """What it held when it died was held until an hour that is still to come."""
    folder = tmp_path_factory.mktemp("clock")
    async with open_world(folder, Folder(folder), around=clock.environment) as world:
        former = world.slow_down(SLOW)
        clock.step(hours * HOUR)
        async with world.flow.running():
            await world.flow.reach(EVENTS)
            clock.step(0)
            await world.fleet.one_of("send").kill()
            await world.catch_up(LONGEST)
            world.slow_down(former)
            await world.fleet.ready()
        await world.check(f"died under a clock {hours:+d} h, which was put right")
