"""`WebhookSender` against real servers on loopback."""

import asyncio
import resource
import socket
from contextlib import ExitStack
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from service.core.proof import signature
from service.core.sending.delivery import Route
from service.dispatch.http import EXCERPT, WebhookSender
from tests.dispatch.conftest import DELIVERY, NOW, SECRET
from tests.dispatch.http.misbehaving import OK, hear, misbehaving
from tests.receivers import Answer, certificate, http_receiver, server_tls

LONG_AGO = 0.05  # seconds: a deadline that a hanging receiver is sure to miss


def nobody_listens() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/hook"


async def test_an_alert_arrives_whole_and_signed(sender, parcel):
    async with http_receiver() as receiver:
        reply = await sender.send(parcel(f"{receiver.url}?a=%2Fb", body='{"é":1}'.encode()))
        request = receiver.requests[0]
    assert (reply.accepted, reply.status, reply.reason) == (True, 204, "answered 204")
    assert (request.method, request.path) == ("POST", "/hook?a=%2Fb")
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["user-agent"].startswith("tariffwire/")
    assert request.headers["webhook-id"] == str(DELIVERY)
    signature.verify(request.headers, request.body, [SECRET], NOW)
    signed = Webhook(SECRET).sign(str(DELIVERY), NOW, request.body.decode())
    assert request.headers["webhook-signature"] == signed


async def test_both_secrets_sign_during_rotation(sender, parcel):
    other = signature.secret_from(bytes(24))
    async with http_receiver() as receiver:
        await sender.send(parcel(receiver.url, secrets=(SECRET, other)))
        request = receiver.requests[0]
    for secret in (SECRET, other):
        signature.verify(request.headers, request.body, [secret], NOW)


async def test_a_reply_tells_the_peer_the_answer_and_the_phases(sender, parcel):
    async with http_receiver(Answer(status=200, body=b"thanks")) as receiver:
        reply = await sender.send(parcel(receiver.url))
        assert reply.peer == f"127.0.0.1:{receiver.port}"
    assert reply.excerpt == b"thanks"
    assert list(reply.timings) == ["connect", "first_byte", "total"]
    assert list(reply.timings.values()) == sorted(reply.timings.values())


async def test_a_secret_where_an_answer_is_cut_is_hidden_whole(sender, parcel):
    secret = "8f1c0a52d7e94b16"
    body = b"x" * (EXCERPT - 6) + secret.encode() + b"y"
    async with http_receiver(Answer(status=500, body=body)) as receiver:
        reply = await sender.send(parcel(receiver.url, headers=(("x-key", secret),)))
    assert reply.excerpt == b"x" * (EXCERPT - 6) + "…".encode()


async def test_an_answer_that_is_whole_keeps_its_end(sender, parcel):
    async with http_receiver(Answer(status=500, body=b"code 8")) as receiver:
        reply = await sender.send(parcel(receiver.url, headers=(("x-key", "8f1c0a52d7e94b16"),)))
    assert reply.excerpt == b"code 8"


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
async def test_an_error_status_is_a_reply(sender, parcel, status):
    async with http_receiver(Answer(status=status, body=b"no")) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert (reply.accepted, reply.status, reply.ours) == (False, status, False)
    assert reply.reason.startswith(f"answered {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_never_followed(sender, parcel, status):
    async with http_receiver() as other:
        async with http_receiver(Answer.redirect(other.url, status)) as receiver:
            reply = await sender.send(parcel(receiver.url))
        assert other.requests == []
    assert not reply.accepted
    assert reply.reason.startswith(f"answered {status}, redirects are not followed: name the")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("90", 90.0), ("Thu, 10 Apr 2025 04:03:00 GMT", 120.0), ("soon", None)],
)
async def test_retry_after_is_read_from_the_moment_of_the_attempt(sender, parcel, asked, seconds):
    async with http_receiver(Answer(status=429, headers={"retry-after": asked})) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert reply.retry_after == seconds


