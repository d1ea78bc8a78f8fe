"""The schema that alerts name in `dataschema` describes them."""

import json
from importlib.resources import files

import jsonschema_rs
import pytest

from service.core.message import body_for, prepare, to_bytes
from tests.core.message.golden.written import ADDRESSED, changes_of_2025

SCHEMA = json.loads((files("service.core.message") / "alert.schema.json").read_text("utf-8"))


def test_every_alert_of_2025_is_as_the_schema_says():
    validator = jsonschema_rs.validator_for(SCHEMA)
    for change in changes_of_2025():
        validator.validate(json.loads(to_bytes(body_for(prepare(change), ADDRESSED))))


def test_an_alert_without_its_cause_is_refused_by_the_schema():
    body = json.loads(to_bytes(body_for(prepare(changes_of_2025()[0]), ADDRESSED)))
    del body["data"]["cause"]
    with pytest.raises(jsonschema_rs.ValidationError, match="cause"):
        jsonschema_rs.validator_for(SCHEMA).validate(body)
