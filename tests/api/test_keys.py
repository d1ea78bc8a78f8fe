"""Signing keys through the API: rotated with a grace, revoked, of two kinds, public where asked."""

import asyncio
import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.core.proof.signature import headers, verify
from service.core.proof.signing import private_from, public_of, secret_from
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from service.store.following.tables import Destination
from tests.books import rows

PATH = "/v1/destinations"
FORM = {"url": "https://example.com/hooks/tariffs"}
DAY = 86_400


@pytest.fixture
async def webhook(api):
    return (await api.post(PATH, json=FORM)).json()


@pytest.fixture
def rotate(api, webhook):
    async def ask(**form):
        return await api.post(f"{PATH}/{webhook['id']}/rotate-secret", json=form)

    return ask


@pytest.fixture
def look(api, webhook):
    async def read():
        return (await api.get(f"{PATH}/{webhook['id']}")).json()

    return read


@pytest.fixture
def signed_with(desk, db, clock, webhook):
    async def read():
        async with db.read() as session:
            value = await find_destination(session, DEFAULT, webhook["id"])
        return desk.vault.open(value.id, value.sealed, value.secrets).signing(clock())

    return read


async def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(
    rotate, look, signed_with, clock, webhook
):
    clock.advance(hours=1)
    fresh = (await rotate()).json()
    assert await signed_with() == (fresh["secret"], webhook["secret"])
    new, old = (await look())["secrets"]
    assert (new["ends_in"], new["expires_at"]) == (f"…{fresh['secret'][-4:]}", None)
    assert new["made_at"] == old["expires_at"].replace("10T", "09T") == "2025-04-09T21:00:00+00:00"
    assert old["made_at"] == "2025-04-09T20:00:00+00:00"
    clock.advance(seconds=DAY)
    assert await signed_with() == (fresh["secret"],)
    assert [one["id"] for one in (await look())["secrets"]] == [new["id"]]


@pytest.mark.parametrize("seconds", [0, 60, 30 * DAY])
async def test_the_grace_is_the_owners_choice(rotate, signed_with, clock, seconds):
    await rotate(grace_seconds=seconds)
    assert len(await signed_with()) == (2 if seconds else 1)
    clock.advance(seconds=seconds)
    assert len(await signed_with()) == 1


@pytest.mark.parametrize("seconds", [-1, 30 * DAY + 1])
async def test_a_grace_is_thirty_days_at_most(rotate, seconds):
    answer = await rotate(grace_seconds=seconds)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "grace_seconds")


async def test_a_receiver_verifies_with_either_secret_while_it_rolls_over(
    rotate, signed_with, clock, webhook
):
    fresh = (await rotate()).json()["secret"]
    sent = headers("msg", clock(), b"{}", await signed_with())
    for known in (fresh, webhook["secret"]):
        verify(sent, b"{}", [known], clock())


async def test_a_secret_may_be_brought(rotate, signed_with):
    own = secret_from(b"k" * 24)
    assert (await rotate(secret=own)).json()["secret"] == own
    assert (await signed_with())[0] == own


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"secret": "whsec_!"}, "base64"),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"secret": "hunter2"}, "whsec_"),
        ({"secret": private_from(b"k" * 32)}, "v1a is not signed here"),
        ({"kind": "v1a"}, "PATCH the destination with signing"),
        ({"kind": "v1", "secret": private_from(b"k" * 32)}, "for v1 it must be"),
    ],
)
async def test_what_cannot_sign_is_refused(rotate, signed_with, form, said):
    before = await signed_with()
    answer = await rotate(**form)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert await signed_with() == before


async def test_of_rotations_at_the_same_time_none_is_lost(rotate, signed_with, webhook):
    answers = await asyncio.gather(rotate(), rotate(), rotate())
    assert {one.json()["secret"] for one in answers} | {webhook["secret"]} == {*await signed_with()}


async def test_too_many_at_once_are_refused(rotate):
    for _ in range(3):
        assert (await rotate()).status_code == 200
    answer = await rotate()
    assert answer.status_code == 422
    assert "revoke one" in answer.json()["detail"]
    assert (await rotate(grace_seconds=0)).status_code == 200


async def test_a_former_secret_is_revoked_at_once(api, rotate, look, signed_with, webhook):
    fresh = (await rotate()).json()["secret"]
    old = (await look())["secrets"][1]["id"]
    assert (await api.delete(f"{PATH}/{webhook['id']}/secrets/{old}")).status_code == 204
    assert await signed_with() == (fresh,)
    again = await api.delete(f"{PATH}/{webhook['id']}/secrets/{old}")
    assert (again.status_code, "GET it" in again.json()["detail"]) == (404, True)