async def test_a_long_answer_is_cut_and_its_connection_dropped(sender, parcel):
    long = Answer(status=200, body=b"x" * 5_000_000)
    async with http_receiver(long) as receiver:
        first = await sender.send(parcel(receiver.url))
        second = await sender.send(parcel(receiver.url))
        assert receiver.connections == 2
    assert first.accepted
    assert second.accepted
    assert first.excerpt == b"x" * EXCERPT


async def test_a_compressed_answer_is_not_inflated(sender, parcel):
    answer = Answer(status=200, body=b"\x1f\x8b bomb", headers={"content-encoding": "gzip"})
    async with http_receiver(answer) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert reply.excerpt == answer.body


async def test_a_silent_receiver_misses_the_deadline(parcel):
    async with (
        http_receiver(Answer(hang=True)) as receiver,
        WebhookSender(loopback_allowed=True, deadline=LONG_AGO) as sender,
    ):
        reply = await sender.send(parcel(receiver.url))
    assert (reply.accepted, reply.status, reply.ours) == (False, None, False)
    assert "no answer within 0.05 s: answer first, and work afterwards" in reply.reason
    assert reply.peer == f"127.0.0.1:{receiver.port}"


async def test_the_deadline_covers_the_last_byte_of_the_body(parcel):
    drip = Answer(status=200, body=b"x" * 1000, trickle=0.01)
    async with (
        http_receiver(drip) as receiver,
        WebhookSender(loopback_allowed=True, deadline=0.3) as sender,
    ):
        reply = await sender.send(parcel(receiver.url))
    assert (reply.accepted, reply.status) == (False, 200)
    assert "answered 200, but its body was not complete within 0.3 s" in reply.reason


async def test_a_host_that_does_not_accept_misses_the_deadline(parcel):
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(3):  # fill the queue of the listener, which never accepts
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        async with WebhookSender(loopback_allowed=True, deadline=LONG_AGO) as sender:
            reply = await sender.send(parcel(f"http://127.0.0.1:{address[1]}/hook"))
    assert f"no connection to 127.0.0.1:{address[1]} within 0.05 s" in reply.reason


async def test_an_answer_cut_off_mid_body_is_a_failure(sender, parcel):
    async with http_receiver(Answer(status=200, body=b"0123456789", cut=4)) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert (reply.accepted, reply.status) == (False, 200)
    assert "the connection closed before the end of the body" in reply.reason


async def test_an_answer_that_is_not_http_is_a_failure(sender, parcel):
    async with http_receiver(Answer(raw=b"220 mail.example.com ESMTP\r\n\r\n")) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert not reply.accepted
    assert "did not answer in HTTP" in reply.reason


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff\xfe",
        b"HTTP/1.1 200",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 500 OK\r\nretry-after: \xff\xfe\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 500 OK\r\nset-cookie: ;;=\x01\xff; Expires=nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http://[\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_no_answer_however_odd_raises(sender, parcel, raw):
    async with http_receiver(Answer(raw=raw)) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert not reply.accepted
    assert reply.reason
    assert not reply.ours


async def test_a_connection_closed_without_an_answer_is_a_failure(sender, parcel):
    async with http_receiver(Answer(raw=b"")) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert f"127.0.0.1:{receiver.port} closed the connection without an answer" in reply.reason


async def test_a_refused_connection_is_named(sender, parcel):
    address = nobody_listens()
    reply = await sender.send(parcel(address))
    assert (reply.accepted, reply.status, reply.ours) == (False, None, False)
    assert f"connection refused by {address[7:-5]}: nothing listens there" in reply.reason
    assert reply.peer == address[7:-5]


