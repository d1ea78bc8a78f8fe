"""What became of a change that was asked for: not planned, held back, on its way, or arrived."""

from datetime import timedelta
from uuid import UUID

import pytest

from service.core.destination.optin import UNCONFIRMED, UNSUBSCRIBED, UNSUBSCRIBED_BY_READER
from service.core.sending.bounce import Bounce
from service.core.sending.delivery import Reply
from service.core.sending.steering import Act, Gate
from service.dispatch.http import WebhookSender
from service.store.delivery.holding import disable, hold
from service.store.delivery.sending import hold_sending, release_sending
from service.store.delivery.tables import Delivery
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import remove_destination
from service.store.following.subscriptions import change_state
from service.store.following.tables import Destination
from service.store.mail.returned import Return, record_return
from service.store.pacing.failing import expire_held
from service.store.steering.muting import MuteValue, add_mute
from tests.api.samples import measure, rate
from tests.api.why.conftest import TO
from tests.dispatch.office import send_all
from tests.receivers import Answer, http_receiver

BUSY = Reply(accepted=False, status=503, reason="busy")
WRONG = Reply(accepted=False, status=400, reason="unknown field", final=True)
GONE = Reply(accepted=False, status=410, reason="gone")
MAIL = {"kind": "email", "address": "desk@importer.example"}
NIGHT = {"quiet_hours": {"from": "19:00", "to": "06:00"}}  # it is 20:00 when tests begin
PULL = {"kind": "pull"}


# Not planned


async def test_it_is_being_planned(journey):
    await journey.follow()
    await journey.give(measure("e1"))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_yet", "delivery", "fanout")
    assert "being planned" in said


async def test_it_waits_for_approval_and_is_rejected(journey):
    for number in range(3):
        await journey.follow(name=f"s{number}", to=f"d{number}")
    await journey.follow()
    await journey.give(measure("e1"))
    await journey.plan(Gate(audience=2, new_events=5))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "awaiting_approval")
    assert "its source is new" in said
    await journey.say(Act.REJECT, "a joke")
    assert (await journey.stop())[2] == "rejected"
    assert "rejected: nobody is told of it by kim (a joke)" in (await journey.stop())[3]


async def test_a_reader_who_unsubscribed_gets_no_alert(journey):
    await journey.follow(**MAIL)
    await journey.set(Destination, TO, state=UNSUBSCRIBED, reason=UNSUBSCRIBED_BY_READER)
    await journey.tell(measure("e1"))
    verdict, stage, setting, said = await journey.stop(to="Desk@importer.example")
    assert (verdict, stage, setting) == ("not_told", "delivery", "opt-in")
    assert "its reader has unsubscribed" in said


# Held back


async def test_a_subscription_is_paused(journey):
    await journey.follow(state="paused")
    await journey.tell(measure("e1"))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "paused")
    assert "“sub_desk” is paused" in said
    assert "/v1/subscriptions/sub_desk/resume" in said
    await journey.db.run_write(
        lambda session: change_state(session, "sub_desk", "active", journey.clock())
    )


@pytest.mark.parametrize(("state", "reason"), [("paused", ""), ("disabled", "gone since May")])
async def test_a_destination_is_stopped(journey, state, reason):
    await journey.follow()
    await journey.set(Destination, TO, state=state, reason=reason)
    await journey.tell(measure("e1"))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", state)
    assert f"its destination is {state}" in said
    assert reason in said


async def test_a_reader_has_not_confirmed_yet(journey):
    await journey.follow(**MAIL)
    await journey.set(Destination, TO, state=UNCONFIRMED, reason="")
    await journey.tell(measure("e1"))
    assert (await journey.stop())[:3] == ("not_told", "delivery", "opt-in")


async def test_a_bounce_suppresses_the_address_and_its_code_is_said(journey):
    await journey.follow(**MAIL)
    await journey.tell(measure("e1"))
    await journey.send()
    [one] = (await journey.api.get("/v1/deliveries")).json()["items"]
    told = Return(UUID(one["id"]), Bounce.HARD, "550 5.1.1 user unknown")
    await journey.db.run_write(lambda session: record_return(session, told, journey.clock()))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "receipt", "suppression")
    assert "550 5.1.1 user unknown" in said
    await journey.tell(measure("e2", measure="another"))
    verdict, stage, setting, said = await journey.stop("2")
    assert (verdict, stage, setting) == ("not_told", "delivery", "suppression")
    assert "550 5.1.1 user unknown" in said


async def test_a_soft_bounce_is_the_end_of_one_mail(journey):
    await journey.follow(**MAIL)
    await journey.tell(measure("e1"))
    await journey.send()
    [one] = (await journey.api.get("/v1/deliveries")).json()["items"]
    told = Return(UUID(one["id"]), Bounce.SOFT, "452 mailbox full")
    await journey.db.run_write(lambda session: record_return(session, told, journey.clock()))
    assert (await journey.stop())[1:3] == ("receipt", "bounce")


