"""A subscription tried on a year of changes: on all of them, and on those that an index leaves.

One change in five is on goods of China, so a rule that asks for these is tried on a fifth. The
longest that the loop stood still meanwhile is told beside. Baseline: a sample of the same changes
read whole, one by one, and matched, which is what there would be without the index, times as many.
"""

import asyncio
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from uuid import UUID

from benchmarks.figures import Figure, stopwatch
from benchmarks.made_up import ORIGINS, codes, importer
from benchmarks.match import CARS, a_change
from benchmarks.rooms import Ground, Room, Row
from service.api.subscriptions.trying import try_on
from service.core.change import Change, write_change
from service.core.event import Measure, Origin, Product
from service.core.match import facts_of, match
from service.core.match.subscription import Rule
from service.core.moment import Moment
from service.runtime import collect_rarely
from service.store.database import Database, open_database
from service.store.facets.keeping import outlines_of
from service.store.migrations import migrate
from service.store.spans import Span
from service.store.standings.changes import list_changes

NOW = datetime(2025, 12, 1, tzinfo=UTC)
SINCE = NOW - timedelta(days=365)
CHANGES_A_MEASURE = 20
SHARE = 5
CHINESE = {"lanes": [{"origin": "CN"}]}
EVERYTHING = {"lanes": [{}], "min_delta_pp": "1", "possible": True}
SAMPLE = 1_000
LOOKS_EVERY = 0.005


async def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    count = 20_000 if quick else 100_000
    async with ground.room() as room:
        await _fill(room, count)
        async with open_database(room.database_url) as db:
            collect_rarely()
            one_by_one = await _read_whole(db)
            return [
                await _preview(db, CHINESE, count // SHARE, one_by_one, 2),
                await _preview(db, EVERYTHING, count, one_by_one, 6),
            ]


async def _preview(
    db: Database, asked: Mapping[str, object], count: int, one_by_one: float, at_most: float
) -> Figure:
    rule, pauses = Rule.model_validate(asked), [0.0]
    looking = asyncio.create_task(_look_at_loop(pauses))
    with stopwatch() as watch:
        tried = await try_on(db, rule, SINCE)
    looking.cancel()
    assert tried.trial.looked_at == count, tried.trial.looked_at
    return Figure(
        name=f"preview, {count:,} candidates",
        value=watch.seconds,
        unit="s",
        baseline=one_by_one * count,
        at_most=at_most,
        note=f"{tried.trial.asked.alerts:,} alerts; the loop stood {max(pauses) * 1e3:.0f} ms",
    )


async def _look_at_loop(pauses: list[float]) -> None:
    """Now and then: whoever asks all the time takes half of the processor from what is measured."""
    while True:
        begun = perf_counter()
        await asyncio.sleep(LOOKS_EVERY)
        pauses.append(perf_counter() - begun - LOOKS_EVERY)


async def _read_whole(db: Database) -> float:
    """Seconds a change."""
    rule, place = Rule.model_validate(CHINESE), 0
    with stopwatch() as watch:
        while place < SAMPLE:
            async with db.read() as session:
                [found] = await list_changes(session, Span(place, 1), {})
            match(facts_of(found.change), rule)
            place = found.number
    return watch.seconds / SAMPLE


async def _fill(room: Room, count: int) -> None:
    async with open_database(room.database_url) as db:
        await migrate(db)
    made = list(enumerate(_changes(count), start=1))
    outlines, words = outlines_of(made)
    rows: dict[str, Iterator[Row]] = {
        "change": _rows(made),
        "change_outline": iter(outlines),
        "change_facet": iter(words),
    }
    await room.fill(rows)


def _rows(made: list[tuple[int, Change]]) -> Iterator[Row]:
    for number, change in made:
        yield {
            "id": change.id,
            "number": number,
            "subject": change.subject,
            "sequence": change.sequence,
            "kind": change.headline.value,
            "severity": change.severity.value,
            "certainty": change.certainty.value,
            "mode": change.mode.value,
            "recorded_at": change.seen_at,
            "body": write_change(change),
        }


def _changes(count: int) -> Iterator[Change]:
    """In the order of their days; of each measure every so often one."""
    chance, plain = random.Random(2025), a_change(CARS)
    measures = [_measure(number, plain, chance) for number in range(count // CHANGES_A_MEASURE)]
    for number in range(count):
        place, at = number % len(measures), SINCE + (NOW - SINCE) * ((number + 1) / (count + 1))
        yield replace(
            plain,
            id=UUID(int=number),
            subject=f"measure:m-{place}",
            about=measures[place],
            delta_pp=Decimal(chance.randrange(1, 20)),
            effective_at=Moment(at + timedelta(days=number % 40)),
            seen_at=at,
        )


def _measure(number: int, plain: Change, chance: random.Random) -> Measure:
    assert isinstance(plain.about, Measure)
    origin = "CN" if number % SHARE == 0 else chance.choice(ORIGINS[1:])
    return plain.about.model_copy(
        update={
            "importer": importer(chance),
            "origin": Origin(kind="country", members=(origin,)),
            "product": Product(scope="codes", include=tuple(sorted(set(codes(3, chance))))),
        }
    )
