"""Changes and deliveries, read back."""

import pytest

from service.core.change import change_id
from tests.api.samples import (
    SOURCE,
    alert_id,
    consume,
    finish_alert,
    hold_alert,
    measure,
    plan_alert,
    rate,
    step,
)

SUBJECT = "measure:us-ieepa-reciprocal-cn"


@pytest.fixture
async def books(api, desk, clock):
    events = [
        measure("e1", duty=rate("84"), effective_at="2025-04-09T00:01:00-04:00", action="imposed"),
        measure("e2"),
        step("s1"),
        measure("t1", duty=rate("150")) | {"handling": "test"},
    ]
    for event in events:
        clock.advance(minutes=1)
        await api.post("/v1/events", json=event)
        await consume(desk)


def of(event: str, subject: str = SUBJECT) -> str:
    return str(change_id((SOURCE, event), subject))


async def test_changes_come_by_number_with_a_sentence(api, books):
    items = (await api.get("/v1/changes")).json()["items"]
    assert [one["number"] for one in items] == [1, 2, 3, 4]
    raised = items[1]
    assert raised["id"] == of("e2")
    assert raised["kinds"][0] == "rate_increased"
    assert (raised["old"]["said"], raised["new"]["said"]) == ("84 %", "125 %")
    assert raised["delta_pp"] == "41"
    assert raised["event"] == {"source": SOURCE, "id": "e2"}
    assert "84 %" in raised["said"]
    assert raised["previous"] == of("e1")


async def test_changes_are_narrowed(api, books):
    async def events(**params):
        answer = await api.get("/v1/changes", params=params)
        return [one["event"]["id"] for one in answer.json()["items"]]

    assert await events(subject="track:CN-US") == ["s1"]
    assert await events(kind="rate_increased", mode="live") == ["e2"]
    assert await events(min_certainty="announced") == ["e1", "e2", "t1"]
    assert await events(mode="test") == ["t1"]
    assert await events(since="2025-04-09T20:03:00+00:00") == ["s1", "t1"]
    assert await events(since="2025-04-09T20:03:00 00:00") == ["s1", "t1"]
    assert await events(after=2) == ["s1", "t1"]
    assert await events(order="newest", limit=1) == ["t1"]
    severities = {(await api.get(f"/v1/changes/{of('e2')}")).json()["severity"]}
    assert "e2" in await events(severity=severities.pop())


async def test_a_cursor_wins_over_after(api, books):
    first = (await api.get("/v1/changes?limit=1")).json()
    answer = await api.get("/v1/changes", params={"cursor": first["next"], "after": 3})
    assert [one["number"] for one in answer.json()["items"]] == [2, 3, 4]


async def test_one_is_read_in_full_with_how_far_it_was_told(api, db, clock, books):
    for number in (1, 2, 3):
        await plan_alert(db, number, f"dst_{number}", _uuid("e2"), clock.now)
    await finish_alert(db, 1, "delivered", clock.now)
    await hold_alert(db, 2, "sub_1", "dst_2", clock.now)
    found = (await api.get(f"/v1/changes/{of('e2')}")).json()
    assert found["before"]["status"] == "in_force"
    assert found["after"]["upcoming"][0]["duty"]["said"] == "125 %"
    assert found["about"]["action"] == "increased"
    assert found["about"]["origin"]["except"] == []
    assert found["citations"][0]["number"] == "14266"
    assert found["progress"]["is_open"] is True
    assert found["progress"]["states"] == {"delivered": 1, "held": 1, "pending": 1}


def _uuid(event: str):
    return change_id((SOURCE, event), SUBJECT)


async def test_deliveries_are_narrowed_by_state_destination_and_change(api, db, clock, books):
    made = await api.post("/v1/destinations", json={"url": "https://example.com/hook"})
    destination = made.json()["id"]
    await plan_alert(db, 1, destination, _uuid("e1"), clock.now)
    await plan_alert(db, 2, destination, _uuid("e2"), clock.now)
    await plan_alert(db, 3, "dst_gone", _uuid("e2"), clock.now)
    await finish_alert(db, 1, "delivered", clock.now)
    await hold_alert(db, 2, "sub_1", destination, clock.now)
    await hold_alert(db, 2, destination, destination, clock.now)

    async def numbers(**params):
        answer = await api.get("/v1/deliveries", params=params)
        return [one["number"] for one in answer.json()["items"]]

    assert await numbers() == [1, 2, 3]
    assert await numbers(state="delivered") == [1]
    assert await numbers(state="held") == [2]
    assert await numbers(state="pending") == [3]
    assert await numbers(destination=destination, order="newest") == [2, 1]
    assert await numbers(change=of("e2")) == [2, 3]


async def test_a_delivery_shows_its_cause_its_reasons_and_each_attempt(api, db, clock, books):
    made = await api.post("/v1/destinations", json={"url": "https://example.com/hook"})
    await plan_alert(db, 1, made.json()["id"], _uuid("e2"), clock.now)
    found = (await api.get(f"/v1/deliveries/{alert_id(1)}")).json()
    assert found["state"] == "pending"
    assert found["due_at"]
    assert found["destination"]["address"] == "https://example.com/hook"
    assert found["matched"][0]["reason"] == "it names your 8703"
    assert found["cause"]["event"] == {"source": SOURCE, "id": "e2"}
    (attempt,) = found["attempted"]
    assert (attempt["status"], attempt["response"]) == (503, "busy")
    assert attempt["timings"] == {"total": 0.2}


@pytest.mark.parametrize("path", ["/v1/changes", "/v1/deliveries"])
async def test_what_is_not_there_is_said_so(api, path):
    assert (await api.get(f"{path}/{alert_id(9)}")).status_code == 404
    assert (await api.get(f"{path}/nine")).status_code == 404
