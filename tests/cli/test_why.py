"""`tariffwire why`: one journey from an event to its receipt, and to where it stops."""

import json

import pytest

from service.cli.exits import Exit
from tests.api.samples import SOURCE, measure
from tests.cli.processes import Process, tariffwire
from tests.cli.test_commands import answer

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSByZWNlaXZlciBpbiB0ZXN0cw=="
ABOUT = {"importer": "MX", "origin": {"kind": "country", "members": ["KR"]}}


@pytest.fixture(scope="module")
def listener(tmp_path_factory):
    """A receiver of our own."""
    words = ("listen", "--port", "0", "--secret", SECRET, "--json")
    running = Process(*words, folder=tmp_path_factory.mktemp("listener"))
    running.url = running.wait_for("listening").split()[-1]
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def journey(service, listener, tmp_path_factory):
    """Two subscriptions, one of which asks for it; and the event, whose alert has arrived."""
    there = ("--url", listener.url, "--secret", SECRET)
    ours = answer("destinations", "add", *there, at=service)["id"]
    told = ("--destination", ours, "--name", "asks")
    answer("subscriptions", "add", "--importer", "MX", *told, at=service)
    stranger = answer("destinations", "add", "--url", "https://why.example/hook", at=service)["id"]
    other = ("--destination", stranger, "--name", "asks otherwise")
    answer("subscriptions", "add", "--importer", "MX", "--origin", "JP", *other, at=service)
    file = tmp_path_factory.mktemp("why") / "event.json"
    file.write_text(json.dumps([measure("why-1", measure="mx-kr", **ABOUT)]))
    assert tariffwire("events", "send", str(file), at=service).exit_code == Exit.OK
    return listener.url, stranger, listener.read_json()["webhook_id"]


def test_a_journey_is_walked_to_its_receipt(service, journey):
    url, _, webhook_id = journey
    found = answer("why", "--to", url, "--about", f"{SOURCE} why-1", at=service)
    while found["verdict"] == "not_yet":  # its receipt is written a moment after it has arrived
        found = answer("why", "--to", url, "--about", f"{SOURCE} why-1", at=service)
    assert found["verdict"] == "told"
    assert found["delivery"] == webhook_id
    shown = tariffwire("why", "--to", url, "--about", "why-1", at=service)
    assert shown.exit_code == Exit.OK
    assert shown.stdout.startswith("Told. It made change ")
    assert "“asks”, lane 1: Mexico levies it" in shown.stdout
    assert "receipt" in shown.stdout


def test_and_to_the_filter_that_stopped_it(service, journey):
    _, stranger, _ = journey
    shown = tariffwire("why", "--to", stranger, "--about", "why-1", at=service).stdout
    assert shown.startswith("Not told. It made change ")
    assert "asks otherwise: origin South Korea instead of Japan" in shown
    assert "not reached" in shown


def test_whom_nobody_knows_is_refused(service):
    refused = tariffwire("why", "--to", "nobody@example.com", "--about", "1", at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "there is no destination" in refused.stderr


def test_both_must_be_named(service):
    assert tariffwire("why", "--to", "x", at=service).exit_code == Exit.USAGE
