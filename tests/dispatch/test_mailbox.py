"""The mailbox of bounces: a real IMAP server, plain on this machine, encrypted everywhere else."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from smtplib import SMTP

import pytest

import service.dispatch.mailbox as module
from service.dispatch import returns
from service.dispatch.mailbox import BadMailbox, Mailbox, MailboxUnavailable, read_mailbox
from service.dispatch.returns import take_returns
from tests.mailserver import mail_server
from tests.receivers import server_tls, trusting_tls


@pytest.fixture(scope="module")
def post():
    with mail_server() as server:
        yield server


@pytest.fixture
def mailbox(post):
    """With three messages that nobody has seen."""
    with SMTP("127.0.0.1", post.port) as client:
        for number in range(3):
            client.sendmail("", ["bounce@alerts.example"], f"Subject: {number}\r\n\r\nno report")
    return read_mailbox(post.url)


def read_new(mailbox):
    with mailbox.visit() as visit:
        return visit.read_new()


@asynccontextmanager
async def encrypted(port):
    """The same server behind TLS, under the name localhost."""

    async def carry(reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_tls())
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def test_looking_leaves_messages_as_they_are_and_marking_does_not(post, mailbox):
    with mailbox.visit() as visit:
        visit.mark_seen([name for name, _ in visit.read_new()[:-3]])
        first = visit.read_new()
        assert [raw.splitlines()[0][-1:] for _, raw in first] == [b"0", b"1", b"2"]
        assert visit.read_new() == first
        visit.mark_seen([name for name, _ in first])
        visit.mark_seen([])
        assert visit.read_new() == []


def test_a_visit_takes_a_part_of_many_and_of_each(mailbox, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(module, "LONGEST", 10)
    found = read_new(mailbox)
    assert [len(raw) for _, raw in found] == [10, 10]


async def test_over_tls_the_certificate_is_verified(post, mailbox):
    async with encrypted(post.imap_port) as port:
        far = replace(mailbox, host="localhost", port=port, is_encrypted=True)
        with pytest.raises(MailboxUnavailable, match="certificate"):
            await asyncio.to_thread(read_new, far)
        assert await asyncio.to_thread(read_new, replace(far, tls=trusting_tls()))


async def test_junk_is_marked_and_left_alone(db, clock, post, mailbox):
    assert await take_returns(db, mailbox, clock) == 0
    assert await asyncio.to_thread(read_new, mailbox) == []
    assert await take_returns(db, mailbox, clock) == 0


async def test_a_message_that_cannot_be_read_is_marked_like_the_others(
    db, clock, mailbox, monkeypatch
):
    def break_on(raw):
        if raw.startswith(b"Subject: 1"):
            raise ValueError("a bug of the library")

    monkeypatch.setattr(returns, "read_report", break_on)
    assert await take_returns(db, mailbox, clock) == 0
    assert await asyncio.to_thread(read_new, mailbox) == []


@pytest.mark.parametrize("wrong", [{"password": "no"}, {"port": 1}])
def test_what_cannot_be_read_now_is_said_without_the_password(mailbox, wrong):
    with pytest.raises(MailboxUnavailable) as caught:
        read_new(replace(mailbox, **wrong))
    assert mailbox.password not in str(caught.value)


def test_the_setting_names_all_that_is_needed():
    found = read_mailbox("imaps://bounce%40alerts.example:p%2Fw@mail.example/Bounces/2025")
    assert found == Mailbox(
        "mail.example", 993, "bounce@alerts.example", "p/w", "Bounces/2025", is_encrypted=True
    )
    assert "p/w" not in repr(found)
    assert read_mailbox("imap://u:p@localhost").port == 143
    assert read_mailbox("imap://u:p@127.0.0.1:1430").folder == "INBOX"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "imaps://mail.example/INBOX",
        "imaps://user@mail.example/INBOX",
        "https://user:secret@mail.example/INBOX",
        "imaps://user:secret@mail.example:port/INBOX",
        "imaps://user:secret@[/INBOX",
        "imap://user:secret@mail.example/INBOX",
    ],
)
def test_another_setting_is_refused_without_its_password(url):
    with pytest.raises(BadMailbox, match="imaps://user:password@host") as caught:
        read_mailbox(url)
    assert "secret" not in str(caught.value)
