"""A network that a test may break: a TCP proxy on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.engines.server import free_port

LOOPBACK = "127.0.0.1"
CHUNK = 65_536


class Proxy:
    """Passes everything on until told otherwise; its port stays the same throughout."""

    def __init__(self, behind: int) -> None:
        self.port = free_port()
        self._behind = behind
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._join, LOOPBACK, self.port)

    def cut(self) -> None:
        """Break every connection that is open now; new ones are taken."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def refuse(self) -> None:
        """As a machine that is up without the server: connections break, new ones are refused."""
        if self._server:
            self._server.close()
            self._server = None
        self.cut()

    def hang(self) -> None:
        """As a network that drops packets: nothing arrives, nothing ends, nothing is refused."""
        self._open.clear()

    async def restore(self) -> None:
        """Pass on again; what was held up arrives now."""
        self._open.set()
        if self._server is None:
            await self.start()

    async def close(self) -> None:
        self._open.set()
        await self.refuse()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._open.wait()
            onward, back = await asyncio.open_connection(LOOPBACK, self._behind)
        except OSError:
            self._leave(writer)
            return
        self._writers.add(back)
        for source, sink in ((reader, back), (onward, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Until one side ends; then the other is ended too."""
        with suppress(OSError):
            while data := await source.read(CHUNK):
                await self._open.wait()
                sink.write(data)
                await sink.drain()
        await self._open.wait()
        self._leave(sink)

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()


@asynccontextmanager
async def open_proxy(behind: int) -> AsyncIterator[Proxy]:
    """In front of a port on loopback."""
    proxy = Proxy(behind)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
