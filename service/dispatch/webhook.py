"""Webhooks out: one signed POST, one guarded dial, one deadline, and the answer as a `Reply`.

Nothing here decides what follows from an answer; `core/delivery.judge` does.
"""

import asyncio
import errno
import socket
import ssl
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from service.core import signature
from service.core.address import forbidden
from service.core.delivery import Parcel, Reply, parse_retry_after

KEEPALIVE = 60.0  # seconds: a TLS handshake costs as much CPU as fifty requests on a kept one
EXCERPT = 16 * 1024  # bytes of an answer that are read and kept
HEADERS = {
    "accept-encoding": "identity",  # an answer is never inflated, so never a bomb
    "content-type": "application/cloudevents+json; charset=utf-8",
    "user-agent": f"tariffwire/{version('tariffwire')}",
}

# This machine ran out of something: no receiver is to blame.
_OUR_ERRNOS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_OUR_ERRNOS |= {errno.EADDRNOTAVAIL}


class ForbiddenAddress(PermissionError):
    """The egress guard refuses this address."""


@dataclass(slots=True)
class _Trail:
    """How far one attempt got, written from inside aiohttp; tracing would cost 20 µs a request."""

    started: float
    peer: str = ""
    dialled: bool = False
    connected: float | None = None
    answered: float | None = None
    status: int | None = None

    @property
    def went_stale(self) -> bool:
        """A kept connection that the receiver closed just as we wrote on it."""
        return self.connected is not None and self.answered is None and not self.dialled

    def timings(self) -> dict[str, float]:
        moments = {
            "connect": self.connected,
            "first_byte": self.answered,
            "total": perf_counter(),
        }
        return {phase: at - self.started for phase, at in moments.items() if at is not None}


_trail: ContextVar[_Trail] = ContextVar("trail")


class _Response(aiohttp.ClientResponse):
    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        trail = _trail.get()
        trail.connected = perf_counter()
        if connection.transport is not None:
            trail.peer = _show(connection.transport.get_extra_info("peername"))
        await super().start(connection)
        trail.answered = perf_counter()
        trail.status = self.status
        return self


class _GuardedResolver(AbstractResolver):
    """Refuses a name as soon as one of its addresses is forbidden."""

    def __init__(self, *, loopback_allowed: bool) -> None:
        self._resolver = aiohttp.ThreadedResolver()
        self._loopback_allowed = loopback_allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await self._resolver.resolve(host, port, family)
        except UnicodeError as error:
            raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
        for one in found:
            _guard(one["host"], loopback_allowed=self._loopback_allowed)
        return found

    async def close(self) -> None:
        await self._resolver.close()


class WebhookSender:
    """A `Sender` over kept-alive HTTP connections; an async context manager.

    `deadline` (seconds) covers connect to last body byte. Waiting for one of the `limit` slots is
    our own queue and does not count; waiting behind `per_host` unanswered requests to the same
    receiver does. `tls` is the trust store, the system's unless given.
    """

    def __init__(
        self,
        *,
        loopback_allowed: bool = False,
        deadline: float = 15.0,
        limit: int = 512,
        per_host: int = 64,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback_allowed = loopback_allowed
        self._deadline = deadline
        self._slots = asyncio.Semaphore(limit)
        self._per_host = per_host
        self._tls = tls
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=0,  # the slots count
            limit_per_host=self._per_host,
            keepalive_timeout=KEEPALIVE,
            resolver=_GuardedResolver(loopback_allowed=self._loopback_allowed),
            socket_factory=self._open_socket,
            ssl=self._tls or True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            read_bufsize=EXCERPT,
            response_class=_Response,
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, parcel: Parcel) -> Reply:
        """POST the body, signed as of `signed_at`; whatever the receiver does is a `Reply`."""
        signed = signature.headers(
            str(parcel.delivery_id), parcel.signed_at, parcel.body, parcel.secrets
        )
        async with self._slots:
            trail = _Trail(perf_counter())
            _trail.set(trail)
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._attempt(parcel, signed, trail)
            except (aiohttp.ClientError, OSError) as error:
                return self._failure(parcel.address, error, trail)

    async def _attempt(self, parcel: Parcel, signed: dict[str, str], trail: _Trail) -> Reply:
        try:
            return await self._post(parcel, signed, trail)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not trail.went_stale:
                raise
            trail.connected = None
            return await self._post(parcel, signed, trail)  # same id: the receiver can tell

    async def _post(self, parcel: Parcel, signed: dict[str, str], trail: _Trail) -> Reply:
        async with self._session.post(
            _target(parcel.address), data=parcel.body, headers=signed, allow_redirects=False
        ) as response:
            excerpt = await _read(response.content)
        asked = response.headers.get("retry-after")
        return Reply(
            accepted=200 <= response.status < 300,  # noqa: PLR2004
            status=response.status,
            reason=_verdict(response.status),
            retry_after=parse_retry_after(asked, parcel.signed_at) if asked else None,
            peer=trail.peer,
            excerpt=excerpt,
            timings=trail.timings(),
        )

    def _failure(self, address: str, error: Exception, trail: _Trail) -> Reply:
        cause = _cause(error)
        return Reply(
            accepted=False,
            status=trail.status,
            reason=_explain(error, cause, trail, _host(address), self._deadline),
            ours=getattr(cause, "errno", None) in _OUR_ERRNOS,
            peer=trail.peer,
            timings=trail.timings(),
        )

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """The last door: an IP literal never meets the resolver, and a cached name may be old."""
        family, kind, protocol, _, address = info
        _guard(str(address[0]), loopback_allowed=self._loopback_allowed)
        trail = _trail.get()
        trail.peer, trail.dialled = _show(address), True
        return socket.socket(family, kind, protocol)


