"""A reader's no, and whoever sends again, takes back, or lets go what was held."""

import pytest

from service.core.destination.optin import UNSUBSCRIBED, UNSUBSCRIBED_BY_READER
from service.core.destination.optin import Act as Word
from service.core.sending.delivery import delivery_id
from service.core.sending.steering import Act, NotPossible, recall_cause
from service.dispatch.mail import MailSender
from service.store.again.resending import find_losses
from service.store.delivery.alerts import find_alert
from service.store.delivery.holding import release
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.following.accounts import DEFAULT
from service.store.mail.readers import find_reader, obey, set_state
from service.store.steering.errands import begin, find_errand, name_destination
from service.store.steering.tables import Audit, FormerReceipt
from tests.books import NOW, add_receiver, count, rows, subscribe
from tests.dispatch.office import follow, send_all
from tests.dispatch.steering import again, alerts, change_of, recovery, run_errands, say, tell
from tests.receivers import http_receiver, smtp_receiver

MAIL = {"address": "desk@importer.example", "kind": "email"}


@pytest.fixture
async def smtp():
    async with smtp_receiver() as receiver:
        yield receiver


@pytest.fixture
async def send(smtp, dispatch):
    """Send all that is due."""
    async with MailSender(smtp.host, smtp.port, sender="desk@alerts.example") as sender:

        async def work():
            await send_all(dispatch(email=sender))

        yield work


async def unsubscribe(db, clock):
    async with db.write() as session:
        reader = await find_reader(session, "desk", locked=True)
        assert await obey(session, reader, Word.UNSUBSCRIBE, clock())


async def nothing_waits(db):
    return await count(db, Delivery) == await count(db, Held) == 0


async def test_nothing_is_sent_again_by_hand(db, clock, alert, smtp, send):
    await follow(db, "desk", **MAIL)
    await alert()
    await send()
    await unsubscribe(db, clock)
    ((name,),) = await alerts(db, "id")
    for once_more in (again(db, clock, name), tell(db, clock, "desk")):
        with pytest.raises(NotPossible, match=f"^{UNSUBSCRIBED_BY_READER}: .*confirmation asks"):
            await once_more
    await send()
    assert len(smtp.mails) == 1
    assert await nothing_waits(db)
    assert [one for (one,) in await rows(db, Receipt, "outcome")] == ["delivered"]
    assert await count(db, FormerReceipt) == await count(db, Audit) == 0


async def test_what_was_never_told_is_not_told_by_hand(db, clock, alert):
    await alert()
    await add_receiver(db, "desk", **MAIL)
    await unsubscribe(db, clock)
    with pytest.raises(NotPossible, match=UNSUBSCRIBED_BY_READER):
        await tell(db, clock, "desk")
    assert await count(db, Alert) == 0


async def test_a_recovery_sends_nothing_there_and_says_so_before(db, clock, alert, smtp, send):
    smtp.data.append("554 5.7.1 refused by policy")
    await follow(db, "desk", **MAIL)
    await alert()
    await send()
    assert (await losses(db)).failed == 1
    await unsubscribe(db, clock)
    assert (await losses(db)).failed == 0
    async with db.write() as session:
        await begin(session, recovery(clock))
    await run_errands(db, clock)
    async with db.read() as session:
        assert (await find_errand(session, name_destination("desk"))).done == 0
    assert [one for (one,) in await rows(db, Receipt, "outcome")] == ["failed"]
    assert await nothing_waits(db)


async def losses(db):
    async with db.read() as session:
        return await find_losses(session, "desk", NOW, 20)


async def test_a_correction_ends_there_and_goes_out_elsewhere(db, clock, alert, smtp, send):
    async with http_receiver() as receiver:
        await follow(db, "desk", **MAIL)
        await follow(db, "orders", receiver)
        await alert()
        await send()
        await unsubscribe(db, clock)
        await say(db, clock, Act.RECALL)
        await send()
    assert (len(smtp.mails), len(receiver.requests)) == (1, 2)
    assert await nothing_waits(db)
    cause = recall_cause((await change_of(db)).id)
    async with db.read() as session:
        correction = await find_alert(session, DEFAULT, delivery_id("desk", cause))
    assert (correction.state, correction.reason) == ("cancelled", UNSUBSCRIBED_BY_READER)
    assert correction.attempts == 0


async def test_what_was_held_for_another_reason_ends_when_it_is_let_go(db, clock, alert):
    for name, more in (("desk", MAIL), ("orders", {})):
        await add_receiver(db, name, **more)
    await subscribe(db, "quiet", ["desk", "orders"], state="paused")
    await alert()
    async with db.write() as session:
        await set_state(session, "desk", UNSUBSCRIBED, UNSUBSCRIBED_BY_READER, clock())
        assert await release(session, "quiet", clock()) == 1
    assert await rows(db, Delivery, "destination_id") == [("orders",)]
    assert await count(db, Held) == 0
    ended = await rows(db, Receipt, "outcome", "reason", "attempts")
    assert ended == [("cancelled", UNSUBSCRIBED_BY_READER, 0)]
