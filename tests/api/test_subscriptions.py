"""Subscriptions through the API."""

import pytest

from service.api.subscriptions import form
from service.core.codes import products
from service.core.match.subscription import Rule, explode
from service.store.following import subscriptions
from service.store.following.accounts import DEFAULT
from tests.api.samples import alert_id, consume, hold_alert, measure, plan_alert

URL = "https://example.com/hooks/tariffs"
PATH = "/v1/subscriptions"


async def make(api, **given):
    answer = await api.post(PATH, json={"url": URL} | given)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("given", "lanes"),
    [
        ({"country": "UK"}, [{"country": "GB"}]),
        ({"product": "8703.23"}, [{"product": {"codes": ["870323"]}}]),
        (
            {"country": "Vietnam", "product": ["9401.61", "9403"]},
            [{"country": "VN", "product": {"codes": ["940161", "9403"]}}],
        ),
        ({"lanes": [{}]}, [{}]),
        (
            {"lanes": [{"importer": "US", "origin": "CN"}, {"programmes": ["S232-steel"]}]},
            [{"importer": "US", "origin": "CN"}, {"programmes": ["S232-steel"]}],
        ),
    ],
)
async def test_shorthands_and_slips_are_written_out(api, given, lanes):
    assert (await make(api, **given))["lanes"] == lanes


async def test_lanes_are_exploded_in_the_same_transaction_and_replaced_with_them(api, db):
    made = await make(api, product=["8703", "8704"])
    rule = Rule.model_validate({"lanes": made["lanes"]})
    assert await _filters(db, made["id"]) == sorted(row.code for row in explode(rule))
    await api.patch(f"{PATH}/{made['id']}", json={"product": "9401"})
    assert set(await _filters(db, made["id"])) == {"9401"}
    await api.delete(f"{PATH}/{made['id']}")
    assert await _filters(db, made["id"]) == []


async def _filters(db, subscription):
    table = subscriptions.Filter
    async with db.read() as session:
        wanted = subscriptions.select(table.code).where(table.subscription_id == subscription)
        return sorted((await session.execute(wanted)).scalars())


async def test_who_wants_the_latest_alone_says_so(api):
    made = await make(api, country="CN")
    assert made["steps"] == "every"
    changed = await api.patch(f"{PATH}/{made['id']}", json={"steps": "latest"})
    assert changed.json()["steps"] == "latest"
    renamed = await api.patch(f"{PATH}/{made['id']}", json={"name": "cars"})
    assert renamed.json()["steps"] == "latest"
    assert (await api.get(f"{PATH}/{made['id']}")).json()["steps"] == "latest"
    refused = await api.patch(f"{PATH}/{made['id']}", json={"steps": "some"})
    assert refused.status_code == 422
    assert "steps" in refused.text


async def test_an_inline_address_makes_a_destination_once(api):
    first, second = await make(api, country="CN"), await make(api, country="JP")
    (made,) = first["created_destinations"]
    assert made["secret"].startswith("whsec_")
    assert first["destinations"] == second["destinations"] == [made["id"]]
    assert "created_destinations" not in second
    both = await make(api, country="VN", email="desk@example.com", destinations=[made["id"]])
    assert len(both["destinations"]) == 2


async def test_nothing_is_made_when_the_form_is_refused(api):
    answer = await api.post(PATH, json={"url": URL, "country": "CN", "destinations": ["dst_1"]})
    assert answer.status_code == 422
    assert (await api.get("/v1/destinations")).json()["items"] == []


async def test_a_later_subscription_is_only_told_of_later_changes(api, desk):
    assert (await make(api, country="CN"))["after_change"] == 0
    await api.post("/v1/events", json=measure())
    await consume(desk)
    assert (await make(api, country="CN"))["after_change"] == 1


