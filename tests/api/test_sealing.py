"""How secrets are kept, and sealing them anew, through the API."""

from dataclasses import replace

import httpx
import pytest

from service.api import create_app
from service.store.following.tables import Destination
from service.store.following.vault import OPEN_VAULT, Vault, name_key
from tests.api.conftest import KEY
from tests.books import add_receiver, rows

PATH = "/v1/secrets"
NEW = b"n" * 32


@pytest.fixture
def api_with(desk):
    """The same service with other keys, as after a restart."""

    def open_api(vault):
        app = create_app(replace(desk, vault=vault))
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://api.test")

    return open_api


@pytest.fixture
async def secret(api):
    form = {"url": "https://example.com/hooks/tariffs"}
    return (await api.post("/v1/destinations", json=form)).json()["secret"]


async def test_it_says_under_which_keys_secrets_are(api, db, secret):
    await add_receiver(db, "dst_before")
    assert (await api.get(PATH)).json() == {
        "sealed": True,
        "key": name_key(KEY),
        "keys": {name_key(KEY): 1},
        "stale": 1,
        "warning": None,
    }


async def test_a_new_key_takes_over_and_the_old_one_can_go(api_with, db, secret):
    await add_receiver(db, "dst_before")
    async with api_with(Vault([NEW, KEY])) as api:
        done = (await api.post(f"{PATH}/rotate")).json()
        assert done == {"sealed": 2, "after": None, "key": name_key(NEW)}
        assert (await api.get(PATH)).json()["keys"] == {name_key(NEW): 2}
    async with api_with(Vault([NEW])) as api:
        shown = (await api.get("/v1/destinations")).json()["items"]
    assert {one["secrets"][0]["ends_in"] for one in shown} == {f"…{secret[-4:]}", "…LaSw"}
    assert "whsec_" not in str(await rows(db, Destination))


async def test_without_a_key_everything_works_and_says_that_nothing_is_sealed(api_with):
    async with api_with(OPEN_VAULT) as api:
        form = {"url": "https://example.com/hooks/tariffs"}
        made = (await api.post("/v1/destinations", json=form)).json()
        assert made["secret"].startswith("whsec_")
        assert "TARIFFWIRE_SECRETS_KEY is not set" in (await api.get(PATH)).json()["warning"]
        status = (await api.get("/v1/status")).json()["secrets"]
        assert (status["sealed"], "not set" in status["warning"]) == (False, True)
        refused = await api.post(f"{PATH}/rotate")
    assert refused.status_code == 409
    assert "TARIFFWIRE_SECRETS_KEY" in refused.json()["detail"]


async def test_a_process_without_the_key_says_so_and_changes_nothing(api_with, db, secret):
    before = await rows(db, Destination)
    async with api_with(Vault([NEW])) as api:
        for answer in (
            await api.get("/v1/destinations"),
            await api.post(f"{PATH}/rotate"),
            await api.patch(f"/v1/destinations/{before[0][0]}", json={"name": "x"}),
        ):
            assert answer.status_code == 503
            assert "TARIFFWIRE_SECRETS_KEY" in answer.json()["detail"]
            assert name_key(KEY) in answer.json()["detail"]
    assert await rows(db, Destination) == before
