"""Sending again: one delivery, all that failed, a change to one destination."""

import hashlib
import json
from datetime import timedelta

import pytest
from sqlalchemy import update

import service.dispatch.plan as planning
from service.core.sending.delivery import WAITS, delivery_id
from service.core.sending.steering import Act, NotPossible
from service.dispatch.plan import Planner
from service.store.again import resending
from service.store.again.resending import find_losses
from service.store.delivery.holding import disable, release
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt
from service.store.following.destinations import remove_destination
from service.store.following.tables import Destination
from service.store.steering.errands import begin, find_errand, name_destination
from service.store.steering.tables import Audit, FormerReceipt
from service.telemetry import Metrics
from tests.books import NOW, add_receiver, consumer_of, count, rows, silent, take
from tests.core.builders import measure
from tests.dispatch.office import follow, send_all
from tests.dispatch.steering import again, alerts, change_of, recovery, run_errands, say, tell
from tests.receivers import Answer, http_receiver


async def only_alert(db):
    ((identity,),) = await alerts(db, "id")
    return identity


async def fail_all(db, clock, dispatch):
    """Ten attempts over three days."""
    for number in range(len(WAITS) + 1):
        await send_all(dispatch(f"s{number}"))
        clock.advance(hours=30)


async def test_a_delivered_one_is_sent_again_with_the_same_id_and_bytes(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        former = await again(db, clock, await only_alert(db))
        assert (former.outcome, former.attempts) == ("delivered", 1)
        assert await count(db, Receipt) == 0
        clock.advance(minutes=1)
        await send_all(dispatch("later"))
    first, second = receiver.requests
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.body == first.body
    digest = hashlib.sha256(first.body).hexdigest()
    assert await rows(db, Receipt, "outcome", "attempts", "sha256") == [("delivered", 2, digest)]
    assert await rows(db, FormerReceipt, "number", "attempts", "sha256") == [(1, 1, digest)]
    assert [row for (row,) in await rows(db, Attempt, "number")] == [1, 2]


async def test_each_end_is_kept(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        identity = await only_alert(db)
        for number in range(3):
            await send_all(dispatch(f"s{number}"))
            await again(db, clock, identity, f"time {number}")
    assert await rows(db, FormerReceipt, "number", "attempts") == [(1, 1), (2, 2), (3, 3)]
    written = await rows(db, Audit, "number", "who", "action", "object", "detail")
    assert [one[:4] for one in written] == [
        (number, "kim", "resend", f"delivery:{identity}") for number in (1, 2, 3)
    ]
    assert json.loads(written[0][4]) == {"reason": "time 0", "former": "delivered"}


async def test_a_failed_one_gets_the_whole_schedule_again(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(status=500)) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await fail_all(db, clock, dispatch)
        assert await rows(db, Receipt, "outcome", "attempts") == [("failed", 10)]
        await again(db, clock, await only_alert(db))
        await send_all(dispatch("later"))
        ((attempt, due),) = await rows(db, Delivery, "attempt", "visible_at")
        assert attempt == 12
        assert due == clock() + timedelta(seconds=WAITS[0])
        await fail_all(db, clock, dispatch)
    assert await rows(db, Receipt, "outcome", "attempts") == [("failed", 20)]
    assert len(receiver.requests) == 20


async def test_what_has_not_ended_is_refused(db, clock, alert):
    await follow(db, "desk")
    await alert()
    with pytest.raises(NotPossible, match="has not ended"):
        await again(db, clock, await only_alert(db))
    assert await count(db, Delivery) == 1
    assert await count(db, Audit) == 0


async def test_at_a_stopped_destination_it_is_held(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        async with db.write() as session:
            await disable(session, "desk", "by its owner", clock(), "paused")
        await again(db, clock, await only_alert(db))
        assert await rows(db, Held, "owner_id", "attempt") == [("desk", 2)]
        async with db.write() as session:
            await session.execute(update(Destination).values(state="active"))
            await release(session, "desk", clock())
        await send_all(dispatch("later"))
    assert len(receiver.requests) == 2


async def test_of_a_stopped_change_or_to_nobody_nothing_is_sent(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        await say(db, clock, Act.HALT)
        with pytest.raises(NotPossible, match="it is halted"):
            await again(db, clock, await only_alert(db))
        await say(db, clock, Act.RECALL)
        (original, correction) = [identity for (identity,) in await alerts(db, "id")]
        await send_all(dispatch("later"))
        with pytest.raises(NotPossible, match="was recalled"):
            await again(db, clock, original)
        assert await again(db, clock, correction)
        await send_all(dispatch("once more"))
    assert len(receiver.requests) == 3
    async with db.write() as session:
        await remove_destination(session, "desk", clock())
    with pytest.raises(NotPossible, match="destination was removed"):
        await again(db, clock, correction)


# Recovering a destination


async def test_all_that_failed_since_is_sent_again_in_order_page_by_page(
    db, clock, alert, dispatch, monkeypatch
):
    monkeypatch.setattr(resending, "_LOST", resending._LOST.limit(2))
    monkeypatch.setattr("service.store.steering.errands.PAGE", 2)
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert(7)
        await send_all(dispatch())
        made = [identity for (identity,) in await alerts(db, "id")]
        async with db.write() as session:
            failed = update(Receipt).values(outcome="failed", reason="given up")
            await session.execute(failed.where(Receipt.delivery_id.in_(made[1:])))
            early = update(Receipt).values(finished_at=NOW - timedelta(days=1))
            await session.execute(early.where(Receipt.delivery_id == made[1]))
        async with db.read() as session:
            losses = await find_losses(session, "desk", NOW, 3)
        assert (losses.failed, losses.changes, len(losses.some)) == (5, 5, 3)
        assert losses.seconds > 0
        async with db.write() as session:
            await begin(session, recovery(clock))
        assert await run_errands(db, clock) == 3
        async with db.read() as session:
            assert (await find_errand(session, name_destination("desk"))).done == 5
        receiver.requests.clear()
        await send_all(dispatch("later", slots=1))
    assert [one.headers["webhook-id"] for one in receiver.requests] == [
        str(identity) for identity in made[2:]
    ]
    assert await count(db, FormerReceipt) == 5


async def test_a_recovery_leaves_out_what_was_recalled(db, clock, alert, dispatch):
    await follow(db, "desk")
    await alert(2)
    async with http_receiver(answer=Answer(status=500)) as receiver:
        async with db.write() as session:
            await session.execute(update(Destination).values(address=receiver.url))
        await fail_all(db, clock, dispatch)
    await say(db, clock, Act.RECALL, number=2)
    async with db.write() as session:
        await begin(session, recovery(clock))
    await run_errands(db, clock)
    change = await change_of(db)
    assert await rows(db, Delivery, "id") == [(delivery_id("desk", str(change.id)),)]


async def test_a_recovery_of_a_destination_that_went_away_ends(db, clock):
    async with db.write() as session:
        await begin(session, recovery(clock))
    assert await run_errands(db, clock) == 1
    assert await run_errands(db, clock) == 0


# A change to one destination


async def test_a_change_is_told_to_one_that_was_not_told(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await alert()
        await add_receiver(db, "young", receiver.url)
        told = await tell(db, clock, "young")
        assert told.former is None
        await send_all(dispatch())
        (request,) = receiver.requests
        matched = json.loads(request.body)["data"]["matched"]
        assert [one["reason"] for one in matched] == ["replayed by kim: they asked"]
        assert request.headers["webhook-id"] == str(told.id)
        clock.advance(minutes=1)
        once_more = await tell(db, clock, "young")
        await send_all(dispatch("later"))
    assert (once_more.id, once_more.former.outcome) == (told.id, "delivered")
    assert len(receiver.requests) == 2
    assert [what for (what,) in await rows(db, Audit, "action")] == ["replay", "resend"]


async def test_a_change_that_is_being_planned_is_not_told_beside(
    db, log, clock, dispatch, monkeypatch
):
    monkeypatch.setattr(planning, "DESTINATIONS", 1)
    await follow(db, "a")
    await follow(db, "b")
    await take(consumer_of(db, log, clock), db, measure("law", rate="25"))
    await Planner(db, clock, Metrics(), silent).step()
    with pytest.raises(NotPossible, match="still being planned"):
        await tell(db, clock, "b")
    while await Planner(db, clock, Metrics(), silent).step():
        pass
    with pytest.raises(NotPossible, match="has not ended"):
        await tell(db, clock, "b")
    assert await count(db, Alert) == 2


async def test_a_recalled_change_is_told_to_nobody(db, clock, alert):
    await alert()
    await add_receiver(db, "young")
    await say(db, clock, Act.RECALL)
    with pytest.raises(NotPossible, match="was recalled"):
        await tell(db, clock, "young")
