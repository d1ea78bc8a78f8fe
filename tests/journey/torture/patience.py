"""Waiting for what happens elsewhere and rings no bell here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], within: float, every: float = 0.05) -> T:
    """What `ask` answers once that is something; `TimeoutError` after so many seconds."""
    async with asyncio.timeout(within):
        while not (found := await ask()):  # noqa: ASYNC110 - another process has no Event for us
            await asyncio.sleep(every)
    return found
