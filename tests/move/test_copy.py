"""A copy of a database beside the one that it was made from, on the same log."""

import pytest

from service.store.standings.tables import Event
from tests.books import rows
from tests.journey.running import cause_of, measure, path_at
from tests.move.backups import Servers
from tests.move.scenes import serving

pytestmark = pytest.mark.needs_program("pg_dump", "psql")

SUBJECTS = 12


def law(number, step):
    return measure(
        f"e{number}-{step}",
        f"us-copy-{number}",
        10 + step,
        action="increased" if step else "imposed",
        announced_at=f"2025-01-0{1 + step}",
        effective_at=f"2025-01-0{2 + step}",
        programme=f"Copy-{number}",
    )


FIRST, SECOND, THIRD = ([law(number, step) for number in range(SUBJECTS)] for step in range(3))


@pytest.fixture
async def servers(kafka_bootstrap, postgres_url, tmp_path):
    made = Servers(kafka_bootstrap, postgres_url, tmp_path)
    await made.prepare()
    yield made
    await made.clear()


async def test_a_copy_takes_nothing_from_the_original_until_it_is_told_to(servers, receiver):
    async with serving(servers.settings) as original:
        await original.subscribe(name="all", lanes=[{}], url=path_at(receiver, "all"))
        await original.send(*FIRST)
        await original.settle()
        await servers.copy_books()
        await servers.restore_books()
        async with serving(servers.settings) as copy:
            await copy.send(*THIRD)  # taken, and kept from the log
            await original.send(*SECOND)
            await original.settle()
            held = await copy.ask("/v1/sending")
            assert held["state"] == "held"
            assert "copy of one elsewhere" in held["reason"]
            assert await ids_of(copy) == names(FIRST)
    told = [cause_of(one) for one in receiver.requests]
    assert sorted(told) == sorted(names(FIRST + SECOND))
    published = [one["data"]["number"] for one in await servers.made[0].read_changes()]
    assert sorted(published) == list(range(1, len(told) + 1))
    await take_over(servers, receiver)


async def take_over(servers, receiver):
    """The original is gone: one release, and the copy has it all."""
    async with serving(servers.settings) as copy:
        assert (await copy.api.post("/v1/sending/release")).status_code == 200
        await copy.settle()
        assert (await copy.ask("/v1/sending"))["state"] == "live"
        assert await ids_of(copy) == names(FIRST + SECOND + THIRD)
    told = {}
    for one in receiver.requests:
        told.setdefault(cause_of(one), set()).add(one.headers["webhook-id"])
    assert told.keys() == names(FIRST + SECOND + THIRD)
    assert all(len(ids) == 1 for ids in told.values())


async def ids_of(service):
    return {name for (name,) in await rows(service.runtime.db, Event, "id")}


def names(events):
    return {event["id"] for event in events}
