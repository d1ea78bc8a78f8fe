"""A negotiation's timeline, as it was known at any instant."""

import pytest

from tests.api.samples import SOURCE, measure, step, verdict
from tests.api.test_standings import send


def dated(name, stage, known, **data):
    made = step(name, stage) | {"knownfrom": known}
    made["data"] |= data
    return made


@pytest.fixture
async def talks(api, desk):
    who = {"speaker": "Scott Bessent", "office": "Treasury Secretary", "named": True}
    terms = {"rate": "20", "measures": ["us-ieepa-reciprocal-cn", "us-nothing"]}
    cited = [{"kind": "instrument", "title": "EO 14266"}]
    await send(
        api,
        desk,
        measure("e1", aliases=["EO 14266"]),
        dated("s1", "outreach", "2025-04-01T00:00:00Z", attribution=who),
        dated("s2", "framework", "2025-04-03T00:00:00Z", terms=terms, evidence=cited),
        dated(
            "s3", "stalled", "2025-04-05T00:00:00Z", occurs_at={"day": "2025-04-04", "zone": "UTC"}
        ),
        verdict("s2", "no") | {"knownfrom": "2025-04-07T00:00:00Z"},
    )


async def read(api, key="CN-US", **params):
    answer = await api.get(f"/v1/tracks/{key}/timeline", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_timeline_says_step_by_step_what_moved_and_who_said_so(api, talks):
    first, second, third = (await read(api))["items"]
    assert (first["moved"], second["moved"], third["moved"]) == ("opened", "denied", "beside")
    assert first["said"] == "The US reaches out to China"
    assert first["attribution"]["speaker"] == "Scott Bessent"
    assert (first["before"], first["after"]) == (None, "outreach")
    assert first["known_at"] == "2025-04-01T00:00:00+00:00"
    assert first["change"] is not None
    assert (second["before"], second["after"]) == ("outreach", "outreach")
    assert second["certainty"] == "official_statement"
    assert second["terms"]["rate"] == "20"
    assert second["verdicts"] == [
        {
            "event": {"source": SOURCE, "id": "no"},
            "verdict": "denied",
            "certainty": "official_statement",
            "known_at": "2025-04-07T00:00:00+00:00",
        }
    ]
    href = "/v1/measures/us-ieepa-reciprocal-cn"
    assert [(one["cited_as"], one["href"]) for one in second["measures"]] == [
        ("us-ieepa-reciprocal-cn", href),
        ("EO 14266", href),
    ]
    assert third["occurs_at"]["precision"] == "day"


async def test_a_timeline_is_as_it_was_known(api, talks):
    (first, second) = (await read(api, known_at="2025-04-04"))["items"]
    assert (first["moved"], second["moved"]) == ("opened", "advanced")
    assert second["verdicts"] == []
    assert (await read(api, known_at="2025-03-01"))["items"] == []


async def test_a_timeline_comes_in_pages(api, talks):
    whole = (await read(api))["items"]
    one = await read(api, limit=2)
    two = await read(api, limit=2, cursor=one["next"])
    assert one["items"] + two["items"] == whole
    assert two["next"] is None
    assert [step["number"] for step in whole] == [1, 2, 3]


async def test_a_track_that_is_not_there_is_said_so(api):
    answer = await api.get("/v1/tracks/CN-VN/timeline")
    assert answer.status_code == 404
    assert "there is no track 'CN-VN'; GET /v1/tracks lists them" in answer.text


async def test_the_standing_of_a_track_is_still_read_by_its_key(api, talks):
    assert (await api.get("/v1/tracks/CN-US")).json()["standing"]["state"] == "stalled"
