"""`MailSender` against a real SMTP server on loopback."""

import asyncio
import socket
from collections import deque

import pytest

import service.dispatch.mail as module
from service.dispatch.mail import MailSender, UnsafeCredentials
from tests.dispatch.conftest import MAIL
from tests.receivers import server_tls, smtp_receiver, trusting_tls

SENDER = "alerts@example.com"


def mail_sender(receiver, **more) -> MailSender:
    return MailSender(receiver.host, receiver.port, sender=SENDER, **more)


@pytest.fixture
def mail(parcel):
    return lambda to="ops@example.org", **more: parcel(to, kind="email", secrets=(), **more)


async def test_a_message_arrives_as_it_was_composed(mail):
    async with smtp_receiver() as receiver, mail_sender(receiver) as sender:
        reply = await sender.send(mail())
        taken = receiver.mails[0]
        assert reply.peer == f"127.0.0.1:{receiver.port}"
    assert (reply.accepted, reply.status) == (True, 250)
    assert reply.reason == "the relay took it: 2.0.0 taken"
    assert (taken.sender, taken.recipient) == (SENDER, "ops@example.org")
    assert taken.content == MAIL


async def test_a_line_that_is_one_dot_survives(mail):
    body = b"Subject: dots\r\n\r\n.\r\n..\r\nend\r\n"
    async with smtp_receiver() as receiver, mail_sender(receiver) as sender:
        await sender.send(mail(body=body))
        assert receiver.mails[0].content == body


@pytest.mark.parametrize("stage", ["rcpt", "data"])
async def test_a_5xx_is_final_and_the_receivers_fault(mail, stage):
    refusing = {stage: deque(["550 5.1.1 no such user"])}
    async with smtp_receiver(**refusing) as receiver, mail_sender(receiver) as sender:
        reply = await sender.send(mail())
    assert (reply.accepted, reply.status, reply.final, reply.ours) == (False, 550, True, False)
    assert reply.gone
    relay = f"the relay 127.0.0.1:{receiver.port}"
    assert reply.reason == f"{relay} answered 550: 5.1.1 no such user; correct the address"


async def test_policy_refuses_the_mail_and_says_nothing_of_the_address(mail):
    refusing = {"data": deque(["554 5.7.1 refused by policy"])}
    async with smtp_receiver(**refusing) as receiver, mail_sender(receiver) as sender:
        reply = await sender.send(mail())
    assert (reply.final, reply.gone, reply.ours) == (True, False, False)


async def test_a_full_mailbox_is_for_later(mail):
    refusing = {"rcpt": deque(["552 5.2.2 mailbox full"])}
    async with smtp_receiver(**refusing) as receiver, mail_sender(receiver) as sender:
        reply = await sender.send(mail())
    assert (reply.accepted, reply.final, reply.gone, reply.ours) == (False, False, False, False)


async def test_a_relay_that_does_not_relay_for_us_is_our_fault(mail):
    refusing = {"rcpt": deque(["554 5.7.1 <ops@example.org>: Relay access denied"])}
    async with smtp_receiver(**refusing) as receiver, mail_sender(receiver) as sender:
        reply = await sender.send(mail())
    assert (reply.final, reply.ours) == (False, True)


async def test_a_bounce_is_told_apart_by_where_it_comes_back_to(mail):
    more = {"bounces": "bounce@alerts.example"}
    async with smtp_receiver() as receiver, mail_sender(receiver, **more) as sender:
        await sender.send(mail())
        assert receiver.mails[0].sender == f"bounce+{mail().delivery_id}@alerts.example"


@pytest.mark.parametrize("stage", ["rcpt", "data"])
async def test_a_4xx_is_for_later(mail, stage):
    refusing = {stage: deque(["451 4.7.1 greylisted"])}
    async with smtp_receiver(**refusing) as receiver, mail_sender(receiver) as sender:
        first, second = await sender.send(mail()), await sender.send(mail())
        assert receiver.connections == 1
    assert (first.accepted, first.status, first.final, first.ours) == (False, 451, False, False)
    assert second.accepted


async def test_a_relay_that_refuses_our_sender_is_our_fault(mail):
    refusing = {"mail": deque(["550 5.7.1 you may not send"])}
    async with smtp_receiver(**refusing) as receiver, mail_sender(receiver) as sender:
        reply = await sender.send(mail())
    assert (reply.status, reply.final, reply.ours) == (550, False, True)


async def test_a_relay_that_says_goodbye_is_dialled_anew(mail):
    async with (
        smtp_receiver(data=deque(["421 4.3.2 closing"])) as receiver,
        mail_sender(receiver) as sender,
    ):
        first, second = await sender.send(mail()), await sender.send(mail())
        assert receiver.connections == 2
    assert (first.status, first.final) == (421, False)
    assert second.accepted


