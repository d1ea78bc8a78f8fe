"""Destinations through the API."""

import pytest

from service.core.proof.signature import secret_from
from tests.api.conftest import NOW
from tests.api.samples import alert_id, finish_alert, hold_alert, plan_alert

URL = "https://example.com/hooks/tariffs"
PATH = "/v1/destinations"


@pytest.fixture
async def webhook(api):
    return (await api.post(PATH, json={"url": URL, "name": "desk"})).json()


async def test_a_secret_is_shown_once(api, webhook):
    assert webhook["secret"].startswith("whsec_")
    shown = (await api.get(f"{PATH}/{webhook['id']}")).json()
    assert "secret" not in shown
    assert [one["ends_in"] for one in shown["secrets"]] == [f"…{webhook['secret'][-4:]}"]
    listed = (await api.get(PATH)).text
    assert webhook["secret"] not in listed


async def test_the_kind_follows_from_the_address(api, webhook):
    email = (await api.post(PATH, json={"email": "Desk@Example.COM"})).json()
    assert (webhook["kind"], email["kind"]) == ("webhook", "email")
    assert email["email"] == "Desk@example.com"
    assert "secret" not in email
    kinds = (await api.get(PATH, params={"kind": "email"})).json()["items"]
    assert [one["id"] for one in kinds] == [email["id"]]


async def test_a_secret_of_your_own_is_kept(api):
    own = secret_from(b"k" * 24)
    answer = await api.post(PATH, json={"url": URL, "secret": own})
    assert answer.json()["secret"] == own


async def test_an_account_has_an_address_once(api, webhook):
    answer = await api.post(PATH, json={"url": URL.replace("example", "EXAMPLE")})
    assert answer.status_code == 409
    assert webhook["id"] in answer.json()["detail"]
    other = (await api.post(PATH, json={"url": f"{URL}/2"})).json()
    assert (await api.patch(f"{PATH}/{other['id']}", json={"url": URL})).status_code == 409


async def test_what_is_left_out_of_a_change_stays(api, webhook, clock):
    clock.advance(hours=1)
    changed = (await api.patch(f"{PATH}/{webhook['id']}", json={"name": "new"})).json()
    assert (changed["name"], changed["url"], changed["state"]) == ("new", URL, "active")
    assert changed["updated_at"] > webhook["updated_at"]
    moved = (await api.patch(f"{PATH}/{webhook['id']}", json={"url": f"{URL}/2"})).json()
    assert (moved["url"], moved["secrets"]) == (f"{URL}/2", changed["secrets"])


async def test_a_webhook_does_not_become_an_email(api, webhook):
    answer = await api.patch(f"{PATH}/{webhook['id']}", json={"email": "a@b.example"})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "email")


async def test_pausing_holds_what_waits_and_activating_releases_it(api, db, clock, webhook):
    await plan_alert(db, 1, webhook["id"], alert_id(99), clock.now)
    await api.patch(f"{PATH}/{webhook['id']}", json={"state": "paused"})
    assert (await api.get(f"/v1/deliveries/{alert_id(1)}")).json()["state"] == "held"
    again = await api.patch(f"{PATH}/{webhook['id']}", json={"state": "paused"})
    assert again.json()["state"] == "paused"
    active = (await api.patch(f"{PATH}/{webhook['id']}", json={"state": "active"})).json()
    assert (active["state"], active["reason"]) == ("active", "")
    assert (await api.get(f"/v1/deliveries/{alert_id(1)}")).json()["state"] == "pending"


async def test_a_followed_destination_goes_only_by_force(api, webhook):
    form = {"country": "CN", "destinations": [webhook["id"]]}
    subscription = (await api.post("/v1/subscriptions", json=form)).json()
    refused = await api.delete(f"{PATH}/{webhook['id']}")
    assert refused.status_code == 409
    assert "force=true" in refused.json()["detail"]
    assert (await api.delete(f"{PATH}/{webhook['id']}?force=true")).status_code == 204
    assert (await api.get(f"{PATH}/{webhook['id']}")).status_code == 404
    left = (await api.get(f"/v1/subscriptions/{subscription['id']}")).json()
    assert left["destinations"] == []


async def test_what_waits_for_a_removed_destination_is_cancelled_with_a_receipt(
    api, db, clock, webhook
):
    for number in (1, 2, 3):
        await plan_alert(db, number, webhook["id"], alert_id(99), clock.now)
    await hold_alert(db, 2, "sub_1", webhook["id"], clock.now)
    await finish_alert(db, 3, "delivered", clock.now)
    await api.delete(f"{PATH}/{webhook['id']}")
    found = [(await api.get(f"/v1/deliveries/{alert_id(one)}")).json() for one in (1, 2, 3)]
    assert [one["state"] for one in found] == ["cancelled", "cancelled", "delivered"]
    assert "removed" in found[0]["reason"]
    assert found[0]["attempts"] == 1


async def test_a_trial_is_sent_now_and_its_answer_shown(api, desk, webhook):
    answer = (await api.post(f"{PATH}/{webhook['id']}/test")).json()
    assert answer == {
        "destination": webhook["id"],
        "accepted": True,
        "status": 204,
        "reason": "taken",
        "seconds": 0.25,
        "response": "",
    }
    tried = desk.try_out.tried[0]
    assert desk.vault.open(tried.id, tried.sealed).signing(NOW) == (webhook["secret"],)


async def test_pages_lead_through_all_of_them(api, clock):
    for number in range(5):
        clock.advance(seconds=1)
        await api.post(PATH, json={"url": f"{URL}/{number}"})
    seen, path = [], f"{PATH}?limit=2&kind=webhook"
    while path:
        answer = await api.get(path)
        seen += [one["url"] for one in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url")
    assert seen == [f"{URL}/{number}" for number in range(5)]
