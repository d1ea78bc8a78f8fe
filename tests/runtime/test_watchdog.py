"""What is stuck is ended; what waits, or has nothing to do, is left alone."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.roles import Pulse
from service.runtime import RoleStuck
from service.runtime.watchdog import EXIT_STUCK, Standstill, _look_at_log, watch_roles

HERE = ("tariffs", 0)


def test_a_reader_at_the_end_does_not_stand_still():
    reading = Standstill()
    assert [reading.look({HERE: 7}, {HERE: 7}, now) for now in (0, 100, 1000)] == [0, 0, 0]


def test_a_reader_that_has_more_to_read_and_does_not_move_stands_still():
    reading = Standstill()
    assert [reading.look({HERE: 7}, {HERE: 9}, now) for now in (0, 10, 25)] == [0, 10, 25]
    assert reading.look({HERE: 8}, {HERE: 9}, 30) == 0
    assert reading.look({HERE: 8}, {HERE: 9}, 34) == 4


def test_a_partition_never_read_stands_at_the_beginning():
    reading = Standstill()
    assert [reading.look({}, {HERE: 3}, now) for now in (0, 5)] == [0, 5]


def test_the_longest_counts():
    reading, there = Standstill(), ("tariffs", 1)
    reading.look({HERE: 1, there: 1}, {HERE: 9, there: 9}, 0)
    assert reading.look({HERE: 2, there: 1}, {HERE: 9, there: 9}, 8) == 8


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_it_stands_no_longer_than_since_it_last_moved(looks):
    reading = Standstill()
    moved = 0
    seen = [reading.look({HERE: place}, {HERE: end}, now) for now, (place, end) in enumerate(looks)]
    for now, ((before, _), (place, end)) in enumerate(pairwise(looks), start=1):
        if place != before or place >= end:
            moved = now
        assert seen[now] <= now - moved


@pytest.fixture
def settings(database_url, tmp_path):
    from service.settings import Settings

    return Settings(
        database_url=database_url, log_url=f"sqlite:///{tmp_path}/log.db", port=0, stuck_seconds=0.4
    )


async def test_a_step_that_never_ends_is_found(settings):
    from service.runtime import open_runtime

    async with open_runtime(settings) as runtime:
        runtime.pulses["plan"] = Pulse("plan")
        runtime.pulses["plan"].begin()
        with pytest.raises(RoleStuck, match="plan: a step has not ended"):
            await watch_roles(runtime, asyncio.Event())


async def test_reading_that_stands_still_is_found(settings):
    from service.log import Record
    from service.runtime import open_runtime

    async with open_runtime(settings) as runtime:
        runtime.pulses["consume"] = Pulse("consume")
        await runtime.log.append("tariffs", [Record(None, b"never read")])
        with pytest.raises(RoleStuck, match="consume: a partition has stood still"):
            await watch_roles(runtime, asyncio.Event())


async def test_nobody_is_stuck_while_what_he_waits_for_is_away(settings):
    from service.log import Record
    from service.runtime import open_runtime

    async with open_runtime(settings) as runtime:
        runtime.pulses["consume"] = Pulse("consume", trouble="the database is away")
        await runtime.log.append("tariffs", [Record(None, b"never read")])
        stop = asyncio.Event()
        watching = asyncio.create_task(watch_roles(runtime, stop))
        await asyncio.sleep(1)
        assert not watching.done()
        stop.set()
        await watching


async def test_what_stood_still_during_an_outage_gets_its_time_afterwards(settings):
    from service.log import open_log
    from service.runtime import open_runtime, utc_now

    reading = Standstill()
    assert [reading.look({}, {HERE: 1}, now) for now in (0, 60)] == [0, 60]
    async with open_runtime(settings) as runtime:
        async with open_log(settings.log_url.replace("log.db", "away.db"), utc_now) as away:
            runtime.log = away
        assert await _look_at_log(runtime, reading) == 0
    assert reading.look({}, {HERE: 1}, 1000) == 0


async def test_what_was_dropped_unread_is_not_waited_for(settings):
    from service.log import Record
    from service.runtime import open_runtime, utc_now

    async with open_runtime(settings) as runtime:
        runtime.pulses["consume"] = Pulse("consume")
        await runtime.log.append("tariffs", [Record(None, b"dropped")])
        (end,) = (await runtime.log.ends("tariffs")).values()
        assert await runtime.log.retain(utc_now() + timedelta(hours=1), {HERE: end}) == 1
        stop = asyncio.Event()
        watching = asyncio.create_task(watch_roles(runtime, stop))
        await asyncio.sleep(1)
        assert not watching.done()
        stop.set()
        await watching


FROZEN = """
import asyncio, os, signal, subprocess
from service.runtime.watchdog import watched_loop

async def main():
    with watched_loop(1):
        await asyncio.sleep(0.2)
        me = os.getpid()
        subprocess.Popen(["sh", "-c", f"kill -STOP {me}; sleep 3; kill -CONT {me}"])
        await asyncio.sleep(5)

asyncio.run(main())
"""


def test_a_process_that_was_frozen_goes_on():
    ended = subprocess.run(
        [sys.executable, "-c", FROZEN], capture_output=True, text=True, timeout=50, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


STUCK = """
import asyncio, time
from service.runtime.watchdog import watched_loop

async def main():
    with watched_loop(0.5):
        await asyncio.sleep(0.2)
        time.sleep(60)

asyncio.run(main())
"""


def test_a_loop_that_does_not_turn_ends_its_process_and_says_where():
    ended = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=50, check=False
    )
    assert ended.returncode == EXIT_STUCK
    assert "the event loop has not turned" in ended.stderr
    assert "in main" in ended.stderr
