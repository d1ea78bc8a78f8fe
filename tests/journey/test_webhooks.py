"""Webhooks as receivers see them, judged by two libraries that are not ours."""

import hashlib
import json

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.core.codes.harmonized import descriptions
from service.events_of_2025 import read_year
from service.examples import KINDS, example
from tests.journey.running import (
    body_of,
    cause_of,
    measure,
    parse,
    path_at,
    secret_of,
    verify,
)
from tests.receivers import Answer, http_receiver

LONGEST = 20_000
CARRIED = {
    "cause", "mode", "change", "sequence", "previous_change", "previous_alert", "kinds", "severity",
    "certainty", "before", "after", "announced_at", "effective_at", "citations", "matched",
    "delivery", "href", "summary",
}  # fmt: skip


async def test_every_kind_of_alert_is_verified_and_parsed_by_strangers(service, receiver):
    secret = secret_of(await service.subscribe(lanes=[{}], url=receiver.url))
    for kind in KINDS:
        await service.send(*example(kind, service.watch()))
    # A step further needs a track, and tests leave none behind.
    outreach = next(event for event in read_year() if event["id"] == "us-cn-outreach-report")
    await service.send(outreach | {"handling": "history"})
    await service.send(*example("stage_advanced", service.watch()))
    await service.settle()
    heard = set()
    for request in receiver.requests:
        data = check(request, secret)
        heard.update(data["kinds"])
        assert data["mode"] == "test"
    assert heard >= set(KINDS)


def check(request, secret):
    """What holds of every alert; its data."""
    body, event = verify(request, secret), parse(request)
    data = body["data"]
    assert event.get_specversion() == "1.0"
    assert event.get_type() == "tariffwire.change"
    assert event.get_id() == data["change"]
    assert event.get_data() == data
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    assert request.headers["webhook-id"] == data["delivery"]
    assert len(request.body) < LONGEST
    assert data.keys() >= CARRIED
    assert data["cause"]["source"]
    assert data["cause"]["id"]
    assert all(one["reason"] for one in data["matched"])
    return data


async def test_a_stranger_notices_a_changed_byte_and_a_foreign_secret(service, receiver):
    secret = secret_of(await service.subscribe(lanes=[{}], url=receiver.url))
    other = secret_of(await service.subscribe(country="JP", url=path_at(receiver, "other")))
    await service.send(measure("one", "us-cn", 34))
    (request,) = await receiver.wait_for(1)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body.replace(b"34", b"43"), dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        verify(request, other)


async def test_an_alert_carries_cause_before_after_dates_and_citations(service, receiver):
    """The step of 9 April 2025 on goods of China, after the one of 8 April."""
    made = await service.subscribe(name="all of China", country="CN", url=receiver.url)
    first = measure("eo-14259", "us-cn", 84)
    second = measure(
        "eo-14266",
        "us-cn",
        125,
        announced_at="2025-04-09",
        effective_at="2025-04-10T00:01:00-04:00",
        instrument={"kind": "executive_order", "number": "14266"},
        citations=[{"kind": "federal_register", "number": "2025-06462"}],
    )
    await service.send(first, second)
    await receiver.wait_for(2)
    told = {cause_of(request): verify(request, secret_of(made)) for request in receiver.requests}
    body, data = told["eo-14266"], told["eo-14266"]["data"]
    assert body["subject"] == "measure:us-cn"
    assert data["cause"] == {
        "source": "urn:example:desk",
        "id": "eo-14266",
        "type": "tariff.measure",
    }
    assert (data["mode"], data["certainty"]) == ("live", "instrument")
    assert (data["sequence"], data["previous_change"]) == (2, told["eo-14259"]["id"])
    assert data["previous_alert"] == told["eo-14259"]["data"]["delivery"]
    assert (data["before"]["duty"]["said"], data["new"]["said"]) == ("84 %", "125 %")
    assert (data["old"]["said"], data["delta_pp"]) == ("84 %", "41")
    assert data["effective_at"]["at"] == "2025-04-10T00:01:00-04:00"
    assert data["announced_at"]["precision"] == "day"
    assert {law["number"] for law in data["citations"]} >= {"14266", "2025-06462"}
    (matched,) = data["matched"]
    assert (matched["subscription"], matched["name"]) == (made["id"], "all of China")
    assert "China" in matched["reason"]
    shown = await service.ask(data["href"][data["href"].index("/v1/") :])
    assert (shown["id"], shown["said"]) == (data["change"], data["summary"])


async def test_an_alert_about_thousands_of_codes_stays_short_and_says_which_are_yours(
    service, receiver
):
    codes = [code for code in descriptions() if len(code) == 6][:5000]
    note = {"note": "x" * 1500}
    made = await service.subscribe(product=codes[-1], url=receiver.url, metadata=note)
    wide = {"scope": "codes", "include": codes}
    evidence = [{"kind": "press_report", "title": "t" * 400, "quote": "q" * 900}] * 40
    await service.send(measure("wide", "us-wide", 25, product=wide, evidence=evidence))
    (request,) = await receiver.wait_for(1)
    data = verify(request, secret_of(made))["data"]
    assert len(request.body) < LONGEST
    assert data["product"]["include"]["count"] == len(codes)
    assert data["product"]["include"]["yours"] == [codes[-1]]


