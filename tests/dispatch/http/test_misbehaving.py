"""What receivers do wrong, what follows from it, and what their owners read about it."""

import asyncio
from dataclasses import dataclass

import pytest

from service.core.sending.delivery import LONGEST_WAIT, Delivered, Refused, Route, TryLater, judge
from service.dispatch.http import EXCERPT, WebhookSender
from tests.dispatch.conftest import DELIVERY
from tests.dispatch.http.certificates import AUTHORITY, CLIENT, CLIENT_KEY, ELSEWHERE, EXPIRED, GOOD
from tests.dispatch.http.misbehaving import (
    BOMB,
    OK,
    Behaviour,
    closes,
    hangs,
    hear,
    interrupts,
    misbehaving,
    never_reads,
    repeats,
    resets,
    says,
    tls_of,
)

SHORT, LONG = 0.5, 10.0
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
LATER, DONE, GONE = TryLater, Delivered, Refused


@dataclass(frozen=True)
class Case:
    """`words` are a part of the reason, where [] stands for the receiver's host and port.

    The deadline is short for those that are to miss it.
    """

    name: str
    behave: Behaviour
    outcome: type
    words: str
    status: int | None = None
    excerpt: bytes = b""

    @property
    def deadline(self) -> float:
        return SHORT if f"within {SHORT} s" in self.words else LONG


