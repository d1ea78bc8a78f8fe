"""A subscription tried on history: the answer is what the planner would have made alerts of."""

from collections import Counter

import orjson
import pytest
from sqlalchemy import delete

import service.api.subscriptions.trying as module
from service.api.subscriptions.preview import AT_ONCE, Previews
from service.core.match.following import NO_LANE
from service.dispatch.plan import Planner
from service.events_of_2025 import read_year
from service.store.delivery.tables import Alert
from service.store.facets.tables import ChangeFacet, ChangeOutline
from service.telemetry import Metrics
from tests.api.samples import NDJSON, consume, lines, measure, step
from tests.books import add_receiver, rows, silent, subscribe

PATH = "/v1/subscriptions/preview"
RULES = {
    "everything": {"lanes": [{}]},
    "all in big steps": {"lanes": [{}], "min_delta_pp": "10"},
    "all in small steps": {"lanes": [{}], "min_delta_pp": "1"},
    "law": {"lanes": [{}], "min_certainty": "instrument"},
    "china": {"lanes": [{"country": "CN"}]},
    "chinese goods": {"lanes": [{"importer": "US", "origin": "CN"}], "min_delta_pp": "5"},
    "germany": {"lanes": [{"origin": "DE"}]},
    "vietnam": {"lanes": [{"country": "VN", "product": "9401.61"}]},
    "cars": {"lanes": [{"product": "8703"}], "possible": True},
    "a chapter": {"lanes": [{"product": "76"}], "blanket": False},
    "no blankets": {"lanes": [{"importer": "US"}], "blanket": False},
    "talks": {"lanes": [{"party": "CN"}]},
    "a programme": {"lanes": [{"programmes": ["S232-autos"]}, {"origin": "JP"}]},
    "a measure": {"lanes": [{"measures": ["us-ieepa-reciprocal-cn"]}]},
    "threats": {"lanes": [{}], "kinds": ["threat_issued", "suspended"]},
}


async def send(api, desk, *events):
    answer = await api.post("/v1/events", content=lines(*events), headers=NDJSON)
    assert answer.status_code == 202, answer.text
    await consume(desk)


