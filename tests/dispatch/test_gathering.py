"""Digests, quiet hours, caps and laws: what waits, what leaves, and what is then said."""

import json
from email import message_from_bytes, policy
from functools import partial

import jsonschema_rs
import pytest

from service.core.sending.delivery import delivery_id
from service.core.sending.gathering import WINDOW
from service.crash import OF_GATHERING
from service.dispatch.mail import MailSender
from service.store.database import open_database
from service.store.delivery.holding import disable, release
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.following.destinations import remove_destination
from service.store.following.tables import Destination
from service.store.gathering import bundling
from service.store.gathering.tables import Carried, Gathered, Tally
from tests.books import count, rows
from tests.core.message.test_alert_schema import SCHEMA
from tests.dispatch.deaths import die_at
from tests.dispatch.gathering import (
    CRITICAL,
    DAILY,
    NIGHT,
    ORDER,
    bodies,
    find_faults,
    follow_with,
    let_go,
    teller,
    types,
    wish,
)
from tests.dispatch.office import follow, send_all
from tests.dispatch.steering import again, change_of, tell
from tests.receivers import Answer, http_receiver, smtp_receiver


@pytest.fixture
def tell_of(db, log, clock):
    return teller(db, log, clock)


@pytest.fixture
async def receiver():
    async with http_receiver() as opened:
        yield opened


@pytest.fixture
def three_at_most(monkeypatch):
    monkeypatch.setattr(bundling, "MOST", 3)


@pytest.fixture(params=OF_GATHERING)
def die(request, database_url):
    """Let go what is due in a process that dies of it."""
    return partial(die_at, request.param, "gather", database_url)


async def states(db):
    found = await rows(db, Receipt, "outcome")
    return sorted(outcome for (outcome,) in found)


async def test_what_comes_during_a_day_is_told_in_one_message(
    db, clock, dispatch, receiver, tell_of
):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of("5", "6")
    await send_all(dispatch())
    clock.advance(hours=2)
    await tell_of("7")
    await send_all(dispatch())
    assert await let_go(db, clock) == 0
    assert receiver.requests == []
    clock.advance(hours=9)
    assert await let_go(db, clock) == 1
    await send_all(dispatch())
    (body,) = bodies(receiver)
    assert body["type"] == "tariffwire.digest"
    assert body["data"]["caused_by"] == body["subject"] == "digest:2025-04-10"
    assert body["data"]["summary"].startswith("3 tariff changes in your digest of 10 Apr 2025: US")
    assert [one["severity"] for one in body["data"]["changes"]] == ["high"] * 3
    newest = body["data"]["changes"][0]
    assert newest["change"] == str((await change_of(db, 3)).id)
    assert newest["delivery"] == str(delivery_id("desk", newest["change"]))
    assert newest["matched"][0]["subscription"] == "all-desk"
    assert receiver.requests[0].headers["webhook-id"] == body["data"]["delivery"] == body["id"]
    jsonschema_rs.validator_for(SCHEMA).validate(body)
    assert await states(db) == ["delivered", "digested", "digested", "digested"]
    reasons = {reason for outcome, reason in await rows(db, Receipt, "outcome", "reason")}
    assert f"told in {body['id']} (digest:2025-04-10)" in reasons
    assert await count(db, Held) == await count(db, Gathered) == 0
    assert await find_faults(db, clock) == []


