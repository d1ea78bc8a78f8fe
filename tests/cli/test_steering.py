"""Deciding on alerts by commands, on a running service."""

import json

import httpx
import pytest

from service.cli.exits import Exit
from tests.cli.processes import tariffwire
from tests.cli.test_commands import answer, event, until_found


@pytest.fixture(scope="module")
def told(service, tmp_path_factory):
    """The id of a change, told to one who asks for its alerts; and that of who asks."""
    destination = answer("destinations", "add", "--pull", "--name", "nightly", at=service)["id"]
    words = ("--measure", "br-test-steered", "--destination", destination)
    answer("subscriptions", "add", *words, at=service)
    path = tmp_path_factory.mktemp("events") / "one.json"
    path.write_text(json.dumps(event("steered")))
    answer("events", "send", str(path), at=service)
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        (alert,) = until_found(client, "/v1/deliveries", destination=destination)
    return alert["change"], destination


def count_alerts(service, change):
    """Of all who were told on this service: tests share it, and each may follow everything."""
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        found = client.get("/v1/deliveries", params={"change": change}).json()["items"]
    sent = sum(one["state"] in {"listed", "delivered"} for one in found)
    return f"{sent} sent, {len(found) - sent} unsent"


def test_a_change_is_halted_resumed_and_recalled(service, told):
    change, destination = told
    assert change in tariffwire("changes", "list", at=service).stdout
    halted = tariffwire("changes", "halt", change, "let me see", at=service)
    assert halted.stdout == f"halted (let me see): {count_alerts(service, change)}\n"
    assert [one["id"] for one in answer("changes", "list", "--state", "halted", at=service)] == [
        change
    ]
    assert tariffwire("changes", "resume", change, at=service).stdout.startswith("approved: 1 sent")
    refused = tariffwire("changes", "approve", change, at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "it was let go" in refused.stderr
    assert tariffwire("changes", "reject", change, "no", at=service).exit_code == Exit.REFUSED
    answer("changes", "recall", change, "withdrawn", at=service)
    kinds = [one["caused_by"] for one in answer("deliveries", "list", at=service)]
    assert kinds.count(f"recall:{change}") == 1
    assert destination in tariffwire("deliveries", "list", at=service).stdout


def test_a_delivery_is_acknowledged_and_a_change_replayed(service, told):
    destination = answer("destinations", "add", "--pull", at=service)["id"]
    change = told[0]
    tariffwire("changes", "recall", change, "withdrawn", at=service)  # if that was not done yet
    refused = tariffwire("changes", "replay", change, destination, at=service)
    assert refused.exit_code == Exit.REFUSED
    delivery = answer("deliveries", "list", "--destination", told[1], at=service)[0]["id"]
    seen = tariffwire("deliveries", "ack", delivery, "--who", "Kim", at=service)
    assert seen.stdout == "acknowledged by Kim\n"
    refused = tariffwire("deliveries", "resend", delivery, at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "asks for its alerts" in refused.stderr


def test_a_recovery_is_looked_at_before_it_is_done(service, told):
    words = ("deliveries", "recover", told[1], "--since", "2025-01-01")
    looked = tariffwire(*words, at=service)
    assert looked.stdout == "0 deliveries of 0 changes would be sent again: add --go\n"
    assert tariffwire(*words, "--go", at=service).stdout == "again 0 deliveries\n"
    assert answer(*words, at=service)["errand"]["is_finished"] is True


def test_what_is_kept_quiet_is_listed_and_ended(service):
    made = tariffwire(
        "mutes", "add", "measure:x", "--until", "2126-01-01T00:00:00Z", "--note", "ours", at=service
    )
    assert made.exit_code == Exit.OK, made.output
    (mute,) = answer("mutes", "list", at=service)
    assert mute["id"] in made.stdout
    assert "measure:x" in tariffwire("mutes", "list", at=service).stdout
    assert tariffwire("mutes", "rm", mute["id"], at=service).exit_code == Exit.OK
    assert answer("mutes", "list", at=service) == []
    said = tariffwire("audit", "--object", f"mute:{mute['id']}", at=service).stdout
    assert "unmute" in said
    assert "measure:x" in said
