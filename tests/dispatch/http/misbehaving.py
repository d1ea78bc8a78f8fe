"""Receivers that misbehave: a raw server, and what one may do with each of its connections."""

import asyncio
import gzip
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from tempfile import NamedTemporaryFile

from tests.receivers import LOOPBACK

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Behaviour = Callable[[Reader, Writer], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(10_000_000))


@dataclass
class RawReceiver:
    """Where it listens; the heads of the requests, and how many connections there were."""

    port: int = 0
    host: str = LOOPBACK
    scheme: str = "http"
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    resumed: list[bool] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/hook"


@asynccontextmanager
async def misbehaving(
    behave: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = LOOPBACK
) -> AsyncIterator[RawReceiver]:
    receiver = RawReceiver(scheme="https" if tls else "http")
    writers = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        receiver.connections += 1
        if tls:
            receiver.resumed.append(writer.get_extra_info("ssl_object").session_reused)
        writers.add(writer)
        reader.heads = receiver.heads
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await behave(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    receiver.host = "localhost" if tls else f"[{host}]" if ":" in host else host
    try:
        yield receiver
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)  # the servers' tasks see it


def tls_of(pair: str, clients: str | None = None) -> ssl.SSLContext:
    """A server's context; `clients` is the authority whose clients alone it lets in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile("w") as file:
        file.write(pair)
        file.flush()
        context.load_cert_chain(file.name)
    if clients is not None:
        context.load_verify_locations(cadata=clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def hear(reader: Reader) -> bytes:
    """One whole request; its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    reader.heads.append(head)
    return head


def says(*pieces: bytes, then: Behaviour | None = None, pause: float = 0.0) -> Behaviour:
    """Answers each request with these bytes; then does what is asked, or hears the next."""

    async def behave(reader: Reader, writer: Writer) -> None:
        while True:
            await hear(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            if then is not None:
                return await then(reader, writer)

    return behave


async def hangs(reader: Reader, writer: Writer) -> None:
    await reader.read()


async def closes(reader: Reader, writer: Writer) -> None:
    writer.close()
    await asyncio.sleep(0.05)


async def resets(reader: Reader, writer: Writer) -> None:
    await asyncio.sleep(0.05)  # what was written arrives before
    opened = writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def repeats(piece: bytes, pause: float = 0.0) -> Behaviour:
    """Says the same without end."""

    async def behave(reader: Reader, writer: Writer) -> None:
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


async def never_reads(reader: Reader, writer: Writer) -> None:
    writer.transport.pause_reading()
    await asyncio.sleep(60)


async def interrupts(reader: Reader, writer: Writer) -> None:
    """Answers before it has heard what there is to hear."""
    await reader.read(10)
    writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(0.2)
