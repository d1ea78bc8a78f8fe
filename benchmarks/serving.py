"""A child: the service, with the roles that are named (all of them by default)."""

import asyncio
import os
import signal
import sys

import uvloop

from benchmarks.children import say_ready
from service import runtime as service
from service.settings import Settings


async def main(names: list[str]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with service.open_runtime(Settings()) as runtime, asyncio.TaskGroup() as group:
        for name in names or service.ROLES:
            group.create_task(service.ROLES[name](runtime, stop))
        say_ready(runtime.address)
        await stop.wait()
        runtime.plan_bell.ring()
        runtime.send_bell.ring()


def profiled(names: list[str]) -> None:
    """As `main`, leaving a profile of this process where the environment says."""
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    uvloop.run(main(names))
    profile.dump_stats(os.environ["BENCHMARK_PROFILE"])


if __name__ == "__main__":
    if os.environ.get("BENCHMARK_PROFILE"):
        profiled(sys.argv[1:])
    else:
        uvloop.run(main(sys.argv[1:]))
