"""`tariffwire destinations set`: how a destination would like to be told."""

import pytest

from service.cli.exits import Exit
from tests.cli.processes import tariffwire
from tests.cli.test_commands import answer


@pytest.fixture(scope="module")
def destination(service):
    return answer("destinations", "add", "--url", "https://wishes.example/hook", at=service)["id"]


def test_wishes_are_set_one_by_one_and_taken_away(service, destination):
    said = "--digest day --at 07:30 --timezone Europe/Berlin --quiet 22:00-06:30 --cap 10 --group"
    shown = tariffwire("destinations", "set", destination, *said.split(), at=service)
    assert shown.exit_code == Exit.OK
    assert shown.stdout.startswith(f"set {destination}: timezone: Europe/Berlin, digest: ")
    found = answer("destinations", "set", destination, "--cap", "3", at=service)["preferences"]
    assert found["digest"] == {"every": "day", "at": "07:30", "on": "monday"}
    assert found["quiet_hours"] == {"from": "22:00", "to": "06:30"}
    assert (found["hourly_cap"], found["group"]) == (3, True)
    off = ("--digest", "off", "--quiet", "off", "--cap", "0", "--no-group")
    found = answer("destinations", "set", destination, *off, at=service)["preferences"]
    assert (found["digest"], found["quiet_hours"]) == (None, None)
    assert (found["hourly_cap"], found["group"]) == (0, False)
    weekly = ("--digest", "week", "--on", "friday")
    found = answer("destinations", "set", destination, *weekly, at=service)["preferences"]
    assert found["digest"] == {"every": "week", "at": "07:00", "on": "friday"}


def test_a_language_is_set_and_shown(service, destination):
    shown = tariffwire("destinations", "set", destination, "--language", "de", at=service)
    assert shown.stdout.startswith(f"set {destination}: language: de")
    found = answer("destinations", "set", destination, "--cap", "3", at=service)["preferences"]
    assert found["language"] == "de"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say what to change"),
        (("--at", "07:00"), "go with --digest"),
        (("--quiet", "22:00"), "as 22:00-06:30"),
        (("--digest", "hourly"), "hourly"),
        (("--language", "fr"), "fr"),
    ],
)
def test_what_cannot_be_understood_is_refused_before_it_is_sent(service, destination, words, said):
    refused = tariffwire("destinations", "set", destination, *words, at=service)
    assert refused.exit_code == Exit.USAGE
    assert said in refused.stderr


def test_what_the_service_refuses_is_said_in_its_words(service, destination):
    wrong = ("--timezone", "Mars/Olympus")
    refused = tariffwire("destinations", "set", destination, *wrong, at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "no such time zone" in refused.stderr