@pytest.mark.parametrize(
    ("wishes", "fields", "setting", "said"),
    [
        ({"digest": {"every": "day", "at": "07:00"}}, {}, "digest", "until 10 Apr 2025 07:00"),
        (NIGHT, {}, "quiet_hours", "quiet hours, until 10 Apr 2025 06:00"),
        ({"hourly_cap": 1}, {}, "hourly_cap", "until 9 Apr 2025 21:00"),
        ({"group": True}, {}, "group", "the other changes of its law"),
    ],
)
async def test_it_waits_for_others_or_for_an_hour(journey, wishes, fields, setting, said):
    await journey.follow()
    await journey.wish(**wishes)
    await journey.tell(measure("e0", measure="first", duty=rate("10"), **fields))
    await journey.claim()
    await journey.tell(measure("e1", measure="second", duty=rate("10"), **fields))
    await journey.claim()
    verdict, stage, named, words = await journey.stop("2")
    assert (verdict, stage, named) == ("not_yet", "delivery", f"preferences.{setting}")
    assert said in words


async def test_what_waited_is_told_in_a_digest(journey):
    await journey.follow()
    await journey.wish(digest={"every": "day", "at": "07:00"})
    await journey.tell(measure("e1", duty=rate("10")), measure("e2", measure="b", duty=rate("10")))
    await journey.claim()
    journey.clock.advance(hours=12)
    await journey.let_go()
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_yet", "delivery", "queue")
    assert "It is told in a digest, " in said
    await journey.send()
    found = await journey.ask()
    assert found["verdict"] == "told"
    assert "took it on 10 Apr 2025 08:00 UTC" in found["said"]


async def test_a_person_halted_it_or_recalled_it(journey):
    await journey.follow()
    await journey.follow(name="later", to="dst_zzz")
    await journey.tell(measure("e1"))
    await journey.say(Act.HALT, "wrong figure")
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "halted")
    assert "halted by kim (wrong figure)" in said
    await journey.say(Act.RECALL, "wrong figure")
    assert (await journey.stop())[1:3] == ("delivery", "recalled")  # it may be landing still
    journey.clock.advance(minutes=5)
    await journey.run_errands()
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "cancelled")
    assert "recalled" in said


async def test_it_was_halted_before_it_was_planned(journey):
    await journey.follow()
    await journey.give(measure("e1"))
    await journey.say(Act.HALT)
    assert (await journey.stop())[1:3] == ("delivery", "halted")


async def test_what_was_told_and_then_recalled_says_both(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    await journey.send()
    await journey.say(Act.RECALL)
    found = await journey.ask()
    assert found["verdict"] == "told"
    assert "recalled since, and a correction follows it" in found["said"]


async def test_its_subject_is_muted(journey):
    await journey.follow()
    mute = MuteValue(
        id="mut_1",
        account_id=DEFAULT,
        destination_id="",
        subject="measure:us-ieepa-reciprocal-cn",
        until=journey.clock() + timedelta(days=1),
        except_critical=False,
        note="our holiday",
        who="kim",
        created_at=journey.clock(),
    )
    await journey.db.run_write(lambda session: add_mute(session, mute))
    await journey.tell(measure("e1"))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "mute")
    assert "by kim: our holiday" in said


async def test_it_gave_way_to_a_newer_one(journey):
    await journey.follow()
    await journey.set_steps("latest")
    await journey.tell(measure("e1", duty=rate("10")))
    await journey.tell(measure("e2", action="increased", duty=rate("20")))
    verdict, stage, setting, said = await journey.stop()
    newer = (await journey.ask("2"))["delivery"]
    assert (verdict, stage, setting) == ("not_told", "delivery", "steps")
    assert newer in said


async def test_sending_is_held_as_a_whole(journey, desk):
    await journey.follow()
    await journey.tell(measure("e1"))
    now = journey.clock()
    await journey.db.run_write(lambda session: hold_sending(session, "restored", now))
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "hold")
    assert "all sending is held since 9 Apr 2025 20:00 UTC (restored)." in said
    await journey.api.post("/v1/sending/release")
    journey.clock.advance(hours=1)
    await journey.api.post("/v1/sending/hold", json={"reason": "an audit"})
    said = (await journey.stop())[3]
    assert "all sending is held since 9 Apr 2025 21:00 UTC by api (an audit)." in said
    assert "tariffwire send release" in said
    deeds = (await journey.api.get("/v1/audit", params={"object": "sending"})).json()["items"]
    assert [one["action"] for one in deeds] == ["release", "hold"]
    await journey.db.run_write(lambda session: release_sending(session, now))
    journey.clock.advance(hours=1)
    later = journey.clock()
    await journey.db.run_write(lambda session: hold_sending(session, "restored", later))
    assert "by api" not in (await journey.stop())[3]