async def test_who_is_alone_leaves_as_it_is_and_only_once(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of("5")
    await send_all(dispatch())
    clock.advance(hours=12)
    await let_go(db, clock)
    await send_all(dispatch())
    assert types(receiver) == ["change"]
    assert await states(db) == ["delivered"]
    assert await let_go(db, clock) == 0


async def test_what_is_critical_or_for_others_does_not_wait(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes=DAILY | NIGHT)
    async with http_receiver() as other:
        await follow(db, "other", other)
        await tell_of("5", CRITICAL)
        await send_all(dispatch())
        assert types(other) == ["change", "change"]
    assert [one["data"]["severity"] for one in bodies(receiver)] == ["critical"]


async def test_during_quiet_hours_they_wait_for_the_morning(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes=NIGHT)
    await tell_of("5", "6")
    await send_all(dispatch())
    assert receiver.requests == []
    clock.advance(hours=10)
    await let_go(db, clock)
    await send_all(dispatch())
    await tell_of("7")
    await send_all(dispatch())
    digest, alone = bodies(receiver)
    assert digest["data"]["caused_by"] == "quiet:2025-04-10T06:00"
    assert "from your quiet hours" in digest["data"]["summary"]
    assert alone["type"] == "tariffwire.change"


async def test_beyond_the_cap_the_rest_of_the_hour_is_one_message(
    db, clock, dispatch, receiver, tell_of
):
    await follow_with(db, "desk", receiver, wishes={"hourly_cap": 2})
    await tell_of("5", "6", "7", CRITICAL)
    await send_all(dispatch())
    clock.advance(minutes=30)
    await tell_of("8")
    await send_all(dispatch())
    assert types(receiver) == ["change"] * 3
    assert await rows(db, Tally, "destination_id", "sent") == [("desk", 3)]
    clock.advance(minutes=30)
    await let_go(db, clock)
    await tell_of("9", "9.5")
    await send_all(dispatch())
    assert types(receiver)[3:] == ["digest", "change"]  # which fill the next hour
    assert len(bodies(receiver)[3]["data"]["changes"]) == 2


async def test_the_changes_of_one_law_come_as_one(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes={"group": True})
    await tell_of("5", CRITICAL, "7", instrument=ORDER)
    await tell_of("8", instrument=ORDER | {"number": "EO 14289"})
    await send_all(dispatch())
    clock.advance(seconds=20)
    await tell_of("9", instrument=ORDER)
    await send_all(dispatch())
    clock.advance(seconds=WINDOW.total_seconds() - 20)
    await let_go(db, clock)
    await send_all(dispatch())
    found = {one["type"]: one["data"] for one in bodies(receiver)}
    assert sorted(types(receiver)) == ["change", "digest"]
    assert found["tariffwire.digest"]["caused_by"] == "instrument:executive_order:EO 14257"
    assert found["tariffwire.digest"]["summary"].startswith("4 tariff changes by EO 14257: US duty")
    worst = found["tariffwire.digest"]["changes"][0]
    assert worst["severity"] == "critical"
    assert found["tariffwire.digest"]["severities"] == {"critical": 1, "high": 3}


async def test_what_there_is_no_room_for_is_counted(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of(*["5"] * 40)
    await send_all(dispatch())
    clock.advance(hours=12)
    await let_go(db, clock)
    await send_all(dispatch())
    (request,) = receiver.requests
    data = json.loads(request.body)["data"]
    assert len(request.body) < 20_000
    assert data["count"] == 40 == len(data["changes"]) + data["changes_more"]
    assert data["href"].endswith(f"/v1/deliveries/{data['delivery']}")


@pytest.mark.usefixtures("three_at_most")
async def test_very_many_make_more_than_one(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of(*["5"] * 7)
    await send_all(dispatch())
    clock.advance(hours=12)
    assert await let_go(db, clock) == 3
    await send_all(dispatch())
    assert sorted(types(receiver)) == ["change", "digest", "digest"]
    told = [one["change"] for body in bodies(receiver) for one in body["data"].get("changes", ())]
    assert len(set(told)) == len(told) == 6


async def test_in_a_mail_it_is_a_table(db, clock, dispatch, tell_of):
    async with (
        smtp_receiver() as relay,
        MailSender("127.0.0.1", relay.port, sender="w@mail.test") as mails,
    ):
        box = {"address": "ops@example.org", "kind": "email"}
        await follow_with(db, "box", wishes=DAILY, **box)
        await tell_of("5", "6")
        await send_all(dispatch(email=mails))
        clock.advance(hours=12)
        await let_go(db, clock)
        await send_all(dispatch(email=mails))
        await wish(db, "box")
        await tell_of("9", "increased", measure="us-e0", action="increased")
        await send_all(dispatch(email=mails))
    digest, later = [message_from_bytes(one.content, policy=policy.default) for one in relay.mails]
    assert digest["Subject"].startswith("2 tariff changes: US duty on goods of China")
    assert digest["Auto-Submitted"] == "auto-generated"
    assert digest["In-Reply-To"] is None
    assert "<table" in digest.get_body(("html",)).get_content()
    assert digest["Message-ID"] in later["References"]


async def test_who_is_paused_when_it_is_due_is_asked_anew(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of("5", "6")
    await send_all(dispatch())
    async with db.write() as session:
        await disable(session, "desk", "on holiday", clock(), "paused")
    clock.advance(hours=12)
    await let_go(db, clock)
    assert {owner for (owner,) in await rows(db, Held, "owner_id")} == {"desk"}
    async with db.write() as session:
        destination = await session.get(Destination, "desk")
        destination.state = "active"
        await release(session, "desk", clock())
    await send_all(dispatch())
    assert receiver.requests == []
    clock.advance(hours=24)
    await let_go(db, clock)
    await send_all(dispatch())
    assert types(receiver) == ["digest"]
    assert await find_faults(db, clock) == []


async def test_who_leaves_is_told_nothing_more(db, clock, dispatch, receiver, tell_of):
    await follow_with(db, "desk", receiver, wishes=DAILY | {"hourly_cap": 1})
    await tell_of("5", "6")
    await send_all(dispatch())
    async with db.write() as session:
        await remove_destination(session, "desk", clock())
    clock.advance(hours=12)
    assert await let_go(db, clock) == 0
    assert await states(db) == ["cancelled", "cancelled"]
    assert await count(db, Gathered) == await count(db, Held) == await count(db, Tally) == 0


async def test_what_a_person_sends_does_not_wait(db, clock, dispatch, receiver, tell_of):
    await tell_of("5", "6")
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell(db, clock, "desk", number=1)
    await send_all(dispatch())
    assert types(receiver) == ["change"]
    (identity,) = (one for one, cause in await rows(db, Alert, "id", "cause") if not cause)
    await again(db, clock, identity)
    await send_all(dispatch())
    assert types(receiver) == ["change", "change"]


async def test_a_member_can_be_sent_by_itself_and_a_bundle_again(
    db, clock, dispatch, receiver, tell_of
):
    await follow_with(db, "desk", receiver, wishes=DAILY)
    await tell_of("5", "6")
    await send_all(dispatch())
    clock.advance(hours=12)
    await let_go(db, clock)
    await send_all(dispatch())
    ((bundle, member),) = (await rows(db, Carried, "alert_id", "member_id"))[:1]
    await again(db, clock, member)
    await again(db, clock, bundle)
    await send_all(dispatch())
    first, *rest = receiver.requests
    assert sorted(types(receiver)) == ["change", "digest", "digest"]
    (same,) = [one for one in rest if one.headers["webhook-id"] == str(bundle)]
    assert same.body == first.body
    assert await find_faults(db, clock) == []


async def test_a_retry_waits_for_nobody(db, clock, dispatch, tell_of):
    async with http_receiver(Answer(status=500)) as receiver:
        await follow(db, "desk", receiver)
        await tell_of("5")
        await send_all(dispatch())
        await wish(db, "desk", **DAILY)
        clock.advance(seconds=10)
        await send_all(dispatch())
        assert len(receiver.requests) == 2


async def test_two_processes_let_each_go_once(server_database, log, clock, dispatch, receiver):
    async with open_database(server_database) as server:
        tell_of = teller(server, log, clock)
        for name in ("one", "two"):
            await follow_with(server, name, receiver, wishes=DAILY)
        await tell_of("5", "6")
        await send_all(dispatch(books=server))
        clock.advance(hours=12)
        async with server.write() as busy:
            await busy.get(Destination, "one", with_for_update=True)
            assert await let_go(server, clock) == 1
        assert await let_go(server, clock) == 1
        await send_all(dispatch(books=server))
    assert types(receiver) == ["digest", "digest"]


async def test_a_crash_tells_nobody_twice_and_forgets_nobody(db, clock, dispatch, tell_of, die):
    short = {"quiet_hours": {"from": "19:59", "to": "20:00"}}
    async with http_receiver() as receiver:
        await follow_with(db, "desk", receiver, wishes=short)
        clock.advance(minutes=-1)
        await tell_of("5", "6", "7")
        await send_all(dispatch())
        assert await count(db, Held) == 3
        await die()
        clock.advance(minutes=1)
        await let_go(db, clock)
        await send_all(dispatch())
    assert types(receiver) == ["digest"]
    assert await states(db) == ["delivered", "digested", "digested", "digested"]
    assert await count(db, Delivery) == await count(db, Held) == await count(db, Gathered) == 0
    assert await find_faults(db, clock) == []
