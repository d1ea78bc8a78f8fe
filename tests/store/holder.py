"""A process that holds a lock and asks for more than it can be sent at once."""

import asyncio
import sys

from sqlalchemy import make_url

from service.store.engines.connecting import SERVING, connect

MEGABYTE = 1_048_576
MANY = 2_000
BEGUN = 0.2
"""Seconds after which it is being answered."""


async def run(url: str) -> None:
    held = await connect(make_url(url), SERVING)
    await held.execute("BEGIN")
    await held.execute("SELECT pg_advisory_xact_lock(7)")
    answer = asyncio.create_task(
        held.fetch(f"SELECT repeat('x', {MEGABYTE}) FROM generate_series(1, {MANY})")
    )
    await asyncio.sleep(BEGUN)
    sys.stdout.write("held\n")
    sys.stdout.flush()
    await answer


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
