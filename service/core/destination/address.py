"""Where we may send: the judge of addresses, for URLs, mail addresses and dialled IPs.

A subscriber names any URL, so without this judge our sender would be a way into the network it
runs in. Names can change between check and dial: `forbidden` is asked again for each IP dialled.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Never
from urllib.parse import SplitResult, quote, urlsplit

from service.core.destination.network import Network, forbidden, is_within, unwrap

LONGEST_URL = 2048
LONGEST_EMAIL = 254
LONGEST_LOCAL_PART = 64
LONGEST_NAME = 253
PORTS = frozenset({80, 443, 8080, 8443})
DEFAULT_PORT = {"http": 80, "https": 443}

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class BadAddress(ValueError):
    """The address cannot be sent to."""


@dataclass(frozen=True, slots=True)
class Egress:
    """Where this installation sends: asked when a URL is given, and again at each dial.

    `networks` are opened though the world forbids them, and nothing beside them.
    """

    loopback_allowed: bool = False
    networks: tuple[Network, ...] = ()
    ports: Collection[int] = PORTS

    def check(self, url: str) -> str:
        """The URL, normalised; `BadAddress` for what is never sent to."""
        return check_url(
            url,
            loopback_allowed=self.loopback_allowed,
            ports=self.ports,
            networks=self.networks,
        )

    def refusal(self, ip: str, port: int) -> str | None:
        """Why this IP must not be dialled on this port; None when it may.

        Every port of this machine may be open, so a name like `a.localhost` passes `check` with
        any; here it has to be this machine.
        """
        reason = forbidden(ip, loopback_allowed=self.loopback_allowed, networks=self.networks)
        if reason is None and port not in self.ports and not self._is_own(ip):
            return f"{ip} is not this machine, and port {port} is none of {_listed(self.ports)}"
        return reason

    def _is_own(self, ip: str) -> bool:
        return self.loopback_allowed and is_loopback(ip)


def check_url(
    url: str,
    *,
    loopback_allowed: bool,
    ports: Collection[int] = PORTS,
    networks: Sequence[Network] = (),
) -> str:
    """Normalise a webhook URL: lower-case ASCII host, no default port, no fragment.

    Any port of this machine may be named when `loopback_allowed`. The name is not resolved here.
    """
    text = url.strip(" \t\r\n")
    _check_text(text)
    parts = _split(text)
    host = _check_host(parts.hostname or "", networks, bracketed="[" in parts.netloc)
    local = is_loopback(host)
    if local and not loopback_allowed and not is_within(host, networks):
        _refuse(f"the host {host} is this machine itself; name a host that others can reach")
    port = _check_port(parts, ports, any_port=local and loopback_allowed)
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port == DEFAULT_PORT[parts.scheme] else f"{shown}:{port}"
    query = f"?{_encode(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{netloc}{_encode(parts.path) or '/'}{query}"


def check_email(address: str) -> str:
    """Normalise one bare mail address: ASCII, the domain in lower case.

    Quoted local parts, address literals and display names are refused: nobody subscribes with
    one, and each is a way to smuggle a second recipient or header.
    """
    text = address.strip(" \t")
    if not text or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in text):  # noqa: PLR2004
        _refuse("a mail address has no spaces, line breaks or control characters: name@example.com")
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local):
        _refuse(f"{text[:80]!r} is not a plain mail address; write it like name@example.com")
    domain = _check_name(domain.lower())
    if "." not in domain or _NUMBER.fullmatch(domain.rpartition(".")[2]):
        _refuse(f"the domain {domain!r} is incomplete; write it like name@example.com")
    if len(local) > LONGEST_LOCAL_PART or len(local) + 1 + len(domain) > LONGEST_EMAIL:
        _refuse(
            f"the mail address is too long: at most {LONGEST_LOCAL_PART} characters before the @ "
            f"and {LONGEST_EMAIL} in all"
        )
    return f"{local}@{domain}"


def is_loopback(host: str) -> bool:
    """Whether a host, as `check_url` normalises it, is this machine by its very spelling."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return unwrap(ip_address(host)).is_loopback
    except ValueError:
        return False


def _check_text(text: str) -> None:
    if not text:
        _refuse("the URL is empty; write it like https://example.com/hooks/tariffs")
    if len(text) > LONGEST_URL:
        _refuse(f"the URL has {len(text)} characters; at most {LONGEST_URL} are allowed")
    if bad := next((char for char in text if not char.isprintable() or char in " \\"), None):
        _refuse(f"the URL holds the character {bad!r}; percent-encode it")


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        _refuse(f"the URL cannot be read: {error}", error)
    if parts.scheme not in DEFAULT_PORT:
        _refuse("the URL must begin with https:// or http://")
    if "@" in parts.netloc:
        _refuse("the URL carries a user name or password; leave out what stands before the @")
    return parts


def _check_port(parts: SplitResult, ports: Collection[int], *, any_port: bool) -> int:
    try:
        port = parts.port
    except ValueError as error:
        _refuse("the port of the URL is not a number from 1 to 65535", error)
    port = DEFAULT_PORT[parts.scheme] if port is None else port
    if port == 0 or not (any_port or port in ports):
        _refuse(f"port {port} is not allowed; use one of {_listed(ports)}")
    return port


def _listed(ports: Collection[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _check_host(host: str, networks: Sequence[Network], *, bracketed: bool) -> str:
    if not host:
        _refuse("the URL names no host; write it like https://example.com/hooks/tariffs")
    if bracketed:
        return _check_ip6(host, networks)
    name = _check_name(host)
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name
    # The system would read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses: only one spelling is
    # let through, the one everybody reads alike.
    try:
        return _check_ip(str(IPv4Address(name)), networks)
    except AddressValueError as error:
        _refuse(f"{name} is not an IPv4 address; write four decimal numbers, 198.51.100.7", error)


def _check_ip6(host: str, networks: Sequence[Network]) -> str:
    try:
        address = IPv6Address(host)
    except AddressValueError as error:
        _refuse(f"[{host}] is not an IPv6 address", error)
    if address.scope_id:
        _refuse(f"[{host}] names a zone of this machine; leave out the % and what follows")
    return _check_ip(str(address), networks)


def _check_ip(ip: str, networks: Sequence[Network]) -> str:
    # Loopback has its own answer in check_url.
    reason = forbidden(ip, loopback_allowed=True, networks=networks)
    if reason:
        _refuse(f"{reason}, which is never dialled; name a public host")
    return ip


def _check_name(host: str) -> str:
    """Encode a name to ASCII first and judge then: full-width digits and dots hide an address."""
    try:
        name = host.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError as error:
        _refuse(f"the host name {host[:80]!r} cannot be encoded: {error}", error)
    if len(name) > LONGEST_NAME or not all(map(_LABEL.fullmatch, name.split("."))):
        _refuse(f"{host[:80]!r} is not a host name; it takes letters, digits, hyphens and dots")
    return name


def _encode(text: str) -> str:
    return quote(text, safe=_PRINTABLE)


def _refuse(message: str, cause: Exception | None = None) -> Never:
    raise BadAddress(message) from cause
