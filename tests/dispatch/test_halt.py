"""Stopping mid-fan-out, and going on as if nothing had been."""

import pytest
from sqlalchemy import update

import service.dispatch.plan as planning
from service.core.sending.steering import Act, NotPossible
from service.dispatch.plan import Planner
from service.store.delivery.holding import disable, hold, release
from service.store.delivery.sending import SENDING, release_sending
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.following.destinations import remove_destination
from service.store.following.subscriptions import change_state
from service.store.following.tables import Destination
from service.store.plans.tables import Fanout
from service.store.steering import errands
from service.telemetry import Metrics
from tests.books import consumer_of, count, rows, silent, take
from tests.core.builders import measure
from tests.dispatch.office import follow, send_all
from tests.dispatch.steering import alerts, change_of, run_errands, say
from tests.receivers import Answer, http_receiver


@pytest.fixture
def small_pages(monkeypatch):
    """Two destinations a page, of planning and of errands."""
    monkeypatch.setattr(planning, "DESTINATIONS", 2)
    monkeypatch.setattr(errands, "_OF_CHANGE", errands._OF_CHANGE.limit(2))
    monkeypatch.setattr(errands, "PAGE", 2)


@pytest.fixture
def crowd(db):
    """So many destinations that all hear of everything, at one receiver."""

    async def gather(receiver, many):
        for number in range(many):
            await follow(db, f"d{number}", address=f"{receiver.url}/{number}")

    return gather


@pytest.fixture
def give(db, log, clock):
    """A change that is not planned yet."""

    async def hand():
        await take(consumer_of(db, log, clock), db, measure("law", rate="25"))

    return hand


async def set_state(db, clock, state):
    async with db.write() as session:
        await change_state(session, "all-desk", state, clock())


def planner(db, clock):
    return Planner(db, clock, Metrics(), silent)


@pytest.mark.usefixtures("small_pages")
async def test_a_halt_stops_planning_and_sending_and_a_resume_tells_the_rest(
    db, clock, give, crowd, dispatch
):
    async with http_receiver() as receiver:
        await crowd(receiver, 7)
        await give()
        await planner(db, clock).step()
        await planner(db, clock).step()
        await send_all(dispatch(slots=2))
        sent = len(receiver.requests)
        await say(db, clock, Act.HALT)
        await run_errands(db, clock)
        await planner(db, clock).step()
        await send_all(dispatch("idle"))
        assert len(receiver.requests) == sent
        assert await rows(db, Fanout, "state", "is_open", "is_unfinished") == [
            ("halted", False, True)
        ]
        await say(db, clock, Act.RESUME)
        await run_errands(db, clock)
        while await planner(db, clock).step():
            pass
        await send_all(dispatch("later"))
    assert len(receiver.requests) == 7
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 7
    assert await rows(db, Receipt, "outcome") == [("delivered",)] * 7


@pytest.mark.usefixtures("small_pages")
async def test_what_was_planned_and_not_sent_is_held_page_by_page(
    db, clock, alert, crowd, dispatch
):
    async with http_receiver() as receiver:
        await crowd(receiver, 5)
        await alert()
        task = await say(db, clock, Act.HALT)
        assert (task.done, task.cursor) == (2, 2)
        assert await run_errands(db, clock) == 2
        assert await count(db, Held) == 5
        assert await count(db, Delivery) == 0
        await say(db, clock, Act.RESUME)
        await run_errands(db, clock)
        await send_all(dispatch())
    assert len(receiver.requests) == 5


async def test_what_is_in_the_air_is_counted_and_may_arrive(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(delay=0.1)) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        sender = dispatch()
        await sender.turn()
        task = await say(db, clock, Act.HALT)
        assert (task.done, task.aloft) == (1, 1)
        await sender.drain()
    assert await rows(db, Receipt, "outcome") == [("delivered",)]
    assert await count(db, Held) == 0


