"""One test message, now."""

import json
from email import message_from_bytes

import pytest
from standardwebhooks import Webhook

from service.core.event import Handling
from service.dispatch.http import WebhookSender
from service.dispatch.mail import MailSender
from service.dispatch.post import Letterhead
from service.dispatch.trial import sample_change, send_trial
from service.store.delivery.tables import Alert, Delivery
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from tests.books import NOW, SECRET, add_receiver, count
from tests.receivers import Answer, http_receiver, smtp_receiver

HEAD = Letterhead("urn:tariffwire:test", "http://here/schema", "http://here/", "w@mail.test")


@pytest.fixture
def look(db):
    async def find(name):
        async with db.read() as session:
            return await find_destination(session, DEFAULT, name)

    return find


def test_the_sample_is_a_change_in_test_mode():
    change = sample_change(NOW)
    assert change.mode is Handling.TEST
    assert change.sequence == 0


async def test_a_webhook_gets_a_signed_test_message(db, look):
    async with http_receiver() as receiver, WebhookSender(loopback_allowed=True) as sender:
        await add_receiver(db, "desk", receiver.url)
        reply = await send_trial(await look("desk"), {"webhook": sender}, HEAD, NOW)
    assert reply.accepted
    (request,) = receiver.requests
    body = json.loads(request.body)
    assert body["data"]["mode"] == "test"
    assert body["data"]["matched"][0]["reason"] == "you asked for a test message"
    assert request.headers["webhook-id"] == body["data"]["delivery"]
    wanted = str(int(NOW.timestamp()))
    signed = Webhook(SECRET).sign(body["data"]["delivery"], NOW, request.body.decode())
    assert request.headers["webhook-timestamp"] == wanted
    assert signed in request.headers["webhook-signature"]


async def test_an_email_address_gets_a_whole_message(db, look):
    await add_receiver(db, "box", "ops@example.org", "email")
    async with (
        smtp_receiver() as smtp,
        MailSender(smtp.host, smtp.port, sender="w@mail.test") as sender,
    ):
        reply = await send_trial(await look("box"), {"email": sender}, HEAD, NOW)
    assert reply.accepted
    (mail,) = smtp.mails
    assert mail.recipient == "ops@example.org"
    assert message_from_bytes(mail.content)["From"] == "w@mail.test"


async def test_a_refusal_is_told_and_nothing_is_recorded_or_retried(db, look):
    answer = Answer(status=500, body=b"no")
    async with (
        http_receiver(answer=answer) as receiver,
        WebhookSender(loopback_allowed=True) as sender,
    ):
        await add_receiver(db, "desk", receiver.url)
        reply = await send_trial(await look("desk"), {"webhook": sender}, HEAD, NOW)
    assert (reply.accepted, reply.status) == (False, 500)
    assert await count(db, Alert) == 0
    assert await count(db, Delivery) == 0
