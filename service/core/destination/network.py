"""Which IP addresses are dialled: a list of what never is, and the networks opened beside it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

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
_MAPPED = IPv6Network("::ffff:0:0/96")


class BadNetwork(ValueError):
    """The network cannot be opened."""


def forbidden(ip: str, *, loopback_allowed: bool, networks: Sequence[Network] = ()) -> str | None:
    """Why this IP must not be dialled, naming the prefix; None when it may.

    An IPv4 address mapped into IPv6 is judged as what it maps to; the forms that tunnel IPv4
    (6to4, Teredo, NAT64) are refused whole. What is no IP address at all is refused too.
    """
    try:
        address = unwrap(ip_address(ip.partition("%")[0]))
    except ValueError:
        return f"{ip[:60]!r} is not an IP address"
    if any(address in network for network in networks):
        return None
    for network, what in _FORBIDDEN:
        if address in network:
            allowed = loopback_allowed and what is LOOPBACK
            return None if allowed else f"{ip} lies in {network} ({what})"
    if address.version == 6 and address not in _GLOBAL_UNICAST:  # noqa: PLR2004
        return f"{ip} lies outside {_GLOBAL_UNICAST} (not allocated)"
    return None


def read_network(text: str) -> Network:
    """A network to open, as `10.1.0.0/16` or one address; `BadNetwork` where it is ambiguous."""
    given = text.strip()
    try:
        network = ip_network(given)
    except ValueError as error:
        message = f"{given[:60]!r} is not a network: {error}; write it like 10.1.0.0/16"
        raise BadNetwork(message) from error
    if isinstance(network, IPv6Network):
        _check_reachable(network)
    return network


def _check_reachable(network: IPv6Network) -> None:
    if network.network_address.scope_id:
        message = f"{network} names a zone of this machine; leave out the % and what follows"
        raise BadNetwork(message)
    if network.subnet_of(_MAPPED):
        message = f"{network} stands for IPv4 addresses; write it as an IPv4 network"
        raise BadNetwork(message)


def is_within(ip: str, networks: Sequence[Network]) -> bool:
    """Whether one of the networks holds this address; a name lies in none."""
    try:
        address = unwrap(ip_address(ip))
    except ValueError:
        return False
    return any(address in network for network in networks)


def unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is mapped into an IPv6 one, else the address itself."""
    return getattr(address, "ipv4_mapped", None) or address
