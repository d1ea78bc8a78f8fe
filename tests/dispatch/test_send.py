"""Claim, transmit, settle: on real books, to real receivers."""

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from service.core.sending.delivery import Delivered, Refused, Reply, TryLater, judge
from service.dispatch.mail import MailSender
from service.store.delivery.holding import disable, release
from service.store.delivery.settling import Transmitted, settle
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt, Rendered
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from service.store.following.tables import Destination
from tests.books import NOW, SECRET, add_receiver, count, rows, subscribe
from tests.dispatch.office import LEASE, claim_for, follow, send_all
from tests.receivers import Answer, http_receiver, smtp_receiver


async def due(db, clock, lease="us", limit=100):
    async with db.write() as session:
        return await claim_for(session, lease, clock(), limit)


def back(one, reply, at=NOW):
    """A claimed delivery as it comes back with this reply."""
    outcome = judge(reply, one.attempt, 0.5)
    return Transmitted(one, b"body", "sha", reply, outcome, at)


OK = Reply(accepted=True, status=204, reason="taken")
BUSY = Reply(accepted=False, status=500, reason="busy")
GONE = Reply(accepted=False, status=410, reason="gone")
OURS = Reply(accepted=False, status=None, reason="no route", ours=True)


# The queue


async def test_what_is_claimed_is_hidden_from_other_senders(db, clock, alert):
    await follow(db, "desk")
    await alert(3)
    assert len(await due(db, clock, limit=2)) == 2
    assert len(await due(db, clock, "other")) == 1
    assert await due(db, clock, "third") == []


async def test_a_lease_that_has_run_out_is_taken_over(db, clock, alert):
    await follow(db, "desk")
    await alert()
    (first,) = await due(db, clock)
    clock.advance(seconds=LEASE)
    (second,) = await due(db, clock, "other")
    assert second == first


@pytest.mark.parametrize("reply", [OK, BUSY, GONE])
async def test_a_late_settle_by_the_old_owner_changes_nothing(db, clock, alert, reply):
    await follow(db, "desk")
    await alert()
    (mine,) = await due(db, clock)
    clock.advance(seconds=LEASE)
    await due(db, clock, "other")
    tables = (Delivery, Attempt, Receipt, Rendered, Held, Destination)
    before = [await rows(db, table) for table in tables]
    async with db.write() as session:
        assert await settle(session, "us", [back(mine, reply)]) == []
    assert [await rows(db, table) for table in tables] == before


async def test_it_is_claimed_in_the_order_of_becoming_due_and_what_is_critical_first(
    db, clock, alert
):
    await follow(db, "desk")
    for _ in range(4):
        await alert()
        clock.advance(seconds=1)
    first, second, third, last = [one for (one,) in await rows(db, Alert, "id", order="number")]
    async with db.write() as session:
        await session.execute(update(Delivery).values(urgency=1))
        await session.execute(update(Delivery).where(Delivery.id == third).values(urgency=0))
    found = [(await due(db, clock, limit=1))[0].id for _ in range(4)]
    assert found == [third, first, second, last]


async def test_nothing_is_claimed_before_it_is_due(db, clock, alert):
    await follow(db, "desk")
    await alert()
    (mine,) = await due(db, clock)
    async with db.write() as session:
        await settle(session, "us", [back(mine, BUSY)])
    assert await rows(db, Delivery, "visible_at") == [(NOW + timedelta(seconds=5),)]
    clock.advance(seconds=4.9)
    assert await due(db, clock) == []
    clock.advance(seconds=0.1)
    (again,) = await due(db, clock)
    assert (again.attempt, again.rendered) == (2, b"body")


async def test_our_own_fault_uses_no_attempt_and_the_real_one_takes_its_place(db, clock, alert):
    await follow(db, "desk")
    await alert()
    for _ in range(3):
        (mine,) = await due(db, clock)
        assert mine.attempt == 1
        async with db.write() as session:
            await settle(session, "us", [back(mine, OURS)])
        clock.advance(days=2)
    assert await rows(db, Attempt, "number", "outcome", "reason") == [(1, "try_later", "no route")]
    (mine,) = await due(db, clock)
    async with db.write() as session:
        await settle(session, "us", [back(mine, OK)])
    assert await rows(db, Attempt, "number", "outcome", "status") == [(1, "delivered", 204)]
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)]


