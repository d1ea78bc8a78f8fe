"""`tariffwire destinations warn|pause|enable`, and who fails in `tariffwire status`."""

import json
import sqlite3
from contextlib import closing

import pytest

from service.cli.exits import Exit
from tests.cli.processes import Service, tariffwire

SINCE = "2025-04-09 20:00:00.000000"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Where the service of these tests keeps its books."""
    return tmp_path_factory.mktemp("warned")


@pytest.fixture(scope="module")
def service(home):
    running = Service(home)
    yield running
    assert running.stop() == 0


def write(home, statement, *values):
    """What only time or a receiver would bring about."""
    with closing(sqlite3.connect(home / "tariffwire.db")) as books, books:
        books.execute(statement, values)


STOP = "UPDATE destination SET state = 'disabled' WHERE id = ?"


def answer(*words, at):
    result = tariffwire(*words, "--json", at=at)
    assert result.exit_code == Exit.OK, result.output
    return json.loads(result.stdout)


def add(service, name):
    url = f"https://example.com/{name}"
    return answer("destinations", "add", "--url", url, at=service)["id"]


def test_whom_to_warn_is_said_and_taken_back(service):
    channel, name = add(service, "channel"), add(service, "warned")
    found = answer("destinations", "warn", name, "--via", channel, "--heartbeat", "day", at=service)
    assert found["warnings"]["go_to"] == channel
    assert found["preferences"]["heartbeat"] == "day"
    said = tariffwire("destinations", "warn", name, at=service).output
    assert f"warnings go to {channel}" in said
    assert "heartbeat every day" in said
    found = answer("destinations", "warn", name, "--via", "none", "--heartbeat", "off", at=service)
    assert (found["warnings"]["go_to"], found["preferences"]["heartbeat"]) == (None, None)
    said = tariffwire("destinations", "warn", name, at=service).output
    assert "nobody: the log alone" in said


def test_a_period_that_there_is_not_is_a_slip(service):
    slip = tariffwire("destinations", "warn", "dst_1", "--heartbeat", "hour", at=service)
    assert slip.exit_code == Exit.USAGE
    assert "day, week, off" in " ".join(slip.stderr.split())


def test_a_stopped_one_is_enabled(service, home):
    name = add(service, "stopped")
    write(home, STOP, name)
    assert answer("destinations", "enable", name, at=service)["state"] == "active"
    refused = tariffwire("destinations", "enable", name, "--trust", at=service)
    assert refused.exit_code != Exit.OK
    assert "no mail address" in refused.output


def test_one_is_paused_until_it_is_enabled(service):
    name = add(service, "paused")
    assert answer("destinations", "pause", name, at=service)["state"] == "paused"
    assert f"paused {name}" in tariffwire("destinations", "pause", name, at=service).output
    assert answer("destinations", "enable", name, at=service)["state"] == "active"


def test_an_address_is_trusted_again(service, home):
    name = answer("destinations", "add", "--email", "dead@example.com", at=service)["id"]
    write(home, STOP, name)
    dead = ("dead@example.com", "no such user", SINCE)
    write(home, "INSERT INTO suppression (address, reason, at) VALUES (?, ?, ?)", *dead)
    assert answer("destinations", "enable", name, "--trust", at=service)["state"] == "active"
    assert "active" in tariffwire("destinations", "enable", name, at=service).output


def test_the_status_names_who_fails(service, home):
    made = [add(service, f"failing-{number}") for number in range(22)]
    for name in made:
        row = (name, 7, SINCE)
        columns = "destination_id, failures, failing_since"
        write(home, f"INSERT INTO pace ({columns}) VALUES (?, ?, ?)", *row)
    said = " ".join(tariffwire("status", at=service).output.split())
    assert said.count("100 % of the way to being disabled") == 20
    assert "nothing reaches 2 more" in said
