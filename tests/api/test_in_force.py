"""What a new subscriber is shown: the standings in its lanes now."""

from service.api.subscriptions import in_force
from tests.api.samples import NDJSON, consume, lines, measure, rate, step

PATH = "/v1/subscriptions"
CARS = {"scope": "codes", "include": ["8703"]}


async def shown(api, **given):
    answer = await api.post(PATH, json={"url": "https://example.com/hook"} | given)
    assert answer.status_code == 201, answer.text
    return answer.json()["in_force_now"]


async def send(api, desk, *events):
    await api.post("/v1/events", content=lines(*events), headers=NDJSON)
    await consume(desk)


async def test_it_shows_what_stands_in_the_lanes_and_why(api, desk, clock):
    clock.advance(days=1)
    await send(
        api,
        desk,
        measure("e1"),
        measure("e2", measure="us-s232-autos", origin={"kind": "all"}, product=CARS),
        measure("e3", measure="us-x-jp", origin={"kind": "country", "members": ["JP"]}),
        measure("e4", measure="gone", action="terminated"),
        step(),
    )
    found = await shown(api, country="CN")
    assert (found["count"], found["complete"]) == (2, True)
    first = found["items"][0]
    assert (first["subject"], first["status"]) == ("measure:us-ieepa-reciprocal-cn", "in_force")
    assert first["duty"]["said"] == "125 %"
    assert "China" in first["why"]
    assert [one["subject"] for one in (await shown(api, product="8703.23"))["items"]] == [
        "measure:us-ieepa-reciprocal-cn",
        "measure:us-s232-autos",
        "measure:us-x-jp",
    ]
    assert (await shown(api, country="CN", blanket=False))["count"] == 1


async def test_the_ordinary_rates_of_a_loaded_schedule_hide_nothing(api, desk, clock, monkeypatch):
    clock.advance(days=1)
    monkeypatch.setattr(in_force, "LOOKED_AT", 1)
    ordinary = [
        measure(f"e{number}", measure=f"us-hts-8703230{number}-mfn", programme="MFN")
        for number in range(3)
    ]
    await send(api, desk, *ordinary, measure("e9", measure="us-reciprocal-cn"))
    found = await shown(api, country="CN")
    assert (found["count"], found["complete"]) == (1, True)
    assert found["items"][0]["subject"] == "measure:us-reciprocal-cn"


async def test_minima_on_steps_do_not_hide_what_stands(api, desk):
    await send(api, desk, measure("e1"))
    found = await shown(api, country="CN", kinds=["suspended"], min_delta_pp=50)
    assert [one["status"] for one in found["items"]] == ["scheduled"]


async def test_certainty_does(api, desk):
    await send(api, desk, measure("e1", action="threatened", certainty="reported"))
    assert (await shown(api, country="CN"))["items"][0]["status"] == "threatened"
    assert (await shown(api, country="CN", min_certainty="announced"))["count"] == 0


async def test_it_moves_with_the_books_and_with_the_minute(api, desk, clock):
    assert (await shown(api, country="CN"))["count"] == 0
    await send(api, desk, measure("e1", effective_at="2025-04-09T22:00:00+00:00"))
    assert (await shown(api, country="CN"))["items"][0]["status"] == "scheduled"
    clock.advance(hours=3)
    assert (await shown(api, country="CN"))["items"][0]["status"] == "in_force"


async def test_it_says_when_it_is_cut(api, desk, clock, monkeypatch):
    events = (measure(f"e{one}", measure=f"m-{one}", duty=rate("5")) for one in range(60))
    await send(api, desk, *events)
    found = await shown(api, country="CN")
    assert (found["count"], len(found["items"]), found["complete"]) == (60, 50, False)
    monkeypatch.setattr(in_force, "LOOKED_AT", 10)
    clock.advance(minutes=1)
    found = await shown(api, country="CN")
    assert (found["count"], found["complete"]) == (10, False)