def _guard(ip: str, *, loopback_allowed: bool) -> None:
    if reason := forbidden(ip, loopback_allowed=loopback_allowed):
        raise ForbiddenAddress(errno.EACCES, reason)


def _target(address: str) -> URL:
    try:
        return URL(address, encoded=True)
    except ValueError as error:
        raise aiohttp.InvalidURL(address, str(error)) from error


async def _read(content: aiohttp.StreamReader) -> bytes:
    """At most the excerpt; a connection with more to come is closed on release, not drained."""
    kept = bytearray()
    while len(kept) < EXCERPT and (chunk := await content.read(EXCERPT - len(kept))):
        kept += chunk
    return bytes(kept)


def _verdict(status: int) -> str:
    redirected = 300 <= status < 400  # noqa: PLR2004
    return f"answered {status}" + (", redirects are not followed" if redirected else "")


def _explain(error: Exception, cause: Exception, trail: _Trail, host: str, deadline: float) -> str:
    """One sentence for the owner of the destination: what happened, and with whom."""
    if isinstance(cause, ForbiddenAddress):
        return f"refused to dial {host}: {cause.strerror}"
    if isinstance(error, TimeoutError):
        return _lateness(trail, host, deadline)
    if isinstance(cause, ConnectionRefusedError):
        return f"connection refused by {host}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return f"answered {trail.status}, but the connection closed before the end of the body"
    said = next(said for kind, said in _SAYINGS if isinstance(error, kind))
    detail = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or cause
    return said.format(host=host, detail=detail)


# The first kind that fits speaks.
_SAYINGS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "certificate of {host} not trusted: {detail}"),
    (aiohttp.ClientSSLError, "no TLS with {host}: {detail}"),
    (aiohttp.ClientConnectorDNSError, "the name of {host} does not resolve: {detail}"),
    (aiohttp.ClientConnectorError, "no connection to {host}: {detail}"),
    (aiohttp.ServerDisconnectedError, "{host} closed the connection without an answer"),
    (aiohttp.ClientResponseError, "{host} did not answer in HTTP: {detail}"),
    (aiohttp.InvalidURL, "the URL cannot be used: {detail}"),
    (Exception, "the connection to {host} broke: {detail}"),
)


def _lateness(trail: _Trail, host: str, deadline: float) -> str:
    if trail.status is not None:
        return f"answered {trail.status}, but its body was not complete within {deadline:g} s"
    if trail.connected is not None:
        return f"no answer within {deadline:g} s"
    return f"no connection to {host} within {deadline:g} s"


def _cause(error: Exception) -> Exception:
    """What aiohttp wrapped: the operating system's error or the one about the certificate."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


def _host(address: str) -> str:
    try:
        url = URL(address, encoded=True)
    except ValueError:
        return "the address"
    return f"{url.host_subcomponent}:{url.port}"


def _show(address: Any) -> str:
    """`ip:port`, an IPv6 address in brackets."""
    if not address:
        return ""
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
