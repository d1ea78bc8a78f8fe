"""Events accepted over HTTP, durable before the 202.

NDJSON bodies of 2,000 events over four connections to a uvicorn child process with the `api` role.
Baseline: the same client, bodies, connections and server, which splits lines and appends them to
the log: no JSON, no validation, no digest, no look-up.
"""

import asyncio
import tempfile
from pathlib import Path

import aiohttp

from benchmarks.children import service_in, start
from benchmarks.figures import Figure, stopwatch
from benchmarks.made_up import as_lines, rate_events

CONNECTIONS = 4
LINES = 2_000
HEADERS = {"content-type": "application/x-ndjson"}


async def measure(*, quick: bool) -> list[Figure]:
    count = 20_000 if quick else 60_000
    bodies = as_lines(list(rate_events(count, count // 10)), LINES)
    bare = await _rate("appending", bodies, count)
    alone = await _rate("serving", bodies, count, "api")
    beside = await _rate("serving", bodies, count)
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


async def _rate(module: str, bodies: list[bytes], count: int, *roles: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        async with start(module, *roles, **service_in(Path(folder))) as child:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS)
            async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:
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
