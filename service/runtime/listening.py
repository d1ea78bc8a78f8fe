"""The way in over HTTP: one socket, bound before any role starts."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 2048
GRACE = 10


class CannotListen(Exception):
    """The API cannot listen there."""


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With TCP named, asyncio turns Nagle's 40 ms off for what is accepted here.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            message = f"cannot listen on {host}:{port}: {error.strerror}; set TARIFFWIRE_PORT"
            raise CannotListen(message) from error
        listener.listen(BACKLOG)
        yield listener


def address_of(listener: socket.socket) -> str:
    """The URL at which it is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def serve_http(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer until asked to stop; requests in hand are finished."""
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:  # another role may have failed: leave no task and no socket behind
        stopping.cancel()
        serving.cancel()
        await asyncio.wait({serving, stopping})


class _Server(uvicorn.Server):
    """Leaves signals alone: the process has one place that hears them."""

    @contextmanager
    def capture_signals(self) -> Any:
        with nullcontext():
            yield
