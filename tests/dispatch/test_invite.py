"""Readers are asked by a real SMTP server, once, and under the rules that alerts go out under."""

import asyncio
from collections import deque
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from structlog.testing import capture_logs

from service.core.destination.optin import ASKED, UNCONFIRMED, Act
from service.core.proof.link import Links, Purpose
from service.dispatch.invite import Inviter
from service.dispatch.mail import MailSender
from service.dispatch.mode import LIVE, read_mode
from service.dispatch.post import Letterhead
from service.store.delivery.sending import hold_sending, release_sending
from service.store.following.tables import Destination
from service.store.mail.invitations import invite
from service.store.mail.readers import find_reader, obey, set_state
from service.store.mail.tables import Invitation, Suppression
from service.store.pruning import prune_invitations
from tests.books import add_receiver, rows, subscribe
from tests.dispatch.gathering import wish
from tests.receivers import smtp_receiver

EMAIL = "desk@importer.example"
LINKS = Links(b"key", "https://wire.example")
HEAD = Letterhead("urn:t", "http://schema", "http://here", "Desk <desk@alerts.example>", LINKS)


@pytest.fixture
async def smtp():
    async with smtp_receiver() as receiver:
        yield receiver


@pytest.fixture
async def make(db, clock, smtp):
    """An inviter; `mode` says to whom it may write."""
    async with MailSender(smtp.host, smtp.port, sender="desk@alerts.example") as sender:
        yield lambda mode=LIVE: Inviter(db, sender, HEAD, clock, lambda: 0.5, mode=mode)


@pytest.fixture
async def asked(db, clock):
    """A reader who follows something and is to be asked."""
    await add_receiver(db, "desk", EMAIL, "email")
    await subscribe(db, "Cars from China", ["desk"])
    async with db.write() as session:
        await set_state(session, "desk", UNCONFIRMED, ASKED, clock())
        assert await invite(session, "desk", EMAIL, clock())


async def standing(db):
    return await rows(db, Destination, "state", "reason")


async def test_a_reader_is_asked_in_the_language_of_its_alerts(db, clock, smtp, make, asked):
    await wish(db, "desk", language="de")
    assert await make().step()
    mail = message_from_bytes(smtp.mails[0].content, policy=policy.default)
    assert mail["Subject"] == "Bitte bestätigen: Zollmeldungen an diese Adresse"
    assert "innerhalb von 7 Tagen" in mail.get_body(("plain",)).get_content()


async def test_a_reader_is_asked_once(db, clock, smtp, make, asked):
    inviter = make()
    assert await inviter.step()
    assert not await inviter.step()
    (mail,) = smtp.mails
    letter = message_from_bytes(mail.content, policy=policy.default)
    text = letter.get_body(("plain",)).get_content()
    assert mail.recipient == EMAIL
    assert "Desk would like to send tariff alerts" in text
    assert "- Cars from China" in text
    token = next(line for line in text.splitlines() if "/m/confirm/" in line).rpartition("/")[2]
    assert LINKS.read(Purpose.CONFIRM, token, clock()).destination == "desk"
    ((name, said, due),) = await rows(db, Invitation, "id", "said", "visible_at")
    assert letter["Message-ID"] == f"<{name}@alerts.example>"
    assert (said, due) == ("the relay took it: 2.0.0 taken", None)
    assert await standing(db) == [(UNCONFIRMED, ASKED)]


async def test_two_processes_ask_once(smtp, make, asked):
    await asyncio.gather(make().step(), make().step())
    assert len(smtp.mails) == 1


async def test_what_is_put_off_is_asked_again_later(db, clock, smtp, make, asked):
    smtp.rcpt = deque(["451 4.7.1 greylisted"])
    inviter = make()
    await inviter.step()
    ((_, reason),) = await standing(db)
    assert reason.startswith("its reader could not be asked to confirm: the relay")
    assert not await inviter.step()
    clock.advance(seconds=10)
    assert await inviter.step()
    assert len(smtp.mails) == 1


