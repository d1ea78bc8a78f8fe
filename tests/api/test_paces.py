"""What a destination asks for, and how it is doing."""

from datetime import timedelta

import pytest

from service.store.delivery.tables import Pace
from service.store.following.tables import Destination
from tests.books import rows

LIMITS = {"rate": 2.5, "at_once": 4, "ordered": True}
URL = "https://example.com/hook"


async def add(api, **more):
    answer = await api.post("/v1/destinations", json={"url": URL, **more})
    assert answer.status_code == 201
    return answer.json()


async def test_limits_are_kept_and_shown(api):
    made = await add(api, **LIMITS)
    assert {name: made[name] for name in LIMITS} == LIMITS
    changed = await api.patch(f"/v1/destinations/{made['id']}", json={"rate": 0})
    assert {name: changed.json()[name] for name in LIMITS} == LIMITS | {"rate": 0}


@pytest.mark.parametrize("limit", [{"rate": -1}, {"rate": 1e9}, {"at_once": 1.5}, {"ordered": 3}])
async def test_limits_that_cannot_be_are_refused_by_name(api, limit):
    answer = await api.post("/v1/destinations", json={"url": URL, **limit})
    assert answer.status_code == 422
    assert next(iter(limit)) in answer.text


async def test_a_destination_says_how_it_is_doing(api, desk):
    made = await add(api)
    path = f"/v1/destinations/{made['id']}"
    well = {"failures": 0, "failing_since": None, "rests_until": None, "waiting": 0}
    assert (await api.get(path)).json()["doing"] == well
    now = desk.clock()
    async with desk.db.write() as session:
        rest = {"rests_until": now + timedelta(hours=1), "look_at": now + timedelta(hours=1)}
        session.add(Pace(destination_id=made["id"], failures=7, failing_since=now, **rest))
    assert (await api.get(path)).json()["doing"]["failures"] == 7


async def test_enabling_begins_anew(api, desk):
    made = await add(api)
    path, now = f"/v1/destinations/{made['id']}", desk.clock()
    async with desk.db.write() as session:
        session.add(Pace(destination_id=made["id"], failures=7, failing_since=now, rests_until=now))
    await api.patch(path, json={"state": "paused"})
    await api.patch(path, json={"state": "active"})
    assert await rows(desk.db, Pace, "failures", "failing_since") == [(0, None)]
    assert await rows(desk.db, Destination, "state") == [("active",)]


async def test_a_destination_that_goes_takes_its_pace_along(api, desk):
    made = await add(api)
    async with desk.db.write() as session:
        session.add(Pace(destination_id=made["id"]))
    assert (await api.delete(f"/v1/destinations/{made['id']}")).status_code == 204
    assert await rows(desk.db, Pace, "destination_id") == []
