"""One request in bytes: where it goes, what every webhook says, and what this one says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import NamedTuple
from urllib.parse import urlsplit

from service.core.destination.address import DEFAULT_PORT, Egress
from service.core.destination.headers import Pairs, check_headers
from service.core.sending.delivery import Parcel, Route
from service.core.sending.sent import FIXED, FORM

AGENT = f"tariffwire/{version('tariffwire')}"
HEADERS = {**dict(FIXED[FORM]), "user-agent": AGENT}


class Origin(NamedTuple):
    """Who may share a connection."""

    is_secure: bool
    host: str
    port: int
    route: Route


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that was checked; `head` is what every request to it begins with."""

    is_secure: bool
    host: str
    port: int
    head: bytes

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"

    def origin(self, route: Route) -> Origin:
        """Who is dialled for it."""
        return Origin(self.is_secure, self.host, self.port, route)

    def request(self, parcel: Parcel, signed: Mapping[str, str], shown: str = "") -> bytes:
        """The whole of it, `shown` a line that lets us in; `BadHeader` for what none may say."""
        ours = "".join([f"{name}: {value}\r\n" for name, value in signed.items()])
        end = f"{shown}{ours}content-length: {len(parcel.body)}\r\n\r\n".encode("ascii")
        return b"".join((self.head, _lines(parcel.headers), end, parcel.body))


def read_target(address: str, egress: Egress, headers: Mapping[str, str] = HEADERS) -> Target:
    """`BadAddress` for a URL that is never sent to, however it is spelled."""
    url = egress.check(address)
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or DEFAULT_PORT[parts.scheme]
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"POST {path} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, ""]).encode("ascii")
    return Target(parts.scheme == "https", host, port, head)


@lru_cache(maxsize=4096)
def _lines(own: Pairs) -> bytes:
    """Checked again: what was stored before a rule was made must not get past it."""
    return "".join([f"{name}: {value}\r\n" for name, value in check_headers(own)]).encode("ascii")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
