"""TLS: sessions that are taken up again, and certificates of a destination's own."""

import asyncio
import socket
import ssl
import tempfile
import threading
from contextlib import suppress

import pytest
import uvloop

from service.core.sending.delivery import Route
from service.dispatch.http import WebhookSender
from service.dispatch.http.reaching import tls as remembered
from tests.dispatch.http.certificates import (
    AUTHORITY,
    CLIENT,
    CLIENT_KEY,
    ELSEWHERE,
    GOOD,
    LOCKED_KEY,
)
from tests.dispatch.http.misbehaving import OK, misbehaving, says, tls_of

TRUSTED = Route(authority=AUTHORITY)
LAST = says(OK + b"connection: close\r\ncontent-length: 0\r\n\r\n")
THANKS = says(OK + b"content-length: 0\r\n\r\n")


async def test_a_second_connection_takes_up_the_session_of_the_first(sender, parcel):
    async with misbehaving(LAST, tls=tls_of(GOOD)) as receiver:
        for _ in range(4):
            assert (await sender.send(parcel(receiver.url, route=TRUSTED))).accepted
        assert receiver.resumed == [False, True, True, True]


async def test_connections_opened_at_once_take_it_up_together(sender, parcel):
    async with misbehaving(LAST, tls=tls_of(GOOD)) as receiver:
        await sender.send(parcel(receiver.url, route=TRUSTED))
        every = (sender.send(parcel(receiver.url, route=TRUSTED)) for _ in range(8))
        assert all(reply.accepted for reply in await asyncio.gather(*every))
        assert receiver.resumed == [False] + [True] * 8


async def test_a_session_is_not_carried_to_another_server_of_that_name(sender, parcel):
    """Its ticket means nothing there, and its certificate is looked at."""
    async with misbehaving(LAST, tls=tls_of(GOOD)) as one:
        assert (await sender.send(parcel(one.url, route=TRUSTED))).accepted
    async with misbehaving(LAST, tls=tls_of(ELSEWHERE)) as other:
        reply = await sender.send(parcel(other.url, route=TRUSTED))
    assert "Hostname mismatch" in reply.reason


async def test_who_shows_another_certificate_shares_no_connection(sender, parcel):
    known = Route(authority=AUTHORITY, certificate=CLIENT, key=CLIENT_KEY)
    async with misbehaving(THANKS, tls=tls_of(GOOD)) as receiver:
        for route in (TRUSTED, known, TRUSTED, known):
            assert (await sender.send(parcel(receiver.url, route=route))).accepted
        assert receiver.resumed == [False, False]


async def test_an_encrypted_connection_is_kept(sender, parcel):
    async with misbehaving(THANKS, tls=tls_of(GOOD)) as receiver:
        first = await sender.send(parcel(receiver.url, route=TRUSTED))
        second = await sender.send(parcel(receiver.url, route=TRUSTED))
        assert receiver.connections == 1
    assert list(first.timings) == ["dns", "connect", "tls", "first_byte", "total"]
    assert list(second.timings) == ["first_byte", "total"]
    assert list(first.timings.values()) == sorted(first.timings.values())


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (Route(authority="nonsense"), "the authority of this destination cannot be used"),
        (Route(authority="é"), "the authority of this destination cannot be used"),
        (Route(certificate="nonsense"), "the client certificate of this destination cannot be"),
        (Route(certificate=CLIENT), "the client certificate of this destination cannot be used"),
        (Route(certificate=CLIENT, key=GOOD), "cannot be used (key values mismatch)"),
        (Route(certificate=CLIENT, key=LOCKED_KEY), "(the key is locked with a password)"),
    ],
    ids=["authority", "letters", "certificate", "no key", "other key", "locked key"],
)
async def test_texts_that_are_no_pem_are_explained(sender, parcel, route, words):
    async with misbehaving(THANKS, tls=tls_of(GOOD)) as receiver:
        replies = [await sender.send(parcel(receiver.url, route=route)) for _ in range(2)]
        assert receiver.connections == 0
    assert {(reply.accepted, reply.status, reply.ours) for reply in replies} == {
        (False, None, False)
    }
    assert all(words in reply.reason for reply in replies)
    assert not any("BEGIN" in reply.reason for reply in replies)


async def test_who_ends_tls_with_a_reason_is_quoted(sender, parcel):
    """asyncio closes without one: here is a server that tells us what it misses."""

    def refuse(listener, context):
        accepted, _ = listener.accept()
        asked = context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        with asked:
            with suppress(ssl.SSLError):
                asked.do_handshake()
            while socket.socket.recv(asked, 4096):  # closing before would be a reset
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        strict = tls_of(GOOD, clients=AUTHORITY)
        url = f"https://localhost:{listener.getsockname()[1]}/"
        refusing = asyncio.create_task(asyncio.to_thread(refuse, listener, strict))
        reply = await sender.send(parcel(url, route=TRUSTED))
        await refusing
    assert "ended TLS: tlsv13 alert certificate required" in reply.reason


async def test_what_is_remembered_of_others_is_limited(parcel, monkeypatch):
    monkeypatch.setattr(remembered, "MOST_SESSIONS", 1)
    monkeypatch.setattr(remembered, "MOST_CONTEXTS", 1)
    by_ip = {"resolve": lambda _: ["127.0.0.1"], "loopback_allowed": True}
    async with misbehaving(LAST, tls=tls_of(GOOD)) as receiver, WebhookSender(**by_ip) as sender:
        other = receiver.url.replace("localhost", "127.0.0.1")
        for url in (receiver.url, receiver.url, other, receiver.url):
            assert (await sender.send(parcel(url, route=TRUSTED))).accepted
        assert receiver.resumed == [False, True, False, False]
        await sender.send(parcel(receiver.url))  # of another route
        assert (await sender.send(parcel(receiver.url, route=TRUSTED))).accepted
        assert receiver.resumed[-1] is False


async def test_what_fails_for_a_passing_reason_is_tried_again(
    sender, parcel, monkeypatch, tmp_path
):
    """No file can be written for a moment: what we show to the receiver goes through one."""
    route = Route(AUTHORITY, CLIENT, CLIENT_KEY)
    async with misbehaving(THANKS, tls=tls_of(GOOD, clients=AUTHORITY)) as receiver:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
        assert not (await sender.send(parcel(receiver.url, route=route))).accepted
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        assert (await sender.send(parcel(receiver.url, route=route))).accepted


async def test_a_route_means_nothing_without_tls(sender, parcel):
    async with misbehaving(THANKS) as receiver:
        assert (await sender.send(parcel(receiver.url, route=Route("nonsense")))).accepted


def test_it_works_the_same_on_uvloop(parcel):
    """The event loop of production: connections, sessions, deadlines and closing."""
    seen = []

    async def main():
        async with (
            misbehaving(LAST, tls=tls_of(GOOD)) as secure,
            misbehaving(THANKS) as plain,
            misbehaving(says()) as silent,
            WebhookSender(loopback_allowed=True, deadline=2) as sender,
        ):
            for _ in range(2):
                seen.append(await sender.send(parcel(secure.url, route=TRUSTED)))
                seen.append(await sender.send(parcel(plain.url)))
            seen.append(await sender.send(parcel(secure.url)))
            seen.append(await sender.send(parcel(silent.url)))
            assert (secure.resumed[:2], plain.connections) == ([False, True], 1)

    thread = threading.Thread(target=uvloop.run, args=(main(),))
    thread.start()
    thread.join()
    *good, untrusted, late = seen
    assert all(reply.accepted for reply in good)
    assert "not trusted" in untrusted.reason
    assert late.reason.startswith("no answer within 2 s")
