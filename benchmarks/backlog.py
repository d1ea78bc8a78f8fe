"""Whether a long queue slows the sender down: claim, render and settle, with no network.

The sender of this process answers at once that all is well. Baseline: the same with a queue of
10,000. Both rates are of the first deliveries that are settled, whatever waits behind them.
"""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from benchmarks.figures import Figure, stopwatch
from benchmarks.population import open_population
from benchmarks.queueing import queue
from benchmarks.rooms import Ground
from service.core.sending.delivery import Parcel, Reply
from service.dispatch.post import Letterhead
from service.dispatch.render import Renderer
from service.dispatch.send import Dispatcher, Lease, Office
from service.roles import Bell
from service.store.database import Database
from service.telemetry import Metrics

DESTINATIONS = 1_000
SHORT = 10
SLOTS = 200
LETTERHEAD = Letterhead(
    f"urn:tariffwire:{UUID(int=1)}",
    "http://127.0.0.1:9/v1/schemas/alert",
    "http://127.0.0.1:9",
    "tariffwire@localhost",
)


class Agreeing:
    """Takes everything, at once."""

    def __init__(self) -> None:
        self.taken = 0

    async def send(self, _parcel: Parcel) -> Reply:
        """It arrived."""
        self.taken += 1
        return Reply(accepted=True, status=204, reason="204 No Content")


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    changes, first = (50, 10_000) if quick else (1_000, 50_000)
    short = await _rate(ground, SHORT, SHORT * DESTINATIONS)
    long = await _rate(ground, changes, first)
    return [
        Figure(
            name=f"backlog of {changes * DESTINATIONS:,}, first {first:,}",
            value=long,
            unit="deliveries/s",
            baseline=short,
            ratio_at_least=0.85,
            note=f"claim, render, settle; {SLOTS} in hand",
        )
    ]


async def _rate(ground: Ground, changes: int, first: int) -> float:
    async with (
        ground.room() as room,
        open_population(room, DESTINATIONS, "http://127.0.0.1:9") as db,
    ):
        await queue(room, changes, DESTINATIONS)
        agreeing = Agreeing()
        dispatcher = _dispatcher(db, agreeing)
        await dispatcher.turn()
        with stopwatch() as watch:
            while agreeing.taken < first:
                await dispatcher.turn()
                await asyncio.sleep(0)  # let what was claimed be sent
            await dispatcher.drain()
    return agreeing.taken / watch.seconds


def _dispatcher(db: Database, agreeing: Agreeing) -> Dispatcher:
    office = Office(
        {"webhook": agreeing},
        Renderer(LETTERHEAD),
        lambda: datetime.now(UTC),
        lambda: 0.5,
        Metrics(),
        Bell(),
    )
    return Dispatcher(db, office, Lease("benchmark"), SLOTS)
