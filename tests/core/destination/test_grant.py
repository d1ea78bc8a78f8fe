"""What a token server is asked, and what its answer is taken for."""

import json
from base64 import b64decode
from urllib.parse import parse_qs

import pytest

from service.core.destination.grant import (
    ASSUMED,
    LONGEST,
    Grant,
    NoToken,
    Token,
    ask_token,
    read_token,
)

SECRET = "s3cr:t/of+ours%"
GRANT = Grant("https://login.example/token", "us@here", SECRET, "hooks write", "https://a.example")
FULL = {"access_token": "abc.def-9_~+/=", "token_type": "Bearer", "expires_in": 3600}


def read(status=200, **given):
    found = {name: value for name, value in (FULL | given).items() if value is not None}
    return read_token(GRANT, status, json.dumps(found).encode())


def test_it_is_asked_with_the_secret_in_its_header_alone():
    pairs, body = ask_token(GRANT)
    kind, _, login = dict(pairs)["authorization"].partition(" ")
    assert kind == "Basic"
    assert b64decode(login) == b"us%40here:s3cr%3At%2Fof%2Bours%25"  # RFC 6749 §2.3.1
    assert parse_qs(body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["hooks write"],
        "audience": ["https://a.example"],
    }
    assert ask_token(Grant("https://a.example", "a", "b"))[1] == b"grant_type=client_credentials"


@pytest.mark.parametrize(
    ("expires_in", "lasts"),
    [
        (3600, 3600),
        ("3600", 3600),
        (59.5, 59.5),
        (0, 0),
        (-5, 0),
        (10**30, LONGEST),
        (10**400, LONGEST),
        (-(10**400), 0),
        ("9" * 500, LONGEST),
        (None, ASSUMED),
        ("soon", ASSUMED),
        (True, ASSUMED),
        ([1], ASSUMED),
    ],
)
def test_it_lasts_as_long_as_it_says_within_reason(expires_in, lasts):
    assert read(expires_in=expires_in) == Token(FULL["access_token"], lasts)


@pytest.mark.parametrize(("lasts", "usable"), [(3600, 3570), (40, 30), (0, 0)])
def test_another_is_fetched_shortly_before(lasts, usable):
    assert Token("x", lasts).usable == usable


@pytest.mark.parametrize("kind", ["bearer", "BEARER", None])
def test_bearers_are_taken(kind):
    assert read(token_type=kind).text == FULL["access_token"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"access_token": None}, "answered 200, but without an access_token"),
        ({"access_token": ""}, "without an access_token"),
        ({"access_token": 7}, "without an access_token"),
        ({"access_token": "a\r\nx-admin: 1"}, "cannot stand in a header"),
        ({"access_token": "x" * 10_000}, "cannot stand in a header"),
        ({"token_type": "mac"}, "of type mac, and we can only show bearers"),
        ({"token_type": {"a": 1}}, "of type , and"),
        (
            {"status": 400, "error": "invalid_client"},
            "answered 400 invalid_client",
        ),
        (
            {
                "status": 401,
                "error": "no_client",
                "error_description": "no\x1b[2J such\nclient",
            },
            "answered 401 no_client: no [2J such client",
        ),
        ({"status": 400, "error_description": f"bad secret {SECRET}"}, "400: bad secret …"),
        ({"status": 400, "error_description": "x" * 190 + SECRET}, "x" * 190 + "…"),
        ({"status": 400, "error": "x" * 190 + SECRET}, "x" * 190 + "…"),
        ({"token_type": "x" * 190 + SECRET}, "x" * 190 + "…, and"),
        ({"status": 503}, "the token server answered 503"),
        ({"status": 302}, "answered 302: redirects are not followed"),
        ({"status": 400, "error": "x" * 5000}, "x" * 200),
    ],
)
def test_what_is_no_token_is_said_and_no_secret_with_it(given, said):
    with pytest.raises(NoToken) as told:
        read(**given)
    assert said in str(told.value)
    assert SECRET[:4] not in str(told.value)
    assert len(str(told.value)) < 500


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"abc"', b"access_token=abc", b"{" * 99])
def test_what_is_no_object_is_said(body):
    with pytest.raises(NoToken, match="no JSON object"):
        read_token(GRANT, 200, body)


def test_nothing_shows_the_secret_or_the_token():
    assert SECRET not in repr(GRANT)
    assert FULL["access_token"] not in repr(read())
