"""Child processes: the service with some of its roles, a bare server, a receiver of webhooks."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_SECONDS = 30
ROOT = Path(__file__).parent.parent


@dataclass(slots=True)
class Child:
    """A process that has said on its first line that it is ready, and where."""

    process: asyncio.subprocess.Process
    said: Mapping[str, Any]

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self.said["url"])

    @property
    def resident_mb(self) -> float:
        """Resident memory, in megabytes of a million bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6


@asynccontextmanager
async def start(module: str, *arguments: str, **environment: str) -> AsyncIterator[Child]:
    """Run `python -m benchmarks.<module>`, and end it with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"benchmarks.{module}",
        *arguments,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        assert line, f"benchmarks.{module} ended before it was ready; it says why above"
        yield Child(process, json.loads(line))
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), READY_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def service_in(folder: Path) -> dict[str, str]:
    """The environment of a service that keeps its files in `folder`."""
    return {
        "TARIFFWIRE_DATABASE_URL": f"sqlite:///{folder}/books.db",
        "TARIFFWIRE_LOG_URL": f"sqlite:///{folder}/log.db",
        "TARIFFWIRE_PORT": "0",
        "TARIFFWIRE_ALLOW_LOOPBACK": "true",
        "TARIFFWIRE_LOG_LEVEL": "error",
    }


def say_ready(url: str) -> None:
    """What a child prints first."""
    print(json.dumps({"url": url}), flush=True)
