"""One fresh connection: every address of a name is judged, and what was judged is dialled."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from service.core.destination.address import Egress
from service.core.destination.proxy import Proxy
from service.dispatch.http.connection import Connection, connect, show
from service.dispatch.http.reaching.names import Names, Resolve, is_address
from service.dispatch.http.reaching.tls import Contexts, ResumingContext
from service.dispatch.http.reaching.tunnel import bore
from service.dispatch.http.request import Origin
from service.dispatch.http.trail import Stage, Trail

THREADS = 128  # one for each name server that does not answer, before it touches others


class ForbiddenAddress(Exception):
    """The egress guard refuses this address."""


class Dialler:
    """Environment variables that name a proxy are never read; `proxy` is the operator's."""

    def __init__(self, egress: Egress, proxy: Proxy | None, resolve: Resolve) -> None:
        self._egress = egress
        self._proxy = proxy
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dial")
        self._names = Names(self._threads, resolve)
        self._contexts = Contexts(self._threads)

    def close(self) -> None:
        """Without waiting for name servers."""
        self._names.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def dial(self, origin: Origin, trail: Trail) -> Connection:
        """Open it as far as the first request may be written."""
        context = await self._contexts.find(origin.route) if origin.is_secure else None
        ips = await self._find(origin, trail)
        connection = await self._reach(ips, origin.port, trail)
        trail.reach("connect")
        if context is not None:
            await _secure(connection, context, origin.host, trail)
        return connection

    async def _find(self, origin: Origin, trail: Trail) -> Sequence[str]:
        """No second look-up comes after this: the name may say something else by then."""
        trail.stage = Stage.NAME
        found = await self._names.look_up(origin.host)
        if not is_address(origin.host):
            trail.reach("dns")
        for ip in found:
            if reason := self._egress.refusal(ip, origin.port):
                raise ForbiddenAddress(reason)
        return found

    async def _reach(self, ips: Sequence[str], port: int, trail: Trail) -> Connection:
        """One after the other; what is left of the time is shared among those left."""
        for tried, ip in enumerate(ips[:-1]):
            with suppress(OSError):
                async with asyncio.timeout(trail.left / (len(ips) - tried)):
                    return await self._open(ip, port, trail)
        return await self._open(ips[-1], port, trail)

    async def _open(self, ip: str, port: int, trail: Trail) -> Connection:
        peer = show(ip, port)
        if self._proxy is not None:
            return await bore(self._proxy, self._names, peer, trail)
        trail.stage, trail.peer = Stage.CONNECT, peer
        return await connect(ip, port, peer)


async def _secure(
    connection: Connection, context: ResumingContext, name: str, trail: Trail
) -> None:
    trail.stage = Stage.TLS
    try:
        await connection.secure(context, name)
    except BaseException:
        connection.drop()
        raise
    trail.reach("tls")
