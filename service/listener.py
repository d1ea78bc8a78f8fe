"""A receiver of webhooks that trusts nothing it cannot verify: behind `listen` and `demo`."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import uvicorn

from service.core.proof.signature import ID, BadSecret, BadSignature, verify

LONGEST_BODY = 1_048_576
Message = dict[str, Any]


class CannotReceive(Exception):
    """The receiver cannot listen there."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One request. `fault` is empty when its signature was verified; `body` only then holds it.

    `answered` is the status we gave.
    """

    path: str
    id: str
    answered: int
    fault: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> Mapping[str, Any]:
        """What the alert says."""
        found = self.body.get("data")
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Listener:
    """Verifies, answers, and hands on to `hear`.

    `secrets_of` gives the secrets of a path. The first `fail_first` verified requests are answered
    with 503, for watching retries.
    """

    secrets_of: Callable[[str], Sequence[str]]
    hear: Callable[[Heard], None]
    clock: Callable[[], datetime]
    fail_first: int = 0

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Answer one request; an ASGI application."""
        heard = await self._listen(scope, receive)
        head = {"type": "http.response.start", "status": heard.answered, "headers": []}
        await send(head)
        await send({"type": "http.response.body", "body": heard.fault.encode()})
        self.hear(heard)

    async def _listen(self, scope: Message, receive: Any) -> Heard:
        path = scope["path"]
        if scope["method"] != "POST":
            return Heard(path, "", 405, "webhooks are sent by POST")
        body = await _read(receive)
        if body is None:
            return Heard(path, "", 413, f"the body is longer than {LONGEST_BODY} bytes")
        return self._judge(path, _headers(scope), body)

    def _judge(self, path: str, headers: Mapping[str, str], body: bytes) -> Heard:
        name = headers.get(ID, "")
        try:
            verify(headers, body, self.secrets_of(path), self.clock())
            found = json.loads(body)
        except (BadSignature, BadSecret) as error:
            return Heard(path, name, 401, str(error))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            return Heard(path, name, 400, "signed, but no JSON object")
        if self.fail_first > 0:
            self.fail_first -= 1
            return Heard(path, name, 503, "failing on purpose", found)
        return Heard(path, name, 204, "", found)


def _headers(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}


async def _read(receive: Any) -> bytes | None:
    parts = bytearray()
    while True:
        message = await receive()
        parts += message.get("body", b"")
        if len(parts) > LONGEST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(parts)


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def open_listener(listener: Listener, host: str, port: int) -> AsyncIterator[str]:
    """Listen for as long as the block lasts; gives the URL. Port 0 takes a free one."""
    door = _bind(host, port)
    config = uvicorn.Config(
        listener, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    bound = door.getsockname()[1]
    try:
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        server.should_exit = True
        server.force_exit = True
        with suppress(asyncio.CancelledError):
            await serving


def _bind(host: str, port: int) -> socket.socket:
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError as error:
        door.close()
        message = f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port"
        raise CannotReceive(message) from error
    door.listen(128)
    return door
