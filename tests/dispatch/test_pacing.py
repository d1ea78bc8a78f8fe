"""Each destination at its own pace: limits, rests and probes, and nobody waits for another."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from service.core.sending.pace import NONE, PATIENCE
from service.dispatch.http import WebhookSender
from service.dispatch.plan import Planner
from service.store.database import open_database
from service.store.delivery.holding import disable, release
from service.store.delivery.sending import hand_back
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Pace, Receipt
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import change_destination, find_destination
from service.store.following.tables import Destination
from service.store.pacing.failing import EXPIRED, disable_if_failing, expire_held
from service.store.pacing.lanes import reopen
from service.store.pacing.paces import begin_anew, list_failing
from service.telemetry import Metrics
from tests.books import NOW, add_receiver, consumer_of, count, rows, silent, subscribe, take
from tests.core.builders import measure
from tests.dispatch.http.misbehaving import hear, misbehaving
from tests.dispatch.office import LEASE, claim_for, follow, send_all
from tests.receivers import Answer, http_receiver

OK, BUSY = Answer(), Answer(status=500)


@pytest.fixture
async def elsewhere(db, database_url):
    """The same books, opened by another process."""
    async with open_database(database_url) as other:
        yield other


@pytest.fixture
def tell(db, log, clock):
    """Change a measure of this name, planned for whoever subscribes."""
    made = {}

    async def change(*keys):
        for key in keys:
            made[key] = made.get(key, 0) + 1
            action = "imposed" if made[key] == 1 else "increased"
            event = measure(
                f"{key}-{made[key]}",
                action,
                rate=str(10 + made[key]),
                measure=f"us-{key}",
                programme=key,
                effective_at="2025-04-10T00:01:00-04:00",
            )
            await take(consumer_of(db, log, clock), db, event)
        planner = Planner(db, clock, Metrics(), silent)
        while await planner.step():
            pass

    return change


async def fail_until_it_rests(db, clock, receiver, dispatcher, alert):
    """As many failures as there is patience for, each of another alert."""
    receiver.script.extend([BUSY] * PATIENCE)
    for _ in range(PATIENCE):
        await alert()
        await send_all(dispatcher)
        clock.advance(seconds=1)
    assert len(receiver.requests) == PATIENCE
    ((failures, since, until),) = await rows(db, Pace, "failures", "failing_since", "rests_until")
    assert (failures, since) == (PATIENCE, NOW)
    assert until > clock()
    return until


def ids(receiver):
    return [one.headers["webhook-id"] for one in receiver.requests]


async def in_order(db):
    return [str(one) for (one,) in await rows(db, Alert, "id", order="number")]


# Rests


async def test_who_fails_again_and_again_rests_and_is_asked_with_one(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        dispatcher = dispatch()
        until = await fail_until_it_rests(db, clock, receiver, dispatcher, alert)
        await alert(3)
        await send_all(dispatcher)
        assert len(receiver.requests) == PATIENCE
        receiver.script.append(BUSY)
        clock.advance(seconds=(until - clock()).total_seconds() + 1)
        await send_all(dispatcher)
        assert len(receiver.requests) == PATIENCE + 1
        clock.advance(hours=1)
        await send_all(dispatcher)
        clock.advance(hours=20)
        await send_all(dispatcher)
    assert await count(db, Receipt) == PATIENCE + 3
    assert await count(db, Delivery) == 0
    assert set(ids(receiver)) == set(await in_order(db))
    assert await rows(db, Pace, "failures", "failing_since", "rests_until") == [(0, None, None)]


async def test_what_waited_for_a_resting_destination_leaves_in_the_order_it_was_made(
    db, clock, alert, dispatch
):
    async with http_receiver(Answer(status=503, headers={"retry-after": "600"})) as receiver:
        await follow(db, "desk", receiver)
        dispatcher = dispatch(slots=1)
        await alert()
        await send_all(dispatcher)
        await alert(4)
        await send_all(dispatcher)
        assert len(receiver.requests) == 1
        assert await count(db, Attempt) == 1
        clock.advance(seconds=700)
        await send_all(dispatcher)
    first, *rest = await in_order(db)
    assert ids(receiver)[1:-1] == rest
    assert ids(receiver)[-1] == first  # the others are urgent


async def test_a_rest_holds_for_every_sender(db, elsewhere, clock, alert, dispatch):
    async with http_receiver(Answer(status=429, headers={"retry-after": "60"})) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        await alert()
        await send_all(dispatch("other", books=elsewhere))
        assert len(receiver.requests) == 1
        clock.advance(seconds=70)
        await send_all(dispatch("other", books=elsewhere))
        assert len(receiver.requests) == 3


async def test_one_that_rests_delays_nobody(db, clock, alert, dispatch):
    busy = Answer(status=503, headers={"retry-after": "3600"})
    async with http_receiver(answer=busy) as resting, http_receiver() as well:
        await follow(db, "a-resting", resting)
        dispatcher = dispatch(slots=2)
        await alert()
        await send_all(dispatcher)
        await alert(30)  # all of them due before those of the other
        await follow(db, "b-well", well)
        await alert(3)
        await send_all(dispatcher)
        assert len(well.requests) == 3
        assert len(resting.requests) == 1
    assert await count(db, Attempt) == 4


async def test_those_that_hang_hold_their_share_and_no_more(db, alert, dispatch):
    hang = Answer(hang=True)
    async with http_receiver(answer=hang) as stuck, http_receiver() as well:
        await follow(db, "a-stuck", stuck)
        await alert(40)
        stop, dispatcher = asyncio.Event(), dispatch(slots=4)
        running = asyncio.create_task(dispatcher.run(stop, 0))
        await stuck.wait_for(4)
        await follow(db, "b-well", well)
        await alert(40)
        await well.wait_for(40)
        assert len(stuck.requests) <= 4 * 4
        stop.set()
        dispatcher._office.bell.ring()
        await running


async def test_one_that_hangs_keeps_no_other_behind_the_same_gateway_waiting(db, alert, dispatch):
    async def behave(reader, writer):
        while b"/stuck" not in await hear(reader):
            writer.write(b"HTTP/1.1 204 Well\r\n\r\n")
        await reader.read()

    async with (
        misbehaving(behave) as gateway,
        WebhookSender(loopback_allowed=True, deadline=600, each=2) as patient,
    ):
        for name in ("stuck", "well"):
            url = f"http://{gateway.host}:{gateway.port}/{name}"
            await add_receiver(db, name, url)
            await subscribe(db, f"all-{name}", [name])
        await alert(6)
        stop, dispatcher = asyncio.Event(), dispatch(slots=16, webhook=patient)
        running = asyncio.create_task(dispatcher.run(stop, 0))
        async with asyncio.timeout(60):
            while await count(db, Receipt) < 6:  # noqa: ASYNC110 - rows ring no bell
                await asyncio.sleep(0.05)
        assert await rows(db, Attempt, "outcome", "number") == [("delivered", 1)] * 6
        left = await rows(db, Delivery, "destination_id", "attempt")
        assert left == [("stuck", 1)] * 6
        stop.set()
        dispatcher._office.bell.ring()
        await running


async def test_all_the_healthy_are_told_while_one_in_ten_hangs(db, alert, dispatch):
    hang = Answer(hang=True)
    async with (
        http_receiver(answer=hang) as stuck,
        http_receiver() as well,
        WebhookSender(loopback_allowed=True, deadline=600) as patient,
    ):
        for number in range(20):
            await follow(db, f"d-{number:02}", stuck if number % 10 == 0 else well)
        await alert(6)
        stop, dispatcher = asyncio.Event(), dispatch(slots=4, webhook=patient)
        running = asyncio.create_task(dispatcher.run(stop, 0))
        async with asyncio.timeout(60):
            while await count(db, Receipt) < 18 * 6:  # noqa: ASYNC110 - rows ring no bell
                await asyncio.sleep(0.05)
        # Nothing of those that hang has come to an end, nor been given up.
        assert stuck.requests
        left = await rows(db, Delivery, "destination_id", "attempt")
        assert sorted(left) == [("d-00", 1)] * 6 + [("d-10", 1)] * 6
        assert await count(db, Attempt) == 18 * 6
        stop.set()
        dispatcher._office.bell.ring()
        await running


# Limits of its own


async def test_a_rate_is_kept(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver, rate=2)
        await alert(6)
        dispatcher, seen = dispatch(), []
        for _ in range(8):
            await send_all(dispatcher)
            seen.append(len(receiver.requests))
            clock.advance(seconds=0.5)
    assert seen == [2, 3, 4, 5, 6, 6, 6, 6]
    assert ids(receiver) == await in_order(db)


async def test_a_rate_is_shared_by_all_senders(db, elsewhere, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver, rate=1)
        await alert(4)
        mine, other = dispatch(), dispatch("other", books=elsewhere)
        for seconds in range(1, 4):
            await send_all(mine)
            await send_all(other)
            assert len(receiver.requests) == seconds
            clock.advance(seconds=1)


async def test_no_more_are_open_at_once_than_it_asks_for(db, elsewhere, clock, alert, dispatch):
    async with http_receiver(answer=Answer(delay=0.05)) as receiver:
        await follow(db, "desk", receiver, at_once=2)
        await alert(7)
        both = dispatch(), dispatch("other", books=elsewhere)
        most = 0
        while await count(db, Delivery):
            for one in both:
                await one.turn()
            most = max(most, sum(len(one._flying) for one in both))
            await asyncio.sleep(0.01)
            clock.advance(seconds=0.01)
    assert most == 2
    assert len(receiver.requests) == 7


async def test_an_ordered_destination_hears_of_a_subject_step_by_step(db, clock, tell, dispatch):
    async with http_receiver(BUSY) as receiver:
        await follow(db, "desk", receiver, ordered=True)
        await tell("steel", "copper", "steel", "copper", "steel")
        dispatcher = dispatch()
        await send_all(dispatcher)
        # Steel failed: its next step waits for it, and copper goes on.
        steel, copper, *_ = made = await in_order(db)
        assert ids(receiver) == [steel, copper, made[3]]
        clock.advance(seconds=10)
        await send_all(dispatcher)
    assert ids(receiver)[3:] == [steel, made[2], made[4]]
    assert await count(db, Delivery) == 0


async def test_what_is_new_does_not_wait_for_what_was_put_off_in_its_lane(
    db, clock, alert, dispatch
):
    busy = Answer(status=503, headers={"retry-after": "3600"})
    async with http_receiver(OK, busy) as receiver:
        await follow(db, "desk", receiver, at_once=1)
        dispatcher = dispatch()
        await alert(2)
        await send_all(dispatcher)
        async with db.write() as session:  # its rest is over, and the failed one still put off
            await session.execute(update(Pace).values(rests_until=None))
        clock.advance(seconds=10)
        await send_all(dispatcher)
        await alert()
        await send_all(dispatcher)
    assert len(receiver.requests) == 3
    assert await rows(db, Delivery, "attempt") == [(2,)]


async def test_a_lane_with_other_limits_is_looked_at_again(db, clock, tell, dispatch):
    async with http_receiver(BUSY, BUSY) as receiver:
        await follow(db, "desk", receiver, ordered=True)
        dispatcher = dispatch()
        await tell("steel", "steel")
        await send_all(dispatcher)
        clock.advance(seconds=10)
        await send_all(dispatcher)  # it failed twice: five minutes, and the next step behind it
        assert len(receiver.requests) == 2
        async with db.write() as session:
            found = await find_destination(session, DEFAULT, "desk")
            await change_destination(session, replace(found, limits=NONE, updated_at=clock()))
        await send_all(dispatcher)
    assert len(receiver.requests) == 3
    assert await rows(db, Receipt, "outcome") == [("delivered",)]


async def test_what_is_handed_back_in_a_lane_is_taken_by_others_at_once(
    db, elsewhere, clock, alert, dispatch
):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver, at_once=1)
        await alert(2)
        async with db.write() as session:
            (taken,) = await claim_for(session, "leaving", clock())
        async with db.write() as session:
            await hand_back(session, [taken.id], "leaving", clock())
        await send_all(dispatch("other", books=elsewhere))
    assert ids(receiver) == await in_order(db)


# What must not be lost


async def test_what_a_dead_sender_had_of_a_lane_is_taken_over(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver, at_once=1)
        await alert(2)
        async with db.write() as session:
            assert len(await claim_for(session, "dead", clock())) == 1
        await send_all(dispatch())
        assert receiver.requests == []
        clock.advance(seconds=LEASE + 1)
        await send_all(dispatch())
    assert ids(receiver) == await in_order(db)


async def test_a_lane_that_its_row_forgot_is_found_again(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert(2)
        async with db.write() as session:
            await session.execute(update(Delivery).values(lane="desk"))
            session.add(Pace(destination_id="desk"))
        await send_all(dispatch())  # its first turn looks for such lanes
    assert ids(receiver) == await in_order(db)
    assert await rows(db, Pace, "look_at") == [(None,)]


async def test_a_lane_that_was_left_by_a_clock_ahead_is_visited(db, clock, alert):
    await follow(db, "desk", at_once=1)
    await alert(2)
    async with db.write() as session:
        await claim_for(session, "dead", clock() + timedelta(hours=1))
    async with db.write() as session:
        await reopen(session, clock())
    assert await rows(db, Pace, "look_at") == [(clock(),)]


async def test_a_visited_lane_is_no_forgotten_one(db, clock, alert):
    await follow(db, "desk", rate=1)
    await alert(3)
    async with db.write() as session:
        await claim_for(session, "us", clock())
    before = await rows(db, Pace, "look_at")
    async with db.write() as session:
        await reopen(session, NOW + timedelta(hours=1))
    assert await rows(db, Pace, "look_at") == before


async def test_pausing_empties_the_lane_too(db, clock, alert, dispatch):
    async with http_receiver(Answer(status=503, headers={"retry-after": "600"})) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        await alert(3)
        await send_all(dispatch())
        await stop(db, "desk")
        assert (await count(db, Held), await count(db, Delivery)) == (4, 0)
        async with db.write() as session:
            await session.execute(update(Destination).values(state="active"))
            await begin_anew(session, "desk", clock())
            await release(session, "desk", clock())
        await send_all(dispatch())
    assert sorted(ids(receiver)[1:]) == sorted(await in_order(db))


async def stop(db, name):
    async with db.write() as session:
        await disable(session, name, "for now", NOW, "paused")


# The end of patience


async def test_where_nothing_arrives_for_too_long_sending_ends_and_nothing_is_lost(
    db, clock, alert, dispatch
):
    async with http_receiver(answer=BUSY) as receiver:
        await follow(db, "desk", receiver)
        await alert(2)
        await send_all(dispatch())
        clock.advance(hours=71)
        await send_all(dispatch())
        assert await find_failing(db, clock, hours=72) == []
        clock.advance(hours=2)
        (found,) = await find_failing(db, clock, hours=72)
        assert (found.destination_id, found.since) == ("desk", NOW)
        assert await db.run_write(lambda session: disable_if_failing(session, found, clock()))
        assert not await db.run_write(lambda session: disable_if_failing(session, found, clock()))
    ((state, reason),) = await rows(db, Destination, "state", "reason")
    assert state == "disabled"
    assert "nothing has arrived since 2025-04-" in reason
    assert (await count(db, Held), await count(db, Delivery)) == (2, 0)


async def find_failing(db, clock, hours):
    before = clock() - timedelta(hours=hours)
    return list(await db.run_read(lambda session: list_failing(session, before)))


async def test_one_that_recovered_meanwhile_is_left_alone(db, clock, alert, dispatch):
    async with http_receiver(BUSY) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        clock.advance(hours=73)
        (found,) = await find_failing(db, clock, hours=72)
        await send_all(dispatch())
        assert not await db.run_write(lambda session: disable_if_failing(session, found, clock()))
    assert await rows(db, Destination, "state") == [("active",)]


async def test_what_nobody_wanted_for_too_long_ends_with_a_reason(db, clock, alert):
    await follow(db, "desk")
    await alert(2)
    await stop(db, "desk")
    later = NOW + timedelta(days=31)

    async def expire(session):
        return await expire_held(session, later - timedelta(days=30), later)

    assert await db.run_write(lambda session: expire_held(session, NOW, later)) == 0
    assert await db.run_write(expire) == 2
    assert await db.run_write(expire) == 0
    assert await rows(db, Receipt, "outcome", "reason", "attempts") == [("failed", EXPIRED, 0)] * 2
    assert await count(db, Held) == 0
