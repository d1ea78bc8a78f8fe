"""One event posted, one webhook received, 50 clients posting at once: journeys a second.

Clients and receiver share this process, the service with all its roles is another. Baseline: the
same clients and server process, which only append to the log, and a bare POST of the same body for
each event: no folding, no planning, no settling.
"""

import asyncio

import aiohttp

from benchmarks.children import start
from benchmarks.figures import Figure, stopwatch
from benchmarks.journey import Journey, begin, gather_posts
from benchmarks.made_up import rate_events
from benchmarks.receiving import receive
from benchmarks.rooms import Ground

AT_ONCE = 50


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    count = 1_000 if quick else 4_000
    events = list(rate_events(count, count))
    async with ground.room() as room, begin(room, AT_ONCE) as journey:
        with stopwatch() as watch:
            await gather_posts(journey, events, AT_ONCE)
            accepted = watch.seconds
            await journey.arrivals.wait_for(count)
        body = journey.arrivals.bodies[-1]
    bare = await _bare(ground, events, body)
    return [
        Figure(
            name=f"one event, one webhook, {AT_ONCE} posting",
            value=count / watch.seconds,
            unit="deliveries/s",
            baseline=count / bare,
            at_least=1_680,
            note=f"all acknowledged after {accepted / watch.seconds:.0%} of the time",
        )
    ]


async def _bare(ground: Ground, events: list[dict[str, object]], body: bytes) -> float:
    """Seconds for the appends and one POST each."""
    connector = aiohttp.TCPConnector(limit=2 * AT_ONCE)
    async with (
        ground.room() as room,
        receive() as (arrivals, hook),
        start("appending", **room.environment()) as child,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        journey = Journey(session, child.url, arrivals, {})
        left = iter(events)

        async def client() -> None:
            for event in left:
                await journey.post(event)
                async with session.post(f"{hook}/hook", data=body) as answer:
                    await answer.read()

        with stopwatch() as watch:
            await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return watch.seconds
