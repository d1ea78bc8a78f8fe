"""A notice is a delivery like any other."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update
from standardwebhooks import Webhook

from service.store.delivery.tables import Receipt
from service.store.notices.tables import Notice
from service.verify import Books, walk
from tests.books import NOW, count
from tests.receivers import Answer, http_receiver
from tests.runtime.house import BROKEN, kinds


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
