"""Dates that come while processes are killed: each is told once."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest

from tests.journey.places import Folder
from tests.journey.running import body_of, measure, path_at
from tests.journey.torture.patience import eventually
from tests.journey.torture.world import SEED, open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

DATES = 30
FIRST, LAST = 5.0, 25.0
"""Seconds from now between which the dates lie."""
KILLS = 6
HOUR = 3600
LONGEST = 120
TICK = 6.0
"""Seconds, in which the clock looks once at least."""
POINTS = ("clock.commit.before", "clock.commit.after", "publish.append.after")


def dated(place, start):
    name = f"date-{place}"
    more = {"announced_at": start.isoformat(), "expires_at": None}
    return measure(name, name, 25, action="imposed", effective_at=start.isoformat(), **more)


async def announce(world, first=FIRST, last=LAST):
    """A measure for each date, announced now."""
    now = datetime.now(UTC)
    step = (last - first) / DATES
    events = [dated(at, now + timedelta(seconds=first + at * step)) for at in range(DATES)]
    async with httpx.AsyncClient(base_url=world.fleet.url, timeout=20) as api:
        url = path_at(world.receiver, "dates")
        answer = await api.post("/v1/subscriptions", json={"lanes": [{}], "url": url})
        assert answer.status_code == 201, answer.text
        answer = await api.post("/v1/events", json=events)
        assert answer.status_code == 202, answer.text


def told(world, kind):
    """The alerts of this kind, by their subject."""
    found = {}
    for request in world.receiver.requests:
        body = body_of(request)
        if request.path == "/dates" and body["data"]["kinds"][0] == kind:
            found.setdefault(body["data"]["subject"], []).append((request, body))
    return found


def foretold(world):
    """Measures announced before their date; what a slow machine announced later is in force."""
    announced = told(world, "measure_announced")
    assert len(announced) <= DATES
    return {
        subject
        for subject, [(_, body), *_] in announced.items()
        if datetime.fromisoformat(body["data"]["effective_at"]["at"])
        > datetime.fromisoformat(body["time"])
    }


async def told_of_all(world):
    async def have_come():
        is_announced = len(told(world, "measure_announced")) == DATES
        return is_announced and set(told(world, "entered_into_force")) == foretold(world)

    try:
        await eventually(have_come, LONGEST, 0.2)
    except TimeoutError:
        missing = foretold(world) - set(told(world, "entered_into_force"))
        raise AssertionError(f"never told: {sorted(missing)}") from None
    assert len(foretold(world)) > DATES / 2
    await world.fleet.ready()
    await asyncio.sleep(TICK)  # which must find nothing
    for alerts in told(world, "entered_into_force").values():
        assert len({request.headers["webhook-id"] for request, _ in alerts}) == 1


async def test_dates_that_come_while_the_process_is_killed_are_told_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dates")
    chance = random.Random(SEED)
    async with open_world(folder, Folder(folder)) as world:
        await announce(world)
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.5, 3))
            await world.fleet.one_of("clock").kill()
        await told_of_all(world)
        assert world.fleet.deaths == KILLS


@pytest.mark.parametrize("point", POINTS)
async def test_a_death_round_a_tick_neither_loses_nor_doubles_a_date(tmp_path_factory, point):
    folder = tmp_path_factory.mktemp("dates")
    async with open_world(folder, Folder(folder)) as world:
        await announce(world)
        child = world.fleet.one_of("clock")
        await asyncio.sleep(FIRST)
        await child.again(f"{point}:2")
        if point.startswith("clock"):
            await child.died_of(point)
        await told_of_all(world)


@pytest.mark.needs_program("faketime")
async def test_a_clock_set_ahead_and_back_tells_each_date_once(clock, tmp_path_factory):
    """What a clock that was ahead has told is told: it is not taken back, nor told again."""
    folder = tmp_path_factory.mktemp("dates")
    async with open_world(folder, Folder(folder), around=clock.environment) as world:
        await announce(world, HOUR / 3, HOUR / 2)
        for seconds in (HOUR, 0, HOUR):
            clock.step(seconds)
            await world.fleet.one_of("clock").kill()
            await told_of_all(world)


@pytest.mark.needs_program("faketime")
async def test_a_clock_set_back_under_a_process_keeps_no_date_waiting(clock, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dates")
    clock.step(HOUR)
    async with open_world(folder, Folder(folder), around=clock.environment) as world:
        await asyncio.sleep(TICK)
        clock.step(0)
        await eventually(partial(is_right, world), LONGEST)
        await announce(world)
        await told_of_all(world)


async def is_right(world):
    """Whether the service has noticed what the time is."""
    status = await world.status()
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return status and datetime.fromisoformat(status["at"]) < soon