async def test_two_subscriptions_on_one_url_are_told_once(service, receiver):
    made = await service.subscribe(name="by origin", lanes=[{"origin": "CN"}], url=receiver.url)
    await service.subscribe(name="by product", product="8703", url=receiver.url)
    await service.send(measure("one", "us-cn", 34))
    status = await service.settle()
    (request,) = receiver.requests
    data = verify(request, secret_of(made))["data"]
    assert {one["name"] for one in data["matched"]} == {"by origin", "by product"}
    assert all(one["reason"] for one in data["matched"])
    assert status["stages"]["delivery"]["done"] == 1


@pytest.mark.parametrize("failure", [Answer(status=500), Answer(raw=b"")], ids=["500", "hang-up"])
async def test_a_failure_is_tried_again_with_the_same_id_and_bytes(service, receiver, failure):
    receiver.script.append(failure)
    secret = secret_of(await service.subscribe(lanes=[{}], url=receiver.url))
    await service.send(measure("one", "us-cn", 34))
    await service.attempted(1)
    service.watch.advance(seconds=10)
    delivery = await service.attempted(2)
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery["id"]
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert first.body == second.body
    assert verify(second, secret)["data"]["cause"]["id"] == "one"
    assert delivery["state"] == "delivered"


async def test_an_attempt_shows_what_was_sent_and_answered_and_no_secret(service, receiver):
    token = "8f1c0a52d7e94b16"
    refusal = Answer(
        status=401,
        body=f"{token} is not known".encode(),
        headers={"www-authenticate": "Bearer", "set-cookie": "id=1", "x-echo": token},
    )
    receiver.script.append(refusal)
    form = {
        "url": f"{receiver.url}?page=2&sig=abc",
        "headers": {"authorization": f"Bearer {token}"},
    }
    made = (await service.api.post("/v1/destinations", json=form)).json()
    await service.subscribe(lanes=[{}], destinations=[made["id"]])
    await service.send(measure("one", "us-cn", 34))
    delivery = await service.attempted(1)
    assert token not in json.dumps(delivery)
    (attempt,) = delivery["attempted"]
    (heard,) = receiver.requests
    request = attempt["request"]
    assert request["url"] == f"{receiver.url}?page=2&sig=…"
    assert request["body"] == {
        "bytes": len(heard.body),
        "sha256": hashlib.sha256(heard.body).hexdigest(),
    }
    shown = dict(request["headers"])
    hidden = {name for name, value in shown.items() if "…" in value}
    assert hidden == {"authorization", "webhook-signature"}
    assert list(shown) == list(heard.headers)
    assert {name: shown[name] for name in shown.keys() - hidden} == {
        name: value for name, value in heard.headers.items() if name not in hidden
    }
    answered = dict(attempt["response_headers"])
    assert answered["www-authenticate"] == "Bearer"
    assert (answered["set-cookie"], answered["x-echo"]) == ("…", "…")
    assert attempt["response"] == "… is not known"
    assert "give the destination the headers" in attempt["reason"]
    assert attempt["peer"] == f"127.0.0.1:{receiver.port}"
    assert list(attempt["timings"]) == ["connect", "first_byte", "total"]


async def test_a_redirect_is_a_failure_and_never_followed(service, receiver):
    async with http_receiver() as elsewhere:
        receiver.script.append(Answer.redirect(elsewhere.url))
        await service.subscribe(lanes=[{}], url=receiver.url)
        await service.send(measure("one", "us-cn", 34))
        await service.attempted(1)
        service.watch.advance(seconds=10)
        delivery = await service.attempted(2)
        assert not elsewhere.requests
    assert [one["status"] for one in delivery["attempted"]] == [302, 204]
    assert len(receiver.requests) == 2


async def test_what_a_pause_holds_is_sent_when_it_ends(service, receiver):
    made = await service.subscribe(lanes=[{}], url=receiver.url)
    path = f"/v1/subscriptions/{made['id']}"
    await service.api.post(f"{path}/pause")
    await service.send(measure("one", "us-cn", 34), measure("two", "us-cn", 84))
    await service.settle()
    assert not receiver.requests
    await service.api.post(f"{path}/resume")
    await service.settle()
    assert {cause_of(request) for request in receiver.requests} == {"one", "two"}


async def test_while_a_secret_rotates_both_sign(service, receiver):
    made = await service.subscribe(lanes=[{}], url=receiver.url)
    (destination,) = made["destinations"]
    answer = await service.api.post(f"/v1/destinations/{destination}/rotate-secret", json={})
    await service.send(measure("one", "us-cn", 34))
    (request,) = await receiver.wait_for(1)
    assert len(request.headers["webhook-signature"].split()) == 2
    for secret in (secret_of(made), answer.json()["secret"]):
        assert verify(request, secret) == body_of(request)
