"""Events accepted over HTTP, durable before the 202.

NDJSON bodies of 2,000 events over four connections to a uvicorn child process with the `api` role.
Baseline: the same client, bodies, connections and server, which splits lines and appends them to
the log: no JSON, no validation, no digest, no look-up.
"""

import asyncio

import aiohttp

from benchmarks.children import start
from benchmarks.figures import Figure, stopwatch
from benchmarks.made_up import as_lines, rate_events
from benchmarks.rooms import Ground

CONNECTIONS = 4
LINES = 2_000
HEADERS = {"content-type": "application/x-ndjson"}


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    count = 20_000 if quick else 60_000
    bodies = as_lines(list(rate_events(count, count // 10)), LINES)
    bare = await _rate(ground, "appending", bodies, count)
    alone = await _rate(ground, "serving", bodies, count, ("api",))
    beside = await _rate(ground, "serving", bodies, count)
    note = f"{len(bodies[0]) // LINES} bytes an event"
    return [
        Figure(
            name="accept", value=alone, unit="events/s", baseline=bare, at_least=10_000, note=note
        ),
        Figure(
            name="accept, all roles in the process",
            value=beside,
            unit="events/s",
            baseline=bare,
            note="it folds and plans meanwhile",
        ),
    ]


async def _rate(
    ground: Ground, module: str, bodies: list[bytes], count: int, roles: tuple[str, ...] = ()
) -> float:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with (
        ground.room() as room,
        start(module, **room.environment(roles)) as child,
        aiohttp.ClientSession(connector=connector, headers=HEADERS) as session,
    ):
        waiting = list(reversed(bodies))
        with stopwatch() as watch:
            posts = (_post(session, child.url, waiting) for _ in range(CONNECTIONS))
            await asyncio.gather(*posts)
    return count / watch.seconds


async def _post(session: aiohttp.ClientSession, url: str, waiting: list[bytes]) -> None:
    while waiting:
        async with session.post(f"{url}/v1/events", data=waiting.pop()) as answer:
            assert answer.status == 202, await answer.text()
            await answer.read()
