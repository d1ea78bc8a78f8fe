"""The API key: needed where it is set, for all but the health checks."""

import pytest

from tests.api.conftest import API_KEY


@pytest.mark.parametrize("path", ["/v1/changes", "/v1/status", "/metrics", "/v1/events"])
@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer é", "Basic dTpw", "Bearer"])
async def test_without_the_key_nothing_is_shown(locked, path, given):
    headers = {"authorization": given.encode()} if given else {}
    answer = await locked.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["where"] == "header.Authorization"


async def test_no_event_is_read_without_the_key(locked):
    answer = await locked.post("/v1/events", content=b"not even JSON")
    assert answer.status_code == 401


async def test_with_the_key_the_door_is_open(locked):
    headers = {"authorization": f"Bearer {API_KEY}"}
    assert (await locked.get("/v1/changes", headers=headers)).status_code == 200
    assert (await locked.get("/metrics", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_is_asked_without_a_key(locked, path):
    assert (await locked.get(path)).status_code == 200
