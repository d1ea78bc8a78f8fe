"""One service and what end-to-end benchmarks do with it: post events, await webhooks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from benchmarks.children import Child, start
from benchmarks.made_up import rate_events
from benchmarks.receiving import Arrivals, receive
from benchmarks.rooms import Room

ALL = (("api", "consume", "plan", "send", "publish", "clock"),)
ONE_EACH = tuple((role,) for role in ALL[0])


@dataclass(slots=True)
class Journey:
    """A service in child processes, and one destination that hears of all."""

    session: aiohttp.ClientSession
    url: str
    arrivals: Arrivals
    children: Mapping[tuple[str, ...], Child]

    async def post(self, event: dict[str, Any]) -> float:
        """Send one event; when (seconds of `perf_counter`) it was acknowledged."""
        async with self.session.post(f"{self.url}/v1/events", json=event) as answer:
            assert answer.status == 202, await answer.text()
        return time.perf_counter()

    async def warm(self, count: int) -> None:
        """Fill caches and connections before anything is counted."""
        for event in rate_events(count, count, run="warm"):
            await self.post(event)
        await self.arrivals.wait_for(count)
        self.arrivals.at.clear()
        self.arrivals.bodies.clear()

    def received(self) -> dict[str, float]:
        """When the webhook of each event came, by the event's id."""
        causes = (json.loads(body)["data"]["cause"]["id"] for body in self.arrivals.bodies)
        return dict(zip(causes, self.arrivals.at, strict=True))


@asynccontextmanager
async def begin(
    room: Room, connections: int, layout: Sequence[tuple[str, ...]] = ALL
) -> AsyncIterator[Journey]:
    """`layout`: the roles of each process, those of the one with the API first."""
    async with AsyncExitStack() as stack:
        arrivals, hook = await stack.enter_async_context(receive())
        children = {}
        for roles in layout:
            child = start("serving", **room.environment(roles))
            children[roles] = await stack.enter_async_context(child)
        connector = aiohttp.TCPConnector(limit=connections)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        url = children[layout[0]].url
        await _follow_all(session, url, hook)
        journey = Journey(session, url, arrivals, children)
        await journey.warm(50)
        yield journey


async def _follow_all(session: aiohttp.ClientSession, url: str, hook: str) -> None:
    destination = await _make(session, f"{url}/v1/destinations", {"url": f"{hook}/hook"})
    followed = {"lanes": [{}], "destinations": [destination["id"]]}
    await _make(session, f"{url}/v1/subscriptions", followed)


async def _make(session: aiohttp.ClientSession, url: str, form: dict[str, Any]) -> dict[str, Any]:
    async with session.post(url, json=form) as answer:
        assert answer.status == 201, await answer.text()
        made: dict[str, Any] = await answer.json()
        return made


async def gather_posts(journey: Journey, events: list[dict[str, Any]], at_once: int) -> None:
    """So many clients, each posting its next event as soon as the last is acknowledged."""
    left = iter(events)

    async def client() -> None:
        for event in left:
            await journey.post(event)

    await asyncio.gather(*(client() for _ in range(at_once)))
