"""Receivers that ask for a token of a token server of their own."""

import asyncio
import json
from base64 import b64encode
from dataclasses import replace

import pytest

from service.core.destination.grant import Grant
from service.core.sending.delivery import TryLater, judge
from service.core.sending.sent import write_sent
from service.dispatch.http import WebhookSender
from tests.receivers import Answer, http_receiver

SECRET, TOKEN = "b04a91f3c7d25e68", "8f1c0a52d7e94b16"


def gives(token=TOKEN, status=200, **more):
    found = {"access_token": token, "token_type": "Bearer", "expires_in": 3600} | more
    return Answer(status=status, body=json.dumps(found).encode())


def grant_of(server, **more):
    return Grant(**{"token_url": server.url, "client_id": "us", "client_secret": SECRET} | more)


def bearers(receiver):
    return [one.headers["authorization"].removeprefix("Bearer ") for one in receiver.requests]


def everything(reply):
    return f"{reply!r} {write_sent(reply.sent, 1, 'sha')}"


@pytest.fixture
async def quick():
    async with WebhookSender(loopback_allowed=True, deadline=0.5) as sender:
        yield sender


async def test_a_token_is_fetched_shown_and_kept(sender, parcel):
    async with http_receiver(answer=gives()) as server, http_receiver() as receiver:
        one = parcel(receiver.url, grant=grant_of(server, scope="hooks"))
        replies = [await sender.send(one) for _ in range(3)]
    assert [reply.status for reply in replies] == [204] * 3
    assert bearers(receiver) == [TOKEN] * 3
    (asked,) = server.requests
    assert asked.method == "POST"
    assert asked.body == b"grant_type=client_credentials&scope=hooks"
    login = b64encode(f"us:{SECRET}".encode()).decode()
    assert asked.headers["authorization"] == f"Basic {login}"
    assert "token" in replies[0].timings
    for reply in replies:
        assert reply.sent["own"]["authorization"] == "Bearer …"
        assert TOKEN not in everything(reply)


async def test_a_thousand_deliveries_fetch_one(sender, parcel):
    async with (
        http_receiver(answer=replace(gives(), delay=0.1)) as server,
        http_receiver() as receiver,
    ):
        one = parcel(receiver.url, grant=grant_of(server))
        replies = await asyncio.gather(*[sender.send(one) for _ in range(1000)])
    assert all(reply.accepted for reply in replies)
    assert (len(server.requests), len(receiver.requests)) == (1, 1000)


async def test_each_client_has_its_own(sender, parcel):
    async with http_receiver(gives("one"), gives("two")) as server, http_receiver() as receiver:
        for client in ("a", "b", "a"):
            await sender.send(parcel(receiver.url, grant=grant_of(server, client_id=client)))
    assert bearers(receiver) == ["one", "two", "one"]


async def test_a_token_that_was_revoked_is_fetched_anew_once(sender, parcel):
    async with (
        http_receiver(gives("old"), gives("new")) as server,
        http_receiver(Answer(), Answer(status=401)) as receiver,
    ):
        one = parcel(receiver.url, grant=grant_of(server))
        replies = [await sender.send(one) for _ in range(3)]
    assert [reply.status for reply in replies] == [204] * 3
    assert bearers(receiver) == ["old", "old", "new", "new"]
    assert len(server.requests) == 2


async def test_a_call_that_fails_after_a_refusal_is_judged_by_itself(sender, parcel):
    async with (
        http_receiver(gives("old"), gives("new")) as server,
        http_receiver(Answer(), Answer(status=401), answer=Answer(raw=b"")) as receiver,
    ):
        one = parcel(receiver.url, grant=grant_of(server))
        _, reply = [await sender.send(one) for _ in range(2)]
    assert reply.status is None
    assert "closed the connection without an answer" in reply.reason


async def test_a_receiver_that_takes_no_token_is_not_asked_without_end(sender, parcel):
    async with (
        http_receiver(answer=gives()) as server,
        http_receiver(answer=Answer(status=401, body=TOKEN.encode())) as receiver,
    ):
        one = parcel(receiver.url, grant=grant_of(server))
        reply = await sender.send(one)
        assert (len(server.requests), len(receiver.requests)) == (1, 1)
        await sender.send(one)
        assert (len(server.requests), len(receiver.requests)) == (2, 2)
    assert (reply.accepted, reply.status) == (False, 401)
    assert "`scope` and `audience`" in reply.reason
    assert TOKEN not in everything(reply)


