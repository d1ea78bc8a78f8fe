"""Alive, ready, and what each stage does."""

import re
from dataclasses import replace

import httpx
from sqlalchemy.ext.asyncio import create_async_engine

from service.api import create_app
from service.store.database import Database
from tests.api.samples import alert_id, consume, finish_alert, hold_alert, measure, plan_alert, step


def client(desk):
    transport = httpx.ASGITransport(create_app(desk))
    return httpx.AsyncClient(transport=transport, base_url="http://api.test")


async def test_alive_and_ready(api):
    assert (await api.get("/livez")).json() == {"alive": True}
    ready = await api.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


async def test_a_role_that_has_stopped_makes_it_unready(desk):
    async with client(replace(desk, health=lambda: {"consume": True, "send": False})) as api:
        answer = await api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["roles"] == {"consume": True, "send": False}


async def test_a_database_that_does_not_answer_makes_it_unready(desk, tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder.db")
    async with client(replace(desk, db=Database(engine, engine))) as api:
        answer = await api.get("/readyz")
        refused = await api.get("/v1/changes")
    assert (answer.status_code, answer.json()["database"]) == (503, False)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


async def test_status_follows_the_journey(api, desk, db, clock):
    await api.post("/v1/events", json=[measure("e1"), step("s1")])
    await consume(desk)
    await api.post("/v1/events", json=measure("e2", action="decreased"))
    for number in (1, 2, 3):
        await plan_alert(db, number, "dst_1", alert_id(99), clock.now)
    await finish_alert(db, 1, "delivered", clock.now)
    await hold_alert(db, 2, "sub_1", "dst_1", clock.now)
    clock.advance(seconds=30)
    found = (await api.get("/v1/status")).json()
    stages = found["stages"]
    assert list(stages) == ["source", "event", "change", "match", "delivery", "receipt"]
    assert stages["source"]["done"] == 3
    assert (stages["event"]["done"], stages["event"]["waiting"]) == (2, 1)
    assert stages["event"]["outcomes"] == {"changed": 2}
    assert stages["change"]["done"] == 2
    assert (stages["match"]["done"], stages["match"]["waiting"]) == (0, 2)
    assert stages["match"]["lag_seconds"] == 30
    assert (stages["delivery"]["waiting"], stages["delivery"]["held"]) == (1, 1)
    assert stages["receipt"]["outcomes"] == {"delivered": 1}
    assert found["quarantine"] == {"open": 0}
    assert found["log"]["id"] == desk.log.id
    assert {one["topic"]: one["behind"] for one in found["log"]["partitions"]} == {
        "tariffs": 1,
        "negotiations": 0,
    }


async def test_metrics_are_prometheus_text(api):
    await api.post("/v1/events", json=measure())
    answer = await api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "tariffwire_accepted_total 1.0" in answer.text
    assert re.search(r'tariffwire_waiting{stage="event"} [12].0', answer.text)
    assert 'tariffwire_waiting{stage="match"} 0.0' in answer.text