async def test_a_410_disables_the_destination_and_holds_what_waits_for_it(db, clock, alert):
    await follow(db, "desk")
    await follow(db, "neighbour")
    await alert(3)
    claimed = [one for one in await due(db, clock) if one.destination_id == "desk"]
    replies = zip(claimed, (OK, GONE, BUSY), strict=True)
    async with db.write() as session:
        await settle(session, "us", [back(one, reply) for one, reply in replies])
        desk = await find_destination(session, DEFAULT, "desk")
    assert desk.state == "disabled"
    assert desk.reason == "the receiver said that it is gone: gone"
    delivered, gone, busy = (one.id for one in claimed)
    assert await rows(db, Receipt, "delivery_id", "outcome") == [(delivered, "delivered")]
    held = {row[0]: row[1:] for row in await rows(db, Held, "delivery_id", "owner_id", "attempt")}
    assert held == {gone: ("desk", 2), busy: ("desk", 2)}
    assert {name for (name,) in await rows(db, Delivery, "destination_id")} == {"neighbour"}


async def test_what_was_held_is_sent_with_the_same_bytes_once_enabled(db, clock, alert):
    await follow(db, "desk")
    await alert()
    (mine,) = await due(db, clock)
    async with db.write() as session:
        await settle(session, "us", [back(mine, GONE)])
    await enable(db, clock, "desk")
    (again,) = await due(db, clock)
    assert (again.id, again.attempt, again.rendered) == (mine.id, 2, b"body")
    async with db.write() as session:
        await settle(session, "us", [back(again, OK)])
    assert await rows(db, Attempt, "number", "outcome") == [(1, "refused"), (2, "delivered")]


async def enable(db, clock, name):
    async with db.write() as session:
        await session.execute(update(Destination).values(state="active"))
        await release(session, name, clock())


async def test_ten_failures_are_the_end(db, clock, alert):
    await follow(db, "desk")
    await alert()
    for _ in range(10):
        (mine,) = await due(db, clock)
        async with db.write() as session:
            await settle(session, "us", [back(mine, BUSY, clock())])
        clock.advance(days=2)
    assert await due(db, clock) == []
    assert await rows(db, Receipt, "outcome", "attempts") == [("failed", 10)]
    assert await count(db, Attempt) == 10
    assert await count(db, Rendered) == await count(db, Delivery) == 0


async def test_an_attempt_is_recorded_with_all_that_was_met(db, clock, alert):
    await follow(db, "desk")
    await alert()
    (mine,) = await due(db, clock)
    reply = Reply(
        accepted=False,
        status=503,
        reason="x" * 5000,
        peer="127.0.0.1:80",
        excerpt=b"\x00later",
        timings={"connect": 0.25, "total": 1.5},
    )
    async with db.write() as session:
        await settle(session, "us", [back(mine, reply)])
    names = ("status", "peer", "response", "seconds", "timings", "reason")
    ((status, peer, response, seconds, timings, reason),) = await rows(db, Attempt, *names)
    assert (status, peer, response) == (503, "127.0.0.1:80", b"\x00later")
    assert (seconds, json.loads(timings)["connect"]) == (1.5, 0.25)
    assert len(reason) == 1000


# The dispatcher


async def test_an_alert_is_delivered_signed_and_receipted(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(body=b"thanks", status=200)) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
    (request,) = receiver.requests
    ((alert_id,),) = await rows(db, Alert, "id")
    assert request.headers["webhook-id"] == str(alert_id)
    signed = Webhook(SECRET).sign(str(alert_id), NOW, request.body.decode())
    assert request.headers["webhook-signature"] == signed
    digest = hashlib.sha256(request.body).hexdigest()
    assert await rows(db, Receipt, "delivery_id", "outcome", "attempts", "sha256") == [
        (alert_id, "delivered", 1, digest)
    ]
    assert await rows(db, Attempt, "number", "outcome", "status", "response") == [
        (1, "delivered", 200, b"thanks")
    ]
    assert await count(db, Delivery) == await count(db, Rendered) == 0


async def test_retries_carry_the_same_bytes_and_the_same_id(db, clock, alert, dispatch):
    script = [Answer(status=500), Answer(status=429, headers={"retry-after": "900"}), Answer()]
    async with http_receiver(*script) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        for lease in "abc":
            await send_all(dispatch(lease))
            clock.advance(hours=1)
    first, *others = receiver.requests
    assert len(others) == 2
    for request in others:
        assert request.body == first.body
        assert request.headers["webhook-id"] == first.headers["webhook-id"]
        assert request.headers["webhook-timestamp"] > first.headers["webhook-timestamp"]
    assert await rows(db, Attempt, "number", "outcome", "status") == [
        (1, "try_later", 500),
        (2, "try_later", 429),
        (3, "delivered", 204),
    ]
    assert await count(db, Rendered) == 0


