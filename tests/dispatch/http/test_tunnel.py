"""Through an egress proxy: what it is asked, and faults that are its own."""

import asyncio
import base64
import socket
from contextlib import ExitStack

import pytest

from service.core.destination.proxy import Proxy, read_proxy
from service.core.sending.delivery import WAITS, Refused, Route, TryLater, judge
from service.dispatch.http import WebhookSender
from tests.dispatch.http.certificates import AUTHORITY, ELSEWHERE, GOOD
from tests.dispatch.http.misbehaving import (
    OK,
    closes,
    hangs,
    misbehaving,
    repeats,
    resets,
    says,
    tls_of,
)

THANKS = says(OK + b"content-length: 0\r\n\r\n")
TRUSTED = Route(authority=AUTHORITY)
WORDS = "http://us:s3cret@127.0.0.1:{}"


async def _pipe(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def joins(heads):
    """A proxy that does what it is asked."""

    async def behave(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head.decode())
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        inner, outer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n")
        await asyncio.gather(_pipe(reader, outer), _pipe(inner, writer))

    return behave


def through(proxy, **more):
    opened = read_proxy(WORDS.format(proxy.port))
    return WebhookSender(loopback_allowed=True, proxy=opened, **{"deadline": 10} | more)


@pytest.mark.parametrize("pair", [None, GOOD], ids=["plain", "tls"])
async def test_it_is_asked_for_the_address_that_was_judged(parcel, pair):
    heads = []
    tls = tls_of(pair) if pair else None
    async with (
        misbehaving(THANKS, tls=tls) as receiver,
        misbehaving(joins(heads)) as proxy,
        through(proxy, resolve=lambda _: ["127.0.0.1"]) as sender,
    ):
        url = receiver.url.replace("127.0.0.1", "localhost")
        replies = [await sender.send(parcel(url, route=TRUSTED)) for _ in range(3)]
        host = f"\r\nhost: localhost:{receiver.port}\r\n".encode()
        assert all(host in head for head in receiver.heads)
        assert (receiver.connections, proxy.connections) == (1, 1)
    login = base64.b64encode(b"us:s3cret").decode()
    peer = f"127.0.0.1:{receiver.port}"
    asked = [f"CONNECT {peer} HTTP/1.1", f"host: {peer}", f"proxy-authorization: Basic {login}"]
    assert heads == ["\r\n".join([*asked, "", ""])]
    assert all(reply.accepted for reply in replies)
    assert replies[0].peer == f"{peer} via 127.0.0.1:{proxy.port}"
    phases = ["dns", "connect", *(["tls"] if pair else []), "first_byte", "total"]
    assert list(replies[0].timings) == phases


async def test_it_is_shown_nothing_where_nothing_is_set(parcel):
    heads = []
    async with misbehaving(THANKS) as receiver, misbehaving(joins(heads)) as proxy:
        opened = Proxy("localhost", proxy.port)
        async with WebhookSender(loopback_allowed=True, proxy=opened) as sender:
            assert (await sender.send(parcel(receiver.url))).accepted
    assert "authorization" not in heads[0]


async def test_the_guard_stands_before_it(parcel, dialled):
    async with (
        misbehaving(closes) as proxy,
        through(proxy, resolve=lambda _: ["10.0.0.1"]) as sender,
    ):
        reply = await sender.send(parcel("https://inner.example/"))
        assert proxy.connections == 0
    assert "10.0.0.1 lies in 10.0.0.0/8" in reply.reason
    assert dialled == []


ANSWERS = [
    (b"HTTP/1.1 407 Login\r\ncontent-length: 0\r\n\r\n", "wants a user and a password"),
    (
        b"HTTP/1.1 403 No\r\ncontent-length: 5\r\n\r\nnever",
        "answered 403 to CONNECT 127.0.0.1:80: do its rules let us through to there?",
    ),
    (b"HTTP/1.1 301 Moved\r\nlocation: http://10.0.0.1/\r\n\r\n", "answered 301 to CONNECT"),
    (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "answered 200 to CONNECT 127.0.0.1"),
    (b"220 mail.example ESMTP\r\n", "gave no answer to CONNECT"),
]


@pytest.mark.parametrize(("answer", "words"), ANSWERS)
async def test_its_answers_are_told_apart_from_those_of_receivers(parcel, answer, words):
    async def behave(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await hangs(reader, writer)

    reply = await _ask(parcel, behave)
    assert words in reply.reason


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_receiver_that_it_did_not_reach_is_to_blame_itself(parcel, status):
    answer = says(f"HTTP/1.1 {status} Away\r\ncontent-length: 0\r\n\r\n".encode())
    async with misbehaving(answer) as proxy, through(proxy) as sender:
        reply = await sender.send(parcel("http://127.0.0.1:80/"))
    assert (reply.status, reply.ours) == (None, False)
    assert reply.reason == (
        f"the egress proxy 127.0.0.1:{proxy.port} answered {status} to CONNECT 127.0.0.1:80: it did"
        " not reach it. Is it up, and is there a way to it from the proxy?"
    )
    assert judge(reply, 2, 0.5) == TryLater(pytest.approx(WAITS[1]))
    assert isinstance(judge(reply, 10, 0.5), Refused)


async def test_a_receiver_that_it_waits_for_is_to_blame_itself(parcel):
    async with misbehaving(hangs) as proxy, through(proxy, deadline=0.3) as sender:
        reply = await sender.send(parcel("http://127.0.0.1:80/"))
    assert (reply.status, reply.ours) == (None, False)
    assert reply.reason == (
        f"no connection to 127.0.0.1:80 within 0.3 s: 127.0.0.1:80 via 127.0.0.1:{proxy.port}, and"
        " that proxy waits, too. It is down, or a firewall keeps the proxy out"
    )


async def test_a_proxy_that_takes_no_connection_is_our_own_fault(parcel):
    with socket.socket() as full, ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(4):  # until its queue is full, and the system answers nobody
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        opened = Proxy("127.0.0.1", port)
        async with WebhookSender(loopback_allowed=True, proxy=opened, deadline=0.3) as sender:
            reply = await sender.send(parcel("http://127.0.0.1:80/"))
    assert reply.ours
    words = f"no connection to the egress proxy within 0.3 s: 127.0.0.1:80 via 127.0.0.1:{port}"
    assert reply.reason.startswith(words)


FAULTS = [
    (closes, "gave no answer to CONNECT"),
    (resets, "gave no answer to CONNECT"),
    (repeats(b"x: y\r\n", 0.01), "gave no answer to CONNECT"),
]


@pytest.mark.parametrize(("behave", "words"), FAULTS, ids=["closes", "resets", "talks"])
async def test_its_faults_are_told_apart_from_those_of_receivers(parcel, behave, words):
    assert words in (await _ask(parcel, behave)).reason


async def _ask(parcel, behave):
    """Always our own fault, and tried on for ever."""
    async with misbehaving(behave) as proxy, through(proxy) as sender:
        reply = await sender.send(parcel("http://127.0.0.1:80/"))
    assert (reply.accepted, reply.status, reply.ours) == (False, None, True)
    assert isinstance(judge(reply, 99, 0.5), TryLater)
    assert "s3cret" not in reply.reason
    assert f"127.0.0.1:{proxy.port}" in reply.reason
    return reply


async def test_a_proxy_out_of_reach_is_our_own_fault(parcel):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        gone = Proxy("127.0.0.1", probe.getsockname()[1])
    async with WebhookSender(loopback_allowed=True, proxy=gone) as sender:
        reply = await sender.send(parcel("http://127.0.0.1:80/"))
    assert reply.ours
    assert f"the egress proxy {gone} is out of reach: " in reply.reason


async def test_a_proxy_without_an_address_is_our_own_fault(parcel):
    gone = Proxy("no-such-proxy.invalid", 3128)
    async with WebhookSender(loopback_allowed=True, proxy=gone) as sender:
        reply = await sender.send(parcel("http://127.0.0.1:80/"))
    assert reply.ours
    assert "the egress proxy no-such-proxy.invalid:3128 is out of reach: " in reply.reason


async def test_behind_it_the_receiver_is_to_blame_for_what_it_does(parcel):
    heads = []
    async with (
        misbehaving(closes) as rude,
        misbehaving(THANKS, tls=tls_of(ELSEWHERE)) as other,
        misbehaving(joins(heads)) as proxy,
        through(proxy) as sender,
    ):
        cut = await sender.send(parcel(rude.url))
        wrong = await sender.send(parcel(other.url, route=TRUSTED))
    assert (cut.ours, wrong.ours) == (False, False)
    assert "the connection without an answer" in cut.reason
    assert "Hostname mismatch" in wrong.reason
