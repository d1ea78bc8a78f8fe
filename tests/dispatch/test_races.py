"""What happens between two transactions of a step: an owner pauses, resumes, moves or leaves."""

import pytest
from sqlalchemy import update

from service.dispatch.http import WebhookSender
from service.dispatch.plan import Planner
from service.dispatch.post import Letterhead
from service.dispatch.render import Renderer
from service.dispatch.send import Dispatcher, Lease, Office
from service.roles import Bell
from service.store.delivery.cancelled import cancel_destination, cancel_subscription
from service.store.delivery.holding import disable, release
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.following.tables import Destination, Subscription, SubscriptionDestination
from service.store.plans.fanouts import record_pages
from service.store.standings.tables import Change
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, count, rows, silent, subscribe, take
from tests.core.builders import measure
from tests.receivers import Answer, http_receiver

HEAD = Letterhead("urn:tariffwire:test", "http://here/schema", "http://here/", "w@mail.test")


@pytest.fixture
def planner(db, clock):
    return Planner(db, clock, Metrics(), silent)


@pytest.fixture
def change(db, log, clock):
    async def make(name="law"):
        await take(consumer_of(db, log, clock), db, measure(name, measure=f"m-{name}", rate="25"))

    return make


@pytest.fixture
async def dispatcher(db, clock):
    async with WebhookSender(loopback_allowed=True, deadline=5) as sender:
        office = Office({"webhook": sender}, Renderer(HEAD), clock, lambda: 0.5, Metrics(), Bell())
        yield Dispatcher(db, office, Lease("us", 60), 8)


async def set_state(db, table, name, state):
    async with db.write() as session:
        await session.execute(update(table).where(table.id == name).values(state=state))


async def plan_with(db, clock, planner, between):
    """Plan, with something happening after the page was read and before it is written."""
    turn = await db.run_write(planner._turn_pages)
    await between()
    await db.run_write(lambda session: record_pages(session, turn.pages, clock()))


async def test_what_is_resumed_before_the_page_is_written_goes_out(db, clock, planner, change):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await set_state(db, Subscription, "all", "paused")
    await change()

    async def resume():
        await set_state(db, Subscription, "all", "active")
        async with db.write() as session:
            await release(session, "all", clock())

    await plan_with(db, clock, planner, resume)
    assert (await count(db, Delivery), await count(db, Held)) == (1, 0)


async def test_what_is_paused_before_the_page_is_written_is_held(db, clock, planner, change):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await change()
    await plan_with(db, clock, planner, lambda: set_state(db, Destination, "desk", "paused"))
    assert await rows(db, Held, "owner_id") == [("desk",)]
    assert await count(db, Delivery) == 0


async def test_who_is_gone_before_the_page_is_written_is_not_told(db, clock, planner, change):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await change()

    async def leave():
        async with db.write() as session:
            await session.execute(SubscriptionDestination.__table__.delete())
            await session.execute(Destination.__table__.delete())
            await cancel_destination(session, "desk", clock())

    await plan_with(db, clock, planner, leave)
    assert (await count(db, Alert), await count(db, Delivery)) == (0, 0)


async def test_removing_one_of_two_paused_subscriptions_cancels_nothing(db, clock, planner, change):
    desk = await add_receiver(db, "desk")
    for name in ("one", "two"):
        await subscribe(db, name, [desk])
        await set_state(db, Subscription, name, "paused")
    await change()
    await planner.step()
    for left in (1, 0):
        async with db.write() as session:
            await cancel_subscription(session, "one" if left else "two", clock())
        assert await count(db, Held) == left
        assert await rows(db, Receipt, "outcome") == [("cancelled",)] * (1 - left)


async def test_a_410_of_an_address_that_was_left_stops_nothing(
    db, clock, planner, change, dispatcher
):
    async with http_receiver(Answer(status=410, delay=0.1)) as old, http_receiver() as new:
        await subscribe(db, "all", [await add_receiver(db, "desk", old.url)])
        await change()
        await planner.step()
        await dispatcher.turn()
        async with db.write() as session:
            moved = update(Destination).values(address=new.url)
            await session.execute(moved)
        await dispatcher.drain()
        while await dispatcher.turn():
            await dispatcher.drain()
    assert await rows(db, Destination, "state") == [("active",)]
    assert (len(old.requests), len(new.requests)) == (1, 1)
    assert await rows(db, Receipt, "outcome") == [("delivered",)]


async def test_pausing_and_resuming_while_it_is_in_the_air_sends_it_once(
    db, clock, planner, change, dispatcher
):
    async with http_receiver(answer=Answer(delay=0.1)) as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        await change()
        await planner.step()
        await dispatcher.turn()
        async with db.write() as session:
            await disable(session, "desk", "by its owner", clock(), "paused")
        await set_state(db, Destination, "desk", "active")
        async with db.write() as session:
            await release(session, "desk", clock())
        await dispatcher.drain()
        assert not await dispatcher.turn()
    assert len(receiver.requests) == 1
    assert await rows(db, Receipt, "outcome") == [("delivered",)]


async def test_a_change_that_cannot_be_written_fails_alone(db, clock, planner, change, dispatcher):
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        await change("good")
        await change("bad")
        await planner.step()
        async with db.write() as session:
            torn = update(Change).where(Change.subject == "measure:m-bad").values(body=b"{}")
            await session.execute(torn)
        await dispatcher.turn()
        await dispatcher.drain()
    assert len(receiver.requests) == 1
    assert await rows(db, Delivery, "attempt") == [(1,)]


# A second guard: whoever stops or removes a destination takes along what waits for it


@pytest.mark.parametrize(
    ("state", "ended", "held"),
    [
        ("paused", [], [("desk",)]),
        ("disabled", [], [("desk",)]),
        ("unsubscribed", [("cancelled",)], []),
    ],
)
async def test_what_is_met_in_the_queue_of_a_stopped_destination_is_not_sent(  # noqa: PLR0917 - fixtures
    db, planner, change, dispatcher, state, ended, held
):
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        await change()
        await planner.step()
        await set_state(db, Destination, "desk", state)
        while await dispatcher.turn():
            await dispatcher.drain()
    assert receiver.requests == []
    assert await count(db, Delivery) == 0
    assert await rows(db, Held, "owner_id") == held
    assert await rows(db, Receipt, "outcome") == ended


async def test_what_is_met_in_the_queue_of_a_destination_that_is_gone_ends(
    db, planner, change, dispatcher
):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await change()
    await planner.step()
    async with db.write() as session:
        await session.execute(SubscriptionDestination.__table__.delete())
        await session.execute(Destination.__table__.delete())
    assert not await dispatcher.turn()
    assert await count(db, Delivery) == 0
    assert await rows(db, Receipt, "outcome", "reason") == [
        ("cancelled", "its destination was removed")
    ]
