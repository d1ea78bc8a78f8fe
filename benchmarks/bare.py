"""POSTs that do only what cannot be left out: by aiohttp, and by asyncio with httptools."""

import asyncio
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlsplit

import aiohttp
from httptools import HttpResponseParser

from service.dispatch.http import HEADERS

Posts = Mapping[str, str]


async def post_by_aiohttp(url: str, body: bytes, headers: Posts, count: int, at_once: int) -> None:
    """So many, so many at once, over kept connections."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=at_once, keepalive_timeout=60)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
        left = iter(range(count))

        async def post() -> None:
            for _ in left:
                async with session.post(url, data=body, headers=headers) as answer:
                    await answer.read()

        await asyncio.gather(*(post() for _ in range(at_once)))


class Line(asyncio.Protocol):
    """A connection; its answers are parsed, and not looked at."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it to write on."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """The parser says when an answer is whole."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """It is."""
        self._answered.set_result(None)

    async def post(self, request: bytes) -> None:
        """One request, one answer."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered


def write_request(url: str, body: bytes, headers: Posts) -> bytes:
    """All that goes out for one POST."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path or '/'} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in {**HEADERS, **headers}.items()]
    lines += [f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def post_by_httptools(
    url: str, write: Callable[[int], bytes], count: int, at_once: int
) -> None:
    """The same; `write` gives the bytes of each."""
    parts = urlsplit(url)
    left = iter(range(count))

    async def post() -> None:
        loop = asyncio.get_running_loop()
        transport, line = await loop.create_connection(Line, parts.hostname, parts.port)
        for number in left:
            await line.post(write(number))
        transport.close()

    await asyncio.gather(*(post() for _ in range(at_once)))
