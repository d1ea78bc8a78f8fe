"""One blanket change to very many destinations: a page is a transaction, and memory stays flat.

A child process plans it, page after page, to the last. Its longest step (read, write and commit of
one turn, so at least as long as its transaction) is the longest transaction. Its resident memory
is read when 10 %, 50 % and all of the deliveries are planned; the baseline of memory is that half
way, when every cache is full.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from benchmarks.children import start
from benchmarks.figures import Figure
from benchmarks.match import BLANKET, a_change
from benchmarks.population import open_population
from benchmarks.queueing import change_row, fanout_row
from benchmarks.rooms import Ground, Room
from service.store.database import Database
from service.store.plans.tables import Fanout
from service.store.standings.tables import Change

WAITED_SECONDS = 3_600


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    size = 100_000 if quick else 1_000_000
    async with ground.room() as room:
        async with open_population(
            room, size, "http://127.0.0.1:9", sharing=1, share_of_us=1.0
        ) as db:
            await _open_fanout(db)
        told = await _plan(room, size)
    planned, sizes = told["planned"], told["sizes"]
    return [
        Figure(
            name=f"fan-out to {size:,} destinations",
            value=planned / told["seconds"],
            unit="deliveries/s",
            note=f"{planned:,.0f} planned in {told['steps']:,} transactions",
        ),
        Figure(name="fan-out, longest transaction", value=told["longest"], unit="s", at_most=1.0),
        Figure(
            name="fan-out, memory at the end",
            value=sizes[-1],
            unit="MB resident",
            baseline=sizes[1],
            ratio_at_most=1.1,
            note=f"{sizes[0]:.0f} MB after a tenth",
        ),
    ]


async def _open_fanout(db: Database) -> None:
    change, at = a_change(BLANKET), datetime.now(UTC)
    async with db.write() as session:
        connection = await session.connection()
        await connection.execute(insert(Change), [change_row(change, 1, at)])
        await connection.execute(insert(Fanout), [fanout_row(change, 1)])


async def _plan(room: Room, size: int) -> Any:
    asked = room.environment() | {"BENCHMARK_EXPECTED": str(size)}
    async with start("planning", **asked) as child:
        return await child.hear(WAITED_SECONDS)
