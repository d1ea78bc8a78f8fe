"""Whatever a person decides leaves a line, in the transaction of what it says, without secrets."""

import pytest

HOOK = "https://example.com/hook?token=hush-hush-1"
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSByZWNlaXZlciBpbiB0ZXN0cw=="


async def lines(api, **only):
    answer = await api.get("/v1/audit", params=only)
    assert "hush" not in answer.text
    assert SECRET not in answer.text
    return [(one["action"], one["detail"]) for one in answer.json()["items"]]


@pytest.fixture
async def hook(api):
    """Its id."""
    headers = {"x-token": "hush-hush-2"}
    form = {"url": HOOK, "name": "desk", "secret": SECRET, "headers": headers}
    return (await api.post("/v1/destinations", json=form)).json()["id"]


async def test_a_destination_from_its_making_to_its_end(api, hook):
    path, of = f"/v1/destinations/{hook}", {"object": f"destination:{hook}"}
    changes = {"state": "paused", "rate": 2, "headers": {"x-token": "hush-hush-3"}}
    warn = {"preferences": {"hourly_cap": 5, "group": True}}
    for form in (changes, warn, warn, {"url": f"{HOOK}2"}):  # the second time nothing changes
        assert (await api.patch(path, json=form)).status_code == 200
    assert (await api.delete(path)).status_code == 204
    assert await lines(api, **of) == [
        ("add_destination", {"kind": "webhook", "name": "desk", "state": "active"}),
        ("change_destination", {"changed": ["state", "rate", "headers"], "state": "paused"}),
        ("change_destination", {"changed": ["preferences.hourly_cap", "preferences.group"]}),
        ("change_destination", {"changed": ["url"]}),
        ("remove_destination", {"kind": "webhook", "name": "desk", "detached": 0}),
    ]


async def test_a_moved_reader_is_named_by_what_was_changed(api):
    form = {"email": "desk@example.com", "confirmed": True, "consent": "by letter"}
    reader = (await api.post("/v1/destinations", json=form)).json()["id"]
    await api.patch(f"/v1/destinations/{reader}", json={"email": "other@example.com"})
    found = await lines(api, action="change_destination")
    assert found == [
        ("change_destination", {"changed": ["email", "state"], "state": "unconfirmed"})
    ]
    asked = await api.post(f"/v1/destinations/{reader}/confirmation")
    assert asked.status_code == 202
    assert await lines(api, action="ask_reader") == [("ask_reader", {})]


async def test_keys(api, hook):
    path = f"/v1/destinations/{hook}"
    made = (await api.post(f"{path}/rotate-secret", json={"grace_seconds": 60})).json()
    former, fresh = (await api.get(path)).json()["secrets"][::-1]
    if former["expires_at"] is None:
        former, fresh = fresh, former
    assert (await api.delete(f"{path}/secrets/{former['id']}")).status_code == 204
    found = dict(await lines(api))
    assert found["rotate_secret"] == {"kind": "v1", "key": fresh["id"], "grace_seconds": 60}
    assert found["revoke_secret"] == {"key": former["id"]}
    assert made["secret"] not in (await api.get("/v1/audit")).text


async def test_a_subscription_and_the_destination_made_with_it(api):
    form = {"name": "cars", "product": "8703", "url": HOOK}
    made = (await api.post("/v1/subscriptions", json=form)).json()
    path, of = f"/v1/subscriptions/{made['id']}", {"object": f"subscription:{made['id']}"}
    for change in ({"min_certainty": "announced"}, {"name": "cars"}, {"labels": {"a": "b"}}):
        assert (await api.patch(path, json=change)).status_code == 200
    for word in ("pause", "pause", "resume"):
        assert (await api.post(f"{path}/{word}")).status_code == 200
    assert (await api.delete(path)).status_code == 204
    assert await lines(api, **of) == [
        ("add_subscription", {"name": "cars", "destinations": made["destinations"]}),
        ("change_subscription", {"changed": ["rule"]}),
        ("change_subscription", {"changed": ["labels"]}),
        ("pause_subscription", {}),
        ("resume_subscription", {}),
        ("remove_subscription", {"name": "cars"}),
    ]
    assert [one for one, _ in await lines(api)][:2] == ["add_destination", "add_subscription"]


async def test_one_that_is_put_by_its_own_id(api, hook):
    for product in ("8703", "8703", "8704"):
        form = {"product": product, "destinations": [hook]}
        assert (await api.put("/v1/subscriptions/by/mine", json=form)).status_code in {200, 201}
    found = [one for one, _ in await lines(api)]
    assert found == ["add_destination", "add_subscription", "change_subscription"]


async def test_sending_as_a_whole(api):
    await api.post("/v1/sending/hold", json={"reason": "restored  from a backup"})
    await api.post("/v1/sending/release")
    assert await lines(api, object="sending") == [
        ("hold", {"reason": "restored from a backup"}),
        ("release", {"released": 0}),
    ]


async def test_what_is_refused_leaves_no_line(api, hook):
    before = await lines(api)
    for path, form in (
        ("/v1/destinations", {"url": HOOK}),
        ("/v1/subscriptions", {"product": "8703", "destinations": ["dst_nobody"]}),
        (f"/v1/destinations/{hook}/rotate-secret", {"kind": "v1a"}),
        ("/v1/sending/hold", {"reason": " "}),
    ):
        assert (await api.post(path, json=form)).status_code in {409, 422}
    assert await lines(api) == before
