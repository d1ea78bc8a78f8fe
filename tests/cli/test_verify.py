"""Whether the books add up, said by a command: while the service runs, and after damage."""

import json
import sqlite3
from time import sleep

import httpx
import pytest

from service.cli.exits import Exit
from tests.cli.processes import Service, tariffwire
from tests.core.builders import claim, measure


@pytest.fixture
def served(folder):
    """A service that has taken two events."""
    service = Service(folder)
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        events = [measure("law", rate="25", effective_at="2025-04-10"), claim("gone", "law")]
        assert client.post("/v1/events", json=events).status_code == 202
        while client.get("/v1/status").json()["stages"]["change"]["done"] < 2:
            sleep(0.02)
    yield service
    service.stop()


def test_it_checks_while_the_service_runs_and_after(served, folder):
    result = tariffwire("verify")
    assert result.exit_code == Exit.OK, result.output
    said = " ".join(result.stdout.split())
    assert "note the log was not compared with the bookmarks" in said
    assert "the books add up (1 bookmarks, 2 events" in said
    served.stop()
    result = tariffwire("verify", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == Exit.OK
    assert found["adds_up"]
    assert found["findings"] == []
    assert found["checked"]["events"] == found["checked"]["standings"] == 2
    assert found["events_per_second"] > 0


def test_the_first_thing_that_does_not_add_up_is_explained_and_all_are_listed(served, folder):
    served.stop()
    with sqlite3.connect(folder / "tariffwire.db") as books:
        books.execute("UPDATE subject SET sequence = 7")
        books.execute("DELETE FROM fanout")
    books.close()
    result = tariffwire("verify")
    assert result.exit_code == Exit.TROUBLE
    wrong, last = result.stdout.splitlines()
    assert wrong.startswith("wrong change 1 (")
    assert wrong.endswith("has no fan-out: nobody would be told of it")
    assert last.startswith("the books do not add up")
    result = tariffwire("verify", "--all", "--json")
    assert result.exit_code == Exit.TROUBLE
    found = json.loads(result.stdout)
    assert not found["adds_up"]
    assert [one["check"] for one in found["findings"]] == ["changes", "changes", "standings"]
    assert found["findings"][2] == {
        "check": "standings",
        "kind": "wrong",
        "row": "subject measure:us-test-cn",
        "said": "subject measure:us-test-cn records 7 as its changes, and its events give 2",
    }


def test_books_that_are_not_there_are_not_made(folder):
    result = tariffwire("verify")
    assert result.exit_code == Exit.SETUP
    assert "tariffwire migrate" in " ".join(result.stderr.split())
    assert list(folder.iterdir()) == []


def test_a_database_without_books_is_none(folder):
    (folder / "tariffwire.db").touch()
    result = tariffwire("verify")
    assert result.exit_code == Exit.SETUP
    assert "no books of this release" in " ".join(result.stderr.split())


def test_a_database_that_is_away_cannot_be_opened(folder, monkeypatch):
    monkeypatch.setenv("TARIFFWIRE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    result = tariffwire("verify", keep_settings=True)
    assert result.exit_code == Exit.SETUP