async def test_an_owner_who_goes_on_does_not_let_a_halted_change_go(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        async with db.write() as session:
            await disable(session, "desk", "by its owner", clock(), "paused")
        await alert()
        await say(db, clock, Act.HALT)
        async with db.write() as session:
            await session.execute(update(Destination).values(state="active"))
            await release(session, "desk", clock())
        await send_all(dispatch())
        assert receiver.requests == []
        await say(db, clock, Act.RESUME)
        await send_all(dispatch("later"))
    assert len(receiver.requests) == 1


async def test_a_destination_that_is_still_stopped_gets_back_what_it_held(db, clock, alert):
    await follow(db, "desk")
    async with db.write() as session:
        await disable(session, "desk", "by its owner", clock(), "paused")
    await alert()
    await say(db, clock, Act.HALT)
    await say(db, clock, Act.RESUME)
    assert await rows(db, Held, "owner_id") == [("desk",)]


@pytest.mark.parametrize("is_active", [True, False])
async def test_a_paused_subscription_gets_back_what_it_held(db, clock, alert, is_active):
    await follow(db, "desk")
    await set_state(db, clock, "paused")
    await alert()
    await say(db, clock, Act.HALT)
    if is_active:
        await set_state(db, clock, "active")
    await say(db, clock, Act.RESUME)
    assert await count(db, Delivery) == is_active
    assert await rows(db, Held, "owner_id") == ([] if is_active else [("all-desk",)])


async def test_what_only_a_hold_of_all_sending_kept_is_due_after_a_resume(db, clock, alert):
    await follow(db, "desk")
    await alert()
    async with db.write() as session:
        await hold(session, SENDING, clock(), Delivery.attempt == 1)
    await say(db, clock, Act.HALT)
    async with db.write() as session:
        assert await release_sending(session, clock()) == 0
    await say(db, clock, Act.RESUME)
    assert await count(db, Delivery) == 1


async def test_a_resume_lets_nothing_else_go_that_a_hold_of_all_sending_keeps(db, clock, alert):
    await follow(db, "desk")
    await alert(2)
    async with db.write() as session:
        await hold(session, SENDING, clock(), Delivery.attempt == 1)
    await say(db, clock, Act.HALT)
    await say(db, clock, Act.RESUME)
    first, second = await alerts(db, "id")
    assert await rows(db, Delivery, "id") == [first]
    assert await rows(db, Held, "delivery_id", "owner_id") == [(*second, SENDING)]


async def test_a_destination_removed_meanwhile_takes_its_own_along(db, clock, alert):
    await follow(db, "desk")
    await alert()
    await say(db, clock, Act.HALT)
    async with db.write() as session:
        await remove_destination(session, "desk", clock())
    await say(db, clock, Act.RESUME)
    assert await rows(db, Receipt, "outcome") == [("cancelled",)]
    assert await count(db, Held) == await count(db, Delivery) == 0


async def test_a_halted_change_can_be_recalled(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await say(db, clock, Act.HALT)
        clock.advance(hours=1)
        await say(db, clock, Act.RECALL, reason="withdrawn")
        await send_all(dispatch())
    assert receiver.requests == []
    assert await rows(db, Receipt, "outcome", "reason") == [("cancelled", "recalled: withdrawn")]
    assert await count(db, Alert) == 1


async def test_the_changes_after_it_go_on(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await say(db, clock, Act.HALT)
        await alert()
        await send_all(dispatch())
    assert len(receiver.requests) == 1
    assert len(await alerts(db, "id")) == 2


async def test_it_can_be_halted_and_resumed_again_and_again(db, clock, alert, crowd, dispatch):
    async with http_receiver() as receiver:
        await crowd(receiver, 3)
        await alert()
        for _ in range(3):
            await say(db, clock, Act.HALT)
            await say(db, clock, Act.RESUME)
        await send_all(dispatch())
    assert len(receiver.requests) == 3


@pytest.mark.usefixtures("small_pages")
async def test_halting_once_more_forgets_nothing(db, clock, give, crowd, dispatch):
    async with http_receiver() as receiver:
        await crowd(receiver, 5)
        await give()
        await planner(db, clock).step()
        for _ in range(2):
            await say(db, clock, Act.HALT)
            await run_errands(db, clock)
        await say(db, clock, Act.RESUME)
        while await planner(db, clock).step():
            pass
        await run_errands(db, clock)
        await send_all(dispatch())
    assert len(receiver.requests) == 5


async def test_what_makes_no_sense_is_refused_in_words(db, clock, alert):
    await follow(db, "desk")
    await alert()
    with pytest.raises(NotPossible, match="cannot resume this change: nobody has stopped it"):
        await say(db, clock, Act.RESUME)
    await say(db, clock, Act.HALT)
    with pytest.raises(NotPossible, match="it is halted: resume or recall it"):
        await say(db, clock, Act.REJECT)
    assert (await change_of(db)).sequence == 1
