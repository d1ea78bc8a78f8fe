"""`tariffwire destinations confirm|consents` and `tariffwire suppressions`."""

import json
import sqlite3
from contextlib import closing

from service.cli.exits import Exit
from tests.cli.processes import tariffwire


def answer(*words, at):
    result = tariffwire(*words, "--json", at=at)
    assert result.exit_code == Exit.OK, result.output
    return json.loads(result.stdout)


def add(service, email, *words):
    return answer("destinations", "add", "--email", email, *words, at=service)


def test_a_reader_is_asked_again_and_what_was_said_is_shown(service):
    made = add(service, "asked@example.com")
    assert made["state"] == "unconfirmed"
    other = tariffwire("destinations", "add", "--email", "other@example.com", at=service)
    assert "its reader is asked by mail to confirm first" in other.stdout
    asked = answer("destinations", "confirm", made["id"], at=service)
    assert asked["state"] == "unconfirmed"
    consents = answer("destinations", "consents", made["id"], at=service)
    assert [one["act"] for one in consents] == ["asked", "asked"]
    shown = tariffwire("destinations", "consents", made["id"], at=service)
    assert "asked@example.com" in shown.stdout


def test_an_owner_vouches_for_a_reader(service):
    made = add(service, "vouched@example.com", "--consent", "signed form of 9 Apr 2025")
    assert made["state"] == "active"
    (said,) = answer("destinations", "consents", made["id"], at=service)
    assert said["note"] == "signed form of 9 Apr 2025"
    refused = tariffwire("destinations", "confirm", made["id"], at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "nothing to confirm" in refused.stderr


def test_an_address_is_trusted_again(service):
    row = ("dead@example.com", "550 no such user", "2025-04-09 12:00:00.000000")
    with closing(sqlite3.connect(service.folder / "tariffwire.db")) as books, books:
        books.execute("INSERT INTO suppression (address, reason, at) VALUES (?, ?, ?)", row)
    shown = tariffwire("suppressions", "list", at=service)
    assert "550 no such user" in shown.stdout
    lifted = answer("suppressions", "rm", "dead@example.com", at=service)
    assert lifted == {"address": "dead@example.com", "released": 0}
    again = tariffwire("suppressions", "rm", "dead@example.com", at=service)
    assert again.exit_code == Exit.REFUSED
