"""A server that says that an address is no good is believed; one that refuses a mail is not."""

from collections import deque
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update

from service.core.destination.optin import UNCONFIRMED
from service.core.sending.bounce import Bounce
from service.dispatch.mail import MailSender
from service.store.again.resending import find_losses, list_former
from service.store.delivery.alerts import find_alert, list_attempts
from service.store.delivery.tables import Alert, Attempt, Delivery, Held, Receipt
from service.store.following.accounts import DEFAULT
from service.store.following.tables import Destination
from service.store.mail.invitations import invite
from service.store.mail.readers import set_state
from service.store.mail.returned import Return, record_return
from service.store.mail.suppressed import lift
from service.store.mail.tables import Invitation, Returned, Suppression
from service.store.pruning import prune_alerts
from service.store.steering.errands import begin, find_errand, name_destination
from tests.books import NOW, count, rows
from tests.dispatch.office import follow, send_all
from tests.dispatch.steering import again, alerts, recovery, run_errands
from tests.receivers import smtp_receiver

EMAIL = "desk@importer.example"


@pytest.fixture
async def smtp():
    async with smtp_receiver() as receiver:
        yield receiver


@pytest.fixture
async def mails(smtp):
    async with MailSender(smtp.host, smtp.port, sender="desk@alerts.example") as sender:
        yield sender


@pytest.fixture
async def sent(db, alert, dispatch, mails):
    """Send an alert by mail to one reader; gives the dispatcher."""
    await follow(db, "desk", address=EMAIL, kind="email")
    await alert()
    dispatcher = dispatch(email=mails)
    await send_all(dispatcher)
    return dispatcher


async def standing(db):
    return await rows(db, Destination, "state", "reason")


@pytest.fixture
def refusing(smtp):
    """Set before the alert is sent."""
    smtp.rcpt = deque(["550 5.1.1 user unknown"])


@pytest.mark.usefixtures("refusing")
async def test_an_unknown_user_is_left_alone_and_nothing_is_lost(db, clock, smtp, sent, alert):
    ((state, reason),) = await standing(db)
    assert state == "disabled"
    assert "550: 5.1.1 user unknown" in reason
    assert [one for (one,) in await rows(db, Suppression, "address")] == [EMAIL]
    await alert()
    await send_all(sent)
    assert (await count(db, Held), await count(db, Receipt), smtp.mails) == (2, 0, [])
    async with db.write() as session:
        assert await lift(session, EMAIL, clock()) == 2
    await send_all(sent)
    assert len(smtp.mails) == 2
    assert await standing(db) == [("active", "")]


@pytest.fixture
def strict(smtp):
    """Refuses the mail, not the reader."""
    smtp.data = deque(["554 5.7.1 refused by policy"])


@pytest.mark.usefixtures("strict")
async def test_policy_ends_one_mail_and_stops_nobody(db, smtp, sent, alert):
    assert [one for (one,) in await rows(db, Receipt, "outcome")] == ["failed"]
    assert await count(db, Suppression) == 0
    await alert()
    await send_all(sent)
    assert len(smtp.mails) == 1


async def come_back(db, clock, mail, kind=Bounce.HARD):
    async with db.write() as session:
        return await record_return(session, Return(mail, kind, "550 5.1.1 unknown"), clock())


async def state_of(db, name):
    async with db.read() as session:
        found = await find_alert(session, DEFAULT, name)
    return found.state, found.reason


async def former_of(db, name):
    async with db.read() as session:
        return [(one.outcome, one.reason) for one in await list_former(session, name)]


async def test_what_came_back_and_is_sent_again_has_arrived(db, clock, smtp, sent):
    ((name,),) = await rows(db, Alert, "id")
    assert await come_back(db, clock, name, Bounce.SOFT)
    assert await state_of(db, name) == ("bounced", "550 5.1.1 unknown")
    clock.advance(hours=1)
    former = await again(db, clock, name)
    assert (former.outcome, former.reason) == ("bounced", "550 5.1.1 unknown")
    assert await state_of(db, name) == ("pending", None)
    await send_all(sent)
    assert len(smtp.mails) == 2
    assert (await state_of(db, name))[0] == "delivered"
    assert await former_of(db, name) == [("bounced", "550 5.1.1 unknown")]
    async with db.read() as session:
        tried = [(one.number, one.outcome) for one in await list_attempts(session, name)]
    assert tried == [(1, "delivered"), (2, "delivered")]


async def test_each_time_that_it_comes_back_counts(db, clock, sent):
    ((name,),) = await rows(db, Alert, "id")
    for _ in range(2):
        assert await come_back(db, clock, name, Bounce.SOFT)
        clock.advance(hours=1)
        await again(db, clock, name)
        await send_all(sent)
    assert [outcome for outcome, _ in await former_of(db, name)] == ["bounced", "bounced"]
    assert (await state_of(db, name))[0] == "delivered"
    assert await come_back(db, clock, name, Bounce.SOFT)
    assert (await state_of(db, name))[0] == "bounced"


async def test_what_comes_back_when_it_is_sent_again_already_speaks_of_before(db, clock, sent):
    ((name,),) = await rows(db, Alert, "id")
    await again(db, clock, name)
    for _ in range(2):
        assert await come_back(db, clock, name, Bounce.SOFT)
        assert await former_of(db, name) == [("bounced", "550 5.1.1 unknown")]
    assert await state_of(db, name) == ("pending", None)
    await send_all(sent)
    assert (await state_of(db, name))[0] == "delivered"


