"""`tariffwire move` and `tariffwire adopt`: what they say, and how they end."""

import asyncio
import json

import pytest

from service.cli.exits import Exit
from tests.cli.processes import Process, Service, tariffwire
from tests.journey.places import Distributed


@pytest.fixture
def installed(folder):
    """An installation that was served once, in the working folder."""
    assert Service(folder).stop() == 0
    return folder


@pytest.fixture
def there(kafka_bootstrap, postgres_url):
    """The options that name an empty place."""
    place = Distributed(kafka_bootstrap, postgres_url)
    asyncio.run(place.prepare())
    yield ["--database", place.settings["database_url"], "--log", place.settings["log_url"]]
    asyncio.run(place.clear())


def words_of(result):
    return " ".join(result.stderr.split())


def test_a_move_reports_both_sides_and_what_to_do_next(installed, there):
    moved = tariffwire("move", *there)
    assert moved.exit_code == Exit.OK, moved.stderr
    assert "account" in moved.stdout
    assert "unread records" in moved.stdout
    assert "set TARIFFWIRE_DATABASE_URL and TARIFFWIRE_LOG_URL" in moved.stdout
    again = json.loads(tariffwire("move", *there, "--json").stdout)
    assert again == {"deployment": again["deployment"], "rows": None, "records": 0}


def test_what_has_moved_is_not_served_here_until_it_is_taken_back(installed, there):
    moved = json.loads(tariffwire("move", *there, "--json").stdout)
    assert moved["rows"]["account"] == 1
    serving = Process("serve", "--port", "0", folder=installed)
    assert "It moved to postgresql://tariffwire@127.0.0.1" in serving.wait_for("error")
    assert serving.end() == Exit.DATA
    undone = tariffwire("move", *there, "--undo", "--json")
    assert json.loads(undone.stdout) == {"deployment": moved["deployment"], "undone": True}
    assert Service(installed).stop() == 0
    twice = tariffwire("move", *there, "--undo")
    assert twice.exit_code == Exit.DATA
    assert "nothing to undo" in words_of(twice)


def test_the_service_must_not_run_meanwhile(folder):
    elsewhere = ["--database", "postgresql://127.0.0.1:1/none", "--log", "kafka://127.0.0.1:1"]
    service = Service(folder)
    try:
        for words in (["move", *elsewhere], ["move", *elsewhere, "--undo"], ["adopt"]):
            refused = tariffwire(*words)
            assert refused.exit_code == Exit.SETUP
            assert "is being written by process" in words_of(refused)
    finally:
        service.stop()


def test_a_place_out_of_reach_is_named(installed):
    elsewhere = ["--database", "postgresql://127.0.0.1:1/none", "--log", "kafka://127.0.0.1:1"]
    refused = tariffwire("move", *elsewhere)
    assert refused.exit_code == Exit.SETUP
    assert "127.0.0.1:1" in words_of(refused)


def test_a_move_needs_to_know_where_the_events_go(installed):
    refused = tariffwire("move", "--database", "postgresql://127.0.0.1:1/none")
    assert refused.exit_code == Exit.USAGE
    assert "--log" in words_of(refused)


def test_another_log_is_served_once_it_is_adopted(installed):
    (installed / "tariffwire-log.db").rename(installed / "lost.db")
    serving = Process("serve", "--port", "0", folder=installed)
    assert "tariffwire adopt" in serving.wait_for("error")
    assert serving.end() == Exit.DATA
    adopted = tariffwire("adopt", "--json")
    assert adopted.exit_code == Exit.OK, adopted.stderr
    assert json.loads(adopted.stdout).keys() == {"deployment", "log_id", "made_way"}
    service = Service(installed)
    try:
        held = tariffwire("send", "status", "--json", at=service)
        assert json.loads(held.stdout)["state"] == "held"
    finally:
        service.stop()


def test_on_servers_a_person_says_that_nothing_runs(there, folder, monkeypatch):
    for name, value in (("DATABASE_URL", there[1]), ("LOG_URL", there[3])):
        monkeypatch.setenv(f"TARIFFWIRE_{name}", value)
    refused = tariffwire("adopt", keep_settings=True)
    assert refused.exit_code == Exit.SETUP
    assert "say so with --yes" in words_of(refused)
    adopted = tariffwire("adopt", "--yes", keep_settings=True)
    assert adopted.exit_code == Exit.OK, adopted.stderr
    assert "send release" in adopted.stdout
