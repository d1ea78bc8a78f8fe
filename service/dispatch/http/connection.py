"""One connection to one receiver: a request at a time, and its answer."""

import asyncio
from typing import cast

from service.dispatch.http.answer import Answer, BadAnswer
from service.dispatch.http.reaching.tls import ResumingContext


class CutShort(ConnectionError):
    """The connection closed before the end of an answer."""


class Connection(asyncio.Protocol):
    """`peer` is who was dialled; `closed` is set once nothing of it is left."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.is_open = True
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport
        self._answer: Answer | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether all was sent, nothing is awaited and it may be asked again."""
        return self.is_open and not self._answer and not self._transport.get_write_buffer_size()

    async def exchange(self, request: bytes, answer: Answer, seconds: float) -> None:
        """Write the request and wait until the answer is over.

        `BadAnswer`, `CutShort` or `TimeoutError` if it does not come to an end; then, or if nobody
        waits any longer, nothing more goes over this connection.
        """
        if not self.is_open:
            raise CutShort(CutShort.__doc__)
        self._answer, self._waiter = answer, self._loop.create_future()
        # A timer of the loop alone: `asyncio.timeout` costs as much as signing does.
        timer = self._loop.call_later(seconds, self._be_late)
        self._transport.write(request)
        try:
            await self._waiter
        except BaseException:
            self.drop()
            raise
        finally:
            timer.cancel()
            self._answer = self._waiter = None

    async def secure(self, context: ResumingContext, name: str) -> None:
        """Go on encrypted, with the server that proves to have this name."""
        plain = self._transport
        secured = await self._loop.start_tls(plain, self, context, server_hostname=name)
        self._transport = cast("asyncio.Transport", secured)

    def remember_session(self) -> None:
        """So that the next connection with this receiver need not begin from nothing."""
        secured = self._transport.get_extra_info("ssl_object")
        if secured is not None:
            cast("ResumingContext", secured.context).remember(secured)

    def close(self) -> None:
        """In good order."""
        self.is_open = False
        self._transport.close()

    def drop(self) -> None:
        """At once: what is under way on it is of no use."""
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it to write on."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Part of an answer; who speaks without being asked is not asked again."""
        if self._answer is None:
            self.drop()
            return
        try:
            is_over = self._answer.feed(data)
        except BadAnswer as error:
            self._finish(error)
        else:
            if is_over:
                self._finish(None)

    def eof_received(self) -> None:
        """The end of some answers, and of the connection."""
        self.is_open = False
        if self._answer is not None and self._answer.end():
            self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever is awaited does not come any more."""
        self.is_open = False
        lost = CutShort(CutShort.__doc__)
        lost.__cause__ = exc
        self._finish(lost)
        self.closed.set_result(None)

    def _be_late(self) -> None:
        self._finish(TimeoutError())

    def _finish(self, error: Exception | None) -> None:
        self._answer = None
        if self._waiter is None or self._waiter.done():
            return
        if error is None:
            self._waiter.set_result(None)
        else:
            self._waiter.set_exception(error)


async def connect(ip: str, port: int, peer: str) -> Connection:
    """Dial just this address: nothing is looked up."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(peer), ip, port)
    return connection


def show(ip: str, port: int) -> str:
    """`ip:port`, an IPv6 address in brackets."""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
