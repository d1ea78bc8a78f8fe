"""Headers and TLS that an owner adds to the calls of a destination."""

from datetime import timedelta

import pytest

from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from tests.api.conftest import NOW
from tests.certificates import Authority

PATH = "/v1/destinations"
URL = "https://example.com/hooks/tariffs"
TOKEN = "Bearer 0123456789abcdef"


@pytest.fixture(scope="module")
def authority():
    return Authority(NOW - timedelta(days=1), NOW + timedelta(days=365))


@pytest.fixture
def add(api):
    async def ask(**form):
        return await api.post(PATH, json={"url": URL, **form})

    return ask


@pytest.fixture
def opened(desk, db):
    async def read(name):
        async with db.read() as session:
            value = await find_destination(session, DEFAULT, name)
        return desk.vault.open(value.id, value.sealed, value.secrets)

    return read


async def test_headers_are_kept_as_secrets_and_hinted_at(add, api, opened):
    made = (await add(headers={"Authorization": TOKEN, "X-Pin": "1234"})).json()
    assert made["headers"] == {"authorization": "…cdef", "x-pin": "…"}
    assert TOKEN not in (await api.get(PATH)).text
    assert (await opened(made["id"])).headers == (("authorization", TOKEN), ("x-pin", "1234"))


async def test_headers_are_replaced_together_and_taken_away(add, api, opened):
    name = (await add(headers={"X-A": "1", "X-B": "2"})).json()["id"]
    await api.patch(f"{PATH}/{name}", json={"name": "other"})
    assert len((await opened(name)).headers) == 2
    await api.patch(f"{PATH}/{name}", json={"headers": {"X-C": "3"}})
    assert (await opened(name)).headers == (("x-c", "3"),)
    assert (await api.patch(f"{PATH}/{name}", json={"headers": {}})).json()["headers"] == {}


@pytest.mark.parametrize(
    ("headers", "where", "said"),
    [
        ({"Host": "inner"}, "headers.Host", "set by the sender"),
        ({"webhook-id": "1"}, "headers.webhook-id", "set by the sender"),
        ({"X-A": "1\r\nX-B: 2"}, "headers.X-A", "has line breaks"),
        ({"X A": "1"}, "headers.X A", "not a header name"),
        ({"X-A": "…cdef"}, "headers.X-A", "outside ASCII"),
        ({"X-A": "1", "x-a": "2"}, "headers", "given twice"),
        ({f"x-{number}": "1" for number in range(21)}, "headers", "at most 20"),
        ({f"x-{number}": "1" * 1000 for number in range(5)}, "headers", "4,096 bytes"),
    ],
)
async def test_a_header_that_cannot_be_sent_is_refused_by_name(add, headers, where, said):
    answer = await add(headers=headers)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["where"] == where
    assert said in fault["what"]


async def test_a_private_authority_and_our_certificate_are_shown_without_the_key(
    add, authority, opened
):
    certificate, key = authority.issue("tariffwire")
    tls = {"authority": authority.pem, "certificate": certificate, "key": key}
    answer = await add(tls=tls)
    assert answer.status_code == 201
    made = answer.json()
    assert made["tls"] == {
        "authority": [{"subject": "CN=test authority", "expires_at": "2026-04-09T20:00:00+00:00"}],
        "certificate": [{"subject": "CN=tariffwire", "expires_at": "2026-04-09T20:00:00+00:00"}],
    }
    assert "PRIVATE KEY" not in answer.text
    route = (await opened(made["id"])).route
    assert (route.authority, route.certificate, route.key) == tuple(
        text.strip() for text in (authority.pem, certificate, key)
    )


async def test_a_chain_may_follow_our_certificate(add, authority):
    certificate, key = authority.issue("tariffwire")
    made = await add(tls={"certificate": certificate + authority.pem, "key": key})
    assert [one["subject"] for one in made.json()["tls"]["certificate"]] == [
        "CN=tariffwire",
        "CN=test authority",
    ]


async def test_what_tls_needs_is_taken_away_by_nothing(add, api, authority, opened):
    name = (await add(tls={"authority": authority.pem})).json()["id"]
    assert (await api.patch(f"{PATH}/{name}", json={"tls": {}})).json()["tls"] == {}
    assert (await opened(name)).route.authority == ""