async def test_all_that_was_said_is_read_back(api):
    given = {
        "name": "furniture desk",
        "external_id": "crm-7",
        "lanes": [{"importer": "US", "product": {"nomenclature": "HTS", "codes": ["9401.61.40"]}}],
        "kinds": ["rate_increased"],
        "min_certainty": "announced",
        "min_delta_pp": "2.5",
        "blanket": False,
        "possible": True,
        "lead_times": [30, 7],
        "labels": {"team": "furniture", "region": "eu"},
        "metadata": {"cost_centre": 7, "tags": ["a", None]},
    }
    made = await make(api, **given)
    read = (await api.get(f"{PATH}/{made['id']}")).json()
    assert {name: read[name] for name in given if name != "lanes"} == {
        name: value for name, value in given.items() if name != "lanes"
    }
    assert read["lanes"][0]["product"] == {"nomenclature": "HTS", "codes": ["94016140"]}


async def test_a_change_of_some_fields_leaves_the_others(api):
    made = await make(api, country="CN", name="old", min_delta_pp=5, labels={"a": "b"})
    path = f"{PATH}/{made['id']}"
    changed = (await api.patch(path, json={"name": "new", "min_delta_pp": None})).json()
    assert (changed["name"], changed["min_delta_pp"]) == ("new", None)
    assert (changed["lanes"], changed["labels"]) == (made["lanes"], made["labels"])
    moved = (await api.patch(path, json={"email": "desk@example.com"})).json()
    assert len(moved["destinations"]) == 2
    swapped = (await api.patch(path, json={"destinations": [], "url": URL})).json()
    assert swapped["destinations"] == made["destinations"]
    wrong = await api.patch(path, json={"destinations": []})
    assert wrong.status_code == 422
    assert (await api.patch(path, json=[])).status_code == 422
    assert (await api.patch(path, json={"lanes": None})).status_code == 422


async def test_an_external_id_is_given_once(api):
    await make(api, country="CN", external_id="crm-7")
    answer = await api.post(PATH, json={"url": URL, "country": "JP", "external_id": "crm-7"})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (409, "external_id")
    other = await make(api, country="JP")
    answer = await api.patch(f"{PATH}/{other['id']}", json={"external_id": "crm-7"})
    assert answer.status_code == 409


async def test_put_by_external_id_creates_then_replaces_and_is_idempotent(api, clock):
    path, form = f"{PATH}/by/crm/7", {"url": URL, "country": "CN"}
    made = await api.put(path, json=form)
    assert made.status_code == 201
    assert made.json()["external_id"] == "crm/7"
    assert "in_force_now" in made.json()
    clock.advance(hours=1)
    again = await api.put(path, json=form)
    assert (again.status_code, again.headers["etag"]) == (200, made.headers["etag"])
    changed = await api.put(path, json=form | {"country": "JP", "external_id": "crm/7"})
    assert changed.json()["id"] == made.json()["id"]
    assert changed.json()["lanes"] == [{"country": "JP"}]
    assert changed.json()["updated_at"] > made.json()["updated_at"]
    assert changed.json()["after_change"] == made.json()["after_change"]
    assert (await api.get(path)).json()["id"] == made.json()["id"]
    wrong = await api.put(path, json=form | {"external_id": "other"})
    assert wrong.json()["errors"][0]["where"] == "external_id"
    assert (await api.put(path, json=[])).status_code == 422


async def test_an_etag_keeps_two_people_from_overwriting_each_other(api):
    made = await make(api, country="CN")
    path = f"{PATH}/{made['id']}"
    tag = (await api.get(path)).headers["etag"]
    mine = await api.patch(path, json={"name": "mine"}, headers={"if-match": tag})
    assert mine.status_code == 200
    late = await api.patch(path, json={"name": "yours"}, headers={"if-match": tag})
    assert (late.status_code, late.json()["errors"][0]["where"]) == (412, "header.If-Match")
    assert (await api.delete(path, headers={"if-match": tag})).status_code == 412
    assert (await api.delete(path, headers={"if-match": mine.headers["etag"]})).status_code == 204
    assert (await api.delete(path)).status_code == 404


