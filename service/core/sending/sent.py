"""What an attempt sent, as the attempt log keeps it: nothing that is secret, and little of it.

What every request says alike is not kept with each: `FIXED` says it, under the number of its form.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit
from uuid import UUID

from pydantic_core import from_json, to_json

from service.core.destination.credentials import Key, hint
from service.core.destination.headers import Pairs
from service.core.proof.signature import ID, SIGNATURE, TIMESTAMP
from service.core.sending.hiding import HIDDEN, hide

FORM = 1
FIXED: Mapping[int, Pairs] = {
    1: (
        ("accept", "*/*"),
        ("accept-encoding", "identity"),
        ("content-type", "application/cloudevents+json; charset=utf-8"),
    )
}
MOST_HEADERS = 32
"""Of an answer; more are not kept, nor more than `LONGEST_VALUE` characters of one."""
LONGEST_VALUE = 300
LONGEST_PLAIN = 20

_SECRET_NAMES = re.compile(r"auth|code|cred|key|pass|pwd|secret|sig|token", re.IGNORECASE)
_SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authorization", "cookie"})

Sent = Mapping[str, Any]
"""Of a webhook `url`, `own` headers, `keys` that signed, `agent`, `stamp` and `form`; of a mail
`from`, `to` and `relay`; of both `bytes` and `sha256`, which whoever settles adds."""


@lru_cache(maxsize=4096)
def describe_request(address: str, own: Pairs, secrets: Sequence[str], agent: str) -> Sent:
    """All that the requests to one destination have in common; read-only."""
    return {
        "form": FORM,
        "url": redact_url(address),
        "own": {name: hint(value) for name, value in own},
        "keys": [f"{key.kind},{key.id}" for key in map(Key, secrets)],
        "agent": agent,
    }


def redact_url(url: str) -> str:
    """Without what stands before the host, and without values of the query that look secret."""
    parts = urlsplit(url)
    query = "&".join(
        f"{quote(name)}={quote(value) if _is_plain(name, value) else HIDDEN}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def _is_plain(name: str, value: str) -> bool:
    return len(value) < LONGEST_PLAIN and not _SECRET_NAMES.search(name)


def write_sent(sent: Sent, size: int, sha256: str) -> str:
    """For the books; nothing where nothing was sent."""
    if not sent:
        return ""
    return to_json({"bytes": size, "sha256": sha256, **sent}).decode()


def show_sent(text: str, delivery: UUID) -> dict[str, Any] | None:
    """As people read it: of a webhook each line of its head, in their order."""
    if not text:
        return None
    kept = from_json(text)
    body = {"bytes": kept["bytes"], "sha256": kept["sha256"]}
    if "relay" in kept:
        return {"from": kept["from"], "to": kept["to"], "relay": kept["relay"], "body": body}
    lines = [
        ("host", urlsplit(kept["url"]).netloc),
        *FIXED[kept["form"]],
        ("user-agent", kept["agent"]),
        *kept["own"].items(),
        (ID, str(delivery)),
        (TIMESTAMP, str(kept["stamp"])),
        (SIGNATURE, " ".join(f"{one}:{HIDDEN}" for one in kept["keys"])),
        ("content-length", str(kept["bytes"])),
    ]
    return {"method": "POST", "url": kept["url"], "headers": lines, "body": body}


def sent_to(text: str) -> str | None:
    """The address that a mail went to, from what `write_sent` wrote; None of a webhook."""
    to: str | None = from_json(text).get("to")
    return to


def keep_headers(found: Iterable[tuple[bytes, bytes]], secrets: Sequence[str]) -> Pairs:
    """Headers of an answer: names in lower case, values cut, and none that lets somebody in."""
    kept = []
    for raw, value in found:
        name = raw.decode("latin-1").lower()
        said = hide(value, secrets)[:LONGEST_VALUE].decode("utf-8", "replace")  # none is cut in two
        kept.append((name, HIDDEN if name in _SECRET_HEADERS else said))
    return tuple(kept[:MOST_HEADERS])
