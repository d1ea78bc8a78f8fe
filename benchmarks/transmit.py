"""POSTs a second and what each costs this process in CPU, to a receiver in another process.

The sender signs each anew, guards it, times it and tells how it went, over kept connections,
plainly and encrypted. Baselines: bare loops of aiohttp and of asyncio with httptools, the same
bytes, with one signature for all; and the latter with a signature for each, which no sender can
leave out. All take turns; of each the best turn counts.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

from benchmarks.bare import post_by_aiohttp, post_by_httptools, write_request
from benchmarks.children import start
from benchmarks.figures import Figure, stopwatch
from benchmarks.rooms import Ground
from service.core.message import Addressed, Told, prepare, write_body
from service.core.proof import signature
from service.core.sending.delivery import PLAIN, Parcel, Route
from service.dispatch.http import WebhookSender
from service.dispatch.trial import sample_change
from tests.receivers import certificate

AT_ONCE = 64
TURNS = 3
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a published example


@dataclass(slots=True)
class Turns:
    """The best of several: posts a second, and microseconds of CPU each."""

    rate: float = 0.0
    cpu: float = 0.0

    async def take(self, post: Callable[[int, int], Awaitable[None]], count: int) -> None:
        """One more."""
        before = time.process_time()
        with stopwatch() as passed:
            await post(count, AT_ONCE)
        if count / passed.seconds > self.rate:
            self.rate = count / passed.seconds
            self.cpu = (time.process_time() - before) / count * 1e6

    def figure(self, name: str, over: "Turns | None" = None) -> Figure:
        """Beside another, of which it should reach half."""
        return Figure(
            name=f"POST, {name}",
            value=self.rate,
            unit="posts/s",
            baseline=over.rate if over else None,
            ratio_at_least=0.5 if over else None,
            note=f"{self.cpu:.0f} µs of CPU each",
        )


async def measure(_: Ground, *, quick: bool) -> list[Figure]:
    count = 5_000 if quick else 30_000
    aio, bare, signing, plain, tls = (Turns() for _ in range(5))
    async with (
        start("receiving") as receiver,
        start("receiving", "tls") as secure,
        WebhookSender(loopback_allowed=True, each=AT_ONCE) as sender,
    ):
        load = Load(receiver.url, _write_body())
        encrypted = Load(secure.url, load.body, Route(authority=certificate()))
        for _turn in range(TURNS):
            await aio.take(load.by_aiohttp, count)
            await bare.take(load.by_httptools, count)
            await signing.take(load.by_httptools_signing, count)
            await plain.take(partial(load.by_sender, sender), count)
            await tls.take(partial(encrypted.by_sender, sender), count)
    return [
        aio.figure("a bare loop of aiohttp"),
        bare.figure("a bare loop of httptools"),
        signing.figure("a bare loop of httptools, each signed"),
        plain.figure("the sender", over=bare),
        tls.figure("the sender over TLS", over=plain),
    ]


@dataclass(frozen=True, slots=True)
class Load:
    """The same body to the same receiver, in different ways."""

    url: str
    body: bytes
    route: Route = PLAIN

    async def by_aiohttp(self, count: int, at_once: int) -> None:
        """One signature for all."""
        await post_by_aiohttp(self.url, self.body, self._sign(0), count, at_once)

    async def by_httptools(self, count: int, at_once: int) -> None:
        """One signature for all."""
        request = write_request(self.url, self.body, self._sign(0))
        await post_by_httptools(self.url, lambda _: request, count, at_once)

    async def by_httptools_signing(self, count: int, at_once: int) -> None:
        """A signature for each."""

        def write(number: int) -> bytes:
            return write_request(self.url, self.body, self._sign(number))

        await post_by_httptools(self.url, write, count, at_once)

    async def by_sender(self, sender: WebhookSender, count: int, at_once: int) -> None:
        """A signature, a judgement and a reply for each."""
        left = iter(range(count))

        async def post() -> None:
            for number in left:
                reply = await sender.send(_parcel(self, number))
                assert reply.accepted, reply.reason

        await asyncio.gather(*(post() for _ in range(at_once)))

    def _sign(self, number: int) -> dict[str, str]:
        return signature.headers(str(UUID(int=number)), datetime.now(UTC), self.body, (SECRET,))


def _parcel(load: Load, number: int) -> Parcel:
    return Parcel(
        delivery_id=UUID(int=number),
        kind="webhook",
        address=load.url,
        secrets=(SECRET,),
        body=load.body,
        attempt=1,
        signed_at=datetime.now(UTC),
        route=load.route,
    )


def _write_body() -> bytes:
    change = prepare(sample_change(datetime.now(UTC)))
    told = Told("test", "test message", "you asked for a test message")
    here = "http://127.0.0.1:8320"
    addressed = Addressed(
        uuid4(), "urn:tariffwire:bench", f"{here}/v1/schemas/alert", here, (told,)
    )
    return write_body(change, addressed)
