"""`tariffwire subscriptions preview`: what a subscription would have been told."""

import json
import time
from datetime import UTC, datetime

import httpx
import pytest

from service.cli.exits import Exit
from tests.api.samples import measure
from tests.cli.processes import tariffwire
from tests.cli.test_commands import answer

RARE = ("--importer", "BR", "--origin", "AR")


@pytest.fixture(scope="module")
def _told(service, tmp_path_factory):
    """A threat and a law of Brazil on goods of Argentina, which nothing else here is about."""
    known = {"importer": "BR", "origin": {"kind": "country", "members": ["AR"]}}
    events = [
        measure("pv-1", measure="br-ar-1", action="threatened", certainty="reported", **known),
        measure("pv-2", measure="br-ar-2", **known),
    ]
    file = tmp_path_factory.mktemp("preview") / "events.json"
    file.write_text(json.dumps(events))
    sent = tariffwire("events", "send", str(file), at=service)
    assert sent.exit_code == Exit.OK, sent.output


@pytest.mark.usefixtures("_told")
def test_a_preview_says_how_many_how_loud_and_what_would_be_less(service):
    found = answer("subscriptions", "preview", *RARE, at=service)
    while found["alerts"] < 2:  # they are folded within moments
        found = answer("subscriptions", "preview", *RARE, at=service)
    assert {one["subject"] for one in found["loudest"]} == {"measure:br-ar-1", "measure:br-ar-2"}
    shown = tariffwire("subscriptions", "preview", *RARE, at=service).stdout
    assert shown.startswith("2 alerts since ")
    assert "min_certainty instrument" in shown
    assert "blanket off" in shown
    sure = answer("subscriptions", "preview", *RARE, "--min-certainty", "announced", at=service)
    assert sure["alerts"] == 1
    late = answer("subscriptions", "preview", *RARE, "--since", "2026-01-01", at=service)
    assert late["since"].startswith("2026-01-01")
    assert answer("subscriptions", "list", at=service) is not None


def test_a_span_before_the_first_change_is_said_to_be_empty(fresh):
    asked = ("subscriptions", "preview", *RARE)
    shown = tariffwire(*asked, at=fresh).stdout
    assert "nothing before: these books hold no change yet; what came as history" in shown
    past = measure("pv-h", measure="br-ar-h", importer="BR") | {"handling": "history"}
    for one in (past, measure("pv-3", measure="br-ar-3", importer="BR")):
        httpx.post(f"{fresh.url}/v1/events", json=one).raise_for_status()
    while answer(*asked, at=fresh)["history_begins"] is None:
        time.sleep(0.05)
    shown = tariffwire(*asked, at=fresh).stdout
    assert "nothing before: the first change of these books was judged on 20" in shown
    today = datetime.now(UTC).date().isoformat()
    assert "nothing before" not in tariffwire(*asked, "--since", today, at=fresh).stdout


def test_nothing_to_follow_is_a_slip(service):
    refused = tariffwire("subscriptions", "preview", at=service)
    assert refused.exit_code == Exit.USAGE
    assert "say what to follow" in refused.stderr


def test_what_the_service_refuses_is_said_in_its_words(service):
    refused = tariffwire("subscriptions", "preview", *RARE, "--since", "soon", at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "is no date" in refused.stderr
