"""Access tokens by a client's credentials (RFC 6749 §4.4): what is asked, and what is answered."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

from pydantic_core import from_json

from service.core.destination.headers import Pairs
from service.core.sending.hiding import hide

ASSUMED = 300.0
"""Seconds that a token is taken to last if nothing is said (§5.1: the server should say)."""
LONGEST = 24 * 3600.0
"""However long a server says; one that was revoked is found out by its first 401."""
MARGIN = 30.0
LONGEST_TOKEN = 8_192
LONGEST_SAID = 200

_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)  # what can stand in a header (RFC 6750 §2.1)
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Grant:
    """Who we are to a token server, and for what."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    audience: str = ""


class NoToken(Exception):
    """The token server gave no token."""


@dataclass(frozen=True, slots=True)
class Token:
    """`lasts` seconds from when it was asked for; shortly before that another is fetched."""

    text: str = field(repr=False)
    lasts: float

    @property
    def usable(self) -> float:
        """Seconds for which it is kept."""
        return self.lasts - min(MARGIN, self.lasts / 4)


def ask_token(grant: Grant) -> tuple[Pairs, bytes]:
    """Headers and body of the request. The secret goes as HTTP Basic, which all servers know.

    §2.3.1: both parts are written as in a form before they are joined.
    """
    pair = f"{quote_plus(grant.client_id)}:{quote_plus(grant.client_secret)}"
    form = {"grant_type": "client_credentials", "scope": grant.scope, "audience": grant.audience}
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    return (
        ("accept", "application/json"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("authorization", f"Basic {b64encode(pair.encode()).decode()}"),
    ), body


def read_token(grant: Grant, status: int, body: bytes) -> Token:
    """From the answer; `NoToken` says what was answered instead, and never the secret."""
    found = _read_object(body)
    if status not in _OK:
        raise NoToken(_say_refusal(grant, status, found))
    if found is None:
        raise NoToken(f"the token server answered {status}, but no JSON object")
    text = found.get("access_token")
    if not isinstance(text, str) or not text:
        raise NoToken(f"the token server answered {status}, but without an access_token")
    if len(text) > LONGEST_TOKEN or not _TOKEN.fullmatch(text):
        raise NoToken("the token server gave an access_token that cannot stand in a header")
    kind = found.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        said = _clean(grant, kind)
        raise NoToken(f"the token server gave a token of type {said}, and we can only show bearers")
    return Token(text, _read_lasting(found.get("expires_in")))


def _read_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _say_refusal(grant: Grant, status: int, found: Mapping[str, Any] | None) -> str:
    """§5.2: `error` is a word, `error_description` is for people."""
    names = ("error", "error_description")
    error, more = (_clean(grant, (found or {}).get(name, "")) for name in names)
    said = f"the token server answered {status}" + (f" {error}" if error else "")
    if not (error or more) and 300 <= status < 400:  # noqa: PLR2004
        more = "redirects are not followed, name the address it leads to"
    return f"{said}: {more}" if more else said


def _clean(grant: Grant, given: Any) -> str:
    """On one line, without our secret, and only then cut: half a secret would not be found."""
    text = str(given) if isinstance(given, str | int) else ""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    pairs, _ = ask_token(grant)
    secrets = (grant.client_secret, quote_plus(grant.client_secret), pairs[-1][1])
    return hide(line.encode(), secrets).decode()[:LONGEST_SAID]


def _read_lasting(given: Any) -> float:
    """A number, or digits as text; 0 for one that is over already."""
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = float(given[:12])
    if isinstance(given, bool) or not isinstance(given, int | float):
        return ASSUMED
    return float(
        min(max(given, 0), LONGEST)
    )  # no float before it is one: -10**400 is a number, too
