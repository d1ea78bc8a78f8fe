"""Owners are told of what fails through another channel, each thing once."""

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import delete, update
from standardwebhooks import Webhook

from service.core.notice import is_notice
from service.runtime.owners import care_for_failing, terms_of
from service.store.holding import disable
from service.store.notices.tables import Notice, Trouble
from service.store.notices.troubles import warn
from service.store.tables import Alert, Destination, Held, Receipt
from service.verify import Books, walk
from tests.books import NOW, count, rows
from tests.dispatch.deaths import die_at
from tests.receivers import Answer, http_receiver
from tests.runtime.house import OPERATOR, kinds, open_house, told

BROKEN = Answer(status=500)
ALL = [
    "destination.failing 50",
    "destination.failing 70",
    "destination.failing 90",
    "destination.disabled",
]


def mails(relay):
    found = [message_from_bytes(one.content, policy=policy.default) for one in relay.mails]
    return [(one["To"], str(one["Subject"])) for one in found]


def counted(house, kind):
    """As the metric says."""
    registry = house.runtime.metrics.registry
    return registry.get_sample_value("tariffwire_notices_total", {"kind": kind})


async def test_a_whole_life(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk, name="desk")
        name = await house.follow(hook, name="orders", rate=1, preferences={"warn": channel})
        await house.alert(5)
        await house.send()
        await house.pass_hours(75)
        assert kinds(desk) == ALL
        assert await count(house.db, Held) == 5
        hook.requests.clear()
        hook.answer = Answer()
        await house.patch(name, state="active")
        await house.care()
        assert kinds(desk) == [*ALL, "destination.recovered"]
        seen = [len(hook.requests)]
        for _ in range(6):
            house.clock.advance(seconds=1)
            await house.send()
            seen.append(len(hook.requests))
        assert seen == [1, 2, 3, 4, 5, 5, 5]
        await house.pass_hours(3)
        assert kinds(desk) == [*ALL, "destination.recovered"]
    made = [
        str(one)
        for one, cause in await rows(house.db, Alert, "id", "cause", order="number")
        if not cause
    ]
    assert [one.headers["webhook-id"] for one in hook.requests] == made
    assert house.relay.mails == []
    assert await count(house.db, Trouble) == 0


async def find_faults(house):
    """What does not add up in the books."""
    async with house.db.read() as session:
        books = Books(session, house.clock(), NOW - timedelta(days=900))
        return [str(one) async for one in walk(books)]