async def test_its_destination_was_paused_while_it_waited(journey):
    await journey.follow()
    await journey.wish(digest={"every": "day", "at": "07:00"})
    await journey.tell(measure("e1"))
    await journey.claim()
    assert (await journey.stop())[0] == "not_yet"
    answer = await journey.api.patch(f"/v1/destinations/{TO}", json={"state": "paused"})
    assert answer.status_code == 200, answer.text
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "paused")
    assert "It waits for the digest" in said
    assert "its destination is paused" in said


async def test_its_address_is_not_among_those_that_may_be_written_to(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    now = journey.clock()
    aside = Delivery.destination_id == TO
    await journey.db.run_write(lambda session: hold(session, "sending", now, aside))
    assert "not among those that may be written to" in (await journey.stop())[3]


# On its way


async def test_it_is_in_the_queue(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    assert (await journey.stop())[:3] == ("not_yet", "delivery", "queue")


async def test_it_failed_and_is_tried_again(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    await journey.send(BUSY)
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_yet", "delivery", "retry")
    assert "Attempt 1 on 9 Apr 2025 20:00 UTC failed (503): busy." in said


async def test_its_destination_rests(journey):
    await journey.follow()
    for number in range(6):
        await journey.tell(measure(f"e{number}", measure=f"m{number}"))
        await journey.send(BUSY)
        journey.clock.advance(seconds=1)
    verdict, stage, setting, said = await journey.stop("6")
    assert (verdict, stage, setting) == ("not_yet", "delivery", "breaker")
    assert "failures in a row" in said


async def test_it_waits_its_turn_at_the_rate_of_its_destination(journey):
    await journey.follow()
    await journey.set(Destination, TO, rate=0.5)
    await journey.tell(*(measure(f"e{number}", measure=f"m{number}") for number in range(3)))
    await journey.claim()
    await journey.claim()
    verdict, stage, setting, said = await journey.stop("3")
    assert (verdict, stage, setting) == ("not_yet", "delivery", "rate")
    assert "at 0.5 a second" in said


# Ended


async def test_its_receiver_did_not_take_it(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    await journey.send(WRONG)
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "receipt", "receiver")
    assert "unknown field" in said


async def test_a_receiver_that_is_gone_is_disabled(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    await journey.send(GONE)
    verdict, stage, setting, said = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "disabled")
    assert "the receiver said that it is gone" in said


async def test_it_was_held_for_too_long(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    now = journey.clock()
    await journey.db.run_write(lambda session: disable(session, TO, "gone", now))
    later = now + timedelta(days=31)
    await journey.db.run_write(lambda session: expire_held(session, later, later))
    verdict, stage, setting, _ = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "TARIFFWIRE_KEEP_HELD_DAYS")


async def test_its_destination_was_removed(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    now = journey.clock()
    await journey.db.run_write(lambda session: remove_destination(session, TO, now))
    verdict, stage, setting, _ = await journey.stop()
    assert (verdict, stage, setting) == ("not_told", "delivery", "cancelled")
    assert (await journey.ask())["to"]["state"] == "removed"


async def test_a_receiver_that_asks_finds_it_ready(journey):
    await journey.follow(**PULL)
    await journey.tell(measure("e1"))
    found = await journey.ask()
    assert found["verdict"] == "told"
    assert "lies ready for its receiver" in found["said"]


async def test_it_arrived_and_why_it_was_sent_and_on_what_it_rests(journey):
    async with http_receiver(Answer(status=503)) as receiver:
        await journey.follow({"importer": "US", "origin": "CN"}, address=receiver.url)
        await journey.tell(measure("e1"))
        async with WebhookSender(loopback_allowed=True, deadline=5) as webhooks:
            await send_all(journey.dispatcher(webhook=webhooks))
            journey.clock.advance(minutes=10)
            await send_all(journey.dispatcher(webhook=webhooks))
        found = await journey.ask("e1", to=receiver.url)
        name = receiver.requests[-1].headers["webhook-id"]
    assert found["verdict"] == "told"
    assert found["delivery"] == name
    assert f"at attempt 2, as webhook-id {name}" in found["said"]
    assert "“sub_desk”, lane 1: the US levies it" in found["said"]
    assert "Law: EO 14266." in found["said"]
    assert found["rests_on"]["citations"][0]["number"] == "14266"
    assert found["stages"][-1]["at"].startswith("2025-04-09T20:10")
    [asked] = found["subscriptions"]
    assert (asked["matches"], asked["lane"]) == (True, 1)
