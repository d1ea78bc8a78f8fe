"""Whom a warning goes to: never to who fails, and never about itself."""

from collections import deque
from email import message_from_bytes, policy

from service.store.delivery.tables import Alert
from service.store.following.tables import Destination
from service.store.notices.tables import Notice
from tests.books import count, rows
from tests.receivers import http_receiver
from tests.runtime.house import BROKEN, OPERATOR, counted, open_house


def mails(relay):
    found = [message_from_bytes(one.content, policy=policy.default) for one in relay.mails]
    return [(one["To"], str(one["Subject"])) for one in found]


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
