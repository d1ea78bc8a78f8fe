"""What a receiver reads who was spared the steps between."""

import json
from dataclasses import replace
from uuid import UUID

import jsonschema_rs
import pytest

from service.core.language import ENGLISH
from service.core.message import body_for, prepare, to_bytes
from service.core.message.body import LONGEST_BODY
from service.core.message.letter import letter
from service.core.message.spared import Known, Spared, say_spared
from tests.core.message.golden.written import ADDRESSED, change_of, changes_of_2025
from tests.core.message.test_alert_schema import SCHEMA

RAISED = change_of("us-cn-recip-125")
TOLD = UUID(int=9)


def spared(count=1, known=True, **more):
    ids = tuple(UUID(int=number) for number in range(10, 10 + count))
    return Spared(ids, Known(TOLD, RAISED, **more) if known else None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, ""),
        (
            spared(),
            "You were last told: 125 %; 1 step since then gave way to this, the latest.",
        ),
        (
            spared(3, is_recalled=True),
            "You were last told: 84 %; 3 steps since then gave way to this, the latest.",
        ),
        (
            spared(2, known=False),
            "2 steps before this you were not told: you asked for the latest alone.",
        ),
    ],
)
def test_it_says_what_was_known_before(given, said):
    assert say_spared(ENGLISH, given) == said


@pytest.mark.parametrize("change", changes_of_2025(), ids=lambda one: one.event[1])
def test_a_body_that_says_so_is_as_the_schema_says_and_small(change):
    body = body_for(prepare(change), replace(ADDRESSED, spared=spared(500)))
    raw = to_bytes(body)
    jsonschema_rs.validator_for(SCHEMA).validate(json.loads(raw))
    assert len(raw) < LONGEST_BODY
    data = body["data"]
    assert len(data["supersedes"]) + data["supersedes_more"] == 500
    assert data["supersedes"][-1] == str(UUID(int=509))


def test_a_letter_says_it_in_both_its_parts():
    written = letter(RAISED, replace(ADDRESSED, spared=spared()))
    for part in (written.text, written.html):
        assert "You were last told: 125 %" in part
