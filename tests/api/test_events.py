"""Events in the books, read back."""

from tests.api.samples import SOURCE, consume, measure, step, verdict


async def fill(api, desk):
    await api.post("/v1/events", json=[measure("e1"), measure("e2"), step("s1")])
    await api.post("/v1/events", json=verdict("unseen"))
    await consume(desk)


async def test_each_event_has_its_outcome_and_reason(api, desk):
    await fill(api, desk)
    items = (await api.get("/v1/events")).json()["items"]
    found = {one["id"]: one for one in items}
    assert found["e1"]["outcome"] == "changed"
    assert found["e1"]["subject"] == "measure:us-ieepa-reciprocal-cn"
    assert found["e1"]["change"]
    assert found["e2"]["outcome"] == "evidence_only"
    assert found["e2"]["change"] is None
    assert "unseen" in found["c1"]["reason"]
    assert all(one["reason"] for one in items)


async def test_they_are_narrowed(api, desk):
    await fill(api, desk)

    async def ids(**params):
        answer = await api.get("/v1/events", params=params)
        return [one["id"] for one in answer.json()["items"]]

    assert await ids(outcome="waiting") == ["c1"]
    assert await ids(type="negotiation.step") == ["s1"]
    assert await ids(subject="track:CN-US") == ["s1"]
    assert await ids(source="https://elsewhere.example") == []
    assert len(await ids(source=SOURCE)) == 4
    assert await ids(order="newest") == (await ids())[::-1]


async def test_pages_run_both_ways(api, desk):
    await fill(api, desk)
    for order in ("oldest", "newest"):
        seen, path = [], f"/v1/events?limit=3&order={order}"
        while path:
            answer = await api.get(path)
            seen += [one["number"] for one in answer.json()["items"]]
            path = answer.links.get("next", {}).get("url")
        assert seen == sorted(seen, reverse=order == "newest")
        assert len(seen) == 4


async def test_one_is_read_as_it_came(api, desk):
    await fill(api, desk)
    answer = await api.get("/v1/events/one", params={"source": SOURCE, "id": "e1"})
    assert answer.json()["event"] == measure("e1")
    missing = await api.get("/v1/events/one", params={"source": SOURCE, "id": "e9"})
    assert missing.status_code == 404
    unasked = await api.get("/v1/events/one", params={"source": SOURCE})
    assert (unasked.status_code, unasked.json()["errors"][0]["where"]) == (400, "query.id")
