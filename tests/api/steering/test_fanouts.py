"""The word over telling a change, through the API."""

from uuid import uuid4

import pytest

from service.core.sending.steering import Gate
from service.dispatch.plan import Planner
from tests.api.samples import consume, measure
from tests.books import silent

WHY = {"reason": "the source has withdrawn it"}


async def deeds(api, **only):
    """Decisions on changes, counted from 1."""
    items = (await api.get("/v1/audit", params=only)).json()["items"]
    said = (one for one in items if one["object"].startswith("change:"))
    return [(n, one["who"], one["action"], one["detail"]) for n, one in enumerate(said, 1)]


async def test_a_halt_says_what_was_sent_and_what_was_not(api, change):
    answer = await api.post(f"/v1/changes/{change}/halt", json=WHY)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["state"], said["reason"]) == ("halted", "the source has withdrawn it")
    assert (said["sent"], said["unsent"], said["is_open"]) == (1, 2, False)
    assert said["states"] == {"held": 2, "listed": 1}
    errand = said["errand"]
    assert (errand["kind"], errand["done"], errand["in_the_air"]) == ("halt", 2, 0)
    assert errand["is_finished"] is True
    read = (await api.get(f"/v1/changes/{change}")).json()["progress"]
    assert read == {name: said[name] for name in read}
    halted = (await api.get("/v1/changes", params={"state": "halted"})).json()["items"]
    assert [one["id"] for one in halted] == [change]
    assert await deeds(api) == [(1, "api", "halt", WHY)]


async def test_a_resume_needs_no_reason(api, change):
    await api.post(f"/v1/changes/{change}/halt", json=WHY)
    said = (await api.post(f"/v1/changes/{change}/resume")).json()
    assert said["states"] == {"pending": 2, "listed": 1}
    assert [one[2:] for one in await deeds(api)] == [("halt", WHY), ("resume", {})]


async def test_a_recall_cancels_and_corrects(api, change, places):
    said = (await api.post(f"/v1/changes/{change}/recall", json=WHY)).json()
    assert (said["state"], said["sent"], said["unsent"]) == ("recalled", 1, 0)
    assert said["states"] == {"cancelled": 2, "listed": 1}
    found = (await api.get(f"/v1/deliveries?destination={places['pull']['id']}")).json()["items"]
    assert [one["caused_by"] for one in found] == [f"change:{change}", f"recall:{change}"]


@pytest.mark.parametrize("act", ["reject", "halt", "recall"])
async def test_stopping_needs_a_reason(api, change, act):
    for body in ({}, {"reason": " "}, {"reason": "x" * 501}, {"reason": "x", "until": 1}):
        answer = await api.post(f"/v1/changes/{change}/{act}", json=body)
        assert answer.status_code == 422, body
    assert await deeds(api) == []


@pytest.mark.parametrize("act", ["approve", "reject", "halt", "resume", "recall"])
async def test_what_is_not_there_is_not_found(api, act):
    for name in (uuid4(), "nonsense"):
        assert (await api.post(f"/v1/changes/{name}/{act}", json=WHY)).status_code == 404


async def test_what_cannot_be_done_is_a_conflict_in_words(api, change):
    answer = await api.post(f"/v1/changes/{change}/approve")
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["detail"] == "cannot approve this change: nobody has stopped it"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_waits_for_approval_is_listed_counted_and_approved(api, desk, places):
    await api.post("/v1/events", json=measure("e1"))
    await consume(desk)
    planner = Planner(desk.db, desk.clock, desk.metrics, silent, Gate(2, 10))
    while await planner.step():
        pass
    asked = (await api.get("/v1/changes", params={"state": "awaiting_approval"})).json()["items"]
    assert len(asked) == 1
    assert 'tariffwire_waiting{stage="approval"} 1.0' in (await api.get("/metrics")).text
    stages = (await api.get("/v1/status")).json()["stages"]
    assert stages["match"]["awaiting_approval"] == 1
    said = (await api.post(f"/v1/changes/{asked[0]['id']}/approve")).json()
    assert (said["state"], said["is_open"]) == ("approved", True)
    while await planner.step():
        pass
    assert len((await api.get("/v1/deliveries")).json()["items"]) == 3


async def test_a_change_is_replayed_to_one_destination(api, change, clock):
    clock.advance(seconds=1)
    late = (await api.post("/v1/destinations", json={"url": "https://example.com/late"})).json()
    form = {"destination": late["id"], "reason": "they asked"}
    answer = await api.post(f"/v1/changes/{change}/replay", json=form)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["is_new"], told["former"]) == (True, None)
    found = (await api.get(told["href"])).json()
    assert found["matched"][0]["reason"] == "replayed by api: they asked"
    again = await api.post(f"/v1/changes/{change}/replay", json=form)
    assert (again.status_code, "has not ended" in again.json()["detail"]) == (409, True)
    form = {"destination": "dst_nobody"}
    assert (await api.post(f"/v1/changes/{change}/replay", json=form)).status_code == 404
