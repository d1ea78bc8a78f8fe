"""Alive, ready, and what each stage does."""

import re
import socket
from dataclasses import replace
from datetime import datetime, timedelta

import httpx

from service.api import create_app, create_health_app
from service.roles import Pulse
from service.store.database import open_database
from service.store.mail.trouble import note_mail_trouble
from tests.api.samples import alert_id, consume, finish_alert, hold_alert, measure, plan_alert, step


def client(desk):
    transport = httpx.ASGITransport(create_app(desk))
    return httpx.AsyncClient(transport=transport, base_url="http://api.test")


async def test_alive_and_ready(api):
    assert (await api.get("/livez")).json() == {"alive": True}
    ready = await api.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


async def test_a_role_that_has_stopped_makes_it_unready(desk):
    pulses = {"consume": Pulse("consume", is_running=True), "send": Pulse("send")}
    async with client(replace(desk, pulses=lambda: pulses)) as api:
        answer = await api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["roles"] == {"consume": True, "send": False}


async def test_what_a_role_waits_for_is_said(desk):
    pulses = {"send": Pulse("send", is_running=True, trouble="the database is away")}
    async with client(replace(desk, pulses=lambda: pulses)) as api:
        answer = await api.get("/readyz")
        metrics = await api.get("/metrics")
    assert answer.json()["trouble"] == {"send": "the database is away"}
    assert 'tariffwire_role_up{role="send"} 0.0' in metrics.text


async def test_a_process_without_the_api_answers_how_it_does(desk):
    transport = httpx.ASGITransport(create_health_app(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as api:
        assert (await api.get("/livez")).status_code == 200
        assert (await api.get("/readyz")).json()["ready"] is True
        assert "tariffwire_waiting" in (await api.get("/metrics")).text
        refused = await api.get("/v1/changes")
    assert refused.status_code == 404
    assert "ask a process that has the role api" in refused.json()["detail"]


async def test_a_database_that_does_not_answer_makes_it_unready(desk):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        url = f"postgresql://nobody@127.0.0.1:{nobody.getsockname()[1]}/nowhere"
        async with open_database(url) as away, client(replace(desk, db=away)) as api:
            answer = await api.get("/readyz")
            refused = await api.get("/v1/changes")
            metrics = await api.get("/metrics")
    assert 'tariffwire_up{what="database"} 0.0' in metrics.text
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
    assert found["dates"]["lag_seconds"] == 30  # no clock runs here
    assert (stages["delivery"]["waiting"], stages["delivery"]["held"]) == (1, 1)
    assert stages["receipt"]["outcomes"] == {"delivered": 1}
    assert found["quarantine"] == {"open": 0}
    assert found["log"]["id"] == desk.log.id
    assert {one["topic"]: one["behind"] for one in found["log"]["partitions"]} == {
        "tariffs": 1,
        "negotiations": 0,
    }


async def test_a_date_that_has_come_and_was_not_told_is_overdue(api, desk, clock):
    soon = (clock.now + timedelta(minutes=10)).isoformat()
    await api.post("/v1/events", json=measure("e1", effective_at=soon))
    await consume(desk)
    clock.advance(minutes=13)
    dates = (await api.get("/v1/status")).json()["dates"]
    assert dates["lag_seconds"] > 120
    assert 'tariffwire_oldest_seconds{stage="clock"} ' in (await api.get("/metrics")).text


async def test_metrics_are_prometheus_text(api):
    await api.post("/v1/events", json=measure())
    answer = await api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "tariffwire_accepted_total 1.0" in answer.text
    assert re.search(r'tariffwire_waiting{stage="event"} [12].0', answer.text)
    assert 'tariffwire_waiting{stage="match"} 0.0' in answer.text


async def test_mail_that_cannot_be_handed_over_is_said(api, desk, clock):
    assert (await api.get("/v1/status")).json()["mail"] == {"trouble": None}
    async with desk.db.write() as session:
        await note_mail_trouble(session, "no conversation with the relay", clock())
    trouble = (await api.get("/v1/status")).json()["mail"]["trouble"]
    assert trouble["reason"] == "no conversation with the relay"
    assert datetime.fromisoformat(trouble["since"]) == clock()
