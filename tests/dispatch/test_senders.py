"""Several senders on one database, and what becomes of the work of those that die or must stop."""

import asyncio
from contextlib import suppress

import pytest

from service.store.database import open_database
from service.store.delivery.tables import Attempt, Delivery, Held, Receipt, Rendered
from tests.books import NOW, count, rows
from tests.dispatch.deaths import die_at
from tests.dispatch.office import LEASE, follow, send_all
from tests.receivers import Answer, http_receiver

TABLES = (Delivery, Attempt, Receipt, Rendered, Held)


@pytest.fixture
async def elsewhere(db, database_url):
    """The same books, opened by another process."""
    async with open_database(database_url) as other:
        yield other


def ids(receiver):
    return [one.headers["webhook-id"] for one in receiver.requests]


async def look(db):
    return [await rows(db, table) for table in TABLES]


@pytest.mark.parametrize("late", [Answer(hang=True), Answer(status=500), Answer()])
async def test_what_hangs_is_taken_over_and_its_late_settle_changes_nothing(  # noqa: PLR0917 - fixtures
    db, elsewhere, clock, alert, dispatch, late
):
    async with http_receiver(late, Answer()) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        stuck, other = dispatch("stuck"), dispatch("other", books=elsewhere)
        await stuck.turn()
        await receiver.wait_for(1)
        assert not await other.turn()
        clock.advance(seconds=LEASE)
        await send_all(other)
        settled = await look(db)
        receiver.hang_up()
        await stuck.drain()
        assert not await stuck.turn()
    assert await look(db) == settled
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)]
    assert len(set(ids(receiver))) == 1
    assert len(receiver.requests) == 2


async def test_senders_share_the_queue_and_send_each_delivery_once(db, elsewhere, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert(30)
        senders = dispatch("one", slots=4), dispatch("two", slots=4, books=elsewhere)
        await asyncio.gather(*map(send_all, senders))
    assert len(ids(receiver)) == len(set(ids(receiver))) == 30
    assert await rows(db, Receipt, "outcome") == [("delivered",)] * 30


@pytest.mark.parametrize(
    ("point", "sent", "is_leased"),
    [
        ("send.commit.before", 1, False),
        ("send.commit.after", 1, True),
        ("send.transmit.before", 1, True),
        ("send.transmit.after", 2, True),
        ("send.commit.before:2", 2, True),
        ("send.commit.after:2", 1, False),
    ],
)
async def test_a_sender_that_dies_is_followed_once_its_leases_ran_out(  # noqa: PLR0917 - fixtures
    db, database_url, clock, alert, dispatch, point, sent, is_leased
):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await die_at(point, "send", database_url)
        if is_leased:
            clock.advance(seconds=LEASE - 1)
            assert not await dispatch("early").turn()
            clock.advance(seconds=1)
        await send_all(dispatch("next"))
    assert len(receiver.requests) == sent
    assert len(set(ids(receiver))) == 1
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)]
    assert await count(db, Delivery) == 0


# Stopping


async def test_what_takes_too_long_to_drain_is_free_for_others_at_once(
    db, elsewhere, clock, alert, dispatch
):
    async with http_receiver(Answer(hang=True), Answer()) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        stop = asyncio.Event()
        task = asyncio.create_task(dispatch("stopping").run(stop, 0.1))
        await receiver.wait_for(1)
        stop.set()
        await task
        assert await rows(db, Delivery, "lease", "visible_at", "attempt") == [(None, NOW, 1)]
        await send_all(dispatch("next", books=elsewhere))
    assert len(set(ids(receiver))) == 1
    assert await rows(db, Receipt, "outcome") == [("delivered",)]


async def test_one_that_is_cut_off_leaves_its_claims_to_others_and_settles_what_came_back(
    db, alert, dispatch
):
    async with http_receiver() as quick, http_receiver(Answer(hang=True)) as stuck:
        await follow(db, "a-quick", quick)
        await follow(db, "b-stuck", stuck)
        await alert()
        dispatcher = dispatch()
        task = asyncio.create_task(dispatcher.run(asyncio.Event()))
        await asyncio.gather(quick.wait_for(1), stuck.wait_for(1))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert await rows(db, Delivery, "destination_id", "lease") == [("b-stuck", None)]
    assert await rows(db, Receipt, "outcome") in ([("delivered",)], [])
