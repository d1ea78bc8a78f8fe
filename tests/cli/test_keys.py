"""`tariffwire destinations` with keys, headers and certificates; `tariffwire secrets`."""

import json
import sqlite3
from base64 import b64encode

import pytest

from service.cli.exits import Exit
from service.core.proof.signing import secret_from
from service.store.following.vault import name_key
from tests.certificates import Authority
from tests.cli.processes import Process, Service, tariffwire

OLD, NEW = b"o" * 32, b"n" * 32


def write(*keys):
    """As the setting has them."""
    return ",".join(b64encode(key).decode() for key in keys)


def answer(*words, at):
    result = tariffwire(*words, "--json", at=at)
    assert result.exit_code == Exit.OK, result.output
    return json.loads(result.stdout)


def add(service, name, *words):
    url = f"https://example.com/{name}"
    return answer("destinations", "add", "--url", url, *words, at=service)


def test_a_destination_is_added_with_all_that_its_receiver_asks_for(service, folder):
    authority = Authority()
    certificate, key = authority.issue("tariffwire")
    texts = {"authority": authority.pem, "certificate": certificate, "key": key}
    files = []
    for name, text in texts.items():
        (folder / f"{name}.pem").write_text(text)
        files += [f"--{name}", f"{name}.pem"]
    words = ("--sign", "v1a", "--header", "Authorization: Bearer 0123456789", *files)
    added = add(service, "all", *words)
    assert added["signing"] == ["v1", "v1a"]
    assert added["headers"] == {"authorization": "…6789"}
    assert added["tls"]["certificate"][0]["subject"] == "CN=tariffwire"
    assert added["public_key"].startswith("whpk_")


def test_a_login_is_given_by_its_file(service, folder):
    login = {
        "token_url": "https://login.example/token",
        "client_id": "us",
        "client_secret": "b04a91f3c7d25e68",
        "scope": "hooks",
    }
    (folder / "login.json").write_text(json.dumps(login))
    added = add(service, "login", "--oauth", "login.json")
    assert added["auth"]["client_secret"] == "…5e68"
    assert (added["auth"]["client_id"], added["auth"]["scope"]) == ("us", "hooks")
    (folder / "login.json").write_text("b04a91f3c7d25e68")
    words = ("destinations", "add", "--url", "https://a.b/x", "--oauth", "login.json")
    slip = tariffwire(*words, at=service)
    assert slip.exit_code == Exit.USAGE
    assert "write JSON into login.json" in " ".join(slip.stderr.split())


def test_what_a_receiver_asks_for_is_changed_and_taken_away(service, folder):
    name = add(service, "later")["id"]
    (folder / "root.pem").write_text(Authority().pem)
    login = {"token_url": "https://login.example/token", "client_id": "us", "client_secret": "9e1b"}
    (folder / "token.json").write_text(json.dumps(login))
    words = ("--sign", "v1a", "--header", "X-Team: duties", "--authority", "root.pem")
    limits = ("--rate", "5", "--at-once", "2", "--ordered", "--name", "night desk")
    change = ("destinations", "change", name)
    found = answer(*change, *words, "--oauth", "token.json", *limits, at=service)
    assert (found["signing"], found["headers"]) == (["v1", "v1a"], {"x-team": "…"})
    assert (len(found["tls"]["authority"]), found["auth"]["client_id"]) == (1, "us")
    assert (found["rate"], found["at_once"], found["ordered"]) == (5, 2, True)
    assert found["name"] == "night desk"
    found = answer(*change, "--no-ordered", at=service)
    assert (found["rate"], found["at_once"], found["ordered"]) == (5, 2, False)
    parts = ("--without", "headers", "--without", "tls", "--without", "oauth")
    found = answer(*change, *parts, "--sign", "v1", at=service)
    assert (found["headers"], found["tls"], found["auth"]) == ({}, {}, None)
    assert found["signing"] == ["v1"]


def test_a_key_that_is_made_by_a_change_is_shown(service):
    name = add(service, "made")["id"]
    said = tariffwire("destinations", "change", name, "--sign", "v1a", at=service).output
    keys = answer("destinations", "keys", name, at=service)
    public = next(one["public_key"] for one in keys if one["kind"] == "v1a")
    assert public in "".join(said.split())
    said = tariffwire("destinations", "change", name, "--rate", "3", at=service).output
    assert (f"changed {name}: rate" in said, "whpk_" in said) == (True, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say what to change, such as --rate 5"),
        (("--without", "headers", "--header", "X-Team: duties"), "give it, or take it away"),
        (("--without", "name"), "'name' is not one of 'headers', 'tls', 'oauth'"),
    ],
)
def test_a_change_of_nothing_is_a_slip(service, words, says):
    slip = tariffwire("destinations", "change", "dst_1", *words, at=service)
    assert slip.exit_code == Exit.USAGE
    assert says in " ".join(slip.stderr.replace("│", " ").split())