async def test_a_fault_of_ours_is_tried_for_ever(db, clock, smtp, make, asked):
    smtp.mail = deque(["550 5.7.1 you may not send"] * 15)
    inviter = make()
    for _ in range(15):
        assert await inviter.step()
        clock.advance(days=2)
    assert await inviter.step()
    assert len(smtp.mails) == 1


async def test_where_nothing_can_be_handed_over_the_rest_grows(db, clock, smtp, make, asked):
    smtp.mail = deque(["550 5.7.1 you may not send"] * 20)
    inviter, rests = make(), []
    for _ in range(9):
        assert await inviter.step()
        ((due,),) = await rows(db, Invitation, "visible_at")
        rests.append((due - clock()).total_seconds())
        clock.now = due - timedelta(seconds=1)
        assert not await inviter.step()
        clock.now = due
    assert rests == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    ((attempt,),) = await rows(db, Invitation, "attempt")
    assert attempt == 1


async def test_one_that_is_taken_ends_the_rest(db, clock, smtp, make, asked):
    smtp.mail = deque(["550 5.7.1 you may not send"])
    inviter = make()
    with capture_logs() as said:
        assert await inviter.step()
        assert not await inviter.step()
        clock.advance(seconds=5)
        assert await inviter.step()
    assert len(smtp.mails) == 1
    ((event, count, seconds),) = [
        (one["event"], one["count"], one["again_in_seconds"]) for one in said
    ]
    assert (event, count, seconds) == ("invitations were not sent", 1, 5)


async def test_a_dead_address_is_asked_no_more(db, clock, smtp, make, asked):
    smtp.rcpt = deque(["550 5.1.1 user unknown"])
    inviter = make()
    await inviter.step()
    assert [one for (one,) in await rows(db, Suppression, "address")] == [EMAIL]
    clock.advance(days=30)
    assert not await inviter.step()
    assert smtp.mails == []


async def test_our_own_bug_costs_one_question_and_nobody_else(db, clock, smtp, make, asked):
    await add_receiver(db, "odd", "no address at all", "email")
    async with db.write() as session:
        await set_state(session, "odd", UNCONFIRMED, ASKED, clock())
        await invite(session, "odd", "no address at all", clock())
    await make().step()
    assert [one.recipient for one in smtp.mails] == [EMAIL]


async def test_who_has_answered_meanwhile_is_not_asked(db, clock, smtp, make, asked):
    async with db.write() as session:
        reader = await find_reader(session, "desk", locked=True)
        await obey(session, reader, Act.CONFIRM, clock())
    assert not await make().step()
    assert smtp.mails == []


async def test_a_failure_does_not_take_back_an_answer(db, clock, smtp, make, asked):
    """The relay took the mail and said so too late: the reader was faster than our books."""
    smtp.data = deque(["451 4.3.0 too late"])
    smtp.stall = 0.5
    step = asyncio.create_task(make().step())
    while not smtp.busy:  # noqa: ASYNC110 - the receiver rings no bell for it
        await asyncio.sleep(0.01)
    async with db.write() as session:
        reader = await find_reader(session, "desk", locked=True)
        await obey(session, reader, Act.CONFIRM, clock())
    await step
    assert await standing(db) == [("active", "")]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("mode", ["held", "allow:*@else.example"])
async def test_nobody_is_asked_who_may_not_be_written_to(clock, smtp, make, mode):
    await make(read_mode(mode)).step()
    assert smtp.mails == []
    clock.advance(hours=2)
    await make().step()
    assert len(smtp.mails) == 1


async def test_nobody_is_asked_while_all_is_held(db, clock, smtp, make, asked):
    async with db.write() as session:
        await hold_sending(session, "restored", clock())
    assert not await make().step()
    async with db.write() as session:
        await release_sending(session, clock())
    assert await make().step()


async def test_questions_go_once_they_are_old_unless_they_wait(db, clock, make, asked):
    later = clock() + timedelta(days=100)
    async with db.write() as session:
        assert await prune_invitations(session, later) == 0
    await make().step()
    async with db.write() as session:
        assert await prune_invitations(session, clock()) == 0
        assert await prune_invitations(session, later) == 1
