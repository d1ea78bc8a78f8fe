"""Real receivers on loopback: an HTTP server that answers by script, and an SMTP server.

Both are async context managers on a port the system picks, and both keep all they were sent.
"""

import asyncio
import ssl
import textwrap
import warnings
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

LOOPBACK = "127.0.0.1"

# A throwaway pair for the name localhost, signed by itself: only a client told to will trust it.
_KEY = """
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE9knK97+CenPd//l
sa4b5qY6A+g+PygPdu9AxqU4epKhRANCAASoe3PLegb09p2upx5HSj/SVQjDUE3u
kvdgnB+P+4q1Ebha36wrDsW2mh2L7R6jDCRazNw6b2pYMnqHbww9dQlX
"""
_CERTIFICATE = """
MIIBlTCCATugAwIBAgIUEjwiPL2qVT3rCcvN1yUoTx3lC/AwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjA0NDQxM1oYDzIxMjYxMDI5
MDQ0NDEzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASoe3PLegb09p2upx5HSj/SVQjDUE3ukvdgnB+P+4q1Ebha36wrDsW2
mh2L7R6jDCRazNw6b2pYMnqHbww9dQlXo2kwZzAdBgNVHQ4EFgQUOpn7iqzjwEm6
ez0ORQusJk4HvSAwHwYDVR0jBBgwFoAUOpn7iqzjwEm6ez0ORQusJk4HvSAwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIgH8dWr6LxL9XC59dMs6NitJUtmVzIcLEnfRZAEvmKx8YCIQDmb7ggivE1
iympGxgSQIWauIVBNyxkUjb3J6eDWqC6mw==
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the HTTP receiver does with one request.

    `delay` and `trickle` are seconds, before the answer and between the bytes of its body.
    `hang` never answers; `cut` closes after so many bytes of the body; `raw` is sent as it is.
    """

    status: int = 204
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    trickle: float = 0.0
    hang: bool = False
    cut: int | None = None
    raw: bytes | None = None
    close: bool = False

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> "Answer":
        return cls(status=status, headers={"location": location})

    @property
    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status not in {204, 304}:
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode()


@dataclass(frozen=True)
class Request:
    """What the HTTP receiver was sent; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


class HttpReceiver:
    """Answers from `script` while it lasts, then with `answer`; keeps every request."""

    def __init__(self, *script: Answer, answer: Answer | None = None) -> None:
        self.script = deque(script)
        self.answer = answer or Answer()
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self.scheme = "http"
        self.host = LOOPBACK
        self._arrived = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook"

    async def wait_for(self, count: int) -> list[Request]:
        """Wait until so many requests have arrived; the test's own time limit is the deadline."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self._writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer, number):
                pass
        self._writers.discard(writer)
        writer.close()

    def hang_up(self) -> None:
        """Close every connection that is open now."""
        for writer in self._writers:
            writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        request = await _read_request(reader, number)
        self.requests.append(request)
        async with self._arrived:
            self._arrived.notify_all()
        answer = self.script.popleft() if self.script else self.answer
        if answer.hang:
            await reader.read()
            return False
        await asyncio.sleep(answer.delay)
        await _write_answer(writer, answer)
        return not answer.close and answer.cut is None and answer.raw is None


async def _read_request(reader: asyncio.StreamReader, number: int) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, number)


async def _write_answer(writer: asyncio.StreamWriter, answer: Answer) -> None:
    if answer.raw is not None:
        writer.write(answer.raw)
    elif answer.trickle:
        writer.write(answer.head)
        for byte in answer.body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(answer.trickle)
    else:
        writer.write(answer.head + answer.body[: answer.cut])
    await writer.drain()


@asynccontextmanager
async def http_receiver(
    *script: Answer,
    answer: Answer | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = LOOPBACK,
) -> AsyncIterator[HttpReceiver]:
    """Serve HTTP, or HTTPS under the name localhost when `tls` is given."""
    receiver = HttpReceiver(*script, answer=answer)
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    receiver.host = "localhost" if tls else f"[{host}]" if ":" in host else host
    receiver.scheme = "https" if tls else "http"
    try:
        yield receiver
    finally:
        server.close()
        receiver.hang_up()
        await asyncio.sleep(0)  # one turn of the loop lets the transports close


