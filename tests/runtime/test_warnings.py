"""Owners are told of what fails through another channel."""

from collections import deque
from datetime import timedelta

from service.store.delivery.holding import disable
from service.store.delivery.tables import Alert, Held
from service.store.notices.tables import Trouble
from tests.books import NOW, count, rows
from tests.receivers import Answer, http_receiver
from tests.runtime.house import BROKEN, counted, kinds, told

ALL = [
    "destination.failing 50",
    "destination.failing 70",
    "destination.failing 90",
    "destination.disabled",
]


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
    assert data["last_error"] == "answered 500: it failed: its own log may say why"
    assert (data["waiting"], data["percent"]) == (3, 50)
    assert data["failures"] >= 5
    assert data["disabled_at"] == (NOW + timedelta(hours=72)).isoformat()
    assert [one["command"] for one in data["to_do"]] == [
        f"tariffwire destinations test {name}",
        f"tariffwire destinations enable {name}",
    ]
    assert request.headers["webhook-id"] == data["delivery"]


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
