"""What is stopped, removed or let go while another transaction has it in hand: on a server."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text, update

from service.core.destination import optin
from service.core.sending.steering import Act
from service.dispatch.plan import Planner
from service.store.delivery.cancelled import cancel_subscription
from service.store.delivery.holding import disable, release
from service.store.delivery.sending import release_sending, set_aside
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import lock_destination, remove_destination
from service.store.following.subscriptions import (
    change_state,
    change_subscription,
    find_subscription,
    remove_subscription,
)
from service.store.following.tables import Destination, Subscription, SubscriptionDestination
from service.store.gathering.tables import Gathered
from service.store.gathering.waiting import GATHERING
from service.store.mail.readers import find_reader, obey
from service.store.plans.fanouts import record_pages
from service.store.steering.deeds import Doer
from service.store.steering.stops import say_word
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, count, rows, silent, subscribe, take
from tests.core.builders import measure
from tests.dispatch.gathering import NIGHT, find_faults, follow_with, teller
from tests.dispatch.office import claim_for
from tests.dispatch.steering import change_of, say


@pytest.fixture
def database_url(server_database):
    """Elsewhere writers are one at a time."""
    return server_database


@pytest.fixture
def planner(db, clock):
    return Planner(db, clock, Metrics(), silent)


@pytest.fixture
async def change(db, log, clock):
    """One that is not planned yet, for whoever subscribes to everything: the desk does."""
    await subscribe(db, "all", [await add_receiver(db, "desk", kind="email")])
    return lambda: take(consumer_of(db, log, clock), db, measure("law", rate="25"))


@pytest.fixture
def planned(change, planner):
    """The same, planned."""

    async def make():
        await change()
        while await planner.step():
            pass

    return make


async def set_state(db, table, name, state):
    async with db.write() as session:
        await session.execute(update(table).where(table.id == name).values(state=state))


async def meanwhile(db, first, second):
    """Do the first; before that is committed begin the second, as far as it comes."""
    async with db.write() as session:
        await first(session)
        rival = asyncio.create_task(db.run_write(second))
        while not (rival.done() or await has_waiting(db)):
            await asyncio.wait([rival], timeout=0.01)
    await rival


async def has_waiting(db):
    """Whether somebody waits for a lock."""
    async with db.read() as session:
        waits = "wait_event_type = 'Lock' AND datname = current_database()"
        return await session.scalar(text(f"SELECT count(*) FROM pg_stat_activity WHERE {waits}"))


async def plan(db, clock, planner):
    """Writing a page that is read now."""
    turn = await db.run_write(planner._turn_pages)
    return lambda session: record_pages(session, turn.pages, clock())


async def test_a_destination_that_is_removed_while_it_is_planned_for_gets_nothing(
    db, clock, change, planner
):
    await change()
    writing = await plan(db, clock, planner)
    await meanwhile(db, writing, lambda session: remove_destination(session, "desk", clock()))
    assert await count(db, Delivery) == await count(db, Destination) == 0
    assert await rows(db, Receipt, "outcome", "reason") == [
        ("cancelled", "its destination was removed")
    ]
    assert await find_faults(db, clock) == []


async def test_a_subscription_that_is_removed_while_it_is_planned_for_leaves_nothing_held(
    db, clock, change, planner
):
    await set_state(db, Subscription, "all", "paused")
    await change()
    writing = await plan(db, clock, planner)
    await meanwhile(db, writing, lambda session: remove_subscription(session, "all", clock()))
    assert await count(db, Held) == await count(db, Subscription) == 0
    assert await rows(db, Receipt, "outcome") == [("cancelled",)]
    assert await find_faults(db, clock) == []


async def test_of_two_subscriptions_that_are_removed_at_once_the_second_cancels(db, clock, planned):
    await subscribe(db, "more", ["desk"])
    for name in ("all", "more"):
        await set_state(db, Subscription, name, "paused")
    await planned()
    await meanwhile(
        db,
        lambda session: cancel_subscription(session, "all", clock()),
        lambda session: cancel_subscription(session, "more", clock()),
    )
    assert await count(db, Held) == 0
    assert await rows(db, Receipt, "outcome") == [("cancelled",)]


async def test_a_subscription_that_is_changed_while_its_destination_is_removed_tells_it_no_more(
    db, clock, change
):
    async with db.read() as session:
        value = await find_subscription(session, DEFAULT, "all")
    await meanwhile(
        db,
        lambda session: remove_destination(session, "desk", clock()),
        lambda session: change_subscription(session, replace(value, name="new")),
    )
    assert await count(db, SubscriptionDestination) == 0
    assert await rows(db, Subscription, "name") == [("new",)]


async def test_a_destination_that_is_removed_while_its_subscription_is_changed_is_detached(
    db, clock, change
):
    async with db.read() as session:
        value = await find_subscription(session, DEFAULT, "all")
    await meanwhile(
        db,
        lambda session: change_subscription(session, value),
        lambda session: remove_destination(session, "desk", clock()),
    )
    assert await count(db, SubscriptionDestination) == await count(db, Destination) == 0


async def test_a_subscription_that_is_paused_while_it_is_changed_stays_paused(db, clock, change):
    async with db.read() as session:
        value = await find_subscription(session, DEFAULT, "all")
    await meanwhile(
        db,
        lambda session: change_state(session, "all", "paused", clock()),
        lambda session: change_subscription(session, replace(value, name="new")),
    )
    assert await rows(db, Subscription, "name", "state") == [("new", "paused")]


async def test_a_subscription_that_is_removed_while_it_is_changed_stays_removed(db, clock, change):
    async with db.read() as session:
        value = await find_subscription(session, DEFAULT, "all")
    await meanwhile(
        db,
        lambda session: remove_subscription(session, "all", clock()),
        lambda session: change_subscription(session, replace(value, name="new")),
    )
    assert await count(db, Subscription) == await count(db, SubscriptionDestination) == 0


# Nobody is told who has said no meanwhile


def unsubscribing(clock):
    async def unsubscribe(session):
        reader = await find_reader(session, "desk", locked=True)
        assert await obey(session, reader, optin.Act.UNSUBSCRIBE, clock())

    return unsubscribe


def pausing(clock):
    async def pause(session):
        await lock_destination(session, DEFAULT, "desk")
        await disable(session, "desk", "by its owner", clock(), "paused")

    return pause


@pytest.mark.parametrize(
    ("stopping", "held"),
    [(unsubscribing, []), (pausing, [("desk",)])],
    ids=["unsubscribe", "pause"],
)
@pytest.mark.parametrize("comes_first", [True, False])
async def test_what_a_subscription_lets_go_is_not_sent_to_who_stops_meanwhile(  # noqa: PLR0917 - fixtures
    db, clock, planned, stopping, held, comes_first
):
    await set_state(db, Subscription, "all", "paused")
    await planned()

    async def resume(session):
        await change_state(session, "all", "active", clock())
        await release(session, "all", clock())

    both = (stopping(clock), resume) if comes_first else (resume, stopping(clock))
    await meanwhile(db, *both)
    assert await count(db, Delivery) == 0
    assert await rows(db, Held, "owner_id") == held
    assert await count(db, Receipt) == 1 - len(held)


@pytest.mark.parametrize("comes_first", [True, False])
async def test_what_is_let_go_with_all_sending_is_not_sent_to_who_is_paused_meanwhile(
    db, clock, planned, comes_first
):
    await planned()
    async with db.write() as session:
        await set_aside(session, [one for (one,) in await rows(db, Alert, "id")], clock())

    async def go_on(session):
        await release_sending(session, clock())

    both = (pausing(clock), go_on) if comes_first else (go_on, pausing(clock))
    await meanwhile(db, *both)
    assert await count(db, Delivery) == 0
    assert await rows(db, Held, "owner_id") == [("desk",)]


# A halt takes what others have in hand


async def halting(db, clock, number=1):
    change, doer = await change_of(db, number), Doer("kim", clock(), "a mistake")
    return lambda session: say_word(session, change.id, Act.HALT, doer)


async def test_what_a_sender_sets_to_wait_while_it_is_halted_waits_for_the_halt_alone(
    db, log, clock
):
    for name in ("one", "two"):
        await follow_with(db, name, wishes=NIGHT)
    tell = teller(db, log, clock)
    await tell("3")
    await db.run_write(lambda session: claim_for(session, "us", clock()))
    waiting = await rows(db, Held)
    await tell("4")
    assert [row[1] for row in waiting] == [GATHERING] * 2
    await meanwhile(
        db, lambda session: claim_for(session, "us", clock()), await halting(db, clock, 2)
    )
    owners = [f"halt:{(await change_of(db, 2)).id}"] * 2 + [GATHERING] * 2
    assert sorted(owner for (owner,) in await rows(db, Held, "owner_id")) == sorted(owners)
    assert await count(db, Gathered) == 2
    await say(db, clock, Act.RESUME, 2)
    assert await rows(db, Held) == waiting
    assert await count(db, Delivery) == 2
    await db.run_write(lambda session: claim_for(session, "us", clock()))
    assert await count(db, Delivery) == 0
    assert await count(db, Gathered) == 4
    assert await find_faults(db, clock) == []


async def test_what_is_let_go_while_it_is_halted_is_halted(db, clock, planned):
    await planned()
    async with db.write() as session:
        await set_aside(session, [one for (one,) in await rows(db, Alert, "id")], clock())
    await meanwhile(db, lambda session: release_sending(session, clock()), await halting(db, clock))
    assert await count(db, Delivery) == 0
    assert await rows(db, Held, "owner_id") == [(f"halt:{(await change_of(db)).id}",)]
