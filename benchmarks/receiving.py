"""A receiver of webhooks that costs next to nothing, in this process or as a child.

As a child it is one; or with `tls` one that encrypts; or with `crowd` and `hanging` many, each at
an address of its own on this machine, of which all or nine of ten answer.
"""

import asyncio
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import uvloop

from benchmarks.children import say_ready
from tests.receivers import server_tls

CROWD, MUTE_OF = 500, 10
"""Receivers at addresses of their own; of those that hang, one in so many never answers."""
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(slots=True)
class Arrivals:
    """When each body came (seconds of `perf_counter`), and the bodies themselves."""

    at: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def wait_for(self, count: int, seconds: float = 60) -> None:
        """Look every millisecond."""
        async with asyncio.timeout(seconds):
            while len(self.at) < count:  # noqa: ASYNC110 - an event a webhook would cost more
                await asyncio.sleep(0.001)


class Receiver(asyncio.Protocol):
    """Knows of HTTP/1.1 what a webhook needs: one head, a body of stated length, 204.

    A GET answers with the body that came last. One that `is_mute` reads, and never answers.
    """

    def __init__(self, arrivals: Arrivals, *, is_mute: bool = False) -> None:
        self._arrivals = arrivals
        self._is_mute = is_mute
        self._held = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it for the answers."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        if self._is_mute:
            return
        self._held += data
        while self._take():
            pass

    def _take(self) -> bool:
        head, found, rest = self._held.partition(b"\r\n\r\n")
        if not found:
            return False
        length = _length(head)
        if len(rest) < length:
            return False
        self._held = rest[length:]
        if head.startswith(b"GET"):
            said = self._arrivals.bodies[-1]
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said) + said
            )
        else:
            self._arrivals.at.append(time.perf_counter())
            self._arrivals.bodies.append(rest[:length])
            self._transport.write(TAKEN)
        return bool(self._held)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


@asynccontextmanager
async def receive(tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Arrivals, str]]:
    """Listen on a free port: what has arrived, and the URL."""
    arrivals = Arrivals()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Receiver(arrivals), "127.0.0.1", 0, backlog=1024, ssl=tls
    )
    base = "https://localhost" if tls else "http://127.0.0.1"
    async with server:
        yield arrivals, f"{base}:{server.sockets[0].getsockname()[1]}"


def host_of(number: int) -> str:
    """Where one of a crowd listens: all of 127.0.0.0/8 is this machine."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


def is_mute(number: int) -> bool:
    """Whether it is one of those that hang."""
    return number % MUTE_OF == 0


@asynccontextmanager
async def receive_as_crowd(*, hanging: bool) -> AsyncIterator[tuple[Arrivals, str]]:
    """`CROWD` of them, all at one port; the URL has it, and `{}` where the host belongs."""
    arrivals, port = Arrivals(), 0
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for number in range(CROWD):
            make = partial(Receiver, arrivals, is_mute=hanging and is_mute(number))
            server = await loop.create_server(make, host_of(number), port)
            await stack.enter_async_context(server)
            port = server.sockets[0].getsockname()[1]
        yield arrivals, f"http://{{}}:{port}"


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if "crowd" in sys.argv:
        receiving = receive_as_crowd(hanging="hanging" in sys.argv)
    else:
        receiving = receive(server_tls() if "tls" in sys.argv else None)
    async with receiving as (_, url):
        say_ready(url)
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(main())
