"""TLS towards receivers: whom we trust, what we show, and sessions that are taken up again."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from tempfile import NamedTemporaryFile
from typing import Any

from service.core.sending.delivery import Route

MOST_SESSIONS = 4096
MOST_CONTEXTS = 256


class BadRoute(ValueError):
    """A certificate or key of the destination cannot be used."""


class ResumingContext(ssl.SSLContext):
    """A client's context that takes up its last session with a server of the same name.

    A handshake from nothing costs as much as fifty requests. What a session proves, the name
    included, was proved when it began.
    """

    def __init__(self, *_: Any) -> None:
        self._sessions: OrderedDict[str, ssl.SSLSession] = OrderedDict()

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the signature is ssl's
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As ssl does; event loops know of no session, so it is put in here."""
        session = session or self._sessions.get(str(server_hostname))
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def remember(self, secured: ssl.SSLObject) -> None:
        """Call it after an answer: TLS 1.3 hands out its tickets after the handshake."""
        name, session = str(secured.server_hostname), secured.session
        if session is None or not session.has_ticket:
            return
        self._sessions[name] = session
        self._sessions.move_to_end(name)
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)


class Contexts:
    """One context a route; made in a thread, for reading all of the system's trust takes 30 ms."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._made: OrderedDict[Route, asyncio.Future[ResumingContext]] = OrderedDict()

    async def find(self, route: Route) -> ResumingContext:
        """`BadRoute` says what is wrong with the texts of its owner."""
        if route not in self._made:
            loop = asyncio.get_running_loop()
            making = loop.run_in_executor(self._threads, _make, route)
            making.add_done_callback(partial(self._drop_failed, route))
            self._made[route] = making
            if len(self._made) > MOST_CONTEXTS:
                self._made.popitem(last=False)
        self._made.move_to_end(route)
        return await asyncio.shield(self._made[route])

    def _drop_failed(self, route: Route, made: asyncio.Future[ResumingContext]) -> None:
        """What went wrong may go well the next time: no file could be opened, no disk had room."""
        if (made.cancelled() or made.exception()) and self._made.get(route) is made:
            del self._made[route]


def _make(route: Route) -> ResumingContext:
    context = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    if route.authority:
        _try("authority", lambda: context.load_verify_locations(cadata=route.authority))
    if route.certificate:
        _try("client certificate", lambda: _show(context, route))
    return context


def _try(what: str, load: Callable[[], None]) -> None:
    try:
        load()
    except (ssl.SSLError, ValueError, TypeError) as error:
        detail = getattr(error, "reason", None) or str(error)
        said = str(detail).replace("_", " ").lower()
        message = f"the {what} of this destination cannot be used ({said}); give PEM texts"
        raise BadRoute(message) from error


def _show(context: ssl.SSLContext, route: Route) -> None:
    """What OpenSSL shows it reads from a file alone, which nobody else may read."""
    with NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(f"{route.certificate}\n{route.key}\n")
        file.flush()
        context.load_cert_chain(file.name, password=_refuse_password)


def _refuse_password() -> str:
    """Else OpenSSL would ask at the terminal, and wait there."""
    message = "the key is locked with a password"
    raise ValueError(message)
