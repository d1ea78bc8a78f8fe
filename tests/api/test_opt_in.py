"""Mail needs its reader's word: asked for, vouched for, or switched off by who runs the service."""

from dataclasses import replace

import httpx
import pytest

from service.api import create_app
from service.core.destination.optin import (
    ASKED,
    NOT_VOUCHED_AWAY,
    PAUSED_BY_READER,
    UNSUBSCRIBED_BY_READER,
    Act,
)
from service.store.following.accounts import DEFAULT
from service.store.mail.invitations import claim_invitations
from service.store.mail.readers import find_reader, obey
from service.store.mail.suppressed import stop_address
from service.store.mail.tables import Invitation
from service.store.notices.channel import know_operator
from tests.books import rows

PATH = "/v1/destinations"
EMAIL = "desk@importer.example"
CONSENT = "signed the form of 9 Apr 2025, page 2"
VOUCH = {"confirmed": True, "consent": CONSENT}


async def add(api, **more):
    answer = await api.post(PATH, json={"email": EMAIL} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def read(api, made):
    return (await api.get(f"{PATH}/{made['id']}")).json()


async def say(db, clock, made, act):
    async with db.write() as session:
        reader = await find_reader(session, made["id"], locked=True)
        assert await obey(session, reader, act, clock())


async def acts(api, made):
    return [one["act"] for one in (await api.get(f"{PATH}/{made['id']}/consents")).json()["items"]]


async def invited(db):
    return [one for (one,) in await rows(db, Invitation, "address", order="asked_at")]


@pytest.fixture
async def staff_api(desk):
    """An installation for staff: nobody is asked."""
    settings = desk.settings.model_copy(update={"opt_in": "off"})
    transport = httpx.ASGITransport(app=create_app(replace(desk, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


async def test_a_new_address_is_asked_first(api, db):
    made = await add(api)
    assert (made["state"], made["reason"]) == ("unconfirmed", ASKED)
    assert await invited(db) == [EMAIL]
    assert await acts(api, made) == ["asked"]
    listed = (await api.get(PATH, params={"state": "unconfirmed"})).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]


async def test_so_is_one_that_comes_with_a_subscription(api, db):
    answer = await api.post("/v1/subscriptions", json={"country": "CN", "email": EMAIL})
    (made,) = answer.json()["created_destinations"]
    assert made["state"] == "unconfirmed"
    assert await invited(db) == [EMAIL]


async def test_who_has_consent_on_record_may_say_so(api, db):
    made = await add(api, confirmed=True, consent=CONSENT)
    assert made["state"] == "active"
    assert await invited(db) == []
    (said,) = (await api.get(f"{PATH}/{made['id']}/consents")).json()["items"]
    assert (said["act"], said["address"], said["note"]) == ("vouched", EMAIL, CONSENT)


@pytest.mark.parametrize(
    "form",
    [
        {"email": EMAIL, "confirmed": True},
        {"email": EMAIL, "confirmed": True, "consent": " "},
        {"email": EMAIL, "consent": CONSENT},
        {"url": "https://a.example/", "confirmed": True, "consent": CONSENT},
    ],
    ids=str,
)
async def test_consent_is_more_than_a_word(api, form):
    answer = await api.post(PATH, json=form)
    assert answer.status_code == 422
    assert (await api.get(PATH)).json()["items"] == []


async def test_an_installation_for_staff_asks_nobody(staff_api, db):
    made = await add(staff_api)
    assert made["state"] == "active"
    moved = await staff_api.patch(f"{PATH}/{made['id']}", json={"email": "other@importer.example"})
    assert moved.json()["state"] == "active"
    assert await invited(db) == []


async def test_another_address_is_another_reader(api, db, clock):
    made = await add(api)
    await say(db, clock, made, Act.CONFIRM)
    moved = await api.patch(f"{PATH}/{made['id']}", json={"email": "other@importer.example"})
    assert (moved.json()["state"], moved.json()["reason"]) == ("unconfirmed", ASKED)
    assert await invited(db) == [EMAIL, "other@importer.example"]


async def test_the_question_to_an_address_of_before_is_not_sent(api, db, clock):
    made = await add(api)
    await api.patch(f"{PATH}/{made['id']}", json={"email": "other@importer.example"})
    async with db.write() as session:
        due = await claim_invitations(session, clock(), 10)
    assert [one.address for one in due] == ["other@importer.example"]


async def test_a_change_of_name_asks_nothing(api, db, clock):
    made = await add(api)
    await say(db, clock, made, Act.CONFIRM)
    assert (await api.patch(f"{PATH}/{made['id']}", json={"name": "desk"})).json()[
        "state"
    ] == "active"
    assert len(await invited(db)) == 1


async def test_an_owner_may_vouch_later(api, clock):
    made = await add(api)
    clock.advance(days=1)
    form = {"confirmed": True, "consent": CONSENT}
    assert (await api.patch(f"{PATH}/{made['id']}", json=form)).json()["state"] == "active"
    assert await acts(api, made) == ["asked", "vouched"]


@pytest.mark.parametrize("wanted", ["active", "paused"])
@pytest.mark.parametrize("act", [None, Act.UNSUBSCRIBE])
async def test_no_owner_sets_a_readers_answer_aside(api, db, clock, act, wanted):
    made = await add(api)
    if act:
        await say(db, clock, made, act)
    before = await read(api, made)
    answer = await api.patch(f"{PATH}/{made['id']}", json={"state": wanted})
    assert answer.status_code == 409
    assert "POST …/confirmation" in answer.json()["detail"]
    assert await read(api, made) == before


async def test_what_its_reader_paused_its_owner_does_not_resume(api, db, clock):
    made = await add(api, confirmed=True, consent=CONSENT)
    await say(db, clock, made, Act.PAUSE)
    answer = await api.patch(f"{PATH}/{made['id']}", json={"state": "active"})
    assert answer.status_code == 409
    assert PAUSED_BY_READER in answer.json()["detail"]
    await say(db, clock, made, Act.RESUME)
    paused = await api.patch(f"{PATH}/{made['id']}", json={"state": "paused"})
    assert paused.json()["state"] == "paused"
    resumed = await api.patch(f"{PATH}/{made['id']}", json={"state": "active"})
    assert resumed.json()["state"] == "active"


async def test_a_no_is_not_vouched_away(api, db, clock):
    made = await add(api)
    await say(db, clock, made, Act.UNSUBSCRIBE)
    form = {"confirmed": True, "consent": CONSENT}
    answer = await api.patch(f"{PATH}/{made['id']}", json=form)
    assert answer.status_code == 409
    assert answer.json()["errors"] == [{"where": "confirmed", "what": NOT_VOUCHED_AWAY}]
    assert (await read(api, made))["state"] == "unsubscribed"


async def ask_again(api, made):
    assert (await api.post(f"{PATH}/{made['id']}/confirmation")).status_code == 202
    return await api.patch(f"{PATH}/{made['id']}", json=VOUCH)


async def move_away_and_back(api, made):
    away = await api.patch(f"{PATH}/{made['id']}", json={"email": "other@importer.example"} | VOUCH)
    assert away.json()["state"] == "active"
    return await api.patch(f"{PATH}/{made['id']}", json={"email": EMAIL} | VOUCH)


async def remove_and_add(api, made):
    assert (await api.delete(f"{PATH}/{made['id']}")).status_code == 204
    return await api.post(PATH, json={"email": EMAIL} | VOUCH)


async def write_it_otherwise(api, made):
    return await api.patch(f"{PATH}/{made['id']}", json={"email": EMAIL.title()} | VOUCH)


@pytest.mark.parametrize("way", [ask_again, move_away_and_back, remove_and_add, write_it_otherwise])
async def test_there_is_no_way_round_a_no(api, db, clock, way):
    made = await add(api, **VOUCH)
    clock.advance(hours=1)
    await say(db, clock, made, Act.UNSUBSCRIBE)
    clock.advance(hours=1)
    answer = await way(api, made)
    assert answer.status_code == 409
    assert "only the reader's own answer counts" in answer.json()["detail"]
    states = {one["email"]: one["state"] for one in (await api.get(PATH)).json()["items"]}
    assert states.get(EMAIL) != "active"


@pytest.mark.parametrize("way", [move_away_and_back, remove_and_add])
async def test_who_has_come_back_can_be_vouched_for_again(api, db, clock, way):
    made = await add(api)
    await say(db, clock, made, Act.UNSUBSCRIBE)
    clock.advance(hours=1)
    assert (await api.post(f"{PATH}/{made['id']}/confirmation")).status_code == 202
    await say(db, clock, made, Act.CONFIRM)
    assert (await way(api, made)).json()["state"] == "active"


async def test_a_no_holds_against_the_operators_setting_too(api, db, clock):
    async with db.write() as session:
        await know_operator(session, DEFAULT, EMAIL, clock())
    (made,) = (await api.get(PATH)).json()["items"]
    assert made["state"] == "active"
    await say(db, clock, made, Act.UNSUBSCRIBE)
    await api.delete(f"{PATH}/{made['id']}")
    async with db.write() as session:
        await know_operator(session, DEFAULT, EMAIL, clock())
    assert (await api.get(PATH)).json()["items"] == []


async def test_a_no_holds_for_staff_too(staff_api, db, clock):
    made = await add(staff_api)
    await say(db, clock, made, Act.UNSUBSCRIBE)
    clock.advance(hours=1)
    assert (await staff_api.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert (await add(staff_api))["state"] == "unconfirmed"
    assert await invited(db) == [EMAIL]


async def test_to_trust_an_address_again_is_no_yes_of_its_reader(api, db, clock):
    made = await add(api)
    await say(db, clock, made, Act.UNSUBSCRIBE)
    async with db.write() as session:
        await stop_address(session, EMAIL, "550 5.1.1 user unknown", clock())
    await api.delete(f"{PATH}/{made['id']}")
    made = await add(api)
    assert (made["state"], made["reason"]) == ("unsubscribed", UNSUBSCRIBED_BY_READER)
    await api.delete(f"/v1/suppressions/{EMAIL}")
    assert (await read(api, made))["state"] == "unsubscribed"


async def test_to_come_back_takes_a_new_question(api, db, clock):
    made = await add(api)
    clock.advance(hours=1)
    await say(db, clock, made, Act.UNSUBSCRIBE)
    clock.advance(hours=1)
    answer = await api.post(f"{PATH}/{made['id']}/confirmation")
    assert (answer.status_code, answer.json()["state"]) == (202, "unconfirmed")
    assert len(await invited(db)) == 2
    assert await acts(api, made) == ["asked", "unsubscribe", "asked"]


async def test_an_address_is_asked_three_times_a_day_at_most(api, db, clock):
    made = await add(api)
    path = f"{PATH}/{made['id']}/confirmation"
    for _ in range(2):
        clock.advance(hours=1)
        assert (await api.post(path)).status_code == 202
    refused = await api.post(path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(22 * 3600))
    await api.delete(f"{PATH}/{made['id']}")
    again = await add(api)  # to remove it and to add it again is no way round
    assert again["state"] == "unconfirmed"
    assert "asked too often" in again["reason"]
    assert len(await invited(db)) == 3
    clock.advance(hours=23)
    assert (await api.post(f"{PATH}/{again['id']}/confirmation")).status_code == 202


async def test_there_is_nothing_to_ask_of_who_said_yes_or_of_a_webhook(api, db, clock):
    made = await add(api, confirmed=True, consent=CONSENT)
    assert (await api.post(f"{PATH}/{made['id']}/confirmation")).status_code == 409
    hook = (await api.post(PATH, json={"url": "https://a.example/"})).json()
    for name in (hook["id"], "dst_none"):
        assert (await api.post(f"{PATH}/{name}/confirmation")).status_code == 404
        assert (await api.get(f"{PATH}/{name}/consents")).status_code == 404


async def test_a_dead_address_is_neither_asked_nor_revived_by_hand(api, db, clock):
    made = await add(api, confirmed=True, consent=CONSENT)
    async with db.write() as session:
        await stop_address(session, EMAIL, "550 5.1.1 user unknown", clock())
    stopped = await read(api, made)
    assert stopped["state"] == "disabled"
    assert stopped["reason"] == "no mail reaches this address: 550 5.1.1 user unknown"
    answer = await api.patch(f"{PATH}/{made['id']}", json={"state": "active"})
    assert answer.status_code == 409
    assert f"DELETE /v1/suppressions/{EMAIL}" in answer.json()["detail"]
    await api.delete(f"{PATH}/{made['id']}")
    again = await add(api)
    assert again["state"] == "disabled"
    assert await invited(db) == []


async def test_suppressions_are_listed_and_lifted(api, db, clock):
    made = await add(api, confirmed=True, consent=CONSENT)
    async with db.write() as session:
        await stop_address(session, EMAIL, "550 5.1.1 user unknown", clock())
        await stop_address(session, EMAIL, "said again", clock())
    (listed,) = (await api.get("/v1/suppressions")).json()["items"]
    assert (listed["address"], listed["reason"]) == (EMAIL, "550 5.1.1 user unknown")
    lifted = await api.delete(f"/v1/suppressions/{EMAIL}")
    assert lifted.json() == {"address": EMAIL, "released": 0}
    assert (await api.get("/v1/suppressions")).json()["items"] == []
    assert (await read(api, made))["state"] == "active"
    assert (await api.delete(f"/v1/suppressions/{EMAIL}")).status_code == 404


async def test_a_dead_address_that_never_agreed_is_asked_once_it_lives(api, db, clock):
    made = await add(api)
    async with db.write() as session:
        await stop_address(session, EMAIL, "550 5.1.1 user unknown", clock())
    assert (await read(api, made))["state"] == "unconfirmed"
    assert (await api.post(f"{PATH}/{made['id']}/confirmation")).status_code == 409
    await api.delete(f"/v1/suppressions/{EMAIL}")
    assert (await api.post(f"{PATH}/{made['id']}/confirmation")).status_code == 202
