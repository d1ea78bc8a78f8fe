"""Where we may send: the judge of addresses, for URLs, mail addresses and dialled IPs.

A subscriber names any URL, so without this judge our sender would be a way into the network it
runs in. Names can change between check and dial: `forbidden` is asked again for each IP dialled.
"""

import re
from collections.abc import Collection
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Never
from urllib.parse import SplitResult, quote, urlsplit

LONGEST_URL = 2048
LONGEST_EMAIL = 254
LONGEST_LOCAL_PART = 64
LONGEST_NAME = 253
PORTS = frozenset({80, 443, 8080, 8443})
DEFAULT_PORT = {"http": 80, "https": 443}

LOOPBACK = "loopback"

# An explicit list, because `ipaddress.is_global` passes a third of these. The first match names
# the reason, so a narrow prefix stands before a wide one.
_FORBIDDEN = tuple(
    (ip_network(prefix), what)
    for prefix, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", LOOPBACK),
        ("168.63.129.16/32", "cloud platform service"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", LOOPBACK),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard-only"),
        ("2001::/32", "Teredo"),
        ("2001:db8::/32", "documentation"),
        ("2001::/23", "protocol assignments"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class BadAddress(ValueError):
    """The address cannot be sent to."""


def forbidden(ip: str, *, loopback_allowed: bool) -> str | None:
    """Why this IP must not be dialled, naming the prefix; None when it may.

    An IPv4 address mapped into IPv6 is judged as what it maps to; the forms that tunnel IPv4
    (6to4, Teredo, NAT64) are refused whole. What is no IP address at all is refused too.
    """
    try:
        address = _unwrap(ip_address(ip.partition("%")[0]))
    except ValueError:
        return f"{ip[:60]!r} is not an IP address"
    for network, what in _FORBIDDEN:
        if address in network:
            allowed = loopback_allowed and what is LOOPBACK
            return None if allowed else f"{ip} lies in {network} ({what})"
    if address.version == 6 and address not in _GLOBAL_UNICAST:  # noqa: PLR2004
        return f"{ip} lies outside {_GLOBAL_UNICAST} (not allocated)"
    return None


def check_url(url: str, *, loopback_allowed: bool, ports: Collection[int] = PORTS) -> str:
    """Normalise a webhook URL: lower-case ASCII host, no default port, no fragment.

    Any port of this machine may be named when `loopback_allowed`. The name is not resolved here.
    """
    text = url.strip(" \t\r\n")
    _check_text(text)
    parts = _split(text)
    host = _check_host(parts.hostname or "", bracketed="[" in parts.netloc)
    local = is_loopback(host)
    if local and not loopback_allowed:
        _refuse(f"the host {host} is this machine itself; name a host that others can reach")
    port = _check_port(parts, ports, any_port=local)
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
        return _unwrap(ip_address(host)).is_loopback
    except ValueError:
        return False


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return getattr(address, "ipv4_mapped", None) or address


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
        listed = ", ".join(map(str, sorted(ports)))
        _refuse(f"port {port} is not allowed; use one of {listed}")
    return port


def _check_host(host: str, *, bracketed: bool) -> str:
    if not host:
        _refuse("the URL names no host; write it like https://example.com/hooks/tariffs")
    if bracketed:
        return _check_ip6(host)
    name = _check_name(host)
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name
    # The system would read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses: only one spelling is
    # let through, the one everybody reads alike.
    try:
        return _check_ip(str(IPv4Address(name)))
    except AddressValueError as error:
        _refuse(f"{name} is not an IPv4 address; write four decimal numbers, 198.51.100.7", error)


def _check_ip6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except AddressValueError as error:
        _refuse(f"[{host}] is not an IPv6 address", error)
    if address.scope_id:
        _refuse(f"[{host}] names a zone of this machine; leave out the % and what follows")
    return _check_ip(str(address))


def _check_ip(ip: str) -> str:
    reason = forbidden(ip, loopback_allowed=True)  # loopback has its own answer in check_url
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