CASES = [
    Case("closes at once", closes, LATER, "the connection without an answer"),
    Case("resets at once", resets, LATER, "[] reset the connection without an answer"),
    Case("closes unanswered", says(then=closes), LATER, "[] closed the connection without"),
    Case("resets unanswered", says(then=resets), LATER, "[] reset the connection without"),
    Case(
        "closes in its headers",
        says(b"HTTP/1.1 200 OK\r\nx: y", then=closes),
        LATER,
        "[] closed the connection in the middle of its headers",
    ),
    Case(
        "resets in its headers",
        says(b"HTTP/1.1 200 OK\r\nx: y", then=resets),
        LATER,
        "[] closed the connection in the middle of its headers",
    ),
    Case(
        "closes in its body",
        says(OK + b"content-length: 10\r\n\r\n12345", then=closes),
        LATER,
        "answered 200, but the connection closed before the end of the body",
        200,
    ),
    Case(
        "resets in its body",
        says(OK + b"content-length: 10\r\n\r\n12345", then=resets),
        LATER,
        "answered 200, but the connection closed before the end of the body",
        200,
    ),
    Case("never answers", says(then=hangs), LATER, "no answer within 0.5 s: answer first"),
    Case("never reads", never_reads, LATER, "no answer within 0.5 s"),
    Case(
        "drips its headers",
        says(b"HTTP/1.1 200 OK\r\nx: ", then=repeats(b"y", 0.1)),
        LATER,
        "the headers of its answer were not complete within 0.5 s",
    ),
    Case(
        "drips its body",
        says(OK + b"content-length: 1000\r\n\r\n", then=repeats(b"y", 0.1)),
        LATER,
        "answered 200, but its body was not complete within 0.5 s",
        200,
    ),
    Case(
        "falls silent in its body",
        says(OK + b"content-length: 1000\r\n\r\nabc", then=hangs),
        LATER,
        "answered 200, but its body was not complete within 0.5 s",
        200,
    ),
    Case(
        "has an endless body",
        says(OK + b"\r\n", then=repeats(b"x" * 10_000)),
        DONE,
        "answered 200",
        200,
        b"x" * EXCERPT,
    ),
    Case(
        "has a body of 100 MB",
        says(OK + b"content-length: 100000000\r\n\r\n", then=repeats(b"x" * 10_000)),
        DONE,
        "answered 200",
        200,
        b"x" * EXCERPT,
    ),
    Case(
        "sends a gzip bomb",
        says(OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB),
        DONE,
        "answered 200",
        200,
        BOMB[:EXCERPT],
    ),
    Case(
        "chunks without end",
        says(CHUNKED, then=repeats(b"1\r\nx\r\n" * 1000)),
        DONE,
        "answered 200",
        200,
        b"x" * EXCERPT,
    ),
    Case(
        "has endless trailers",
        says(CHUNKED + b"1\r\nx\r\n0\r\n", then=repeats(b"a: b\r\n" * 1000)),
        DONE,
        "answered 200",
        200,
        b"x",
    ),
    Case(
        "has an endless extension of a chunk",
        says(CHUNKED + b"1;", then=repeats(b"a" * 10_000)),
        DONE,
        "answered 200",
        200,
    ),
    Case("breaks a chunk", says(CHUNKED + b"zz\r\n"), LATER, "200, but its body is broken", 200),
    Case(
        "has a chunk past all sizes",
        says(CHUNKED + b"f" * 20 + b"\r\n"),
        LATER,
        "answered 200, but its body is broken: Chunk size overflow",
        200,
    ),
    Case(
        "sends an inner address",
        says(b"HTTP/1.1 301 Moved\r\nlocation: http://169.254.169.254/\r\n\r\n", then=closes),
        LATER,
        "answered 301, redirects are not followed: name the address it leads to",
        301,
    ),
    Case(
        "speaks HTTP/1.0",
        says(b"HTTP/1.0 200 OK\r\n\r\nthanks", then=closes),
        DONE,
        "answered 200",
        200,
        b"thanks",
    ),
    Case("speaks HTTP/0.9", says(b"<html>thanks</html>", then=closes), LATER, "not answer in HTTP"),
    Case(
        "speaks HTTP/2",
        says(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x04\x00\x00\xff\xff"),
        LATER,
        "[] did not answer in HTTP",
    ),
    Case("speaks SMTP", says(b"220 mail.example ESMTP\r\n"), LATER, "[] did not answer in HTTP"),
    Case("speaks first", repeats(b"SSH-2.0-x\r\n", 0.1), LATER, "[] did not answer in HTTP"),
    Case(
        "says 100 Continue before",
        says(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 204 No\r\n\r\n"),
        DONE,
        "answered 204",
        204,
    ),
    Case(
        "gives hints before",
        says(b"HTTP/1.1 103 Hints\r\nretry-after: 9\r\n\r\n" + OK + b"content-length: 0\r\n\r\n"),
        DONE,
        "answered 200",
        200,
    ),
    Case(
        "says 100 Continue without end",
        says(then=repeats(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)),
        LATER,
        "[] did not answer in HTTP: its headers are longer than 65,536 bytes",
    ),
    Case(
        "switches protocols",
        says(b"HTTP/1.1 101 Switch\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", then=hangs),
        LATER,
        "answered 101",
        101,
    ),
    Case(
        "has one huge header",
        says(OK + b"x: " + b"y" * 1_000_000 + b"\r\n\r\n"),
        LATER,
        "its headers are longer than 65,536 bytes",
    ),
    Case(
        "has headers without end",
        says(OK, then=repeats(b"x: y\r\n" * 1000)),
        LATER,
        "its headers are longer than 65,536 bytes",
    ),
    Case(
        "has a header without a colon",
        says(OK + b"nonsense\r\ncontent-length: 0\r\n\r\n"),
        LATER,
        "[] did not answer in HTTP",
    ),
    Case(
        "has a zero byte in a header",
        says(OK + b"x: a\x00b\r\ncontent-length: 0\r\n\r\n"),
        LATER,
        "[] did not answer in HTTP",
    ),
    Case(
        "has two lengths",
        says(OK + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd"),
        LATER,
        "[] did not answer in HTTP",
    ),
    Case(
        "has a length and chunks",
        says(OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        LATER,
        "[] did not answer in HTTP",
    ),
    Case(
        "has a length below nought",
        says(OK + b"content-length: -1\r\n\r\n"),
        LATER,
        "[] did not answer in HTTP",
    ),
    Case(
        "has a status of its own",
        says(b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n"),
        LATER,
        "answered 999",
        999,
    ),
    Case(
        "has a status of nought",
        says(b"HTTP/1.1 000 None\r\ncontent-length: 0\r\n\r\n", then=closes),
        LATER,
        "[] closed the connection in the middle of its headers",
    ),
    Case("answers too early", interrupts, LATER, "answered 413: it does not take bodies", 413),
    Case(
        "says junk behind its answer",
        says(OK + b"content-length: 2\r\n\r\nokJUNK\x00\xff"),
        DONE,
        "answered 200",
        200,
        b"ok",
    ),
    Case(
        "gives 204 a body",
        says(b"HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nbody"),
        DONE,
        "answered 204",
        204,
    ),
    Case(
        "is gone",
        says(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"),
        GONE,
        "answered 410: it is gone for good",
        410,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_receiver_that(case, parcel):
    async with (
        misbehaving(case.behave) as receiver,
        WebhookSender(loopback_allowed=True, deadline=case.deadline) as sender,
    ):
        big = b"x" * 10_000_000 if case.behave in {never_reads, interrupts} else b"{}"
        reply = await sender.send(parcel(receiver.url, body=big))
        peer = f"127.0.0.1:{receiver.port}"
    assert case.words.replace("[]", peer) in reply.reason
    assert isinstance(judge(reply, 1, 0.5), case.outcome)
    assert (reply.status, reply.excerpt, reply.ours) == (case.status, case.excerpt, False)
    assert reply.peer == peer
    assert reply.timings["total"] == max(reply.timings.values())
    assert reply.retry_after is None


def test_there_are_many_ways():
    assert len({case.name for case in CASES}) >= 40


@pytest.mark.parametrize("asked", [b"99999999", b"9" * 500, b"Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_nobody_puts_us_off_for_ever(sender, parcel, asked):
    answer = b"HTTP/1.1 429 Slow\r\nretry-after: %s\r\ncontent-length: 0\r\n\r\n" % asked
    async with misbehaving(says(answer)) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert reply.retry_after > LONGEST_WAIT
    assert LONGEST_WAIT <= judge(reply, 1, 0.5).after <= LONGEST_WAIT * 1.1


@pytest.mark.parametrize("asked", [b"-5", b"soon", b"\xff\xfe", b"1e9", b"Mon, 99 Foo 1 0:0:0"])
async def test_a_retry_after_that_says_nothing_is_passed_over(sender, parcel, asked):
    answer = b"HTTP/1.1 503 Busy\r\nretry-after: %s\r\ncontent-length: 0\r\n\r\n" % asked
    async with misbehaving(says(answer)) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert (reply.status, reply.retry_after) == (503, None)


async def test_what_stands_in_trailers_counts_for_nothing(sender, parcel):
    answer = b"HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n0\r\nretry-after: 9\r\n\r\n"
    async with misbehaving(says(answer)) as receiver:
        assert (await sender.send(parcel(receiver.url))).retry_after is None


async def test_an_answer_smuggled_behind_another_answers_nothing(sender, parcel):
    """A receiver cannot prepare the answer to a request that it has not seen."""
    both = OK + b"content-length: 0\r\n\r\nHTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"
    async with misbehaving(says(both)) as receiver:
        replies = [await sender.send(parcel(receiver.url)) for _ in range(3)]
        assert receiver.connections == 3
    assert [reply.status for reply in replies] == [200, 200, 200]


async def test_who_speaks_between_two_requests_is_not_asked_again_on_that_line(sender, parcel):
    async def chatters(reader, writer):
        while True:
            await hear(reader)
            writer.write(OK + b"content-length: 0\r\n\r\n")
            await asyncio.sleep(0.02)
            writer.write(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")

    async with misbehaving(chatters) as receiver:
        first = await sender.send(parcel(receiver.url))
        await asyncio.sleep(0.1)
        second = await sender.send(parcel(receiver.url))
        assert receiver.connections == 2
    assert (first.status, second.status) == (200, 200)


async def test_a_kept_connection_closed_in_an_answer_is_not_asked_again(sender, parcel):
    """Something of an answer came: it may have been taken."""
    answers = [OK + b"content-length: 0\r\n\r\n", b"HTTP/1.1 20"]

    async def dies(reader, writer):
        await hear(reader)
        writer.write(answers.pop(0))
        await hear(reader)
        writer.write(answers.pop(0))

    async with misbehaving(dies) as receiver:
        assert (await sender.send(parcel(receiver.url))).accepted
        second = await sender.send(parcel(receiver.url))
        assert len(receiver.heads) == 2
    assert "closed the connection in the middle of its headers" in second.reason


@pytest.mark.parametrize("end", [closes, resets], ids=["closed", "reset"])
async def test_a_kept_connection_that_dies_unanswered_is_replaced_once(sender, parcel, end):
    async def once(reader, writer):
        await hear(reader)
        if receiver.connections == 1:
            writer.write(OK + b"content-length: 0\r\n\r\n")
            await hear(reader)
        await end(reader, writer)

    async with misbehaving(once) as receiver:
        assert (await sender.send(parcel(receiver.url))).accepted
        second = await sender.send(parcel(receiver.url))
        assert receiver.connections == 2
        assert all(str(DELIVERY).encode() in head for head in receiver.heads)
    assert "the connection without an answer" in second.reason


async def test_who_answers_before_it_has_heard_all_is_asked_anew(sender, parcel):
    """What is left of the first request would be the beginning of the second."""

    async def hasty(reader, writer):
        await reader.read(10)
        writer.write(OK + b"content-length: 0\r\n\r\n")
        writer.transport.pause_reading()
        await asyncio.sleep(60)

    async with misbehaving(hasty) as receiver:
        for _ in range(2):
            reply = await sender.send(parcel(receiver.url, body=b"x" * 10_000_000))
            assert (reply.accepted, reply.status) == (True, 200)
        assert receiver.connections == 2


async def test_an_answer_with_close_is_the_last_on_its_connection(sender, parcel):
    answer = OK + b"connection: close\r\ncontent-length: 0\r\n\r\n"
    async with misbehaving(says(answer)) as receiver:
        for _ in range(2):
            assert (await sender.send(parcel(receiver.url))).accepted
        assert receiver.connections == 2


async def test_chunks_keep_a_connection(sender, parcel):
    answer = CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx: y\r\n\r\n"
    async with misbehaving(says(*(bytes([one]) for one in answer))) as receiver:
        replies = [await sender.send(parcel(receiver.url)) for _ in range(2)]
        assert receiver.connections == 1
    assert [reply.excerpt for reply in replies] == [b"abcde", b"abcde"]


TRUSTED = Route(authority=AUTHORITY)
KNOWN = Route(authority=AUTHORITY, certificate=CLIENT, key=CLIENT_KEY)


@pytest.mark.parametrize(
    ("pair", "route", "words"),
    [
        (
            GOOD,
            Route(),
            "certificate of [] not trusted: unable to get local issuer certificate; if",
        ),
        (EXPIRED, TRUSTED, "certificate of [] not trusted: certificate has expired"),
        (ELSEWHERE, TRUSTED, "certificate of [] not trusted: Hostname mismatch"),
    ],
    ids=["of an unknown authority", "expired", "of another name"],
)
async def test_a_certificate_that_is(sender, parcel, pair, route, words):
    async with misbehaving(says(OK), tls=tls_of(pair)) as receiver:
        reply = await sender.send(parcel(receiver.url, route=route))
        assert receiver.heads == []
    assert reply.reason.startswith(words.replace("[]", f"localhost:{receiver.port}"))
    assert (reply.status, reply.ours, "tls" in reply.timings) == (None, False, False)


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (closes, "no TLS with []: "),
        (resets, "no TLS with []: Connection reset by peer"),
        (repeats(b"HTTP/1.1 400 Bad\r\n\r\n", 0.1), "no TLS with []: wrong version number"),
        (hangs, "no TLS with [] within 0.5 s"),
    ],
    ids=["closes", "resets", "speaks plainly", "hangs"],
)
async def test_a_handshake_that(parcel, behave, words):
    async with (
        misbehaving(behave) as receiver,
        WebhookSender(loopback_allowed=True, deadline=SHORT if behave is hangs else LONG) as sender,
    ):
        reply = await sender.send(parcel(receiver.url.replace("http", "https")))
    assert reply.reason.startswith(words.replace("[]", f"127.0.0.1:{receiver.port}"))
    assert isinstance(judge(reply, 1, 0.5), TryLater)


async def test_a_receiver_that_speaks_tls_where_none_is_expected(sender, parcel):
    async with misbehaving(says(OK), tls=tls_of(GOOD)) as receiver:
        reply = await sender.send(parcel(receiver.url.replace("https", "http")))
    assert not reply.accepted
    assert reply.reason


async def test_a_receiver_that_wants_a_certificate_of_ours(sender, parcel):
    strict = tls_of(GOOD, clients=AUTHORITY)
    async with misbehaving(says(OK + b"content-length: 0\r\n\r\n"), tls=strict) as receiver:
        without = await sender.send(parcel(receiver.url, route=TRUSTED))
        shown = await sender.send(parcel(receiver.url, route=KNOWN))
    assert without.reason.endswith(("certificate of ours", "certificate required"))
    assert shown.accepted


async def test_a_receiver_on_ipv6_alone(sender, parcel):
    async with misbehaving(says(OK + b"content-length: 0\r\n\r\n"), host="::1") as receiver:
        reply = await sender.send(parcel(receiver.url))
        assert receiver.heads[0].split(b"\r\n")[1] == b"host: [::1]:%d" % receiver.port
    assert (reply.accepted, reply.peer) == (True, f"[::1]:{receiver.port}")


@pytest.mark.parametrize(
    "path",
    ["/a%0d%0aX-Evil:%20y", "/a HTTP/1.1", "/a\r\nx-evil: y", "/a\nx-evil: y", "/\x00", "/é\u2028"],
)
async def test_a_url_smuggles_no_header(sender, parcel, path):
    async with misbehaving(says(OK + b"content-length: 0\r\n\r\n")) as receiver:
        await sender.send(parcel(receiver.url.replace("/hook", path)))
        heads = receiver.heads
    assert all(head.split(b"\r\n")[0].count(b" ") == 2 for head in heads)
    assert not any(line.lower().startswith(b"x-evil") for head in heads for line in head.split())


@pytest.mark.parametrize(
    "header",
    [
        ("x", "a\r\nx-evil: y"),
        ("x\r\nx-evil", "y"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("host", "other"),
        ("webhook-signature", "v1,forged"),
        ("x", "\ud800"),
    ],
)
async def test_a_header_of_its_owner_smuggles_nothing(sender, parcel, header):
    async with misbehaving(says(OK + b"content-length: 0\r\n\r\n")) as receiver:
        reply = await sender.send(parcel(receiver.url, headers=(header,)))
        assert receiver.connections == 0
    assert reply.reason.startswith("not sent: ")


async def test_the_headers_of_its_owner_arrive(sender, parcel):
    own = (("Authorization", "Bearer x"), ("x-team", "customs"))
    async with misbehaving(says(OK + b"content-length: 0\r\n\r\n")) as receiver:
        assert (await sender.send(parcel(receiver.url, headers=own))).accepted
        assert b"\r\nauthorization: Bearer x\r\nx-team: customs\r\n" in receiver.heads[0]
