"""Negotiations from their beginning, on the command line."""

import json
import time

from service.runtime import utc_now
from tests.cli.processes import tariffwire


def a_step(name, stage, **data):
    parties = [{"code": "UY", "role": "initiator"}, {"code": "PE", "role": "counterpart"}]
    return {
        "specversion": "1.0",
        "id": name,
        "source": "urn:test:tracks",
        "type": "negotiation.step",
        "data": {"parties": parties, "stage": stage, "certainty": "announced"} | data,
    }


def read(service, *words):
    result = tariffwire("tracks", "timeline", "PE-UY", *words, at=service)
    return result.stdout if result.exit_code == 0 else ""


def until_it_says(service, word):
    """The service has a minute to come to it."""
    for _ in range(300):
        if word in (said := read(service)):
            return said
        time.sleep(0.2)
    raise AssertionError(word)


def test_a_timeline_is_a_table_or_json(service, folder):
    file = folder / "steps.ndjson"
    when = {
        "occurs_at": {"day": "2025-05-02", "zone": "UTC"},
        "attribution": {"office": "Minister"},
    }
    steps = [a_step("one", "outreach"), a_step("two", "framework", **when)]
    no = {
        "specversion": "1.0",
        "id": "no",
        "source": "urn:test:tracks",
        "type": "claim.assessed",
        "data": {
            "about": {"source": "urn:test:tracks", "id": "two"},
            "verdict": "disputed",
            "certainty": "reported",
        },
    }
    file.write_text("\n".join(map(json.dumps, [*steps, no])))
    assert tariffwire("events", "send", str(file), at=service).exit_code == 0
    said = until_it_says(service, "disputed")
    assert "PE-UY: 2 steps" in said
    assert f"known {utc_now().date()}" in said
    assert "2025-05-02" in said
    assert "Minister" in said
    found = json.loads(read(service, "--json"))
    assert [one["moved"] for one in found] == ["opened", "advanced"]
    assert json.loads(read(service, "--json", "--known", "2025-01-01")) == []


def test_negotiations_are_listed_as_far_as_they_have_come(service, folder):
    parties = [{"code": "FJ", "role": "initiator"}, {"code": "TO", "role": "counterpart"}]
    when = {"occurs_at": {"day": "2025-05-02", "zone": "UTC"}}
    steps = [
        a_step("met", "framework", parties=parties, **when),
        a_step("stuck", "stalled", parties=parties),
    ]
    file = folder / "list.ndjson"
    file.write_text("\n".join(map(json.dumps, steps)))
    assert tariffwire("events", "send", str(file), at=service).exit_code == 0
    words = ("tracks", "list", "--party", "Fiji")
    for _ in range(300):
        said = tariffwire(*words, at=service).output
        if "stalled" in said:
            break
        time.sleep(0.2)
    assert "1 negotiation" in said
    row = next(line for line in said.splitlines() if "FJ-TO" in line)
    assert all(word in row for word in ("stalled", "framework", "announced"))
    found = json.loads(tariffwire(*words, "--json", at=service).stdout)
    assert [one["key"] for one in found] == ["FJ-TO"]
    assert tariffwire(*words, "--status", "signed", at=service).exit_code == 1
    nothing = tariffwire(*words, "--status", "framework", "--json", at=service)
    assert json.loads(nothing.stdout) == []
