"""From claim to settled receipt, with all that the product has, and what it costs by stage.

A child process claims, renders, signs, posts and settles what waits in the books: changes to 200
destinations each, then a stream to one, then the same over TLS. Each delivery is signed, guarded,
timed and logged, at its destination's pace. Baselines post the same body as often to the same
receiver process: bare loops of aiohttp and of asyncio with httptools, and the same dispatcher with
a sender that is aiohttp. All take turns; of each the best turn counts.

Last, 500 receivers at addresses of their own, told of a change every half second: how long the
healthy wait while one in ten accepts and never answers, beside the same with all well.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import aiohttp

from benchmarks.bare import post_by_aiohttp, post_by_httptools, write_request
from benchmarks.children import Child, start
from benchmarks.figures import Figure, stopwatch
from benchmarks.population import destination_id, open_population
from benchmarks.queueing import queue
from benchmarks.receiving import CROWD, host_of, is_mute
from benchmarks.rooms import Ground
from service.core.destination.credentials import Credentials, Key
from service.core.proof import signature
from service.core.sending.delivery import PLAIN, Route
from service.store.database import Database
from service.store.following.tables import Destination
from service.store.following.vault import OPEN_VAULT
from service.store.rows import update_rows
from tests.receivers import certificate

DESTINATIONS = 200
AT_ONCE = 64
POPULATION = 1_000
WAITED_SECONDS = 300
LEAD, PAUSE = timedelta(seconds=6), timedelta(seconds=0.5)
"""Until the first change to a crowd, and between one and the next."""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a published example
Said = Mapping[str, Any]


@dataclass(slots=True)
class Best:
    """Of several turns the one with the highest rate."""

    said: Said = field(default_factory=lambda: {"rate": 0.0})

    async def take(self, turn: Callable[[], Awaitable[Said]]) -> None:
        """One more."""
        self.said = max(self.said, await turn(), key=lambda one: one["rate"])

    @property
    def rate(self) -> float:
        """A second."""
        return float(self.said["rate"])

    def figure(self, name: str, baseline: "Best | None" = None, **bounds: float) -> Figure:
        """With what it cost, where that is known."""
        return Figure(
            name=name,
            value=self.rate,
            unit="deliveries/s",
            baseline=baseline.rate if baseline else None,
            note=_say_cost(self.said) if "stages" in self.said else "",
            **bounds,  # type: ignore[arg-type]  # bounds are numbers, and the note is none
        )


def _say_cost(said: Said) -> str:
    stages = sorted(said["stages"].items(), key=lambda one: -one[1])
    parts = ", ".join(f"{name} {spent:.0f}" for name, spent in stages)
    took = f"claimed to settled p50 {said['p50']:.0f}, p99 {said['p99']:.0f} ms"
    return f"{said['cpu']:.0f} µs of CPU each ({parts}); {took}"


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    changes, turns = (10, 1) if quick else (40, 3)
    count = changes * DESTINATIONS
    fan, one, tls, by_aiohttp, aio, bare = (Best() for _ in range(6))
    async with start("receiving") as receiver, start("receiving", "tls") as secure:
        work = partial(_deliver, ground, receiver.url)
        for _turn in range(turns):
            await fan.take(partial(work, changes, DESTINATIONS))
            await aio.take(partial(_post, post_by_aiohttp, receiver, count))
            await bare.take(partial(_post, _post_by_httptools, receiver, count))
            await one.take(partial(work, count, 1))
            await by_aiohttp.take(partial(work, changes, DESTINATIONS, name="aiohttp"))
            encrypted = partial(_deliver, ground, secure.url, changes, DESTINATIONS)
            await tls.take(partial(encrypted, route=Route(authority=certificate())))
    each = f"{changes} changes to {DESTINATIONS}"
    return [
        aio.figure("posts of a bare loop of aiohttp"),
        bare.figure("posts of a bare loop of httptools"),
        fan.figure(f"{each}, claim to settle", bare, at_least=8_600, ratio_at_least=0.5),
        fan.figure("… beside the same by aiohttp", by_aiohttp, ratio_at_least=2.5),
        tls.figure("… over TLS", fan, ratio_at_least=0.5),
        one.figure("a stream to one", bare, ratio_at_least=0.5),
        await _measure_hanging(ground, 8 if quick else 24),
    ]


async def _deliver(  # noqa: PLR0913 - what one run differs in
    ground: Ground,
    url: str,
    changes: int,
    destinations: int,
    *,
    name: str = "",
    route: Route = PLAIN,
) -> Said:
    """In a room of its own, by a child process."""
    async with ground.room() as room:
        async with open_population(room, POPULATION, url) as db:
            await _equip(db, [f"{url}/{number}" for number in range(destinations)], route)
        count = await queue(room, changes, destinations)
        async with start("delivering", room.database_url, str(count), name) as child:
            return await child.hear(WAITED_SECONDS)


async def _equip(db: Database, addresses: list[str], route: Route) -> None:
    """Every destination with credentials as the API keeps them."""
    held = Credentials((Key(SECRET),), route=route)
    rows = [
        {"id": name, "address": address, "secrets": "", "sealed": OPEN_VAULT.seal(name, held)}
        for name, address in zip(map(destination_id, range(CROWD)), addresses, strict=False)
    ]
    await db.run_write(lambda session: update_rows(session, Destination, "id", rows))


async def _post(
    post: Callable[[str, bytes, Mapping[str, str], int, int], Awaitable[None]],
    receiver: Child,
    count: int,
) -> Said:
    """The body that came last, as often, with one signature for all."""
    async with aiohttp.ClientSession() as session, session.get(receiver.url) as answer:
        body = await answer.read()
    signed = signature.headers(str(UUID(int=1)), datetime.now(UTC), body, (SECRET,))
    with stopwatch() as passed:
        await post(receiver.url, body, signed, count, AT_ONCE)
    return {"rate": count / passed.seconds}


async def _post_by_httptools(
    url: str, body: bytes, signed: Mapping[str, str], count: int, at_once: int
) -> None:
    request = write_request(url, body, signed)
    await post_by_httptools(url, lambda _: request, count, at_once)


async def _measure_hanging(ground: Ground, changes: int) -> Figure:
    """The 99th percentile of the healthy, from being due to being settled."""
    well, hanging = [await _tell_crowd(ground, changes, *how) for how in ((), ("hanging",))]
    return Figure(
        name=f"p99 of the healthy, {CROWD // 10} of {CROWD} hang",
        value=hanging["waited_p99"],
        unit="ms",
        baseline=well["waited_p99"],
        ratio_at_most=2,
        note=f"{changes} changes, one every {PAUSE.total_seconds():g} s; due to settled",
    )


async def _tell_crowd(ground: Ground, changes: int, *how: str) -> Said:
    answering = sum(not (how and is_mute(number)) for number in range(CROWD))
    async with start("receiving", "crowd", *how) as receiver, ground.room() as room:
        url = receiver.url.format
        async with open_population(room, POPULATION, "") as db:
            await _equip(db, [f"{url(host_of(number))}/" for number in range(CROWD)], PLAIN)
        await queue(room, changes, CROWD, datetime.now(UTC) + LEAD, PAUSE)
        expected = str(changes * answering)
        async with start("delivering", room.database_url, expected) as child:
            return await child.hear(WAITED_SECONDS)