async def test_pause_holds_and_resume_releases(api, db, clock):
    made = await make(api, country="CN")
    (destination,) = made["destinations"]
    paused = (await api.post(f"{PATH}/{made['id']}/pause")).json()
    assert paused["state"] == "paused"
    assert (await api.post(f"{PATH}/{made['id']}/pause")).json() == paused
    await plan_alert(db, 1, destination, alert_id(99), clock.now)
    await hold_alert(db, 1, made["id"], destination, clock.now)
    resumed = (await api.post(f"{PATH}/{made['id']}/resume")).json()
    assert (resumed["state"], resumed["released"]) == ("active", 1)
    assert (await api.get(f"/v1/deliveries/{alert_id(1)}")).json()["state"] == "pending"


async def test_what_was_held_for_a_removed_subscription_is_cancelled(api, db, clock):
    made = await make(api, country="CN")
    (destination,) = made["destinations"]
    await plan_alert(db, 1, destination, alert_id(99), clock.now)
    await hold_alert(db, 1, made["id"], destination, clock.now)
    await api.delete(f"{PATH}/{made['id']}")
    assert (await api.get(f"/v1/deliveries/{alert_id(1)}")).json()["state"] == "cancelled"


async def test_lists_are_narrowed_and_paged(api, clock):
    for number, country in enumerate(("CN", "JP", "VN")):
        clock.advance(seconds=1)
        labels = {"team": "a%" if number else "b"}
        await make(api, country=country, external_id=f"x{number}", labels=labels)
    paused = (await api.get(PATH, params={"external_id": "x2"})).json()["items"][0]
    await api.post(f"{PATH}/{paused['id']}/pause")

    async def ids(**params):
        items = (await api.get(PATH, params=params)).json()["items"]
        return [one["external_id"] for one in items]

    assert await ids() == ["x0", "x1", "x2"]
    assert await ids(label="team:a%") == ["x1", "x2"]
    assert await ids(label="team:a") == []
    assert await ids(state="active", destination=paused["destinations"][0]) == ["x0", "x1"]
    first = (await api.get(PATH, params={"limit": 2})).json()
    assert await ids(limit=2, cursor=first["next"]) == ["x2"]


async def test_a_rule_that_explodes_too_far_is_refused(api, monkeypatch):
    monkeypatch.setattr(form, "MAX_FILTERS", 20)
    lanes = [{"country": "CN", "product": ["8703", "8704", "8705"]} for _ in range(50)]
    assert (await make(api, lanes=lanes))["state"] == "active"  # the same rows, counted once
    wide = [
        {"country": code, "product": ["8703", "8704"]}
        for code in ("CN", "JP", "VN", "DE", "FR", "GB")
    ]
    answer = await api.post(PATH, json={"url": URL, "lanes": wide})
    assert answer.status_code == 422
    assert "several subscriptions" in answer.json()["detail"]


async def test_another_account_is_not_seen(db, api):
    made = await make(api, country="CN", external_id="crm-7")
    async with db.read() as session:
        assert await subscriptions.find_subscription(session, "acc_other", made["id"]) is None
        assert await subscriptions.find_external(session, "acc_other", "crm-7") is None
        assert await subscriptions.find_subscription(session, DEFAULT, made["id"]) is not None


@pytest.mark.parametrize(
    "product", [["8703.2x"] * 1001, {"codes": ["8703"], "except": ["8703.2x"] * 1001}]
)
async def test_lanes_with_very_many_codes_are_refused_before_any_is_read(api, product, monkeypatch):
    read = []
    monkeypatch.setattr(products, "find_gap", read.append)
    given = {"url": URL, "lanes": [{"product": product}] * 20}
    answer = await api.post(PATH, json=given)
    assert answer.status_code == 422
    said = f"these lanes name more than {form.MOST_CODES} codes: write several subscriptions"
    assert answer.json()["errors"] == [{"where": "body", "what": said}]
    assert not read


async def test_lanes_that_are_no_lanes_are_counted_as_none(api):
    lanes = ["8703", {"product": 8703}, {"product": "8703.2x"}]
    answer = await api.post(PATH, json={"url": URL, "lanes": lanes})
    places = [one["where"] for one in answer.json()["errors"]]
    assert places == ["lanes[0]", "lanes[1].product", "lanes[2].product.codes[0]"]
