"""All that a destination was to get, in a complete order, verifiable."""

import hashlib
import json
from email import message_from_string
from uuid import UUID

import jsonschema_rs
import pytest
from standardwebhooks import Webhook

from service.core.proof.signature import verify
from service.core.sending.bounce import Bounce
from service.store.mail.returned import Return, record_return
from tests.api.samples import measure, rate


def path(place):
    return f"/v1/destinations/{place['id']}/alerts"


@pytest.fixture
async def five(tell, places):
    """Five changes, told to all."""
    events = [
        measure(f"e{number}", duty=rate(str(10 + number)), effective_at="2025-04-09")
        for number in range(5)
    ]
    await tell(*events)


async def test_who_asks_gets_signed_bodies_that_verify(api, clock, five, places):
    items = (await api.get(path(places["pull"]))).json()["items"]
    assert len(items) == 5
    secret = places["pull"]["secret"]
    for one in items:
        assert (one["state"], one["headers"]["webhook-id"]) == ("listed", one["webhook-id"])
        verify(one["headers"], one["body"].encode(), [secret], clock())
        signed = Webhook(secret).sign(one["webhook-id"], clock(), one["body"])
        assert one["headers"]["webhook-signature"] == signed
        assert one["sha256"] == hashlib.sha256(one["body"].encode()).hexdigest()
        assert json.loads(one["body"])["data"]["delivery"] == one["webhook-id"]


async def test_pages_skip_nothing_and_go_on_after_the_last(api, five, places, tell):
    numbers, link = [], f"{path(places['webhook'])}?limit=2"
    while link:
        answer = await api.get(link)
        numbers += [one["number"] for one in answer.json()["items"]]
        link = answer.links.get("next", {}).get("url")
    assert len(numbers) == 5
    assert numbers == sorted(numbers)
    await tell(measure("e9"))
    later = (await api.get(f"{path(places['webhook'])}?after={numbers[-1]}")).json()["items"]
    assert [one["state"] for one in later] == ["pending"]
    assert later[0]["is_as_sent"] is None


async def test_a_mail_is_listed_as_it_goes_out(api, change, places):
    (one,) = (await api.get(path(places["email"]))).json()["items"]
    assert message_from_string(one["body"])["To"] == "desk@example.com"
    assert one["headers"] == {}


async def test_a_mail_that_came_back_says_why_in_the_words_of_the_server(
    api, desk, change, places, end
):
    (one,) = (await api.get(path(places["email"]))).json()["items"]
    await end(one["webhook-id"], "delivered")
    back = Return(UUID(one["webhook-id"]), Bounce.SOFT, "it came back later: 552 5.2.2 full")
    async with desk.db.write() as session:
        assert await record_return(session, back, desk.clock())
    (one,) = (await api.get(path(places["email"]))).json()["items"]
    assert (one["state"], one["reason"]) == ("bounced", "it came back later: 552 5.2.2 full")
    read = (await api.get(f"/v1/deliveries/{one['webhook-id']}")).json()
    assert (read["state"], read["reason"]) == (one["state"], one["reason"])


async def test_what_keeps_it_back_or_took_it_back_is_said(api, change, places):
    webhook = places["webhook"]
    await api.patch(f"/v1/destinations/{webhook['id']}", json={"state": "paused"})
    (held,) = (await api.get(path(webhook))).json()["items"]
    assert (held["state"], held["reason"]) == ("held", f"held for {webhook['id']}")
    await api.post(f"/v1/changes/{change}/recall", json={"reason": "withdrawn"})
    original, correction = (await api.get(path(places["pull"]))).json()["items"]
    assert (original["recalled"], correction["recalled"]) == ("withdrawn", None)
    assert correction["caused_by"] == f"recall:{change}"
    said = json.loads(correction["body"])
    assert (said["type"], said["data"]["previous_alert"]) == (
        "tariffwire.recall",
        original["webhook-id"],
    )
    schema = (await api.get("/v1/schemas/alert")).json()
    jsonschema_rs.validator_for(schema).validate(said)


async def test_what_gave_way_to_a_newer_one_is_said(api, places, tell):
    for one in (await api.get("/v1/subscriptions")).json()["items"]:
        await api.patch(f"/v1/subscriptions/{one['id']}", json={"steps": "latest"})
    for number in range(2):
        await tell(measure(f"e{number}", duty=rate(str(10 + number)), effective_at="2025-04-09"))
    older, newer = (await api.get(path(places["webhook"]))).json()["items"]
    assert (older["state"], newer["state"]) == ("superseded", "pending")
    assert newer["webhook-id"] in older["reason"]
    assert json.loads(newer["body"])["data"]["supersedes"] == [older["webhook-id"]]
    refused = await api.post(f"/v1/deliveries/{older['webhook-id']}/resend", json={})
    assert refused.status_code == 409
    assert newer["webhook-id"] in refused.json()["detail"]


async def test_of_nobody_nothing_is_listed(api):
    assert (await api.get("/v1/destinations/dst_nobody/alerts")).status_code == 404
    answer = await api.get("/v1/destinations/dst_nobody/alerts?after=-1")
    assert answer.status_code == 400


# Those who ask


async def test_who_asks_is_neither_paused_nor_tried_nor_moved(api, places):
    place = f"/v1/destinations/{places['pull']['id']}"
    assert places["pull"]["alerts"] == f"{place}/alerts"
    for form in ({"state": "paused"}, {"url": "https://example.com/a"}, {"email": "a@b.example"}):
        assert (await api.patch(place, json=form)).status_code == 422
    assert (await api.post(f"{place}/test")).status_code == 422
    rotated = (await api.post(f"{place}/rotate-secret", json={})).json()
    assert rotated["secret"] != places["pull"]["secret"]
    kinds = (await api.get("/v1/destinations", params={"kind": "pull"})).json()["items"]
    assert len(kinds) == 1


@pytest.mark.parametrize(
    "form", [{}, {"pull": False}, {"pull": True, "url": "https://example.com/hook"}]
)
async def test_a_destination_is_one_of_the_three(api, form):
    answer = await api.post("/v1/destinations", json=form)
    assert answer.status_code == 422
    assert "or say `pull: true`" in answer.json()["detail"]