async def ask(api, **given):
    answer = await api.post(PATH, json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def year(api, desk, clock):
    """2025 as it came, told to everybody who asks for one of the rules."""
    clock.advance(days=300)
    for place, (name, rule) in enumerate(RULES.items()):
        await add_receiver(desk.db, f"d{place:02}")
        await subscribe(desk.db, name, [f"d{place:02}"], *rule["lanes"], **minima(rule))
    await send(api, desk, *(event | {"handling": "simulated"} for event in read_year()))
    planner = Planner(desk.db, clock, Metrics(), silent)
    while await planner.step():
        pass
    alerts = await rows(desk.db, Alert, "destination_id", "subject", "matched")
    matched = [
        (destination, subject)
        for destination, subject, told in alerts
        if any(one["lane"] != NO_LANE for one in orjson.loads(told))
    ]
    assert len(matched) < len(alerts)
    return {
        name: [subject for destination, subject in matched if destination == f"d{place:02}"]
        for place, name in enumerate(RULES)
    }


def minima(rule):
    return {name: value for name, value in rule.items() if name != "lanes"}


async def test_over_the_year_2025_it_counts_the_alerts_that_were_planned(api, year):
    for name, rule in RULES.items():
        found = await ask(api, **rule, since="2025-01-01")
        assert found["alerts"] == len(year[name]), name
        assert sum(one["alerts"] for one in found["months"]) == found["alerts"]
        ordered = sorted(Counter(year[name]).items(), key=lambda item: (-item[1], item[0]))
        loudest = [(one["subject"], one["alerts"]) for one in found["loudest"]]
        assert loudest == ordered[:5]
        assert all(one["said"] and one["href"] for one in found["loudest"])
        assert found["looked_at"] >= found["alerts"]
    assert len(year["everything"]) > len(year["chinese goods"]) > 0


async def test_what_a_stricter_rule_would_do_is_what_it_does_when_it_is_asked(api, year):
    assert year
    asked = {"lanes": [{"importer": "US"}], "possible": True, "since": "2025-01-01"}
    found = await ask(api, **asked)
    assert {one["setting"] for one in found["stricter"]} == {
        "min_certainty",
        "min_delta_pp",
        "blanket",
        "possible",
    }
    for one in found["stricter"]:
        alone = await ask(api, **asked | {one["setting"]: one["value"]})
        assert alone["alerts"] == one["alerts"], one


async def test_sql_narrows_and_leaves_out_most_of_what_does_not_concern_a_rule(api, year):
    assert year
    everything = await ask(api, lanes=[{}], since="2025-01-01")
    china = await ask(api, lanes=[{"importer": "CN"}], since="2025-01-01")
    assert china["looked_at"] < everything["looked_at"] / 2


async def test_months_without_alerts_are_told_too(api, desk, clock):
    await send(api, desk, measure("e1"))
    clock.advance(days=70)
    found = await ask(api, country="CN")
    assert len(found["months"]) == 13
    assert found["months"][-3:] == [
        {"month": "2025-04", "alerts": 1},
        {"month": "2025-05", "alerts": 0},
        {"month": "2025-06", "alerts": 0},
    ]
    assert found["complete"] is True
    assert found["history_begins"].startswith("2025-04-09T20:00")


async def test_what_came_before_the_span_is_not_counted(api, desk, clock):
    await send(api, desk, measure("e1"))
    clock.advance(days=400)
    assert (await ask(api, country="CN"))["alerts"] == 0
    assert (await ask(api, country="CN", since="2025-04-01"))["alerts"] == 1


async def test_tests_and_history_do_not_count(api, desk):
    await send(api, desk, measure("e1") | {"handling": "test"})
    await send(api, desk, measure("e2", measure="old") | {"handling": "history"})
    found = await ask(api, lanes=[{}])
    assert (found["alerts"], found["looked_at"]) == (0, 0)


async def test_a_span_with_too_many_changes_is_cut_and_says_so(api, desk, clock, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    for number in range(4):
        await send(api, desk, measure(f"e{number}", measure=f"m{number}"))
        clock.advance(days=1)
    found = await ask(api, country="CN")
    assert (found["alerts"], found["complete"]) == (2, False)
    assert found["since"].startswith("2025-04-11T20:00")


async def test_changes_of_an_earlier_release_are_taken_up_first(api, desk, monkeypatch):
    for number in range(5):
        await send(api, desk, measure(f"e{number}", measure=f"m{number}"))
    whole = await rows(desk.db, ChangeOutline), await rows(desk.db, ChangeFacet)
    async with desk.db.write() as session:
        await session.execute(delete(ChangeOutline).where(ChangeOutline.number.in_([1, 2, 4])))
        await session.execute(delete(ChangeFacet).where(ChangeFacet.number.in_([1, 2, 4])))
    monkeypatch.setattr(module, "TAKEN_UP", 1)
    monkeypatch.setattr(module, "IN_ONE_GO", 2)
    answer = await api.post(PATH, json={"country": "CN"})
    assert answer.status_code == 503
    assert "earlier release" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "1"
    assert (await ask(api, country="CN"))["alerts"] == 5
    assert (await rows(desk.db, ChangeOutline), await rows(desk.db, ChangeFacet)) == whole


async def test_only_so_many_previews_run_at_once(api, desk):
    previews: Previews = api._transport.app.state.previews
    async with previews.place(), previews.place():
        answer = await api.post(PATH, json={"country": "CN"})
    assert AT_ONCE == 2
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"
    assert (await ask(api, country="CN"))["alerts"] == 0


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, "body"),
        ({"country": "CN", "since": "last year"}, "since"),
        ({"country": "CN", "since": "2025-04-01T00:00"}, "since"),
        ({"country": "CN", "since": "2031-01-01"}, "since"),
        ({"country": "CN", "since": "1999-01-01"}, "since"),
        ({"country": "CN", "url": "https://example.com/"}, "url"),
        ({"country": "CN", "min_certainty": "sure"}, "min_certainty"),
        ({"country": "Narnia"}, "country"),
    ],
)
async def test_what_cannot_be_tried_is_refused_with_what_to_mend(api, given, where):
    answer = await api.post(PATH, json=given)
    assert answer.status_code == 422, answer.text
    assert where in {one["where"] for one in answer.json()["errors"]}


async def test_talks_are_previewed_as_well(api, desk):
    await send(api, desk, step())
    assert (await ask(api, lanes=[{"party": "CN"}]))["alerts"] == 1
    assert (await ask(api, lanes=[{"party": "VN"}]))["alerts"] == 0