async def test_a_410_from_a_receiver_is_the_last_it_hears(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(status=410)) as receiver:
        await follow(db, "desk", receiver)
        await alert(3)
        await send_all(dispatch(slots=1))
        await alert()
        await send_all(dispatch("later"))
    assert len(receiver.requests) == 1
    assert await count(db, Held) == 4
    assert await count(db, Delivery) == await count(db, Receipt) == 0


@asynccontextmanager
async def running(dispatcher):
    """Run it as the service does; leaving stops and drains it."""
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop))
    try:
        yield
    finally:
        stop.set()
        dispatcher._office.bell.ring()
        await task


async def test_a_hanging_receiver_holds_its_slot_and_no_other(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(hang=True)) as stuck, http_receiver() as quick:
        await follow(db, "a-stuck", stuck)
        await alert()
        async with running(dispatch(slots=2)):
            await stuck.wait_for(1)
            await follow(db, "b-quick", quick)
            await db_pause(db, clock, "a-stuck")
            await alert(12)
            await quick.wait_for(12)
            stuck.hang_up()
    assert len(stuck.requests) == 1
    assert len(quick.requests) == 12
    outcomes = await rows(db, Receipt, "outcome")
    assert outcomes.count(("delivered",)) == 12


async def db_pause(db, clock, name):
    """What comes from now on is held; what is in the air is not."""
    async with db.write() as session:
        stopped = update(Destination).where(Destination.id == name).values(state="paused")
        await session.execute(stopped)


async def test_no_more_are_in_the_air_than_there_are_slots(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(delay=0.02)) as receiver:
        await follow(db, "desk", receiver)
        await alert(9)
        dispatcher = dispatch(slots=3)
        most = 0
        while await dispatcher.turn() or dispatcher._flying:
            most = max(most, len(dispatcher._flying))
            await asyncio.sleep(0.001)
    assert most == 3
    assert len(receiver.requests) == 9


async def test_what_arrives_while_its_destination_is_paused_is_delivered_and_not_held(
    db, clock, alert, dispatch
):
    async with http_receiver(answer=Answer(delay=0.1)) as receiver:
        await follow(db, "desk", receiver)
        await alert()
        dispatcher = dispatch()
        await dispatcher.turn()
        async with db.write() as session:
            await disable(session, "desk", "by its owner", clock(), "paused")
        assert await count(db, Held) == 1
        await dispatcher.drain()
    assert await count(db, Held) == 0
    assert await rows(db, Receipt, "outcome") == [("delivered",)]
    assert len(receiver.requests) == await count(db, Attempt) == 1


async def test_stopping_finishes_what_is_in_the_air_and_settles_it(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(delay=0.2)) as receiver:
        await follow(db, "desk", receiver)
        await alert(3)
        async with running(dispatch(slots=2)):
            await receiver.wait_for(2)
    assert len(receiver.requests) == 2
    assert await rows(db, Receipt, "outcome") == [("delivered",)] * 2
    ((lease, attempt),) = await rows(db, Delivery, "lease", "attempt")
    assert (lease, attempt) == (None, 1)


class Buggy:
    """A sender with a fault of ours in it, for one address."""

    def __init__(self, sender, address):
        self._sender = sender
        self._address = address

    async def send(self, parcel):
        if parcel.address == self._address:
            message = "a bug"
            raise KeyError(message)
        return await self._sender.send(parcel)


async def test_a_bug_of_ours_costs_neither_an_attempt_nor_the_others(
    db, clock, alert, dispatch, webhooks
):
    async with http_receiver() as good, http_receiver() as unlucky:
        await follow(db, "a-unlucky", unlucky)
        await follow(db, "b-good", good)
        await alert()
        await send_all(dispatch(webhook=Buggy(webhooks, unlucky.url)))
        assert await rows(db, Attempt, "number", "outcome", order="outcome") == [
            (1, "delivered"),
            (1, "try_later"),
        ]
        assert await rows(db, Delivery, "destination_id", "attempt") == [("a-unlucky", 1)]
        clock.advance(days=2)
        await send_all(dispatch("mended"))
    assert len(good.requests) == len(unlucky.requests) == 1
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)] * 2
    assert await rows(db, Attempt, "number", "outcome") == [(1, "delivered")] * 2


