"""Sending again, recovering and acknowledging, through the API."""

from uuid import uuid4

import pytest

from service.core.destination.optin import Act
from service.store.mail.readers import find_reader, obey


@pytest.fixture
async def webhook(api, change, places):
    """The id of the webhook's alert."""
    found = (await api.get(f"/v1/deliveries?destination={places['webhook']['id']}")).json()
    return found["items"][0]["id"]


async def test_one_is_sent_again_and_keeps_its_history(api, webhook, end):
    await end(webhook, "cancelled")
    answer = await api.post(f"/v1/deliveries/{webhook}/resend", json={"reason": "they need it"})
    assert answer.status_code == 202
    said = answer.json()
    assert (said["state"], said["former"]["outcome"]) == ("pending", "cancelled")
    assert said["former"]["reason"] == "as it went"
    read = (await api.get(f"/v1/deliveries/{webhook}")).json()
    assert (read["state"], read["attempts"], read["same_bytes"]) == ("pending", None, None)
    assert [(one["number"], one["outcome"]) for one in read["former"]] == [(1, "cancelled")]
    assert [(one["action"], one["detail"]["reason"]) for one in read["deeds"]] == [
        ("resend", "they need it")
    ]


@pytest.mark.parametrize(("sha256", "is_same"), [("aa", True), ("bb", False)])
async def test_whether_the_bytes_were_the_same_is_said(api, webhook, end, sha256, is_same):
    await end(webhook, "delivered")
    await api.post(f"/v1/deliveries/{webhook}/resend")
    await end(webhook, "delivered", sha256, 2)
    assert (await api.get(f"/v1/deliveries/{webhook}")).json()["same_bytes"] is is_same


async def test_what_is_pending_or_unknown_is_not_sent_again(api, webhook, change, places):
    refused = await api.post(f"/v1/deliveries/{webhook}/resend")
    assert refused.status_code == 409
    assert "has not ended" in refused.json()["detail"]
    assert (await api.post(f"/v1/deliveries/{uuid4()}/resend")).status_code == 404
    asked = (await api.get(f"/v1/deliveries?destination={places['pull']['id']}")).json()
    refused = await api.post(f"/v1/deliveries/{asked['items'][0]['id']}/resend")
    assert (refused.status_code, "asks for its alerts" in refused.json()["detail"]) == (409, True)


async def test_somebody_has_seen_it(api, webhook, clock):
    form = {"who": "Kim", "note": "prices\nupdated"}
    said = (await api.post(f"/v1/deliveries/{webhook}/acknowledge", json=form)).json()
    assert (said["by"], said["note"]) == ("Kim", "prices\nupdated")
    (deed,) = (await api.get(f"/v1/deliveries/{webhook}")).json()["deeds"]
    assert (deed["who"], deed["action"]) == ("Kim", "acknowledge")
    answer = await api.post(f"/v1/deliveries/{uuid4()}/acknowledge", json=form)
    assert answer.status_code == 404
    answer = await api.post(f"/v1/deliveries/{webhook}/acknowledge", json={"who": ""})
    assert answer.status_code == 422


async def test_a_recovery_is_looked_at_and_then_done(api, webhook, end, places, change):
    place = f"/v1/destinations/{places['webhook']['id']}/recover"
    await end(webhook, "failed")
    seen = (await api.get(place, params={"since": "2025-04-09T20:00:00Z"})).json()
    assert (seen["failed"], seen["seconds"], seen["errand"]) == (1, None, None)
    await api.patch(place.removesuffix("/recover"), json={"rate": 0.1})
    slow = (await api.get(place, params={"since": "2025-04-09T20:00:00Z"})).json()
    assert slow["seconds"] == 10
    assert seen["changes"] == {"count": 1, "first": [change]}
    later = (await api.get(place, params={"since": "2025-04-10T20:00:00Z"})).json()
    assert (later["failed"], later["changes"]["count"]) == (0, 0)
    answer = await api.post(place, json={"since": "2025-04-09T20:00:00Z", "reason": "mended"})
    assert answer.status_code == 202
    errand = answer.json()["errand"]
    assert (errand["kind"], errand["done"], errand["is_finished"]) == ("recover", 1, True)
    assert (await api.get(f"/v1/deliveries/{webhook}")).json()["state"] == "pending"
    (deed,) = (await api.get("/v1/audit", params={"action": "recover"})).json()["items"]
    assert deed["object"] == f"destination:{places['webhook']['id']}"
    assert deed["detail"] == {"reason": "mended", "since": "2025-04-09T20:00:00+00:00"}


async def test_a_reader_who_has_unsubscribed_is_sent_nothing_again(api, desk, end, places, change):
    place = places["email"]["id"]
    found = (await api.get(f"/v1/deliveries?destination={place}")).json()["items"]
    await end(found[0]["id"], "failed")
    async with desk.db.write() as session:
        reader = await find_reader(session, place, locked=True)
        assert await obey(session, reader, Act.UNSUBSCRIBE, desk.clock())
    since = {"since": "2025-04-09T20:00:00Z"}
    for path, form in (
        (f"/v1/deliveries/{found[0]['id']}/resend", {}),
        (f"/v1/changes/{change}/replay", {"destination": place}),
        (f"/v1/destinations/{place}/recover", since),
    ):
        refused = await api.post(path, json=form)
        assert refused.status_code == 409, refused.text
        assert refused.json()["detail"].startswith("its reader has unsubscribed: ")
    seen = (await api.get(f"/v1/destinations/{place}/recover", params=since)).json()
    assert (seen["failed"], seen["changes"]["count"], seen["errand"]) == (0, 0, None)


async def test_a_recovery_needs_a_place_and_an_instant(api, places):
    nowhere = "/v1/destinations/dst_nobody/recover"
    assert (await api.get(nowhere, params={"since": "2025-04-09"})).status_code == 404
    assert (await api.post(nowhere, json={"since": "2025-04-09"})).status_code == 404
    place = f"/v1/destinations/{places['webhook']['id']}/recover"
    assert (await api.get(place, params={"since": "lately"})).status_code == 400
    assert (await api.get(place)).status_code == 400
    assert (await api.post(place, json={"since": "lately"})).status_code == 400
    assert (await api.post(place, json={})).status_code == 422


async def test_one_recovery_at_a_time(api, webhook, end, places, monkeypatch):
    monkeypatch.setattr("service.store.steering.errands.PAGE", 1)
    place = f"/v1/destinations/{places['webhook']['id']}/recover"
    await end(webhook, "failed")
    form = {"since": "2025-04-09T20:00:00Z"}
    first = (await api.post(place, json=form)).json()
    assert first["errand"]["is_finished"] is False
    refused = await api.post(place, json=form)
    assert refused.status_code == 409
    assert "is under way here, 1 are done" in refused.json()["detail"]