async def test_what_expires_at_once_is_used_once(sender, parcel):
    async with http_receiver(answer=gives(expires_in=0)) as server, http_receiver() as receiver:
        one = parcel(receiver.url, grant=grant_of(server))
        for _ in range(2):
            assert (await sender.send(one)).accepted
    assert len(server.requests) == 2


BAD = {
    "refuses the client": (
        gives(status=400, error="invalid_client"),
        "answered 400 invalid_client",
    ),
    "is gone": (Answer(status=410), "the token server answered 410"),
    "is busy": (Answer(status=503, headers={"retry-after": "7"}), "the token server answered 503"),
    "gives a page": (
        Answer(status=200, body=b"<html>", headers={"content-type": "text/html"}),
        "no JSON object",
    ),
    "gives no token": (Answer(status=200, body=b"{}"), "without an access_token"),
    "smuggles": (gives("a\r\nx: y"), "cannot stand in a header"),
    "redirects inwards": (
        Answer.redirect("http://169.254.169.254/latest"),
        "redirects are not followed",
    ),
    "never answers": (Answer(hang=True), "no answer within 0.5 s|no token within 0.5 s"),
    "drips": (Answer(status=200, body=b"{" * 1000, trickle=0.05), "within 0.5 s"),
    "has an endless answer": (Answer(status=200, body=b"[" * 1_000_000), "no JSON object"),
    "hangs up": (Answer(raw=b""), "closed the connection without an answer"),
    "speaks no HTTP": (Answer(raw=b"220 mail.example ESMTP\r\n"), "did not answer in HTTP"),
    "repeats the secret": (gives(status=401, error_description=f"not {SECRET}"), "401: not …"),
}


@pytest.mark.parametrize(("answer", "words"), BAD.values(), ids=BAD)
async def test_a_token_server_that(quick, parcel, answer, words):
    async with http_receiver(answer=answer) as server, http_receiver() as receiver:
        reply = await quick.send(parcel(receiver.url, grant=grant_of(server)))
    assert receiver.requests == []
    assert any(one in reply.reason for one in words.split("|")), reply.reason
    assert "token" in reply.reason
    assert SECRET not in everything(reply)
    assert (reply.accepted, reply.status, reply.ours) == (False, None, False)
    outcome = judge(reply, 1, 0.5)
    assert isinstance(outcome, TryLater)  # never the end of a delivery, nor of its destination
    assert reply.retry_after in {None, 7.0}


async def test_a_token_server_that_is_away_is_told_from_the_receiver(sender, parcel):
    async with http_receiver() as gone:
        pass
    async with http_receiver() as receiver:
        reply = await sender.send(parcel(receiver.url, grant=grant_of(gone)))
    assert f"no token from the token server: connection refused by 127.0.0.1:{gone.port}" in (
        reply.reason
    )
    assert (receiver.requests, reply.ours, reply.sent) == ([], False, {})


@pytest.mark.parametrize("url", ["http://169.254.169.254/token", "http://10.0.0.7:443/token"])
async def test_the_guard_stands_before_token_servers_too(sender, parcel, url):
    grant = Grant(url, "us", SECRET)
    async with http_receiver() as receiver:
        reply = await sender.send(parcel(receiver.url, grant=grant))
    assert "refused to dial" in reply.reason
    assert receiver.requests == []


async def test_a_name_that_leads_inwards_is_refused_when_it_is_dialled(parcel):
    async with http_receiver() as receiver:
        names = {"token.example": ["10.0.0.7"]}
        async with WebhookSender(loopback_allowed=True, resolve=names.__getitem__) as sender:
            grant = Grant("http://token.example/", "us", SECRET)
            reply = await sender.send(parcel(receiver.url, grant=grant))
    assert "refused to dial token.example" in reply.reason
    assert receiver.requests == []


async def test_a_delivery_that_is_given_up_leaves_the_others_their_token(sender, parcel):
    async with (
        http_receiver(answer=replace(gives(), delay=0.2)) as server,
        http_receiver() as receiver,
    ):
        one = parcel(receiver.url, grant=grant_of(server))
        first = asyncio.create_task(sender.send(one))
        second = asyncio.create_task(sender.send(one))
        await asyncio.sleep(0.05)
        first.cancel()
        assert (await second).accepted
    assert len(server.requests) == 1


async def test_who_leaves_while_a_token_is_fetched_waits_for_nothing(parcel):
    async with http_receiver(answer=Answer(hang=True)) as server:
        async with WebhookSender(loopback_allowed=True, deadline=30) as sender:
            one = parcel("http://127.0.0.1:9/hook", grant=grant_of(server))
            waiting = asyncio.create_task(sender.send(one))
            await asyncio.sleep(0.1)
        with pytest.raises(asyncio.CancelledError):
            await waiting
