"""A recall says what no longer holds, and cannot pass for news."""

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import jsonschema_rs
import pytest

from service.core.event import Handling
from service.core.message import prepare, to_bytes
from service.core.message.body import LONGEST_BODY, Told
from service.core.message.recall import LONGEST_REASON, Recall, recall_body, recall_letter
from tests.core.message.golden.written import ADDRESSED, change_of, changes_of_2025
from tests.core.message.test_alert_schema import SCHEMA

AT = datetime(2025, 4, 10, 9, tzinfo=UTC)
RECALL = Recall("the order was withdrawn <b>at noon</b>", AT)
RAISED = change_of("us-cn-recip-125")


def body_of(change, addressed=ADDRESSED, recall=RECALL):
    return json.loads(to_bytes(recall_body(prepare(change), addressed, recall)))


@pytest.mark.parametrize("change", changes_of_2025(), ids=lambda one: one.event[1])
def test_every_recall_is_as_the_schema_says_and_small(change):
    body = body_of(change)
    jsonschema_rs.validator_for(SCHEMA).validate(body)
    assert len(to_bytes(body)) < LONGEST_BODY


def test_it_names_the_alert_the_reason_and_what_it_said():
    body = body_of(RAISED)
    data = body["data"]
    assert (body["type"], body["time"]) == ("tariffwire.recall", "2025-04-10T09:00:00+00:00")
    assert data["previous_alert"] == data["recalled"]["alert"] == str(ADDRESSED.previous_alert)
    assert data["reason"] == RECALL.reason
    assert data["recalled"]["new"]["said"] == "125 %"
    assert data["change"] == str(RAISED.id)
    assert not {"new", "old", "kinds", "after"} & data.keys()
    assert data["summary"].startswith(f"Recalled ({RECALL.reason}). This no longer holds: US duty")


def test_its_id_is_its_own_and_the_same_for_all():
    other = replace(ADDRESSED, delivery_id=ADDRESSED.previous_alert)
    assert body_of(RAISED)["id"] == body_of(RAISED, other)["id"] != str(RAISED.id)


def test_a_schema_refuses_a_recall_without_its_reason():
    body = body_of(RAISED)
    del body["data"]["reason"]
    with pytest.raises(jsonschema_rs.ValidationError, match="reason"):
        jsonschema_rs.validator_for(SCHEMA).validate(body)


def test_many_reasons_and_a_long_one_still_fit():
    long = Told("sub", "n" * 200, "r" * 900, metadata={"k": "v" * 3000})
    body = body_of(
        RAISED, replace(ADDRESSED, matched=(long,) * 40), Recall("ü" * LONGEST_REASON, AT)
    )
    assert len(to_bytes(body)) < LONGEST_BODY
    assert body["data"]["shortened"]


def test_the_letter_says_the_same_in_text_and_html():
    letter = recall_letter(RAISED, ADDRESSED, RECALL)
    assert letter.subject.startswith("Recalled: ")
    assert "[SIMULATED] " not in letter.subject
    assert f"Why: {RECALL.reason}" in letter.text
    assert "<b>at noon</b>" not in letter.html
    seen = re.sub(r"<[^>]+>", " ", letter.html.partition("<body")[2].partition(">")[2])
    said = re.sub(r"https?://\S+", " ", letter.text).replace("Full record:", "Full record")
    assert html.unescape(seen).split() == said.split()


def test_a_recall_of_a_simulation_is_marked():
    letter = recall_letter(replace(RAISED, mode=Handling.SIMULATED), ADDRESSED, RECALL)
    assert letter.subject.startswith("[SIMULATED] Recalled: ")
