"""Each thing is told once, whatever clocks and processes do."""

import asyncio

import pytest

from service.core.sending.notice import is_notice
from service.runtime.owners import care_for_failing, terms_of
from service.store.delivery.tables import Alert
from service.store.notices.tables import Notice
from service.store.notices.troubles import warn
from tests.books import count, rows
from tests.dispatch.deaths import die_at
from tests.receivers import http_receiver
from tests.runtime.house import BROKEN, counted, kinds


async def test_a_process_that_was_away_tells_the_highest_step_alone(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=67)
        await house.care()
        assert kinds(desk) == ["destination.failing 90"]
        await house.pass_hours(2)
        assert kinds(desk) == ["destination.failing 90"]


async def test_a_clock_that_is_set_back_tells_nothing_twice(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=51)
        await house.care()
        house.set_back(hours=13)
        await house.care()
        house.set_back(hours=48)
        await house.care()
        assert kinds(desk) == ["destination.failing 70"]
        house.clock.advance(hours=13 + 48 + 22)
        await house.care()
        house.set_back(hours=60)
        await house.care()
        assert kinds(desk) == ["destination.failing 70", "destination.disabled"]


async def test_clocks_at_once_tell_it_once(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=37)
        await asyncio.gather(*(care_for_failing(house.runtime) for _ in range(6)))
        await house.send()
        house.clock.advance(hours=37)
        await asyncio.gather(*(care_for_failing(house.runtime) for _ in range(6)))
        await house.send()
        assert kinds(desk) == ["destination.failing 50", "destination.disabled"]
    assert counted(house, "failing") == counted(house, "disabled") == 1


@pytest.mark.parametrize("point", [f"clock.commit.{side}" for side in ("before", "after")])
@pytest.mark.parametrize("step", [1, 2])
async def test_a_process_that_is_killed_at_any_step_has_the_next_one_go_on(
    house, database_url, point, step
):
    """The first step disables, the second tells."""
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await die_at(f"{point}:{step}", "care", database_url)
        house.clock.advance(hours=75)
        await house.care()
        await house.care()
        assert kinds(desk) == ["destination.disabled"]
    assert await count(house.db, Notice) == 1


async def test_what_is_rolled_back_is_told_later(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=37)
        terms = terms_of(house.runtime)

        async def die(session):
            assert await warn(session, name, terms, house.clock())
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await house.db.run_write(die)
        assert await count(house.db, Notice) == 0
        await house.care()
        await house.care()
        assert kinds(desk) == ["destination.failing 50"]
    ids = [one for one, cause in await rows(house.db, Alert, "id", "cause") if is_notice(cause)]
    assert len(ids) == 1
