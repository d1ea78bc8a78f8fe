"""A child: the service, with the roles that its environment names (all of them by default)."""

import asyncio
import os
import signal

import uvloop

from benchmarks.children import say_ready
from service.runtime import collect_rarely, open_runtime, serve
from service.settings import Settings
from service.telemetry import open_logs


async def main() -> None:
    collect_rarely()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings()
    open_logs(settings.log_level, settings.log_format)
    async with open_runtime(settings) as runtime:
        say_ready(runtime.address)
        await serve(runtime, stop)


def profiled() -> None:
    """As `main`, leaving a profile of this process where the environment says."""
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    uvloop.run(main())
    profile.dump_stats(f"{os.environ['BENCHMARK_PROFILE']}.{os.getpid()}")


if __name__ == "__main__":
    if os.environ.get("BENCHMARK_PROFILE"):
        profiled()
    else:
        uvloop.run(main())