def test_limits_are_given_with_a_new_destination(service):
    found = add(service, "limits", "--rate", "2.5", "--at-once", "1", "--ordered")
    assert (found["rate"], found["at_once"], found["ordered"]) == (2.5, 1, True)


def test_a_header_without_a_colon_is_a_slip(service):
    slip = tariffwire("destinations", "add", "--url", "https://a.b", "--header", "x", at=service)
    assert slip.exit_code == Exit.USAGE
    assert "Name: value" in " ".join(slip.stderr.split())


def test_a_key_is_rotated_listed_and_revoked(service):
    name = add(service, "rotated")["id"]
    own = secret_from(b"r" * 32)
    rotated = answer("destinations", "rotate", name, "--secret", own, at=service)
    assert rotated["secret"] == own
    new, old = answer("destinations", "keys", name, at=service)
    assert (new["expires_at"], new["ends_in"]) == (None, f"…{own[-4:]}")
    assert old["expires_at"] is not None
    assert old["id"] in tariffwire("destinations", "keys", name, at=service).stdout
    shown = tariffwire("destinations", "revoke", name, old["id"], at=service)
    assert shown.stdout.split() == ["revoked", old["id"]]
    assert answer("destinations", "keys", name, at=service) == [new]
    refused = tariffwire("destinations", "revoke", name, new["id"], at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "rotate it first" in refused.stderr


def test_a_rotation_shows_the_new_secret_once(service):
    name = add(service, "shown")["id"]
    shown = tariffwire("destinations", "rotate", name, "--grace", "0", at=service)
    assert "its secret, shown this once: whsec_" in shown.stdout
    assert len(answer("destinations", "keys", name, at=service)) == 1


def test_without_a_key_the_database_is_not_sealed_and_that_is_said(service):
    add(service, "plain")
    said = tariffwire("secrets", "status", at=service).stdout
    assert "not sealed: TARIFFWIRE_SECRETS_KEY is not set" in said
    assert "secrets are not sealed" in tariffwire("status", at=service).stdout
    refused = tariffwire("secrets", "rotate", at=service)
    assert refused.exit_code == Exit.REFUSED


@pytest.fixture
def serve(folder):
    """Serve from the working folder with these keys, and stop again."""

    def run(*keys, do):
        service = Service(folder, secrets_key=write(*keys))
        try:
            return do(service)
        finally:
            assert service.stop() == 0

    return run


def test_the_key_is_changed_without_losing_a_secret(serve, folder):
    added = serve(do=lambda service: add(service, "before"))
    serve(OLD, do=lambda service: add(service, "after"))
    assert added["secret"] in _dump(folder)

    def rotate(service):
        assert "wait for `tariffwire secrets rotate`" in (
            tariffwire("secrets", "status", at=service).stdout
        )
        done = answer("secrets", "rotate", at=service)
        assert done == {"sealed": 2, "key": name_key(NEW)}

    serve(NEW, OLD, do=rotate)
    assert "whsec_" not in _dump(folder)
    listed = serve(NEW, do=lambda service: answer("destinations", "list", at=service))
    assert listed[0]["secrets"][0]["ends_in"] == f"…{added['secret'][-4:]}"


def _dump(folder):
    with sqlite3.connect(folder / "tariffwire.db") as books:
        return "\n".join(books.iterdump())


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_without_the_key_nothing_starts_or_moves_and_the_setting_is_named(serve, folder, keys):
    serve(OLD, do=lambda service: add(service, "sealed"))
    serving = Process("serve", "--port", "0", folder=folder, secrets_key=write(*keys))
    said = serving.wait_for("error")
    assert "TARIFFWIRE_SECRETS_KEY" in said
    assert name_key(OLD) in said
    assert serving.end() == Exit.SETUP
    elsewhere = ("--database", "sqlite:///there.db", "--log", "sqlite:///there-log.db")
    moving = Process("move", *elsewhere, folder=folder, secrets_key=write(*keys))
    assert "TARIFFWIRE_SECRETS_KEY" in moving.wait_for("error")
    assert moving.end() == Exit.SETUP
    serve(OLD, do=lambda service: answer("destinations", "list", at=service))


def test_a_move_says_that_the_key_goes_along(serve, folder):
    serve(OLD, do=lambda service: add(service, "sealed"))
    elsewhere = ("--database", "sqlite:///there.db", "--log", "sqlite:///there-log.db")
    moving = Process("move", *elsewhere, folder=folder, secrets_key=write(OLD))
    said = moving.process.stdout.read()
    assert moving.end() == Exit.OK
    assert "TARIFFWIRE_SECRETS_KEY goes along" in said