async def test_the_secret_that_signs_now_is_rotated_not_revoked(api, rotate, look, webhook):
    await rotate()
    current = (await look())["secrets"][0]["id"]
    answer = await api.delete(f"{PATH}/{webhook['id']}/secrets/{current}")
    assert answer.status_code == 409
    assert "rotate it first" in answer.json()["detail"]


async def test_an_email_has_no_secret(api):
    email = (await api.post(PATH, json={"email": "desk@example.com"})).json()
    for answer in (
        await api.post(f"{PATH}/{email['id']}/rotate-secret", json={}),
        await api.delete(f"{PATH}/{email['id']}/secrets/key_1"),
        await api.post(PATH, json={"email": "b@example.com", "signing": ["v1"]}),
        await api.patch(f"{PATH}/{email['id']}", json={"signing": ["v1"]}),
    ):
        assert answer.status_code == 422
    assert email.keys().isdisjoint({"secrets", "signing", "headers", "tls"})


async def test_v1a_is_signed_beside_v1_for_who_asks(api, desk, clock):
    made = (await api.post(PATH, json=FORM | {"signing": ["v1", "v1a"]})).json()
    assert made["signing"] == ["v1", "v1a"]
    assert made["public_key"].startswith("whpk_")
    assert "whsk_" not in str(made)
    async with desk.db.read() as session:
        value = await find_destination(session, DEFAULT, made["id"])
    texts = desk.vault.open(value.id, value.sealed).signing(clock())
    sent = headers("msg", clock(), b"{}", texts)
    for known in (made["secret"], made["public_key"]):
        verify(sent, b"{}", [known], clock())


async def test_v1a_comes_and_goes(api, webhook, signed_with):
    place = f"{PATH}/{webhook['id']}"
    changed = (await api.patch(place, json={"signing": ["v1", "v1a"]})).json()
    assert changed["signing"] == ["v1", "v1a"]
    before = await signed_with()
    await api.patch(place, json={"signing": ["v1a", "v1"]})
    assert await signed_with() == before
    changed = (await api.patch(place, json={"signing": ["v1"]})).json()
    assert changed["signing"] == ["v1"]
    assert await signed_with() == (webhook["secret"],)


async def test_v1_is_never_left_out(api):
    answer = await api.post(PATH, json=FORM | {"signing": ["v1a"]})
    assert answer.status_code == 422
    assert "add v1a beside it" in answer.json()["detail"]


async def test_public_keys_are_for_everybody(api, webhook, clock, rotate):
    place = f"/.well-known/tariffwire/{webhook['id']}/keys.json"
    assert (await api.get(place)).json() == {"keys": []}
    await api.patch(f"{PATH}/{webhook['id']}", json={"signing": ["v1", "v1a"]})
    own = private_from(b"k" * 32)
    assert (await rotate(secret=own)).json()["public_key"] == public_of(own)
    answer = await api.get(place)
    assert "max-age" in answer.headers["cache-control"]
    new, old = answer.json()["keys"]
    assert (new["state"], old["state"]) == ("current", "retiring")
    assert (new["kty"], new["crv"], new["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert new["whpk"] == public_of(own)
    raw = base64.urlsafe_b64decode(new["x"] + "=")
    sent = headers("msg", clock(), b"{}", [own])["webhook-signature"].removeprefix("v1a,")
    content = f"msg.{int(clock().timestamp())}.".encode() + b"{}"
    Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(sent), content)
    clock.advance(days=1)
    assert [one["kid"] for one in (await api.get(place)).json()["keys"]] == [new["kid"]]


async def test_public_keys_ask_for_no_api_key(locked, webhook):
    assert (await locked.get("/v1/destinations")).status_code == 401
    place = f"/.well-known/tariffwire/{webhook['id']}/keys.json"
    assert (await locked.get(place)).status_code == 200
    nobody = await locked.get("/.well-known/tariffwire/dst_nobody/keys.json")
    assert nobody.status_code == 404


async def test_the_database_holds_nothing_that_signs(api, db, webhook, rotate):
    await api.patch(f"{PATH}/{webhook['id']}", json={"signing": ["v1", "v1a"]})
    fresh = (await rotate()).json()["secret"]
    kept = str(await rows(db, Destination))
    for secret in (webhook["secret"], fresh, "whsec_", "whsk_"):
        assert secret not in kept
