"""A child: plans what is open until nothing is; then says how long and how large it was."""

import asyncio
import os
from datetime import UTC, datetime
from time import perf_counter

import uvloop

from benchmarks.children import resident_mb, say
from service.dispatch.plan import Planner
from service.store.database import open_database
from service.telemetry import Metrics

SHARES = (0.1, 0.5, 1.0)


async def main() -> None:
    expected = int(os.environ["BENCHMARK_EXPECTED"])
    metrics, steps, sizes = Metrics(), list[float](), list[float]()
    async with open_database(os.environ["TARIFFWIRE_DATABASE_URL"]) as db:
        planner = Planner(db, lambda: datetime.now(UTC), metrics, lambda: None)
        say(ready=True)
        planned, begun = 0.0, perf_counter()
        while True:
            since = perf_counter()
            if not await planner.step():
                break
            steps.append(perf_counter() - since)
            planned = metrics.matches.labels("match")._value.get()  # noqa: SLF001
            if len(sizes) < len(SHARES) and planned >= expected * SHARES[len(sizes)]:
                sizes.append(resident_mb(os.getpid()))
        seconds = perf_counter() - begun
    sizes += [resident_mb(os.getpid())] * (len(SHARES) - len(sizes))
    say(planned=planned, seconds=seconds, longest=max(steps), steps=len(steps), sizes=sizes)


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main())
