"""`tariffwire send …`: looking, holding, releasing."""

import json

import pytest

from service.cli.exits import Exit
from tests.cli.processes import tariffwire


@pytest.fixture
def released(service):
    """Other tests send on the same service."""
    yield service
    tariffwire("send", "release", at=service)


def test_sending_is_held_with_a_reason_and_released(released):
    live = tariffwire("send", "status", at=released)
    assert live.stdout == "live\n"
    held = tariffwire("send", "hold", "an audit", at=released)
    assert held.exit_code == Exit.OK
    assert "an audit" in held.stdout
    assert tariffwire("send", "status", at=released).stdout.startswith("held since ")
    freed = tariffwire("send", "release", at=released)
    assert freed.stdout == "released 0 deliveries\n"
    assert tariffwire("send", "status", at=released).stdout.startswith("live")


def test_programs_get_what_the_api_answers(released):
    asked = json.loads(tariffwire("send", "status", "--json", at=released).stdout)
    assert (asked["state"], asked["mode"], asked["held"]) == ("live", "live", 0)
    held = json.loads(tariffwire("send", "hold", "an audit", "--json", at=released).stdout)
    assert (held["state"], held["reason"]) == ("held", "an audit")
    freed = json.loads(tariffwire("send", "release", "--json", at=released).stdout)
    assert freed == {"released": 0}


def test_a_hold_without_a_reason_is_refused(released):
    refused = tariffwire("send", "hold", " ", at=released)
    assert refused.exit_code == Exit.REFUSED