async def test_our_own_fault_is_tried_ever_more_rarely_and_by_any_sender(
    db, clock, alert, dispatch, webhooks
):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        waits = []
        for sender in range(9):
            buggy = Buggy(webhooks, receiver.url)
            await send_all(dispatch(f"sender-{sender}", webhook=buggy))
            ((due, attempt),) = await rows(db, Delivery, "visible_at", "attempt")
            waits.append((due - clock()).total_seconds())
            assert attempt == 1
            clock.advance(seconds=waits[-1])
        await send_all(dispatch("mended"))
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert await rows(db, Receipt, "outcome", "attempts") == [("delivered", 1)]


async def test_what_cannot_be_written_keeps_no_empty_bytes_for_its_retries(
    db, clock, alert, dispatch
):
    async with http_receiver() as receiver:
        await follow(db, "desk", receiver)
        await alert()
        ((matched,),) = await rows(db, Alert, "matched")
        await _spoil(db, matched=b'[{"lane": "missing all else"}]')
        await send_all(dispatch())
        ((outcome, reason),) = await rows(db, Attempt, "outcome", "reason")
        assert (outcome, await count(db, Rendered)) == ("try_later", 0)
        assert reason.startswith("our fault: ")
        await _spoil(db, matched=matched)
        clock.advance(days=2)
        await send_all(dispatch("mended"))
    (request,) = receiver.requests
    assert json.loads(request.body)["data"]["matched"][0]["subscription"] == "all-desk"
    assert await rows(db, Attempt, "number", "outcome") == [(1, "delivered")]


async def _spoil(db, **values):
    async with db.write() as session:
        await session.execute(update(Alert).values(**values))


async def test_a_lease_is_renewed_while_a_slow_receiver_holds_its_slot(db, clock, alert, dispatch):
    async with http_receiver(answer=Answer(hang=True)) as stuck:
        await follow(db, "desk", stuck)
        await alert()
        dispatcher = dispatch()
        await dispatcher.turn()
        for _ in range(6):
            clock.advance(seconds=LEASE / 2)
            await dispatcher.turn()
            assert await due(db, clock, "other") == []
        await stuck.wait_for(1)
        stuck.hang_up()
        await dispatcher.drain()
    assert len(stuck.requests) == 1
    assert await rows(db, Delivery, "attempt", "lease") == [(2, None)]


async def test_a_refusal_of_the_egress_guard_names_the_address(db, clock, alert, dispatch):
    await add_receiver(db, "desk", "http://10.0.0.1/hook")
    await subscribe(db, "all", ["desk"])
    await alert()
    await send_all(dispatch())
    ((outcome, reason),) = await rows(db, Attempt, "outcome", "reason")
    assert outcome == "try_later"
    assert "10.0.0.1" in reason


async def test_emails_go_out_as_a_thread(db, clock, alert, dispatch):
    async with (
        smtp_receiver() as smtp,
        MailSender(smtp.host, smtp.port, sender="w@mail.test") as mails,
    ):
        await follow(db, "box", kind="email", address="ops@example.org")
        await alert()
        await send_all(dispatch(email=mails))
        await alert()
        await send_all(dispatch("b", email=mails))
    first, second = [message_from_bytes(mail.content) for mail in smtp.mails]
    assert second["In-Reply-To"] == first["Message-ID"]
    assert first["In-Reply-To"] is None
    assert await rows(db, Receipt, "outcome") == [("delivered",)] * 2


async def test_attempts_are_counted_by_kind_and_outcome(db, clock, alert, dispatch):
    async with http_receiver(Answer(status=500), Answer()) as receiver:
        await follow(db, "desk", receiver)
        await alert(2)
        dispatcher = dispatch(slots=1)
        await send_all(dispatcher)
    for outcome in ("delivered", "try_later"):
        labels = {"kind": "webhook", "outcome": outcome}
        sample = dispatcher._office.metrics.registry.get_sample_value(
            "tariffwire_deliveries_total", labels
        )
        assert sample == 1


def test_the_replies_of_these_tests_mean_what_they_say():
    assert judge(OK, 1, 0.5) == Delivered()
    assert judge(BUSY, 1, 0.5) == TryLater(5.0)
    assert judge(GONE, 1, 0.5) == Refused("gone", disable=True)