@pytest.fixture
def wrong(authority):
    """By what is wrong with it: a form, where that is, and what is said of it."""
    certificate, key = authority.issue("tariffwire")
    _, other = authority.issue("other")
    old = Authority(NOW - timedelta(days=9), NOW - timedelta(days=2))
    young = Authority(NOW + timedelta(days=2), NOW + timedelta(days=9))
    pair = {"certificate": certificate, "key": key}
    return {
        "no PEM": ({"authority": "hello"}, "authority", "no PEM certificates"),
        "a key": ({"authority": key}, "authority", "no PEM certificates"),
        "expired": ({"authority": old.pem}, "authority", "expired on 2025-04-07"),
        "too early": ({"authority": young.pem}, "authority", "in force from 2025-04-11 only"),
        "no key": ({"certificate": certificate}, "key", "of no use without its key"),
        "key alone": ({"key": key}, "certificate", "of no use without its certificate"),
        "its own": (pair | {"key": certificate}, "key", "no PEM private key"),
        "another's": (pair | {"key": other}, "key", "not the key of the first certificate"),
        "locked": (pair | {"key": authority.lock(key)}, "key", "locked by a passphrase"),
    }


@pytest.mark.parametrize(
    "case",
    [
        *("no PEM", "a key", "expired", "too early", "no key", "key alone"),
        *("its own", "another's", "locked"),
    ],
)
async def test_tls_that_cannot_work_is_refused_with_the_reason(add, wrong, case):
    tls, where, said = wrong[case]
    answer = await add(tls=tls)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["where"] == f"tls.{where}"
    assert said in fault["what"]


@pytest.mark.parametrize("stray", [{"headers": {"X-A": "1"}}, {"tls": {"authority": "x"}}])
async def test_an_email_is_not_dialled(api, stray):
    answer = await api.post(PATH, json={"email": "desk@example.com", **stray})
    assert answer.status_code == 422
    email = (await api.post(PATH, json={"email": "desk@example.com"})).json()
    answer = await api.patch(f"{PATH}/{email['id']}", json=stray)
    assert answer.json()["errors"][0]["where"] == next(iter(stray))


# Tokens

AUTH = {
    "type": "oauth2_client_credentials",
    "token_url": "https://login.example/token",
    "client_id": "tariffwire",
    "client_secret": "b04a91f3c7d25e68",
    "scope": "hooks",
}
SHOWN = AUTH | {"client_secret": "…5e68", "audience": ""}


async def test_a_client_secret_is_sealed_and_hinted_at(add, api, opened):
    made = (await add(auth=AUTH)).json()
    assert made["auth"] == SHOWN
    listed = await api.get(PATH)
    assert AUTH["client_secret"] not in listed.text
    grant = (await opened(made["id"])).grant
    assert (grant.client_secret, grant.scope) == (AUTH["client_secret"], "hooks")
    assert AUTH["client_secret"] not in repr(await opened(made["id"]))


async def test_a_login_stays_is_replaced_and_taken_away(add, api, opened):
    name = (await add(auth=AUTH)).json()["id"]
    renamed = await api.patch(f"{PATH}/{name}", json={"name": "other"})
    assert renamed.json()["auth"] == SHOWN
    other = AUTH | {"client_id": "else"}
    changed = await api.patch(f"{PATH}/{name}", json={"auth": other})
    assert changed.json()["auth"]["client_id"] == "else"
    gone = await api.patch(f"{PATH}/{name}", json={"auth": None})
    assert gone.json()["auth"] is None
    assert (await opened(name)).grant is None


@pytest.mark.parametrize(
    ("given", "where", "said"),
    [
        ({"auth": AUTH | {"token_url": "http://169.254.169.254/"}}, "auth.token_url", "169.254"),
        ({"auth": AUTH | {"token_url": "https://a:b@login.example/"}}, "auth.token_url", "user"),
        ({"auth": AUTH | {"type": "basic"}}, "auth.type", "oauth2_client_credentials"),
        ({"auth": AUTH | {"client_secret": ""}}, "auth.client_secret", "at least 1"),
        (
            {"auth": AUTH, "headers": {"Authorization": TOKEN}},
            "headers.authorization",
            "leave out one of the two",
        ),
    ],
)
async def test_a_login_that_cannot_be_used_is_refused_by_name(add, given, where, said):
    answer = await add(**given)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["where"] == where
    assert said in fault["what"]
    assert AUTH["client_secret"] not in answer.text


async def test_a_header_beside_a_login_is_refused_later_too(add, api):
    name = (await add(auth=AUTH)).json()["id"]
    refused = await api.patch(f"{PATH}/{name}", json={"headers": {"Authorization": TOKEN}})
    assert refused.status_code == 422


async def test_mails_have_no_login(api):
    refused = await api.post(PATH, json={"email": "desk@example.com", "auth": AUTH})
    assert refused.status_code == 422
