"""Resident memory of the service: idle, after a load, and with a million subscriptions.

All roles in one process; where processes can share the engines, also one process a role. The load
is posted by 20 clients and heard by one receiver. With the subscriptions it is read after a change
that 100 of them match was planned and tried; no receiver is there.
"""

import asyncio

import aiohttp

from benchmarks.children import start
from benchmarks.figures import Figure
from benchmarks.journey import ALL, ONE_EACH, begin, gather_posts
from benchmarks.made_up import rate_events
from benchmarks.population import open_population
from benchmarks.rooms import Ground

SETTLE_SECONDS = 2.0
AT_ONCE = 20
NOWHERE = "http://127.0.0.1:9"
FURNITURE = {
    "specversion": "1.0",
    "id": "furniture",
    "source": "https://events.example/desk",
    "type": "tariff.measure",
    "data": {
        "importer": "US",
        "origin": {"kind": "country", "members": ["VN"]},
        "product": {"scope": "codes", "include": ["940161"]},
        "duty": {"components": [{"kind": "ad_valorem", "amount": "25"}]},
        "action": "imposed",
        "certainty": "instrument",
    },
}


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    load = 1_000 if quick else 10_000
    layouts = [ALL, ONE_EACH] if ground.mode == "distributed" else [ALL]
    figures = [figure for layout in layouts for figure in await _load(ground, layout, load)]
    return [*figures, await _follow(ground, 50_000 if quick else 1_000_000, figures[0].value)]


async def _load(ground: Ground, layout: tuple[tuple[str, ...], ...], count: int) -> list[Figure]:
    """Of each process, before and after."""
    async with ground.room() as room, begin(room, AT_ONCE, layout) as journey:
        await asyncio.sleep(SETTLE_SECONDS)
        idle = {roles: child.resident_mb for roles, child in journey.children.items()}
        await gather_posts(journey, list(rate_events(count, count // 10)), AT_ONCE)
        await journey.arrivals.wait_for(count, seconds=600)
        full = {roles: child.resident_mb for roles, child in journey.children.items()}
    return [
        figure
        for roles in layout
        for figure in (
            Figure(name=f"memory, {_named(roles)}, idle", value=idle[roles], unit="MB resident"),
            Figure(
                name=f"memory, {_named(roles)}, {count:,} events",
                value=full[roles],
                unit="MB resident",
                baseline=idle[roles],
            ),
        )
    ]


def _named(roles: tuple[str, ...]) -> str:
    return roles[0] if len(roles) == 1 else "all roles"


async def _follow(ground: Ground, size: int, idle: float) -> Figure:
    async with ground.room() as room:
        async with open_population(room, size, NOWHERE):
            pass
        async with start("serving", **room.environment()) as child:
            await _post(f"{child.url}/v1/events")
            await asyncio.sleep(SETTLE_SECONDS)
            return Figure(
                name=f"memory, all roles, {size:,} followers",
                value=child.resident_mb,
                unit="MB resident",
                baseline=idle,
                note=f"{await room.measure_disk():,.0f} MB on disk",
            )


async def _post(url: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=FURNITURE) as answer,
    ):
        assert answer.status == 202, await answer.text()
