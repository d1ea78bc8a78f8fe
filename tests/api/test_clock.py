"""What the API says of time: nobody sends it, everybody may read it."""

from datetime import timedelta

from service.core.clock import write_tick
from service.core.event import CLOCK, Handling, Tick, Turn
from service.dispatch.remind import Timekeeper
from service.store.arrivals.outbox import oldest
from tests.api.samples import NDJSON, consume, lines, measure, rate

KEY = "us-ieepa-reciprocal-cn"
START = "2025-04-20T00:01:00-04:00"


async def test_nobody_sends_the_clocks_events(api, clock):
    tick = Tick(subject=f"measure:{KEY}", turn=Turn.ENDED, at=clock())
    answer = await api.post(
        "/v1/events",
        content=write_tick(tick, Handling.LIVE),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["where"] == "type"
    assert "own clock" in fault["what"]


async def test_nobody_sends_events_in_the_clocks_name(api):
    answer = await api.post("/v1/events", json=measure("e1") | {"source": CLOCK})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "source"


async def test_the_document_offers_no_event_of_the_clock(api):
    document = (await api.get("/openapi.json")).json()
    assert "tariff.clock" not in str(document["components"]["schemas"])
    assert "tariff.measure" in str(document["components"]["schemas"])


async def test_what_time_brought_stands_in_the_history_of_its_measure(api, desk, clock):
    answer = await api.post(
        "/v1/events",
        content=lines(measure("e1", duty=rate("84"), effective_at=START)),
        headers=NDJSON,
    )
    assert answer.status_code == 202
    await consume(desk)
    clock.advance(days=11)
    await Timekeeper(desk.db, clock, timedelta(days=3), lambda: None).tick()
    async with desk.db.write() as session:
        records = [record for _, record in await oldest(session, "tariffs", 10)]
    await desk.log.append("tariffs", records)
    await consume(desk)
    found = (await api.get(f"/v1/measures/{KEY}")).json()
    last = found["history"][-1]
    assert (last["type"], last["turn"], last["lead"]) == (
        "tariff.clock",
        "entered_into_force",
        None,
    )
    assert last["at"] == "2025-04-20T04:01:00+00:00"
    assert found["evidence"] == []
    listed = (await api.get("/v1/events", params={"type": "tariff.clock"})).json()["items"]
    assert [one["outcome"] for one in listed] == ["changed"]
    change = (await api.get(f"/v1/changes/{last['change']}")).json()
    assert change["said"].startswith("In force now: US duty on goods of China")
    assert change["lead"] is None
