"""A digest in the API: what it carries, where its members stand, and who can have none."""

import json
from functools import partial

import pytest

from service.core.sending.delivery import delivery_id
from service.dispatch.chores import Gatherer
from service.store.gathering.tables import Gathered
from tests.api.samples import measure, rate
from tests.books import rows, silent
from tests.dispatch.office import claim_for

NIGHT = {"from": "19:00", "to": "06:00"}
DAILY = {"digest": {"every": "day", "at": "07:00"}}


@pytest.fixture
async def digested(api, desk, clock, places, tell):
    """Two changes told to the webhook in a digest, which is not sent yet; where it goes."""
    place = places["webhook"]
    path = f"/v1/destinations/{place['id']}"
    assert (await api.patch(path, json={"preferences": DAILY})).status_code == 200
    await tell(*(measure(f"e{number}", measure=f"m{number}", duty=rate("5")) for number in (1, 2)))
    await desk.db.run_write(lambda session: claim_for(session, "us", clock()))
    clock.advance(hours=12)
    assert await Gatherer(desk.db, clock, silent).step()
    return place["id"]


async def test_members_are_listed_with_their_reason_and_the_digest_with_its_body(api, digested):
    listed = (await api.get(f"/v1/destinations/{digested}/alerts")).json()["items"]
    first, second, bundle = listed
    assert [one["state"] for one in listed] == ["digested", "digested", "pending"]
    assert first["reason"] == f"told in {bundle['webhook-id']} (digest:2025-04-10)"
    assert bundle["caused_by"].startswith("digest:2025-04-10#")
    body = json.loads(bundle["body"])
    assert body["type"] == "tariffwire.digest"
    assert {one["delivery"] for one in body["data"]["changes"]} == {
        one["webhook-id"] for one in (first, second)
    }
    assert bundle["headers"]["webhook-id"] == body["data"]["delivery"]


async def test_a_digest_leads_to_what_it_carries(api, digested):
    items = (await api.get("/v1/deliveries", params={"destination": digested})).json()["items"]
    bundle = (await api.get(items[-1]["href"])).json()
    assert sorted(bundle["carries"]) == sorted(one["href"] for one in items[:-1])
    assert (await api.get(items[0]["href"])).json()["carries"] == []
    found = await api.get("/v1/deliveries", params={"state": "digested"})
    assert len(found.json()["items"]) == 2


async def test_a_change_in_a_digest_counts_as_sent(api, digested):
    ((change, *_),) = [(await api.get("/v1/changes")).json()["items"]]
    halted = await api.post(f"/v1/changes/{change['id']}/halt", json={"reason": "let me see"})
    assert halted.status_code == 200
    path = f"/v1/deliveries/{delivery_id(digested, change['id'])}"
    assert (await api.get(path)).json()["state"] == "held"  # taken out: nobody was told


async def test_what_waits_follows_another_wish(api, desk, clock, places, tell):
    path = f"/v1/destinations/{places['webhook']['id']}"
    await api.patch(path, json={"preferences": DAILY})
    await tell(measure("e1", measure="m1", duty=rate("5")))

    async def leaving():
        claimed = await desk.db.run_write(partial(claim_for, holder="us", now=clock()))
        return [one for one in claimed if one.kind == "webhook"]

    assert await leaving() == []
    await api.patch(path, json={"preferences": {"digest": None, "quiet_hours": NIGHT}})
    assert await leaving() == []
    ((cause,),) = await rows(desk.db, Gathered, "cause")
    assert cause == "quiet:2025-04-10T06:00"
    await api.patch(path, json={"preferences": {"quiet_hours": None}})
    assert len(await leaving()) == 1
    assert await rows(desk.db, Gathered) == []


@pytest.mark.parametrize(
    "wishes",
    [DAILY, {"group": True}, {"hourly_cap": 3}, {"quiet_hours": {"from": "22:00", "to": "06:00"}}],
)
async def test_who_asks_for_its_alerts_can_have_none_that_wait(api, places, wishes):
    (name,) = wishes
    refused = [
        await api.post("/v1/destinations", json={"pull": True, "preferences": wishes}),
        await api.patch(f"/v1/destinations/{places['pull']['id']}", json={"preferences": wishes}),
    ]
    for answer in refused:
        assert answer.status_code == 422
        assert "finds each at once" in answer.text
        assert f"preferences.{name}" in answer.text