async def test_an_absent_relay_is_our_fault(mail):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        async with MailSender("127.0.0.1", port, sender=SENDER) as sender:
            reply = await sender.send(mail())
    assert (reply.accepted, reply.status, reply.ours) == (False, None, True)
    assert reply.reason.startswith(f"no conversation with the relay 127.0.0.1:{port}")


async def test_a_slow_relay_misses_the_deadline_and_its_connection_is_dropped(mail):
    async with (
        smtp_receiver(stall=60) as receiver,
        mail_sender(receiver, deadline=0.3) as sender,
    ):
        reply = await sender.send(mail())
        receiver.stall = 0
        assert (await sender.send(mail())).accepted
        assert receiver.connections == 2
    assert f"no answer from the relay 127.0.0.1:{receiver.port} within 0.3 s" in reply.reason
    assert not reply.ours  # it may have taken the mail: not again and again for ever


async def test_one_connection_carries_many_messages(mail):
    async with smtp_receiver() as receiver, mail_sender(receiver) as sender:
        for number in range(5):
            assert (await sender.send(mail(f"ops{number}@example.org"))).accepted
        assert receiver.connections == 1
        assert [one.recipient for one in receiver.mails] == [
            f"ops{number}@example.org" for number in range(5)
        ]


async def test_a_connection_the_relay_closed_is_replaced(mail):
    async with smtp_receiver() as receiver, mail_sender(receiver) as sender:
        await sender.send(mail())
        receiver.hang_up()
        await asyncio.sleep(0.05)
        assert (await sender.send(mail())).accepted
        assert receiver.connections == 2


async def test_a_connection_does_not_go_on_for_ever(mail, monkeypatch):
    monkeypatch.setattr(module, "MOST_CARRIED", 2)
    async with smtp_receiver() as receiver, mail_sender(receiver) as sender:
        for _ in range(5):
            assert (await sender.send(mail())).accepted
        assert receiver.connections == 3


async def test_a_connection_that_was_idle_for_long_is_not_used_again(mail, monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 0)
    async with smtp_receiver() as receiver, mail_sender(receiver) as sender:
        for _ in range(2):
            assert (await sender.send(mail())).accepted
        assert receiver.connections == 2


async def test_after_a_pause_a_relay_that_has_lost_patience_costs_no_attempt(mail, monkeypatch):
    """It says goodbye to the next command, whatever that is."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0)
    async with smtp_receiver() as receiver, mail_sender(receiver) as sender:
        await sender.send(mail())
        receiver.rset.append("421 4.4.2 idle for too long")
        assert (await sender.send(mail())).accepted
        assert receiver.connections == 2
        assert (await sender.send(mail())).accepted
        assert receiver.connections == 2


async def test_many_at_once_share_a_few_connections(mail):
    async with (
        smtp_receiver(stall=0.01) as receiver,
        mail_sender(receiver, connections=3) as sender,
    ):
        replies = await asyncio.gather(
            *(sender.send(mail(f"ops{number}@example.org")) for number in range(20))
        )
        assert receiver.connections <= 3
        assert receiver.busiest <= 3
        assert len({one.recipient for one in receiver.mails}) == 20
    assert all(reply.accepted for reply in replies)


async def test_a_login_is_made_once_and_a_wrong_one_is_our_fault(mail):
    def known(user, password):
        return (user, password) == ("tariffwire", "right")

    async with smtp_receiver(authenticate=known) as receiver:
        async with mail_sender(receiver, username="tariffwire", password="right") as sender:
            assert (await sender.send(mail())).accepted
        async with mail_sender(receiver, username="tariffwire", password="wrong") as sender:
            reply = await sender.send(mail())
        assert [one.login for one in receiver.mails] == ["tariffwire"]
    assert (reply.status, reply.ours, reply.final) == (535, True, False)


def test_a_password_never_crosses_the_network_unencrypted():
    with pytest.raises(UnsafeCredentials, match="starttls"):
        MailSender("mail.example.com", 25, sender=SENDER, username="a", password="b")


async def test_a_relay_without_starttls_is_refused_when_it_is_asked_for(mail):
    async with (
        smtp_receiver() as receiver,
        mail_sender(receiver, security="starttls") as sender,
    ):
        reply = await sender.send(mail())
        assert receiver.mails == []
    assert (reply.accepted, reply.ours) == (False, True)


async def test_starttls_protects_the_conversation_and_verifies_the_certificate(mail):
    async with smtp_receiver(tls=server_tls()) as receiver:
        receiver.host = "localhost"
        async with mail_sender(receiver, security="starttls", tls=trusting_tls()) as sender:
            assert (await sender.send(mail())).accepted
        async with mail_sender(receiver, security="starttls") as sender:
            reply = await sender.send(mail())
        assert len(receiver.mails) == 1
    assert (reply.accepted, reply.ours) == (False, True)
    assert "certificate" in reply.reason.lower()
