"""A child, the baseline of `accept`: the same server, which only appends each line to the log."""

import asyncio
import os
import signal
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.children import say_ready
from service.log import Log, Record, open_log


def application(log: Log) -> Starlette:
    async def accept(request: Request) -> Response:
        lines = (await request.body()).split(b"\n")
        await log.append("tariffs", [Record(None, line) for line in lines])
        return Response(status_code=202)

    return Starlette(routes=[Route("/v1/events", accept, methods=["POST"])])


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()


async def main() -> None:
    async with open_log(os.environ["TARIFFWIRE_LOG_URL"], lambda: datetime.now(UTC)) as log:
        await log.prepare()
        config = uvicorn.Config(
            application(log), port=0, log_config=None, access_log=False, lifespan="off", ws="none"
        )
        server = _Server(config)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.handle_exit, 15, None)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait for
            await asyncio.sleep(0.01)
        say_ready(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
        await serving


if __name__ == "__main__":
    uvloop.run(main())
