"""Processes that die at a named point."""

import asyncio
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def die_at(point, role, *urls):
    """Do a role's work in a process of its own, which must die there."""
    environment = os.environ | {"TARIFFWIRE_TEST_CRASH": point, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, Path(__file__).with_name("dying.py"), role, *urls, env=environment
    )
    assert await process.wait() == -signal.SIGKILL
