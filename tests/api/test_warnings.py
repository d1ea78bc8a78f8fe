"""Whom to warn, and heartbeats, as owners ask for them."""

import pytest

from service.store.notices.tables import Beat
from tests.books import rows


async def add(api, address="desk@example.com", **more):
    answer = await api.post("/v1/destinations", json={"email": address, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_another_destination_is_named_and_shown(api):
    channel = await add(api, "ops@example.com", confirmed=True, consent="at the desk")
    name = await add(api, preferences={"warn": channel})
    shown = (await api.get(f"/v1/destinations/{name}")).json()
    assert shown["preferences"]["warn"] == channel
    assert shown["warnings"] == {"go_to": channel, "because": None}


async def test_one_that_is_not_there_is_refused(api):
    answer = await api.post(
        "/v1/destinations", json={"pull": True, "preferences": {"warn": "dst_nowhere"}}
    )
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["where"] == "preferences.warn"
    assert "GET /v1/destinations lists them" in error["what"]


async def test_none_is_warned_of_itself(api):
    name = await add(api)
    answer = await api.patch(f"/v1/destinations/{name}", json={"preferences": {"warn": name}})
    assert answer.status_code == 422
    assert "by itself" in answer.json()["errors"][0]["what"]


async def test_one_that_was_removed_does_not_stand_in_the_way_of_other_changes(api):
    channel = await add(api, "ops@example.com")
    name = await add(api, preferences={"warn": channel})
    assert (await api.delete(f"/v1/destinations/{channel}")).status_code == 204
    answer = await api.patch(f"/v1/destinations/{name}", json={"name": "orders"})
    assert answer.status_code == 200
    shown = (await api.get(f"/v1/destinations/{name}")).json()["warnings"]
    assert shown == {"go_to": None, "because": f"{channel} was removed"}


async def test_one_that_has_not_confirmed_yet_is_stepped_over(api):
    channel = await add(api, "ops@example.com")
    name = await add(api, preferences={"warn": channel})
    shown = (await api.get(f"/v1/destinations/{name}")).json()["warnings"]
    assert shown["because"] == f"{channel} is unconfirmed"


@pytest.mark.parametrize(
    ("every", "due"), [("day", "2025-04-10T05:00"), ("week", "2025-04-14T05:00")]
)
async def test_a_heartbeat_is_planned_for_its_hour(api, db, every, due):
    wishes = {"heartbeat": every, "timezone": "Europe/Berlin"}
    name = await add(api, preferences=wishes)
    ((found,),) = await rows(db, Beat, "due_at")
    assert found.isoformat().startswith(due)
    await api.patch(f"/v1/destinations/{name}", json={"preferences": {"timezone": "Asia/Tokyo"}})
    ((moved,),) = await rows(db, Beat, "due_at")
    assert moved != found
