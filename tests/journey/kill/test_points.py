"""Death at every named crash point, each in its turn, while events flow in.

A crash point is SIGKILL of the own process, before and after every transaction and every sending.
One installation lives through all of them; its ledger is drawn up after each.
"""

import pytest
import pytest_asyncio

from service.crash import POINTS
from tests.journey.places import Folder
from tests.journey.torture.world import open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROLES = {
    "accept": "api",
    "consume": "consume",
    "plan": "plan",
    "send": "send",
    "publish": "publish",
    "clock": "clock",
}
"""By stage, whose point it is; those of other commands are passed in the tests of these."""
SERVING = [one for one in POINTS if one.partition(".")[0] in ROLES]
WITHOUT_THE_LOG = ("accept.commit", "publish.append", "publish.commit")
"""Passed only while the log is away, or when it has come back."""
PASSAGES = {"send": 7, "consume": 3, "plan": 3, "accept": 4}
"""Which passage kills, by stage: not always the first."""
EVENTS = 20
"""Acknowledged before each death, and again after it."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def apart(engines, tmp_path_factory):
    """A process for each role."""
    folder = tmp_path_factory.mktemp("apart")
    async with open_world(folder, engines.place()) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(tmp_path_factory):
    """One process for everything, on files."""
    folder = tmp_path_factory.mktemp("alone")
    async with open_world(folder, Folder(folder)) as world:
        yield world


@pytest.mark.needs_real_kafka("one process a role, transactions, a broker that is killed")
@pytest.mark.parametrize("point", SERVING)
async def test_a_role_that_dies_at_a_crash_point_loses_and_doubles_nothing(apart, engines, point):
    away = point.startswith(WITHOUT_THE_LOG)
    async with apart.flow.running():
        await apart.flow.reach(EVENTS)
        if away:
            await engines.to_kafka.refuse()
        child = await arm(apart, point)
        if away and not point.startswith("accept"):
            await apart.outbox_fills()
            await engines.to_kafka.restore()
        await child.died_of(point)
        await engines.to_kafka.restore()
        await apart.fleet.ready()
        await apart.flow.reach(EVENTS)
    await apart.check(f"{point}, a process a role")


@pytest.mark.parametrize("point", [one for one in SERVING if not one.startswith(WITHOUT_THE_LOG)])
async def test_one_process_that_dies_at_a_crash_point_loses_and_doubles_nothing(alone, point):
    async with alone.flow.running():
        await alone.flow.reach(EVENTS)
        child = await arm(alone, point)
        await child.died_of(point)
        await alone.fleet.ready()
        await alone.flow.reach(EVENTS)
    await alone.check(f"{point}, one process")


async def arm(world, point):
    """The first process that can pass it, in a new life; others of its role go on as they are."""
    stage = point.partition(".")[0]
    child = world.fleet.one_of(ROLES[stage])
    await child.again(f"{point}:{PASSAGES.get(stage, 1)}")
    return child