@pytest.mark.usefixtures("strict")
async def test_what_was_refused_and_is_reported_too_has_failed(db, clock, sent):
    ((name,),) = await rows(db, Alert, "id")
    assert await come_back(db, clock, name, Bounce.REFUSED)
    state, reason = await state_of(db, name)
    assert (state, "refused by policy" in reason) == ("failed", True)
    await again(db, clock, name)
    await send_all(sent)
    assert (await state_of(db, name))[0] == "delivered"
    assert [outcome for outcome, _ in await former_of(db, name)] == ["failed"]


# Recovering what came back


async def losses(db, since):
    async with db.read() as session:
        found = await find_losses(session, "desk", since, 20)
    return found.failed, found.changes, len(found.some)


async def recover(db, clock, since):
    """How many were sent again."""
    async with db.write() as session:
        await begin(session, recovery(clock, since))
    await run_errands(db, clock)
    async with db.read() as session:
        return (await find_errand(session, name_destination("desk"))).done


async def test_what_came_back_since_is_recovered(db, clock, smtp, sent, alert):
    await alert()
    await send_all(sent)
    ((name,), _) = await alerts(db, "id")
    clock.advance(hours=1)
    since = clock()  # after it was sent, before it came back
    assert await losses(db, since) == (0, 0, 0)
    assert await come_back(db, clock, name, Bounce.SOFT)
    assert await losses(db, since) == (1, 1, 1)
    assert await losses(db, since + timedelta(seconds=1)) == (0, 0, 0)
    assert await recover(db, clock, since) == 1
    assert await losses(db, since) == (0, 0, 0)
    await send_all(sent)
    assert len(smtp.mails) == 3
    assert (await state_of(db, name))[0] == "delivered"
    assert await recover(db, clock, since) == 0


async def test_what_came_back_from_a_dead_address_is_recovered_when_that_is_good_again(
    db, clock, smtp, sent
):
    ((name,),) = await rows(db, Alert, "id")
    assert await come_back(db, clock, name)
    assert await losses(db, NOW) == (1, 1, 1)
    assert await recover(db, clock, NOW) == 1
    await send_all(sent)
    assert ((await state_of(db, name))[0], len(smtp.mails)) == ("held", 1)
    async with db.write() as session:
        assert await lift(session, EMAIL, clock()) == 1
    await send_all(sent)
    assert ((await state_of(db, name))[0], len(smtp.mails)) == ("delivered", 2)


async def test_what_comes_back_later_is_written_down_once(db, clock, sent):
    ((name,),) = await rows(db, Alert, "id")
    assert await come_back(db, clock, name)
    clock.advance(hours=1)
    assert await come_back(db, clock, name)
    assert len(await rows(db, Returned)) == 1
    assert [one for (one,) in await rows(db, Receipt, "outcome")] == ["delivered"]
    assert await standing(db) == [("disabled", "no mail reaches this address: 550 5.1.1 unknown")]


@pytest.mark.parametrize("kind", [Bounce.SOFT, Bounce.REFUSED, Bounce.OURS])
async def test_only_a_hard_bounce_stops_an_address(db, clock, sent, alert, kind):
    ((name,),) = await rows(db, Alert, "id")
    assert await come_back(db, clock, name, kind)
    assert await standing(db) == [("active", "")]
    await alert()
    assert await count(db, Delivery) == 1


async def test_what_comes_back_from_a_former_address_stops_that_one(db, clock, sent, alert):
    ((name,),) = await rows(db, Alert, "id")
    async with db.write() as session:
        await session.execute(update(Destination).values(address="new@importer.example"))
    assert await come_back(db, clock, name)
    assert await standing(db) == [("active", "")]
    assert await rows(db, Suppression, "address") == [(EMAIL,)]
    await alert()
    assert await count(db, Delivery) == 1


async def test_without_its_attempts_a_mail_is_known_by_its_reader(db, clock, sent):
    ((name,),) = await rows(db, Alert, "id")
    async with db.write() as session:
        await session.execute(delete(Attempt))
    assert await come_back(db, clock, name)
    assert await rows(db, Suppression, "address") == [(EMAIL,)]


async def test_what_its_owner_paused_stays_paused(db, clock, sent):
    ((name,),) = await rows(db, Alert, "id")
    async with db.write() as session:
        await set_state(session, "desk", "paused", "", clock())
    assert await come_back(db, clock, name)
    async with db.write() as session:
        assert await lift(session, EMAIL, clock()) == 0
    assert await standing(db) == [("paused", "")]


async def test_a_question_that_comes_back_is_explained(db, clock, sent):
    async with db.write() as session:
        await set_state(session, "desk", UNCONFIRMED, "asked", clock())
        await invite(session, "desk", EMAIL, clock())
    ((name,),) = await rows(db, Invitation, "id")
    assert await come_back(db, clock, name, Bounce.SOFT)
    assert await standing(db) == [(UNCONFIRMED, "asked")]
    assert await come_back(db, clock, name)
    assert await standing(db) == [(UNCONFIRMED, "no mail reaches this address: 550 5.1.1 unknown")]
    assert await count(db, Suppression) == 1


async def test_what_was_never_ours_is_left_alone(db, clock, sent):
    assert not await come_back(db, clock, uuid4())
    assert not await come_back(db, clock, UUID(int=0))
    assert await count(db, Returned) == 0


async def test_what_came_back_goes_when_its_alert_goes(db, clock, sent):
    ((name,),) = await rows(db, Alert, "id")
    await come_back(db, clock, name)
    async with db.write() as session:
        assert await prune_alerts(session, clock() + timedelta(days=1)) == 1
    assert await count(db, Returned) == 0
