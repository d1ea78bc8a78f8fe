"""The loops that roles run in."""

import asyncio
import contextlib

import pytest

from service.roles import Bell, pace, until


async def test_a_bell_rung_while_nobody_waits_is_not_lost():
    bell = Bell()
    bell.ring()
    await bell.wait(3600)


async def test_a_bell_that_is_not_rung_is_waited_for_no_longer_than_asked():
    await Bell().wait(0.001)


async def test_ringing_twice_wakes_once():
    bell = Bell()
    bell.ring()
    bell.ring()
    await bell.wait(3600)
    waiting = asyncio.create_task(bell.wait(3600))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting


async def test_a_busy_step_is_taken_again_without_rest():
    stop, bell, taken = asyncio.Event(), Bell(), []

    async def step():
        taken.append(1)
        if len(taken) == 5:
            stop.set()
        return True

    await pace(stop, step, bell, rest=3600)
    assert len(taken) == 5


async def test_an_idle_step_rests_until_the_bell():
    stop, bell, taken = asyncio.Event(), Bell(), []

    async def step():
        taken.append(1)
        return False

    pacing = asyncio.create_task(pace(stop, step, bell, rest=3600))
    await asyncio.sleep(0.01)
    assert len(taken) == 1
    bell.ring()
    await asyncio.sleep(0.01)
    assert len(taken) == 2
    stop.set()
    bell.ring()
    await pacing


async def test_a_rest_ends_by_itself():
    stop, taken = asyncio.Event(), []

    async def step():
        taken.append(1)
        if len(taken) == 3:
            stop.set()
        return False

    await pace(stop, step, Bell(), rest=0.001)
    assert len(taken) == 3


async def test_what_a_step_raises_ends_the_loop():
    async def step():
        raise LookupError

    with pytest.raises(LookupError):
        await pace(asyncio.Event(), step, Bell())


async def test_work_is_cancelled_once_it_should_stop():
    stop, ended = asyncio.Event(), []

    async def work():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(1)

    running = asyncio.create_task(until(stop, work()))
    await asyncio.sleep(0)
    stop.set()
    await running
    assert ended == [1]


async def test_what_work_raises_is_raised():
    async def work():
        raise LookupError

    with pytest.raises(LookupError):
        await until(asyncio.Event(), work())


async def test_work_that_ends_by_itself_ends_the_wait():
    await until(asyncio.Event(), asyncio.sleep(0))
