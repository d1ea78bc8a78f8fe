"""A child: a sender with all that the product has, at work on the books at a URL.

`python -m benchmarks.delivering URL COUNT [aiohttp]` begins at once, and says what it did when so
many deliveries have ended: by the service's own sender, or by one that is aiohttp and nothing else.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from random import random
from typing import Any
from uuid import UUID

import aiohttp
import uvloop

from benchmarks.children import say, say_ready
from benchmarks.figures import percentile
from benchmarks.stages import Stages
from service.core.proof import signature
from service.core.sending.delivery import Delivered, Parcel, Reply
from service.dispatch import Sender, send
from service.dispatch.http import HEADERS, WebhookSender
from service.dispatch.http import sender as sender_module
from service.dispatch.post import Letterhead
from service.dispatch.render import Renderer
from service.dispatch.send import Dispatcher, Lease, Office, Turn
from service.dispatch.slots import OVERHANG
from service.roles import Bell
from service.runtime import collect_rarely
from service.store.database import open_database
from service.telemetry import Metrics, open_logs

SLOTS = 512  # as TARIFFWIRE_SEND_SLOTS
SAMPLED = 16
LETTERHEAD = Letterhead(
    f"urn:tariffwire:{UUID(int=1)}",
    "http://127.0.0.1:9/v1/schemas/alert",
    "http://127.0.0.1:9",
    "tariffwire@localhost",
)


class Watched(Dispatcher):
    """Notes how long each took, and stops when so many have arrived."""

    def expect(self, count: int, stop: asyncio.Event) -> None:
        """So many."""
        self.took: list[float] = []  # seconds from being claimed to being settled
        self.waited: list[float] = []  # seconds from being due to being settled
        self._count, self._stop = count, stop
        self._since: dict[UUID, datetime] = {}

    def _note(self, turned: Turn) -> None:
        super()._note(turned)
        now = datetime.now(UTC)
        for one in turned.settled:
            since = self._since.pop(one.claimed.id)
            if isinstance(one.outcome, Delivered):
                self.took.append((now - since).total_seconds())
                self.waited.append((now - one.claimed.made_at).total_seconds())
        self._since |= {one.claimed.id: turned.now for one in turned.drafts}
        if len(self.took) >= self._count:
            self._stop.set()


class Plain:
    """A `Sender` that is aiohttp and a signature."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, parcel: Parcel) -> Reply:
        """Whatever the answer says."""
        signed = signature.headers(
            str(parcel.delivery_id), parcel.signed_at, parcel.body, parcel.secrets
        )
        async with self._session.post(parcel.address, data=parcel.body, headers=signed) as answer:
            excerpt = await answer.read()
            accepted = answer.status < 300
            return Reply(
                accepted=accepted, status=answer.status, reason=str(answer.status), excerpt=excerpt
            )


@asynccontextmanager
async def open_sender(name: str) -> AsyncIterator[Sender]:
    """By name."""
    if name == "aiohttp":
        connector = aiohttp.TCPConnector(limit=0, limit_per_host=64, keepalive_timeout=60)
        async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
            yield Plain(session)
    else:
        async with WebhookSender(loopback_allowed=True, limit=SLOTS * OVERHANG) as sender:
            yield sender


def watch(stages: Stages, sender: Sender, renderer: Renderer) -> None:
    """Time what there is, wherever it stands."""
    replace: Any = setattr  # names of modules, and methods of objects
    for place, name, stage in (
        (send, "claim", "claim"),
        (send, "settle", "settle"),
        (renderer, "draft", "draft"),
    ):
        replace(place, name, stages.of_coroutines(stage, getattr(place, name)))
    replace(sender, "send", stages.of_coroutines("transmit", sender.send, SAMPLED))
    replace(renderer, "write", stages.of_calls("render", renderer.write, SAMPLED))
    headers = staticmethod(stages.of_calls("sign", signature.headers, SAMPLED))
    replace(sender_module, "signature", type("Timed", (), {"headers": headers}))


async def main(url: str, count: int, name: str = "") -> None:
    open_logs("error", "json")
    collect_rarely()
    stop, ended, stages = asyncio.Event(), asyncio.Event(), Stages()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with open_database(url) as db, open_sender(name) as sender:
        renderer, bell = Renderer(LETTERHEAD), Bell()
        watch(stages, sender, renderer)
        clock = partial(datetime.now, UTC)
        office = Office({"webhook": sender}, renderer, clock, random, Metrics(), bell)
        dispatcher = Watched(db, office, Lease("benchmark"), SLOTS)
        dispatcher.expect(count, stop)
        say_ready(url)
        ringing = asyncio.create_task(_ring(bell))
        since, before = time.perf_counter(), time.process_time()
        await dispatcher.run(stop, 0)
        seconds, cpu = time.perf_counter() - since, time.process_time() - before
        ringing.cancel()
        say(**_report(dispatcher, stages, seconds, cpu))
        await ended.wait()


def _report(dispatcher: Watched, stages: Stages, seconds: float, cpu: float) -> dict[str, Any]:
    """A second; microseconds of CPU each; milliseconds."""
    done = len(dispatcher.took)
    by_stage = {stage: spent / done * 1e6 for stage, spent in stages.seconds.items()}
    rest = cpu / done * 1e6 - sum(by_stage.values())
    return {
        "rate": done / seconds,
        "cpu": cpu / done * 1e6,
        "stages": by_stage | {"the rest": rest},
        "p50": percentile(dispatcher.took, 0.5) * 1e3,
        "p99": percentile(dispatcher.took, 0.99) * 1e3,
        "waited_p99": percentile(dispatcher.waited, 0.99) * 1e3,
    }


async def _ring(bell: Bell) -> None:
    """As planners do, all the time."""
    while True:
        bell.ring()
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
