"""The disk runs full while events flow in, and has room again later."""

import asyncio
from contextlib import ExitStack

import pytest

from tests.engines.postgres import Postgres
from tests.journey.places import Folder
from tests.journey.torture.disk import small_disk, why_not
from tests.journey.torture.engines import open_engines
from tests.journey.torture.patience import eventually
from tests.journey.torture.world import open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = 30
MEGABYTES = 24
SERVER_MEGABYTES = 180
PROBLEM = "application/problem+json"
LONGEST = 120
REFUSALS = 3


@pytest.fixture(autouse=True)
def mountable():
    """Where nothing can be mounted, the run says at its end that this was not proved."""
    if reason := why_not():
        pytest.skip(reason)


async def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path_factory):
    logs, folder = tmp_path_factory.mktemp("full"), tmp_path_factory.mktemp("disk")
    with small_disk(folder, MEGABYTES) as disk:
        async with open_world(logs, Folder(folder)) as world:
            async with world.flow.running():
                await world.flow.reach(EVENTS)
                disk.fill()
                answers = await refusals(world)
                disk.empty()
                seconds = await world.catch_up(LONGEST)
                await world.flow.reach(EVENTS)
                await world.fleet.ready()
            await world.check(f"disk full (caught up after {seconds:.1f} s)")
    assert {answer.status_code for answer in answers} <= {503, 507}
    assert all(answer.headers["content-type"].startswith(PROBLEM) for answer in answers)
    assert all(answer.json()["detail"] for answer in answers)


@pytest.mark.needs_real_kafka("one process a role")
async def test_a_full_disk_of_the_database_loses_nothing_that_was_acknowledged(tmp_path_factory):
    """A server that cannot write its own log gives up; its supervisor starts it again."""
    folder, postgres = tmp_path_factory.mktemp("full"), Cramped()
    async with open_engines(postgres) as engines, open_world(folder, engines.place()) as world:
        async with world.flow.running():
            await world.flow.reach(EVENTS)
            postgres.disk.fill()
            await eventually(lambda: says_full(world), LONGEST)
            await world.flow.reach(EVENTS)  # what the log holds needs no room in the database
            postgres.disk.empty()
            emptied_at = world.now()
            await asyncio.to_thread(postgres.revive)
            seconds = await world.catch_up(LONGEST, emptied_at)
            await world.flow.reach(EVENTS)
            await world.fleet.ready()
        await world.check(f"database's disk full (caught up after {seconds:.1f} s)")


async def says_full(world):
    """A role that waits for room says so."""
    _, text = await world.fleet.one_of("consume").health()
    return "is full: make room" in text


class Cramped(Postgres):
    """A server on a disk of its own, which is small."""

    def __init__(self):
        super().__init__(max_wal_size="64MB", min_wal_size="32MB")
        self._mounted = ExitStack()
        self.disk = self._mounted.enter_context(
            small_disk(self.folder, SERVER_MEGABYTES, self.owner)
        )

    def revive(self):
        """Start it again if it gave up; one that is recovering by itself is left to it."""
        if self.process.poll() is not None:
            self.start()

    def __exit__(self, *error):
        self.kill()
        self._mounted.close()
        super().__exit__(*error)


async def refusals(world):
    """What producers are told once no more is taken."""

    async def refused():
        found = [answer for door in world.http_doors for answer in door.refused]
        return found if len(found) >= REFUSALS else None

    return await eventually(refused, LONGEST)
