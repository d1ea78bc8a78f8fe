"""A turnstile lets through as many as it has places, in order, and loses none of them."""

import asyncio

import pytest

from service.dispatch.http.turnstile import Turnstile, Turnstiles


async def settle():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_who_came_first_goes_first():
    gate, through = Turnstile(1), []

    async def pass_by(name):
        await gate.enter()
        through.append(name)

    waiting = [asyncio.create_task(pass_by(name)) for name in "abc"]
    await settle()
    assert through == ["a"]
    assert not gate.try_enter()
    for left in ("ab", "abc"):
        gate.leave()
        await settle()
        assert through == list(left)
    await asyncio.gather(*waiting)
    gate.leave()
    assert gate.try_enter()


async def test_who_gives_up_waiting_takes_no_place():
    gate = Turnstile(1)
    await gate.enter()
    gone, patient = (asyncio.create_task(gate.enter()) for _ in range(2))
    await settle()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    gate.leave()
    await patient
    assert not gate.try_enter()


async def test_a_place_given_to_who_gives_up_just_then_goes_on_to_the_next():
    gate = Turnstile(1)
    await gate.enter()
    gone, patient = (asyncio.create_task(gate.enter()) for _ in range(2))
    await settle()
    gate.leave()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await patient
    gate.leave()
    assert gate.try_enter()
    assert not gate.try_enter()


async def test_who_waits_for_too_long_takes_no_place():
    gate = Turnstile(1)
    await gate.enter()
    with pytest.raises(TimeoutError):
        await gate.enter(0.001)
    gate.leave()
    assert gate.try_enter()


async def test_who_is_late_and_gives_up_in_the_same_moment_leaves_no_place_behind():
    gate = Turnstile(1)
    await gate.enter()
    late = asyncio.create_task(gate.enter(60))
    await settle()
    gate._waiting[0].set_exception(TimeoutError())
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert not gate.try_enter()


async def test_each_name_has_places_of_its_own():
    gates = Turnstiles(1)
    assert [gates.try_enter(name) for name in "aab"] == [True, False, True]
    waiting = asyncio.create_task(gates.enter("a", 60))
    await settle()
    gates.leave("b")
    await settle()
    assert not waiting.done()
    gates.leave("a")
    await waiting
    assert not gates.try_enter("a")
    assert gates.try_enter("b")


async def test_nothing_is_kept_of_a_name_that_nobody_waits_for():
    gates = Turnstiles(1)
    await gates.enter("a", 60)
    with pytest.raises(TimeoutError):
        await gates.enter("a", 0.001)
    assert len(gates) == 1
    gone = asyncio.create_task(gates.enter("a", 60))
    await settle()
    gates.leave("a")
    gone.cancel()  # just as it was given the place
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert len(gates) == 0
