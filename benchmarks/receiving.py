"""A receiver of webhooks that costs next to nothing, in this process or as a child."""

import asyncio
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import uvloop

from benchmarks.children import say_ready
from tests.receivers import server_tls

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

    A GET answers with the body that came last.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._held = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it for the answers."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
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


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with receive(server_tls() if "tls" in sys.argv else None) as (_, url):
        say_ready(url)
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(main())
