"""Whoever receives an alert, or writes an event, can look up what it looks like."""

import json

import jsonschema_rs
import pytest

from service.events_of_2025 import read_year


async def test_the_list_names_each_schema_and_each_is_one(api):
    names = (await api.get("/v1/schemas")).json()["items"]
    assert names == ["alert", "claim.assessed", "negotiation.step", "notice", "tariff.measure"]
    for name in names:
        found = await api.get(f"/v1/schemas/{name}")
        jsonschema_rs.validator_for(found.json())


@pytest.mark.parametrize("kind", ["tariff.measure", "negotiation.step", "claim.assessed"])
async def test_every_event_of_2025_is_as_its_schema_says(api, kind):
    validator = jsonschema_rs.validator_for((await api.get(f"/v1/schemas/{kind}")).json())
    for event in read_year():
        if event["type"] == kind:
            validator.validate(json.loads(json.dumps(event)))


async def test_an_unknown_schema_is_answered_with_those_that_there_are(api):
    answer = await api.get("/v1/schemas/alarm")
    assert answer.status_code == 404
    assert "alert" in answer.json()["errors"][0]["what"]
