"""Holding all sending, and releasing it."""

from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from service.api import create_app
from service.settings import Settings
from service.store.delivery.holding import hold
from service.store.delivery.sending import SENDING
from service.store.delivery.tables import Delivery
from tests.api.samples import plan_alert

PATH = "/v1/sending"


async def asked(api):
    return (await api.get(PATH)).json()


async def stop(api, reason="restored from a backup"):
    return await api.post(f"{PATH}/hold", json={"reason": reason})


async def queue_alert(api, desk):
    """One delivery that waits."""
    added = await api.post("/v1/destinations", json={"url": "https://example.com/hook"})
    await plan_alert(desk.db, 1, added.json()["id"], UUID(int=1), desk.clock())


async def set_all_aside(desk):
    async with desk.db.write() as session:
        await hold(session, SENDING, desk.clock(), Delivery.visible_at <= desk.clock())


async def test_it_is_live_at_first(api):
    live = {"state": "live", "mode": "live", "reason": None, "since": None, "held": 0}
    assert await asked(api) == live


async def test_a_hold_says_why_since_when_and_how_much_waits(api, desk, clock):
    await queue_alert(api, desk)
    answer = await stop(api)
    assert answer.status_code == 200
    clock.advance(hours=1)
    assert (
        await asked(api)
        == answer.json()
        == {
            "state": "held",
            "mode": "live",
            "reason": "restored from a backup",
            "since": "2025-04-09T20:00:00+00:00",
            "held": 1,
        }
    )


async def test_a_release_lets_all_go_and_counts_it(api, desk):
    await queue_alert(api, desk)
    await set_all_aside(desk)
    assert (await asked(api))["held"] == 1
    await stop(api)
    released = await api.post(f"{PATH}/release")
    assert (released.status_code, released.json()) == (200, {"released": 1})
    assert (await asked(api))["state"] == "live"
    assert (await api.post(f"{PATH}/release")).json() == {"released": 0}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"reason": ""}, 422),
        ({"reason": "  "}, 422),
        ({"reason": 7}, 422),
        ({"reason": "x" * 501}, 422),
        ({"reason": "x", "until": "noon"}, 422),
        ([], 422),
        (b"{", 400),
    ],
)
async def test_a_hold_needs_a_reason_and_nothing_else(api, body, status):
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = await api.post(f"{PATH}/hold", headers={"content-type": "application/json"}, **given)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await asked(api))["state"] == "live"


@pytest.fixture
async def held_api(desk):
    """The same, under TARIFFWIRE_SEND=held."""
    values = desk.settings.model_dump() | {"send": "held"}
    app = create_app(replace(desk, settings=Settings(**values)))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://api.test"
    ) as client:
        yield client


async def test_what_a_setting_holds_is_not_released_by_a_request(held_api, api, desk):
    await queue_alert(api, desk)
    assert await asked(held_api) == {
        "state": "held",
        "mode": "held",
        "reason": "TARIFFWIRE_SEND=held",
        "since": None,
        "held": 1,
    }
    refused = await held_api.post(f"{PATH}/release")
    assert refused.status_code == 409
    assert "set it to live" in refused.json()["detail"]


async def test_under_that_setting_the_hold_of_a_person_stays(held_api, api):
    await stop(held_api, "an audit")
    assert (await held_api.post(f"{PATH}/release")).status_code == 409
    assert (await asked(api))["reason"] == "an audit"