@dataclass(frozen=True)
class Mail:
    """What the SMTP receiver took: one message for one recipient."""

    sender: str
    recipient: str
    content: bytes
    login: str | None


@dataclass
class SmtpReceiver:
    """Takes every mail unless told otherwise.

    `rcpt` and `data` are scripted answers (`"450 later"`), used up in turn; `authenticate` says
    who may log in; `stall` keeps the answer to DATA waiting, in seconds; `tls` offers STARTTLS.
    """

    rcpt: deque[str] = field(default_factory=deque)
    data: deque[str] = field(default_factory=deque)
    mail: deque[str] = field(default_factory=deque)
    rset: deque[str] = field(default_factory=deque)
    authenticate: Callable[[str, str], bool] | None = None
    stall: float = 0.0
    tls: ssl.SSLContext | None = None
    mails: list[Mail] = field(default_factory=list)
    connections: int = 0
    busy: int = 0
    busiest: int = 0
    host: str = LOOPBACK
    port: int = 0

    def __post_init__(self) -> None:
        self._arrived = asyncio.Condition()
        self._protocols: list[SMTP] = []

    async def wait_for(self, count: int) -> list[Mail]:
        """Wait until so many mails were taken."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.mails) >= count)
        return self.mails

    # aiosmtpd calls the handlers by these names.
    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail:
            return self.mail.popleft()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt:
            return self.rcpt.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_RSET(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        return self.rset.popleft() if self.rset else "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await asyncio.sleep(self.stall)
        finally:
            self.busy -= 1
        if self.data:
            return self.data.popleft()
        login = session.auth_data.login.decode() if session.auth_data else None
        content = envelope.content or b""
        self.mails += [
            Mail(envelope.mail_from or "", to, bytes(content), login) for to in envelope.rcpt_tos
        ]
        async with self._arrived:
            self._arrived.notify_all()
        return "250 2.0.0 taken"

    def connect(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a login without TLS, on loopback
            protocol = SMTP(
                self,
                hostname="localhost",
                loop=asyncio.get_running_loop(),
                authenticator=self._authenticator if self.authenticate else None,
                auth_require_tls=False,
                auth_required=self.authenticate is not None,
                tls_context=self.tls,
            )
        self._protocols.append(protocol)
        return protocol

    def hang_up(self) -> None:
        """Close every connection that is open now."""
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.close()

    def _authenticator(self, server, session, envelope, mechanism, data) -> AuthResult:
        known = self.authenticate(data.login.decode(), data.password.decode())
        return AuthResult(success=known, auth_data=data, handled=False)


@asynccontextmanager
async def smtp_receiver(**settings: object) -> AsyncIterator[SmtpReceiver]:
    """Serve SMTP; the settings are those of `SmtpReceiver`."""
    receiver = SmtpReceiver(**settings)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(receiver.connect, LOOPBACK, 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        receiver.hang_up()
        await asyncio.sleep(0)


def server_tls() -> ssl.SSLContext:
    """The server's side of the throwaway certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:  # ssl loads a key from nothing but a file
        pair = Path(folder, "pair.pem")
        pair.write_text(_pem("PRIVATE KEY", _KEY) + _pem("CERTIFICATE", _CERTIFICATE))
        context.load_cert_chain(pair)
    return context


def trusting_tls() -> ssl.SSLContext:
    """A client's context that trusts the throwaway certificate."""
    return ssl.create_default_context(cadata=certificate())


def certificate() -> str:
    """The throwaway certificate, which is its own authority."""
    return _pem("CERTIFICATE", _CERTIFICATE)


def _pem(what: str, text: str) -> str:
    return f"-----BEGIN {what}-----\n{textwrap.dedent(text).strip()}\n-----END {what}-----\n"
