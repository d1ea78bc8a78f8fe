"""A sender while its database is away: what came back is kept until it can be settled."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url

from service.core.sending.delivery import Reply
from service.store.database import DatabaseUnavailable
from service.store.delivery.tables import Delivery, Receipt
from tests.books import count, rows
from tests.databases import tell
from tests.dispatch.office import follow, send_all
from tests.receivers import Answer, http_receiver


@pytest.fixture
def database_url(server_database):
    """Only a server can go away."""
    return server_database


@pytest.fixture
def outage(database_url, postgres_url):
    """As long as this lasts, the database lets nobody in."""
    name = make_url(database_url).database

    @asynccontextmanager
    async def last():
        await _tell(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        await _tell(others)
        try:
            yield
        finally:
            await _tell(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    async def _tell(statement):
        await asyncio.to_thread(tell, postgres_url, statement)

    return last


async def test_what_came_back_while_it_was_away_is_settled_and_not_sent_again(
    db, alert, dispatch, outage
):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert(3)
        dispatcher = dispatch()
        await dispatcher.turn()
        async with outage():
            await receiver.wait_for(3)
            while dispatcher._flying:
                await asyncio.wait(dispatcher._flying)
            for _ in range(3):
                with pytest.raises(DatabaseUnavailable):
                    await dispatcher.turn()
        while await dispatcher.turn():
            pass
    assert len(receiver.requests) == 3
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)] * 3
    assert await count(db, Delivery) == 0


async def test_a_running_sender_goes_on_by_itself(db, alert, dispatch, outage):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        stop = asyncio.Event()
        dispatcher = dispatch()
        task = asyncio.create_task(dispatcher.run(stop))
        async with outage():
            dispatcher._office.bell.ring()
            await asyncio.sleep(0.3)
        await alert(3)
        await receiver.wait_for(3)
        stop.set()
        dispatcher._office.bell.ring()
        await task
    assert await rows(db, Receipt, "outcome") == [("delivered",)] * 3


async def test_draining_waits_for_it_to_come_back(db, alert, dispatch, outage):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        dispatcher = dispatch()
        await dispatcher.turn()
        async with outage():
            draining = asyncio.create_task(dispatcher.drain(30))
            await receiver.wait_for(1)
            await asyncio.sleep(0.3)
            assert not draining.done()
        await draining
    assert await rows(db, Receipt, "outcome") == [("delivered",)]


async def test_stopping_while_it_is_away_ends_in_time(db, alert, dispatch, outage):
    async with http_receiver(Answer(hang=True)) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        stop = asyncio.Event()
        task = asyncio.create_task(dispatch().run(stop, 0.2))
        await receiver.wait_for(1)
        async with outage():
            stop.set()
            await task
    assert await rows(db, Delivery, "lease") == [("us",)]


async def test_a_clock_set_back_keeps_nothing_waiting_that_was_due(db, alert, dispatch, clock):
    async with http_receiver(Answer(status=500), Answer()) as receiver:
        await follow(db, "desk", receiver)
        await alert(2)
        await send_all(dispatch(slots=1))
        clock.advance(hours=-1)
        await alert()
        clock.advance(hours=-1)
        await send_all(dispatch("other"))
        assert len(receiver.requests) == 3
        assert await rows(db, Delivery, "attempt") == [(2,)]  # a retry waits for its hour


async def test_a_clock_set_back_keeps_nothing_waiting_after_our_own_fault(
    db, alert, dispatch, clock
):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        for _ in range(8):
            await send_all(dispatch(webhook=Absent()))
            clock.advance(minutes=5)
        await send_all(dispatch(webhook=Absent()))
        await send_all(dispatch("at once"))
        assert receiver.requests == []  # it is not due before five minutes have passed
        clock.advance(hours=-1)
        await send_all(dispatch("other"))
        assert len(receiver.requests) == 1


class Absent:
    """A sender whose way out is shut."""

    async def send(self, parcel):
        return Reply(accepted=False, status=None, reason="no way out", ours=True)
