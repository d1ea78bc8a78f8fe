"""Into the log, or into the outbox while that is away."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from service.api import create_app
from service.log import LogUnavailable, Record, open_log
from service.store.arrivals.outbox import count_waiting, drop, oldest
from tests.api.samples import measure, step


class Gate:
    """A log of this process behind a door that a test shuts: what is sent meanwhile is refused."""

    def __init__(self, log):
        self._log = log
        self.is_open = True
        self.appended = []

    def __getattr__(self, name):
        return getattr(self._log, name)

    async def append(self, topic, records):
        if not self.is_open:
            raise LogUnavailable
        await self._log.append(topic, records)
        self.appended += [record.key for record in records]


@pytest.fixture
def gate(log):
    return Gate(log)


@pytest.fixture
def woken():
    return []


@pytest.fixture
def gated(desk, gate, woken):
    return replace(desk, log=gate, wake_publisher=lambda: woken.append(1))


@pytest.fixture
async def api(gated):
    transport = httpx.ASGITransport(app=create_app(gated))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


async def waiting(db):
    async with db.read() as session:
        return dict(await count_waiting(session))


async def empty(db, topic):
    async with db.write() as session:
        rows = await oldest(session, topic, 1000)
        await drop(session, [number for number, _ in rows])
        return [record for _, record in rows]


async def look_again():
    await asyncio.sleep(0.3)


async def test_while_the_log_is_away_events_are_accepted_and_wait(api, gate, db, woken):
    gate.is_open = False
    answer = await api.post("/v1/events", json=[measure("e1"), step("s1")])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    assert await waiting(db) == {"tariffs": 1, "negotiations": 1}
    assert woken


async def test_what_follows_joins_the_outbox_until_it_is_empty(api, gate, db):
    gate.is_open = False
    await api.post("/v1/events", json=measure("e1"))
    gate.is_open = True
    await api.post("/v1/events", json=measure("e2"))
    await api.post("/v1/events", json=step("s1"))
    assert await waiting(db) == {"tariffs": 2}
    assert len(gate.appended) == 1
    assert len(await empty(db, "tariffs")) == 2
    await look_again()
    await api.post("/v1/events", json=measure("e3"))
    assert await waiting(db) == {}
    assert len(gate.appended) == 2


async def test_a_fresh_process_joins_what_a_former_one_left(gated, gate, db, clock):
    gate.is_open = False
    for names in (["e1"], ["e2"]):
        transport = httpx.ASGITransport(app=create_app(gated))
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as fresh:
            for name in names:
                assert (await fresh.post("/v1/events", json=measure(name))).status_code == 202
        gate.is_open = True
    assert await waiting(db) == {"tariffs": 2}
    assert gate.appended == []


async def test_order_is_kept_through_the_outbox(api, gate, db):
    gate.is_open = False
    for number in range(20):
        await api.post("/v1/events", json=measure(f"e{number}"))
    found = [record.value for record in await empty(db, "tariffs")]
    assert [value.count(f'"e{n}"'.encode()) for n, value in enumerate(found)] == [1] * 20


async def test_a_full_outbox_refuses_and_says_so(gated, gate, db):
    narrow = replace(gated, settings=gated.settings.model_copy(update={"outbox_limit": 2}))
    transport = httpx.ASGITransport(app=create_app(narrow))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as api:
        gate.is_open = False
        assert (await api.post("/v1/events", json=measure("e1"))).status_code == 202
        assert (await api.get("/readyz")).json()["outbox"] == {"waiting": 1, "full": False}
        both = await api.post("/v1/events", json=[measure("e2"), measure("e3")])
        assert (both.status_code, both.headers["retry-after"]) == (503, "5")
        assert "the outbox is full (1 events wait, it may hold 2)" in both.json()["detail"]
        assert (await api.post("/v1/events", json=measure("e2"))).status_code == 202
        ready = await api.get("/readyz")
        assert (ready.status_code, ready.json()["outbox"]) == (503, {"waiting": 2, "full": True})
        status = (await api.get("/v1/status")).json()
        assert status["outbox"]["waiting"] == {"tariffs": 2}
        assert status["stages"]["source"]["waiting"] == 2
    assert await waiting(db) == {"tariffs": 2}


async def test_the_same_event_twice_is_a_duplicate_in_the_outbox_too(api, gate, db):
    gate.is_open = False
    await api.post("/v1/events", json=measure("e1"))
    again = await api.post("/v1/events", json=measure("e1"))
    assert again.json()["duplicates"] == 1
    assert await waiting(db) == {"tariffs": 1}


async def test_a_closed_log_is_away(gated, db, tmp_path, clock):
    async with open_log(f"sqlite:///{tmp_path}/closed.db", clock) as closed:
        pass
    with pytest.raises(LogUnavailable):
        await closed.append("tariffs", [Record(None, b"")])
    transport = httpx.ASGITransport(app=create_app(replace(gated, log=closed)))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as api:
        assert (await api.post("/v1/events", json=measure("e1"))).status_code == 202
    assert await waiting(db) == {"tariffs": 1}
