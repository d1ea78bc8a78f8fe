"""Resident memory of the service with every role: idle, and with a million subscriptions.

The second is read after a change that 100 of them match was planned and tried; no receiver is
there.
"""

import asyncio
import tempfile
from pathlib import Path

import aiohttp

from benchmarks.children import service_in, start
from benchmarks.figures import Figure
from benchmarks.population import open_population

SETTLE_SECONDS = 2.0
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


async def measure(*, quick: bool) -> list[Figure]:
    idle, _ = await _resident(0)
    size = 50_000 if quick else 1_000_000
    full, disk = await _resident(size)
    return [
        Figure(name="memory, idle", value=idle, unit="MB resident"),
        Figure(
            name=f"memory, {size:,} subscriptions",
            value=full,
            unit="MB resident",
            baseline=idle,
            note=f"{disk:,.0f} MB on disk",
        ),
    ]


async def _resident(size: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if size:
            async with open_population(folder, size, NOWHERE):
                pass
        async with start("serving", **service_in(folder)) as child:
            if size:
                await _post(f"{child.url}/v1/events")
            await asyncio.sleep(SETTLE_SECONDS)
            return child.resident_mb, (folder / "books.db").stat().st_size / 1e6


async def _post(url: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=FURNITURE) as answer,
    ):
        assert answer.status == 202, await answer.text()
