"""Measures and tracks: what stood, at any instant and as known at any instant."""

import pytest

from service.api import standings
from tests.api.samples import NDJSON, SOURCE, consume, lines, measure, rate, step, verdict

KEY = "us-ieepa-reciprocal-cn"
US = {"kind": "country", "members": ["US"]}


async def send(api, desk, *events):
    answer = await api.post("/v1/events", content=lines(*events), headers=NDJSON)
    assert answer.status_code == 202, answer.text
    await consume(desk)


@pytest.fixture
async def books(api, desk, clock):
    """One measure raised and then paused, one on everybody, one withdrawn threat, one track."""
    evidence = [{"kind": "instrument", "publisher": "Federal Register", "quote": "84 percent"}]
    await send(
        api,
        desk,
        measure("e1", duty=rate("84"), effective_at="2025-04-09T00:01:00-04:00", evidence=evidence)
        | {"knownfrom": "2025-04-08T12:00:00-04:00"},
        measure("e2", aliases=["EO 14266"]),
        measure("cars", measure="us-s232-autos", origin={"kind": "all", "except": ["GB"]})
        | {"knownfrom": "2025-04-01T00:00:00+00:00"},
        step("s1"),
    )


async def test_a_measure_has_its_standing_history_and_evidence(api, books):
    found = (await api.get(f"/v1/measures/{KEY}")).json()
    assert found["key"] == KEY
    assert found["standing"]["status"] == "in_force"
    assert found["standing"]["applied"]["said"] == "84 %"
    assert found["standing"]["upcoming"][0]["duty"]["components"][0]["amount"] == "125"
    assert found["standing"]["upcoming"][0]["start"] == {
        "at": "2025-04-10T00:01:00-04:00",
        "precision": "instant",
        "zone": "America/New_York",
    }
    assert found["standing"]["upcoming"][0]["cause"] == {"source": SOURCE, "id": "e2"}
    assert [one["id"] for one in found["history"]] == ["e1", "e2"]
    assert found["history"][0]["duty"]["said"] == "84 %"
    assert found["history"][0]["outcome"] == "changed"
    assert found["evidence"][0]["quote"] == "84 percent"
    assert found["evidence"][0]["event"] == {"source": SOURCE, "id": "e1"}
    assert found["aliases"] == ["EO 14266"]


@pytest.mark.parametrize(
    ("clocks", "status", "said"),
    [
        ({}, "in_force", "84 %"),
        ({"at": "2025-04-11"}, "in_force", "125 %"),
        ({"at": "2025-04-10"}, "in_force", "125 %"),  # a day asks for its last moment
        ({"at": "2025-04-10T00:00:00-04:00"}, "in_force", "84 %"),
        ({"at": "2025-04-08"}, "scheduled", None),
        ({"at": "2025-04-11", "known_at": "2025-04-09T00:00:00Z"}, "in_force", "84 %"),
    ],
)
async def test_it_is_asked_by_two_clocks(api, books, clocks, status, said):
    found = (await api.get(f"/v1/measures/{KEY}", params=clocks)).json()
    assert found["standing"]["status"] == status
    assert (found["standing"]["applied"] or {}).get("said") == said


async def test_before_anything_was_known_nothing_stood(api, books):
    found = await api.get(f"/v1/measures/{KEY}", params={"known_at": "2024-01-01"})
    assert found.json()["standing"] is None
    listed = await api.get("/v1/measures", params={"known_at": "2024-01-01"})
    assert listed.json()["items"] == []


async def test_an_alias_finds_the_measure(api, books):
    assert (await api.get("/v1/measures/EO%2014266")).json()["key"] == KEY


async def test_keys_may_hold_slashes_and_colons(api, desk):
    await send(api, desk, measure("e1", measure="US/S301:list-4a"))
    assert (await api.get("/v1/measures/US/S301:list-4a")).json()["key"] == "US/S301:list-4a"


@pytest.mark.parametrize(
    ("params", "keys"),
    [
        ({}, [KEY, "us-s232-autos"]),
        ({"importer": "United States"}, [KEY, "us-s232-autos"]),
        ({"importer": "CN"}, []),
        ({"origin": "China"}, [KEY, "us-s232-autos"]),
        ({"origin": "JP"}, ["us-s232-autos"]),
        ({"origin": "UK"}, []),
        ({"status": "in_force"}, [KEY]),
        ({"status": "scheduled"}, ["us-s232-autos"]),
        ({"programme": "IEEPA-reciprocal"}, [KEY, "us-s232-autos"]),
        ({"programme": "S338"}, []),
    ],
)
async def test_measures_are_narrowed(api, books, params, keys):
    items = (await api.get("/v1/measures", params=params)).json()["items"]
    assert [one["key"] for one in items] == keys


async def test_what_the_eu_levies_is_listed_for_its_members(api, desk):
    await send(api, desk, measure("e1", measure="eu-one", importer="EU", origin=US))
    await send(api, desk, measure("e2", measure="de-one", importer="DE", origin=US))
    for importer, keys in (("DE", ["de-one", "eu-one"]), ("EU", ["eu-one"]), ("GB", [])):
        items = (await api.get("/v1/measures", params={"importer": importer})).json()["items"]
        assert [one["key"] for one in items] == keys


async def test_pages_go_on_even_where_nothing_fits(api, books, monkeypatch):
    monkeypatch.setattr(standings, "LOOKED_AT", 1)
    first = await api.get("/v1/measures", params={"origin": "JP"})
    assert first.json()["items"] == []
    second = await api.get(first.links["next"]["url"])
    assert [one["key"] for one in second.json()["items"]] == ["us-s232-autos"]


async def test_a_track_says_how_far_the_parties_have_come(api, desk, books):
    await send(api, desk, step("s2", "talks_expected"), verdict("s2"))
    found = (await api.get("/v1/tracks/CN-US")).json()
    assert found["standing"]["stage"] == "under_way"
    assert [one["id"] for one in found["history"]] == ["s1", "s2", "c1"]
    assert found["history"][0]["stage"] == "under_way"
    assert found["history"][2]["verdict"] == "denied"
    listed = (await api.get("/v1/tracks", params={"party": "US", "status": "under_way"})).json()
    assert [one["key"] for one in listed["items"]] == ["CN-US"]
    assert (await api.get("/v1/tracks", params={"party": "JP"})).json()["items"] == []
    assert (await api.get("/v1/tracks", params={"status": "stalled"})).json()["items"] == []


async def test_tests_touch_no_standing(api, desk):
    await send(api, desk, measure("e1") | {"handling": "test"})
    assert (await api.get("/v1/measures")).json()["items"] == []


async def test_what_is_not_there_is_said_so(api):
    assert (await api.get("/v1/measures/nothing")).status_code == 404
    assert (await api.get("/v1/tracks/CN-JP")).status_code == 404
