"""Who is told of a change: what the planner reads and decides before it writes.

The same 100 subscribers match at every size of the population, four fifths of which ask for imports
of the US. The baseline of the larger sizes is the smallest one. Then a change that 10,000
subscribers match, page by page to the last; then the first page of a change on all goods of all
origins, of which everyone who follows imports of the US must hear.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from benchmarks.figures import Figure, percentile, stopwatch
from benchmarks.population import FEW, MANY, open_population
from benchmarks.rooms import Ground
from service.core.change import Change
from service.core.change.derive import derive
from service.core.event import read_event
from service.core.standing.history import History
from service.dispatch.plan import Planner
from service.store.database import Database
from service.store.plans.fanouts import OpenFanout, Page
from service.store.standings.histories import entry_of
from service.telemetry import Metrics

NOW = datetime(2025, 6, 1, tzinfo=UTC)
FURNITURE = {"origin": {"kind": "country", "members": ["VN"]}, "codes": ["940161"]}
CARS = {"origin": {"kind": "country", "members": ["JP"]}, "codes": ["870323"]}
BLANKET = {"origin": {"kind": "all"}, "codes": []}


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    sizes = (1_000, 100_000) if quick else (1_000, 100_000, 1_000_000)
    figures: list[Figure] = []
    for size in sizes:
        smallest = figures[0].value if figures else None
        async with (
            ground.room() as room,
            open_population(room, size, "http://127.0.0.1:9") as db,
        ):
            figures.append(await _hundred(db, size, smallest))
            if size == sizes[-1]:
                figures += [await _ten_thousand(db), await _blanket(db, size)]
    return figures


async def _hundred(db: Database, size: int, smallest: float | None) -> Figure:
    planner, change = planner_on(db), a_change(FURNITURE)
    seconds = []
    for _ in range(60):
        with stopwatch() as watch:
            page = await turn(planner, db, change, "")
        assert len(page.alerts) == FEW, len(page.alerts)
        seconds.append(watch.seconds)
    return Figure(
        name=f"match, {FEW} of {size:,}",
        value=percentile(seconds, 0.5) * 1e3,
        unit="ms a change",
        baseline=smallest,
        at_most=3,
        ratio_at_most=3 if smallest else None,
        note=f"p90 {percentile(seconds, 0.9) * 1e3:.2f} ms",
    )


async def _ten_thousand(db: Database) -> Figure:
    planner, change, cursor, made = planner_on(db), a_change(CARS), "", 0
    with stopwatch() as watch:
        is_last = False
        while not is_last:
            page = await turn(planner, db, change, cursor)
            cursor, is_last, made = page.cursor, page.is_last, made + len(page.alerts)
    assert made <= MANY, made
    return Figure(
        name=f"match, {MANY:,} subscribers, all pages",
        value=watch.seconds / MANY * 1e6,
        unit="µs a match",
        note=f"{made:,} deliveries",
    )


async def _blanket(db: Database, size: int) -> Figure:
    planner, change = planner_on(db), a_change(BLANKET)
    with stopwatch() as watch:
        page = await turn(planner, db, change, "")
    return Figure(
        name=f"blanket change, first page of {size:,}",
        value=watch.seconds * 1e3,
        unit="ms",
        note=f"{len(page.alerts):,} deliveries of {page.looked_at:,} destinations",
    )


def planner_on(db: Database) -> Planner:
    """One that nobody listens to."""
    return Planner(db, lambda: NOW, Metrics(), lambda: None)


async def turn(planner: Planner, db: Database, change: Change, cursor: str) -> Page:
    """What `Planner.step` does of one fan-out before it writes."""
    fanout = OpenFanout(change, 1, cursor)
    return await db.run_read(lambda session: planner._turn_page(session, fanout, {}))  # noqa: SLF001


def a_change(on: Mapping[str, object]) -> Change:
    """A new duty of the US on these goods."""
    codes = on["codes"]
    event = read_event(
        {
            "specversion": "1.0",
            "id": "benchmark",
            "source": "https://events.example/desk",
            "type": "tariff.measure",
            "data": {
                "importer": "US",
                "measure": "us-benchmark",
                "origin": on["origin"],
                "product": {"scope": "codes", "include": codes} if codes else {"scope": "all"},
                "duty": {"components": [{"kind": "ad_valorem", "amount": "25"}]},
                "action": "imposed",
                "certainty": "instrument",
                "announced_at": "2025-05-01",
                "effective_at": "2025-06-01",
            },
        }
    )
    change = derive(entry_of(event, NOW), History("measure:us-benchmark"))
    assert change
    return change
