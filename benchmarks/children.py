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

READY_SECONDS = 60
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
        return resident_mb(self.process.pid)

    async def hear(self, seconds: float) -> Mapping[str, Any]:
        """What it says next."""
        assert self.process.stdout
        line = await asyncio.wait_for(self.process.stdout.readline(), seconds)
        assert line, "a child ended before its time; it says why above"
        said: Mapping[str, Any] = json.loads(line)
        return said


def resident_mb(pid: int) -> float:
    """Of any process of this machine."""
    status = Path(f"/proc/{pid}/status").read_text()
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
    child = Child(process, {})
    try:
        child.said = await child.hear(READY_SECONDS)
        yield child
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), READY_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def say(**said: object) -> None:
    """A line for the parent."""
    print(json.dumps(said), flush=True)


def say_ready(url: str) -> None:
    """What a child prints first."""
    say(url=url)
