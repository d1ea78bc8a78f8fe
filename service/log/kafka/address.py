"""What a Kafka URL says: brokers, names, and how to reach them."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, unquote

from service.log import LogUnavailable

GRAMMAR = "kafka://[user:password@]host:port[,host:port…][/PREFIX][?option=value&…]"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PORTS = range(1, 65_536)
SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
PREFIX = re.compile(r"[A-Za-z0-9._-]{1,200}")

NUMBERS: Mapping[str, tuple[int, int, int]] = {  # name → default, least, most
    "partitions": (6, 1, 10_000),
    "replication": (-1, -1, 100),  # -1: what the brokers give a new topic
    "session_timeout_ms": (6_000, 1_000, 300_000),
    "max_poll_interval_ms": (300_000, 1_000, 86_400_000),
}
WORDS: Mapping[str, tuple[str, ...]] = {  # name → what it may be; empty: anything
    "security_protocol": PROTOCOLS,
    "sasl_mechanism": MECHANISMS,
    "ssl_cafile": (),
    "ssl_certfile": (),
    "ssl_keyfile": (),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the log is, and under which names. `security` goes to every client as it stands."""

    servers: tuple[str, ...]
    prefix: str = ""
    partitions: int = 6
    replication: int = -1
    session_timeout_ms: int = 6_000
    max_poll_interval_ms: int = 300_000
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def group(self) -> str:
        """The consumer group, and the root of other names that a cluster shares."""
        return self.prefix or "tariffwire"

    def topic(self, plain: str) -> str:
        """The cluster's name of a topic that we call `plain`."""
        return f"{self.prefix}.{plain}" if self.prefix else plain

    def plain(self, topic: str) -> str:
        """Undo `topic`."""
        return topic.removeprefix(f"{self.prefix}.") if self.prefix else topic

    def __str__(self) -> str:
        """For messages: no user, no password."""
        return f"kafka://{','.join(self.servers)}{f'/{self.prefix}' if self.prefix else ''}"


def read_address(url: str) -> Address:
    """Read `GRAMMAR`; `LogUnavailable` names the part that is wrong, and never the password."""
    rest, _, query = url.removeprefix("kafka://").partition("?")
    where, _, prefix = rest.partition("/")
    login, at, hosts = where.rpartition("@")
    servers = tuple(hosts.split(","))
    for server in servers:
        found = SERVER.fullmatch(server)
        if not url.startswith("kafka://") or not found or int(found[2]) not in PORTS:
            raise _bad("the brokers", "write host:port, and a comma between two")
    if prefix and not PREFIX.fullmatch(prefix):
        raise _bad("the PREFIX", "use letters, digits, dots, hyphens and underscores")
    given = _read_options(query)
    numbers = {name: _read_number(name, given.get(name)) for name in NUMBERS}
    if numbers["replication"] == 0:
        raise _bad("replication", "write 1 or more, or -1 for what the brokers use")
    return Address(servers, prefix, security=_read_security(login if at else "", given), **numbers)


def _read_options(query: str) -> dict[str, str]:
    given = parse_qsl(query, keep_blank_values=True)
    options = dict(given)
    if len(options) != len(given):
        raise _bad("the options", "give each of them once")
    for name in options:
        if name not in NUMBERS and name not in WORDS:
            near = get_close_matches(name, [*NUMBERS, *WORDS], n=1)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join([*NUMBERS, *WORDS])}"
            raise _bad(f"the option {name[:40]}", f"there is none of that name; {hint}")
    return options


def _read_number(name: str, given: str | None) -> int:
    default, least, most = NUMBERS[name]
    if given is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", given) or not least <= int(given) <= most:
        raise _bad(name, f"write a whole number from {least} to {most}")
    return int(given)


def _read_security(login: str, given: Mapping[str, str]) -> dict[str, Any]:
    for name, allowed in WORDS.items():
        if name in given and allowed and given[name] not in allowed:
            raise _bad(name, f"write one of {', '.join(allowed)}")
    user, _, password = login.partition(":")
    protocol = given.get("security_protocol", "SASL_SSL" if login else "PLAINTEXT")
    found: dict[str, Any] = {"security_protocol": protocol}
    if protocol.startswith("SASL"):
        if not user or not password:
            raise _bad("security_protocol", f"{protocol} needs user:password@ before the host")
        found["sasl_mechanism"] = given.get("sasl_mechanism", "PLAIN")
        found["sasl_plain_username"] = unquote(user)
        found["sasl_plain_password"] = unquote(password)
    elif login or "sasl_mechanism" in given:
        raise _bad("security_protocol", f"{protocol} takes no login; write SASL_SSL")
    if protocol.endswith("SSL"):
        found["ssl_context"] = _trust(given)
    elif any(name.startswith("ssl_") for name in given):
        raise _bad("security_protocol", f"{protocol} is without TLS; write SSL or SASL_SSL")
    return found


def _trust(given: Mapping[str, str]) -> ssl.SSLContext:
    """Whom to believe, and who we are; read at once, so that a wrong file is named at the start."""
    cafile, certfile = given.get("ssl_cafile"), given.get("ssl_certfile")
    try:
        context = ssl.create_default_context(cafile=cafile)
    except OSError as error:
        raise _bad("ssl_cafile", f"{cafile} cannot be used: {error}") from error
    if certfile:
        try:
            # An empty password keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(certfile, given.get("ssl_keyfile"), password="")
        except OSError as error:
            named = f"{certfile} with ssl_keyfile {given.get('ssl_keyfile')}"
            raise _bad("ssl_certfile", f"{named} cannot be used: {error}") from error
    elif "ssl_keyfile" in given:
        raise _bad("ssl_keyfile", "it goes with an ssl_certfile")
    return context


def _bad(part: str, remedy: str) -> LogUnavailable:
    said = remedy if remedy.endswith("?") else f"{remedy}."
    return LogUnavailable(
        f"TARIFFWIRE_LOG_URL cannot be used: {part}: {said} The form is {GRAMMAR}."
    )
