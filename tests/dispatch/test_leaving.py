"""What may have arrived when its sender died waits for nobody: it keeps its webhook-id."""

import asyncio

import pytest
from sqlalchemy import update

from service.core.sending.steering import Act
from service.store.delivery.holding import disable, release
from service.store.delivery.tables import Delivery, Held, Receipt
from service.store.following.tables import Destination
from service.store.gathering.tables import Gathered
from service.store.gathering.waiting import ask_anew
from tests.books import count, rows
from tests.dispatch.gathering import DAILY, find_faults, follow_with, teller, wish
from tests.dispatch.office import LEASE, send_all
from tests.dispatch.steering import say
from tests.receivers import Answer, http_receiver

EVENING = {"quiet_hours": {"from": "20:01", "to": "06:00"}}  # it is 20:00 when tests begin
CAPPED = {"hourly_cap": 1}


@pytest.fixture
async def receiver():
    async with http_receiver() as opened:
        yield opened


@pytest.fixture
def leave(db, log, clock, dispatch, receiver):
    """Tell of a change to a desk that wishes so; its sender dies with the answer in its hands."""

    async def go(wishes):
        await follow_with(db, "desk", receiver, wishes=wishes)
        await teller(db, log, clock)("3")
        await dispatch("dead").turn()
        await receiver.wait_for(1)

    return go


@pytest.fixture
def arrive(db, clock, dispatch, receiver):
    """Once its lease has run out another sender sends it, as it was."""

    async def go():
        clock.advance(seconds=LEASE + 10)
        await send_all(dispatch("next"))
        assert len(receiver.requests) == 2
        assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
        assert await rows(db, Receipt, "outcome") == [("delivered",)]
        assert await count(db, Delivery) == await count(db, Held) == 0
        assert await find_faults(db, clock) == []

    return go


async def wish_for(db, clock, **wishes):
    """As an owner does."""
    await wish(db, "desk", **wishes)
    await db.run_write(lambda session: ask_anew(session, "desk", clock()))


@pytest.mark.parametrize("wishes", [EVENING, CAPPED], ids=["quiet hours", "a cap"])
async def test_what_begins_after_it_left_does_not_keep_it(db, leave, arrive, wishes):
    await leave(wishes)
    await arrive()
    assert await count(db, Gathered) == 0


async def test_what_is_wished_after_it_left_does_not_keep_it(db, clock, leave, arrive):
    await leave({})
    await wish_for(db, clock, **DAILY)
    await arrive()


async def test_what_its_owner_stops_and_resumes_is_not_kept(db, clock, leave, arrive):
    await leave({})
    async with db.write() as session:
        await disable(session, "desk", "by its owner", clock(), "paused")
    await wish_for(db, clock, **DAILY)
    async with db.write() as session:
        await session.execute(update(Destination).values(state="active"))
        await release(session, "desk", clock())
    await arrive()


async def test_what_is_halted_and_resumed_is_not_kept(db, clock, leave, arrive):
    await leave({})
    await say(db, clock, Act.HALT)
    await wish_for(db, clock, **DAILY)
    await say(db, clock, Act.RESUME)
    await arrive()


@pytest.mark.parametrize("wishes", [EVENING, {}], ids=["wished before", "wished since"])
async def test_what_a_sender_left_in_the_air_when_it_ended_is_not_kept(  # noqa: PLR0917 - fixtures
    db, log, clock, dispatch, receiver, arrive, wishes
):
    receiver.script.append(Answer(hang=True))
    await follow_with(db, "desk", receiver, wishes=wishes)
    await teller(db, log, clock)("3")
    stop = asyncio.Event()
    task = asyncio.create_task(dispatch("stopping").run(stop, 0.1))
    await receiver.wait_for(1)
    stop.set()
    await task
    assert await rows(db, Delivery, "lease") == [(None,)]
    await wish_for(db, clock, **EVENING)
    await arrive()