async def test_a_name_that_does_not_resolve_is_named(sender, parcel):
    reply = await sender.send(parcel("http://no-such-host.invalid/hook"))
    assert reply.reason.startswith("the name of no-such-host.invalid:80 does not resolve: ")
    assert list(reply.timings) == ["total"]


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "bad..example"])
async def test_a_name_that_cannot_be_is_named(sender, parcel, host):
    reply = await sender.send(parcel(f"http://{host}/hook"))
    assert reply.reason.startswith(f"refused to dial: the host name '{host}' cannot be encoded")


@pytest.mark.parametrize("address", ["http://[::1", "ftp://example.com/", "https:///x", "nonsense"])
async def test_an_unusable_url_is_a_reply(sender, parcel, address):
    reply = await sender.send(parcel(address))
    assert not reply.accepted
    assert reply.reason


async def test_a_proxy_in_the_environment_is_ignored(sender, parcel, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", nobody_listens())
    async with http_receiver() as receiver:
        assert (await sender.send(parcel(receiver.url))).accepted


async def test_cookies_are_not_kept(sender, parcel):
    async with http_receiver(Answer(headers={"set-cookie": "a=b; Path=/"})) as receiver:
        await sender.send(parcel(receiver.url))
        await sender.send(parcel(receiver.url))
        assert "cookie" not in receiver.requests[1].headers


async def test_connections_are_kept_and_reused(sender, parcel):
    async with http_receiver() as receiver:
        for _ in range(5):
            reply = await sender.send(parcel(receiver.url))
            assert reply.peer == f"127.0.0.1:{receiver.port}"
        assert receiver.connections == 1


async def test_a_kept_connection_that_went_stale_is_replaced_at_once(sender, parcel):
    async with http_receiver(Answer(), Answer(raw=b"")) as receiver:
        await sender.send(parcel(receiver.url))
        reply = await sender.send(parcel(receiver.url))
        ids = {request.headers["webhook-id"] for request in receiver.requests}
        assert (len(receiver.requests), ids) == (3, {str(DELIVERY)})
    assert reply.accepted


async def test_no_more_connections_to_one_destination_than_allowed(parcel):
    async with (
        http_receiver(answer=Answer(delay=0.01)) as receiver,
        WebhookSender(loopback_allowed=True, each=3) as sender,
    ):
        replies = await asyncio.gather(*(sender.send(parcel(receiver.url)) for _ in range(12)))
        assert receiver.connections <= 3
    assert all(reply.accepted for reply in replies)


async def test_waiting_for_a_slot_does_not_count_against_the_receiver(parcel):
    async with (
        http_receiver(Answer(hang=True), Answer(hang=True)) as receiver,
        WebhookSender(loopback_allowed=True, limit=1, deadline=0.3) as sender,
    ):
        replies = await asyncio.gather(*(sender.send(parcel(receiver.url)) for _ in range(3)))
    assert [reply.accepted for reply in replies] == [False, False, True]


async def test_one_that_hangs_fails_no_other_at_its_host_and_port(parcel):
    async with (
        misbehaving(_hangs_under(b"/stuck")) as gateway,
        WebhookSender(loopback_allowed=True, each=2) as sender,
    ):
        url = f"http://{gateway.host}:{gateway.port}"
        parcels = [parcel(f"{url}/stuck", destination="stuck") for _ in range(4)]
        stuck = [asyncio.create_task(sender.send(one)) for one in parcels]
        while len(gateway.heads) < 2:  # noqa: ASYNC110 - heads ring no bell
            await asyncio.sleep(0.01)
        well = [sender.send(parcel(f"{url}/well", destination="well")) for _ in range(6)]
        replies = await asyncio.gather(*well)
        assert [reply.reason for reply in replies] == ["answered 200"] * 6
        assert sum(b"/stuck" in head for head in gateway.heads) == 2
        for task in stuck:
            task.cancel()
        await asyncio.wait(stuck)


def _hangs_under(path):
    """A receiver that is well but for one of its paths."""

    async def behave(reader, writer):
        while path not in (await hear(reader)).split(b"\r\n")[0]:
            writer.write(OK + b"content-length: 0\r\n\r\n")
        await reader.read()

    return behave


async def test_a_destination_without_a_name_goes_by_its_address(parcel):
    async with (
        misbehaving(_hangs_under(b"/stuck")) as gateway,
        WebhookSender(loopback_allowed=True, each=1) as sender,
    ):
        url = f"http://{gateway.host}:{gateway.port}"
        stuck = asyncio.create_task(sender.send(parcel(f"{url}/stuck")))
        while not gateway.heads:  # noqa: ASYNC110 - heads ring no bell
            await asyncio.sleep(0.01)
        assert (await sender.send(parcel(f"{url}/well"))).accepted
        stuck.cancel()
        await asyncio.wait([stuck])


async def test_waiting_behind_others_does_not_count_against_the_receiver(parcel):
    async with (
        http_receiver(answer=Answer(delay=0.6)) as receiver,
        WebhookSender(loopback_allowed=True, each=1, deadline=1) as sender,
    ):
        replies = await asyncio.gather(*(sender.send(parcel(receiver.url)) for _ in range(2)))
    assert [reply.reason for reply in replies] == ["answered 204"] * 2
    assert all(reply.timings["total"] < 1 for reply in replies)


async def test_who_waits_behind_others_for_too_long_was_never_sent(parcel):
    async with (
        http_receiver(answer=Answer(hang=True)) as receiver,
        WebhookSender(loopback_allowed=True, each=1, deadline=0.3) as sender,
    ):
        first, *_, last = await asyncio.gather(
            *(sender.send(parcel(receiver.url)) for _ in range(3))
        )
        assert len(receiver.requests) < 3
    words = f"not sent: for 0.3 s too many earlier requests to 127.0.0.1:{receiver.port} waited"
    assert last.reason.startswith(words)
    assert (last.accepted, last.status, last.sent) == (False, None, {})
    assert (first.ours, last.ours) == (False, True)


async def test_a_certificate_is_verified(sender, parcel):
    async with http_receiver(tls=server_tls()) as receiver:
        reply = await sender.send(parcel(receiver.url))
        assert receiver.requests == []
    assert reply.reason.startswith(f"certificate of localhost:{receiver.port} not trusted: self")


async def test_a_trusted_certificate_is_accepted_for_its_own_name_only(sender, parcel):
    trusting = Route(authority=certificate())
    async with http_receiver(tls=server_tls()) as receiver:
        assert (await sender.send(parcel(receiver.url, route=trusting))).accepted
        elsewhere = receiver.url.replace("localhost", "127.0.0.1")
        other = await sender.send(parcel(elsewhere, route=trusting))
    assert other.reason.startswith("certificate of 127.0.0.1")


async def test_a_server_without_tls_is_named(sender, parcel):
    async def greet(_reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        reply = await sender.send(parcel(f"https://127.0.0.1:{port}/hook"))
    assert reply.reason.startswith(f"no TLS with 127.0.0.1:{port}")


async def test_running_out_of_file_descriptors_is_our_fault(sender, parcel):
    async with http_receiver() as receiver:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as highest:
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest.fileno() + 1, hard))
            try:
                reply = await sender.send(parcel(receiver.url))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (reply.accepted, reply.ours) == (False, True)
    assert "Too many open files" in reply.reason


async def test_our_own_bugs_propagate(sender, parcel):
    async with http_receiver() as receiver:
        with pytest.raises(signature.BadSecret):
            await sender.send(parcel(receiver.url, secrets=()))


async def test_each_attempt_carries_its_own_timestamp(sender, parcel):
    later = NOW + timedelta(hours=2)
    async with http_receiver() as receiver:
        await sender.send(parcel(receiver.url))
        await sender.send(parcel(receiver.url, signed_at=later))
        stamps = [request.headers["webhook-timestamp"] for request in receiver.requests]
    assert stamps == [str(int(NOW.timestamp())), str(int(later.timestamp()))]
