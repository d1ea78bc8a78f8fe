"""Consumers that work at once, each on partitions of its own, and what one alone would do."""

import asyncio
import random
import shutil
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select, text

from consumers.consumer import Consumer
from service.log import Batch, Log, Record, open_log
from service.store.database import Database, open_database
from service.store.plans.tables import Fanout
from service.store.standings.tables import Alias, Change, Echo, Event, Mention, Subject
from tests.books import NOW, Watch, consumer_of, rows, write
from tests.core.builders import claim, measure, ref, step, threat

OUTCOMES = (
    "number", "source", "id", "digest", "handling", "subject", "known_at", "accepted_at",
    "outcome", "reason", "change_id", "about_source", "about_id", "topic",
)  # fmt: skip
"""Of an event, all but where it stood in the log."""


class Rival:
    """A consumer with a database of its own, and the partitions that it was given."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.places: dict[tuple[str, int], int] = defaultdict(int)

    async def take(self, *events, topic="tariffs", partition=0) -> None:
        """The next batch of a partition."""
        since = self.places[topic, partition]
        records = tuple(as_record(event, since + place) for place, event in enumerate(events))
        self.places[topic, partition] = since + len(records)
        batch = Batch(topic, partition, since, since + len(records), records)
        assert await self.consumer.take(batch) is True


def as_record(event, offset: int = 0) -> Record:
    """Accepted at an instant that does not depend on where it stood."""
    instant = event.pop("at", 0) if isinstance(event, dict) else 0
    return write(event, offset, NOW + timedelta(seconds=instant))


@asynccontextmanager
async def open_rivals(url: str, log: Log, count: int = 2):
    """So many consumers that share nothing but the database."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(open_database(url)) for _ in range(count)]
        yield [Rival(consumer_of(db, log)) for db in opened]


@asynccontextmanager
async def holding_the_end(db: Database, waiting: int):
    """Nobody commits before so many transactions stand at their end, or wait for one that does."""
    async with db.write() as session:
        await session.execute(text("SELECT last FROM counter FOR UPDATE"))
        yield
        asked = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while await session.scalar(asked) < waiting:
            await asyncio.sleep(0.005)
            await session.execute(text("SELECT pg_stat_clear_snapshot()"))


async def books(db: Database) -> dict[str, list]:
    """What must not depend on partitions: outcomes, changes, subjects, who names whom."""
    return {
        "events": await rows(db, Event, *OUTCOMES, order="number"),
        "changes": await rows(db, Change, order="number"),
        "fanouts": await rows(db, Fanout, order="number"),
        "subjects": await rows(db, Subject),
        "aliases": await rows(db, Alias),
        "mentions": await rows(db, Mention),
        "echoes": await rows(db, Echo),
    }


async def books_of_one(db: Database, migrated: Path) -> dict[str, list]:
    """What one consumer makes of the same events, one by one in the order of their numbers."""
    wanted = select(Event.topic, Event.body, Event.accepted_at).order_by(Event.number)
    async with db.read() as session:
        recorded = (await session.execute(wanted)).all()
    with TemporaryDirectory() as folder:
        path = shutil.copy(migrated, Path(folder, "books.db"))
        async with (
            open_database(f"sqlite:///{path}") as alone,
            open_log(f"sqlite:///{folder}/log.db", Watch()) as log,
        ):
            consumer = consumer_of(alone, log)
            for place, (topic, body, at) in enumerate(recorded):
                record = Record(None, body, (), place, at)
                since = sum(one.topic == topic for one in recorded[:place])
                assert await consumer.take(Batch(topic, 0, since, since + 1, (record,)))
            return await books(alone)


async def assert_sound(db: Database, migrated: Path) -> None:
    """As one consumer would have it; numbers and sequences without a gap; no claim forgotten."""
    found = await books(db)
    assert found == await books_of_one(db, migrated)
    numbers = [event[0] for event in found["events"]]
    assert numbers == list(range(1, len(numbers) + 1))
    counted = defaultdict(list)
    for subject, sequence, mode in await rows(
        db, Change, "subject", "sequence", "mode", order="number"
    ):
        if mode != "test":
            counted[subject].append(sequence)
    for subject, sequences in counted.items():
        assert sequences == list(range(1, len(sequences) + 1)), subject
    waiting = (Event.about_source, Event.about_id)
    async with db.read() as session:
        asked = select(*waiting).where(Event.outcome == "waiting")
        about = set(map(tuple, (await session.execute(asked)).all()))
        there = select(Event.source, Event.id).where(
            Event.outcome.not_in(["waiting", "quarantined"])  # the latter was refused, and stays so
        )
        assert not about & set(map(tuple, (await session.execute(there)).all()))


def made_up(seed: int, count: int) -> list[dict]:
    """Events that share identities, names, aliases and claims, so that rivals meet."""
    chance = random.Random(seed)
    names = [f"e{place}" for place in range(count)]
    return [_make_up(chance, name, names) | {"at": place} for place, name in enumerate(names)]


def _make_up(chance: random.Random, name: str, names: list[str]) -> dict:
    kind = chance.choice(["law", "law", "law", "threat", "claim", "claim", "claim", "step"])
    about = chance.choice([one for one in names if one != name])
    handling = "test" if chance.random() < 0.05 else chance.choice(["live", "live", "history"])
    if kind == "law":
        fields = {
            "rate": chance.choice(["10", "25", "33.5"]),
            "measure": chance.choice([None, None, "a", "b", "c", "9903.01", f"new-{name}"]),
            "aliases": chance.choice([[], [], ["9903.01"], ["9903.02"], [f"9903.{name}"]]),
            "programme": chance.choice(["S301", "S232", f"P{name}"]),
            "effective_at": "2025-04-10",
        }
        fields |= {"realises": ref(about)} if chance.random() < 0.3 else {}
        made = measure(name, chance.choice(["imposed", "increased", "amended"]), **fields)
    elif kind == "threat":
        withdraws = {"withdraws": ref(about)} if chance.random() < 0.3 else {}
        made = threat(name, rate=chance.choice(["10", "25"]), **withdraws)
    elif kind == "claim":
        made = claim(name, about, chance.choice(["confirmed", "denied", "retracted"]))
    else:
        made = step(name, chance.choice(["outreach", "under_way", "framework"]))
    return made | {"handling": handling}