async def test_the_books_add_up_with_notices_in_them(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        wishes = {"warn": channel, "heartbeat": "day"}
        await house.follow(hook, preferences=wishes)
        await house.alert()
        await house.send()
        await house.pass_hours(75)
        assert await count(house.db, Notice) == 4
        assert await find_faults(house) == []
        async with house.db.write() as session:
            await session.execute(delete(Notice).where(Notice.kind == "disabled"))
        (fault,) = await find_faults(house)
    assert "tells of notice" in fault


async def test_a_warning_says_what_when_and_what_to_do(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        wishes = {"warn": channel}
        name = await house.follow(hook, name="orders", preferences=wishes)
        await house.alert(3)
        await house.send()
        await house.pass_hours(37)
        ((_, data),) = told(desk)
        (request,) = desk.requests
    assert data["destination"]["id"] == name
    assert data["last_error"] == "answered 500"
    assert (data["waiting"], data["percent"]) == (3, 50)
    assert data["failures"] >= 5
    assert data["disabled_at"] == (NOW + timedelta(hours=72)).isoformat()
    assert [one["command"] for one in data["to_do"]] == [
        f"tariffwire destinations test {name}",
        f"tariffwire destinations enable {name}",
    ]
    assert request.headers["webhook-id"] == data["delivery"]


async def test_a_warning_is_signed_as_an_alert_is(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        answer = await house.api.post("/v1/destinations", json={"url": desk.url})
        secret, channel = answer.json()["secret"], answer.json()["id"]
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.pass_hours(37)
        (request,) = desk.requests
    at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    signed = Webhook(secret).sign(request.headers["webhook-id"], at, request.body.decode())
    assert request.headers["webhook-signature"] == signed


async def test_a_destination_that_is_gone_is_told_at_once_and_once(house):
    gone = Answer(status=410)
    async with http_receiver(answer=gone) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(hook, name="orders", preferences={"warn": channel})
        await house.alert(3)
        await house.send()
        await house.care()
        await house.pass_hours(3)
        async with house.db.write() as session:  # as one does that was in the air for long
            await disable(session, name, "gone, once more", house.clock())
        await house.care()
        ((kind, data),) = told(desk)
    assert kind == "destination.disabled"
    assert counted(house, "disabled") == 1
    assert "410" in data["reason"]
    assert (data["waiting"], data["since"]) == (3, None)


async def test_without_a_channel_of_its_own_the_operator_is_mailed(house):
    async with http_receiver(answer=BROKEN) as hook:
        await house.follow(hook, name="orders")
        await house.alert()
        await house.send()
        await house.pass_hours(75)
    (first, *_) = house.relay.mails
    assert [to for to, _ in mails(house.relay)] == [OPERATOR] * 4
    message = message_from_bytes(first.content, policy=policy.default)
    assert message["Subject"].startswith("Nothing reaches orders")
    assert message["List-Unsubscribe"].startswith("<http://")
    text = message.get_body(("plain",)).get_content()
    assert "Last error: answered 500" in text
    last = message_from_bytes(house.relay.mails[-1].content, policy=policy.default)
    assert last["Subject"].startswith("Disabled: orders")
    assert message["Message-ID"] in last["References"]


async def test_without_anybody_to_tell_the_log_and_a_metric_say_it(database_url, tmp_path):
    async with open_house(database_url, tmp_path, warn_email="") as house:
        async with http_receiver(answer=BROKEN) as hook:
            await house.follow(hook)
            await house.alert()
            await house.send()
            await house.pass_hours(75)
        assert counted(house, "failing") == 3
        assert counted(house, "disabled") == 1
        assert await count(house.db, Notice) == 0


async def test_a_channel_that_was_removed_or_stopped_is_stepped_over(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(hook, preferences={"warn": channel})
        await house.patch(channel, state="paused")
        shown = (await house.get(f"/v1/destinations/{name}"))["warnings"]
        assert shown == {"go_to": "TARIFFWIRE_WARN_EMAIL", "because": f"{channel} is paused"}
        await house.api.delete(f"/v1/destinations/{channel}")
        shown = (await house.get(f"/v1/destinations/{name}"))["warnings"]
        assert shown["because"] == f"{channel} was removed"
        await house.alert()
        await house.send()
        await house.pass_hours(37)
        assert desk.requests == []
    assert len(house.relay.mails) == 1


async def test_who_fails_is_not_told_by_itself(house):
    name = await house.follow(email=OPERATOR)
    house.relay.rcpt = deque(["451 4.7.1 later"] * 100)
    await house.alert()
    await house.send()
    await house.pass_hours(75)
    assert (await house.get(f"/v1/destinations/{name}"))["warnings"]["go_to"] is None
    assert await count(house.db, Notice) == 0
    assert await count(house.db, Alert) == 1


async def test_a_notice_never_causes_a_notice(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver(answer=BROKEN) as desk:
        channel = await house.add(desk, name="desk")
        await house.follow(hook, name="orders", preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.pass_hours(150)
    states = dict(await rows(house.db, Destination, "name", "state"))
    assert (states["orders"], states["desk"]) == ("disabled", "disabled")
    assert house.relay.mails == []
    kinds_told = [kind for (kind,) in await rows(house.db, Notice, "kind", order="at")]
    assert set(kinds_told) == {"failing", "disabled"}
    assert len(kinds_told) == 4


async def test_a_process_that_was_away_tells_the_highest_step_alone(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=67)
        await house.care()
        assert kinds(desk) == ["destination.failing 90"]
        await house.pass_hours(2)
        assert kinds(desk) == ["destination.failing 90"]


async def test_a_clock_that_is_set_back_tells_nothing_twice(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=51)
        await house.care()
        house.set_back(hours=13)
        await house.care()
        house.set_back(hours=48)
        await house.care()
        assert kinds(desk) == ["destination.failing 70"]
        house.clock.advance(hours=13 + 48 + 22)
        await house.care()
        house.set_back(hours=60)
        await house.care()
        assert kinds(desk) == ["destination.failing 70", "destination.disabled"]


async def test_clocks_at_once_tell_it_once(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=37)
        await asyncio.gather(*(care_for_failing(house.runtime) for _ in range(6)))
        await house.send()
        house.clock.advance(hours=37)
        await asyncio.gather(*(care_for_failing(house.runtime) for _ in range(6)))
        await house.send()
        assert kinds(desk) == ["destination.failing 50", "destination.disabled"]
    assert counted(house, "failing") == counted(house, "disabled") == 1


async def test_who_recovers_after_a_warning_is_told_and_a_new_story_begins(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, name="orders", preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.pass_hours(37)
        hook.answer = Answer()
        await house.alert()
        await house.pass_hours(2)
        assert kinds(desk) == ["destination.failing 50", "destination.recovered"]
        assert told(desk)[-1][1]["is_enabled"] is False
        assert "takes its alerts again" in told(desk)[-1][1]["summary"]
        hook.answer = BROKEN
        await house.alert()
        await house.send()
        await house.pass_hours(37)
        assert kinds(desk)[2:] == ["destination.failing 50"]


async def test_who_recovers_before_a_warning_is_not_told(house):
    async with http_receiver(BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.pass_hours(40)
        assert desk.requests == []


async def test_one_enabled_before_anybody_was_told_is_no_news(house):
    async with http_receiver(Answer(status=410)) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.patch(name, state="active")
        await house.care()
        assert desk.requests == []
        assert await count(house.db, Trouble) == 0


async def test_a_hard_bounce_is_told_and_says_how_to_trust_the_address(house):
    async with http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(email="ops@example.org", preferences={"warn": channel})
        house.relay.rcpt = deque(["550 5.1.1 no such user"])
        await house.alert()
        await house.send()
        await house.care()
        ((kind, data),) = told(desk)
        assert (kind, data["is_suppressed"]) == ("destination.disabled", True)
        (deed,) = data["to_do"]
        assert deed["url"].endswith("/v1/suppressions/ops@example.org")
        assert (await house.api.delete("/v1/suppressions/ops@example.org")).status_code == 200
        await house.care()
        assert kinds(desk) == ["destination.disabled", "destination.recovered"]
    assert [one.recipient for one in house.relay.mails] == ["ops@example.org"]
    assert (await house.get(f"/v1/destinations/{name}"))["state"] == "active"


async def test_pausing_is_no_news(house):
    async with http_receiver() as hook, http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(hook, preferences={"warn": channel})
        await house.patch(name, state="paused")
        await house.pass_hours(2)
        await house.patch(name, state="active")
        await house.care()
        assert desk.requests == []


async def test_to_who_asks_notices_are_listed(house):
    async with http_receiver(answer=BROKEN) as hook:
        channel = await house.add(pull=True)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.pass_hours(37)
    (one,) = (await house.get(f"/v1/destinations/{channel}/alerts"))["items"]
    assert one["state"] == "listed"
    assert one["change"] is None
    assert one["caused_by"].startswith("notice:failing:")
    assert '"tariffwire.destination.failing"' in one["body"]
    assert one["headers"]["webhook-id"] == one["webhook-id"]


async def test_a_notice_is_shown_sent_again_and_pruned_like_any_delivery(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.pass_hours(37)
        (one,) = (await house.get("/v1/deliveries", destination=channel))["items"]
        assert (one["change"], one["state"], one["matched"]) == (None, "delivered", [])
        shown = await house.get(one["href"])
        assert shown["cause"] is None
        assert shown["notice"]["kind"] == "failing"
        answer = await house.api.post(f"{one['href']}/resend", json={})
        assert answer.status_code in {200, 202}, answer.text
        await house.send()
        first, second = desk.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == one["id"]


async def test_a_recovery_of_what_failed_leaves_old_notices_alone(house):
    refusing = Answer(status=500)
    async with http_receiver(answer=refusing) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await house.pass_hours(37)
        async with house.db.write() as session:
            failed = update(Receipt).values(outcome="failed")
            await session.execute(failed)
        found = await house.get(f"/v1/destinations/{channel}/recover", since="2025-04-01T00:00:00Z")
        assert found["failed"] == 0


async def test_a_muted_subject_and_a_held_sender_do_not_matter_to_what_is_told(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(hook, preferences={"warn": channel})
        until = (house.clock() + timedelta(days=9)).isoformat()
        mute = {"subject": f"destination:{name}", "until": until, "except_critical": False}
        await house.api.post("/v1/mutes", json=mute)
        await house.alert()
        await house.send()
        await house.pass_hours(37)
        assert kinds(desk) == ["destination.failing 50"]


async def test_the_status_names_who_fails_and_how_far_it_is(house):
    async with http_receiver(answer=BROKEN) as hook:
        name = await house.follow(hook, name="orders")
        await house.alert()
        await house.send()
        await house.pass_hours(24)
        failing = (await house.get("/v1/status"))["failing"]
    (one,) = failing["destinations"]
    assert failing["count"] == 1
    assert (one["id"], one["name"], one["percent"]) == (name, "orders", 33)
    assert one["disabled_at"].startswith("2025-04-12T20:00")


@pytest.mark.parametrize("point", [f"clock.commit.{side}" for side in ("before", "after")])
@pytest.mark.parametrize("step", [1, 2])
async def test_a_process_that_is_killed_at_any_step_has_the_next_one_go_on(
    house, database_url, point, step
):
    """The first step disables, the second tells."""
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        await die_at(f"{point}:{step}", "care", database_url)
        house.clock.advance(hours=75)
        await house.care()
        await house.care()
        assert kinds(desk) == ["destination.disabled"]
    assert await count(house.db, Notice) == 1


async def test_what_is_rolled_back_is_told_later(house):
    async with http_receiver(answer=BROKEN) as hook, http_receiver() as desk:
        channel = await house.add(desk)
        name = await house.follow(hook, preferences={"warn": channel})
        await house.alert()
        await house.send()
        house.clock.advance(hours=37)
        terms = terms_of(house.runtime)

        async def die(session):
            assert await warn(session, name, terms, house.clock())
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await house.db.run_write(die)
        assert await count(house.db, Notice) == 0
        await house.care()
        await house.care()
        assert kinds(desk) == ["destination.failing 50"]
    ids = [one for one, cause in await rows(house.db, Alert, "id", "cause") if is_notice(cause)]
    assert len(ids) == 1
