"""However a stream of events is cut into batches, the books say the same."""

import asyncio
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.log import open_log
from service.store.arrivals.tables import Quarantine
from service.store.database import open_database
from service.store.plans.tables import Fanout
from service.store.standings.tables import Alias, Change, Event, Subject
from tests.books import Watch, consumer_of, rows, take
from tests.core.builders import claim, measure, ref, step, threat

START = "2025-04-10"
few = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = [f"e{number}" for number in range(8)]
names = st.sampled_from(NAMES)
rates = st.sampled_from(["10", "25", "33.5"])
ways = st.sampled_from(["live", "live", "live", "history", "simulated", "test"])


@st.composite
def laws(draw):
    """Keyed and keyless measures that share names and aliases, and so are mistaken for another."""
    fields = {
        "rate": draw(rates),
        "measure": draw(st.sampled_from([None, "a", "b", "9903.01"])),
        "aliases": draw(
            st.sampled_from([[], [], ["9903.01"], ["9903.02"], ["9903.01", "9903.02"]])
        ),
        "programme": draw(st.sampled_from(["S301", "S232"])),
        "effective_at": START,
    }
    action = draw(st.sampled_from(["imposed", "increased", "amended"]))
    return measure(draw(names), action, handling=draw(ways), **fields)


@st.composite
def threats(draw):
    withdraws = {"withdraws": ref(draw(names))} if draw(st.booleans()) else {}
    return threat(draw(names), rate=draw(rates), handling=draw(ways), **withdraws)


@st.composite
def claims(draw):
    name, about = draw(st.permutations(NAMES))[:2]
    verdict = draw(st.sampled_from(["confirmed", "denied", "retracted"]))
    return claim(name, about, verdict) | {"handling": draw(ways)}


@st.composite
def steps(draw):
    stage = draw(st.sampled_from(["outreach", "under_way", "framework"]))
    return step(draw(names), stage) | {"handling": draw(ways)}


noise = st.sampled_from([b"noise", b"{}", b'{"specversion": "1.0"}'])
events = st.one_of(laws(), laws(), threats(), claims(), claims(), steps(), noise)


@st.composite
def streams(draw):
    """Up to twelve records, some of them sent twice, and a way of cutting them."""
    drawn = draw(st.lists(events, min_size=1, max_size=9))
    drawn += draw(st.lists(st.sampled_from(drawn), max_size=3))
    return drawn, draw(st.lists(st.integers(1, 4), min_size=1, max_size=12))


def cut(stream, sizes):
    batches, stream = [], list(stream)
    while stream:
        size = sizes[len(batches) % len(sizes)]
        batches.append(stream[:size])
        stream = stream[size:]
    return batches


async def books_after(migrated, batches, *, forget):
    """Everything the books hold but the bookmark, after these batches."""
    with TemporaryDirectory() as folder:
        path = shutil.copy(migrated, Path(folder, "books.db"))
        clock = Watch()
        log_url = f"sqlite:///{migrated.parent}/log.db"
        async with open_database(f"sqlite:///{path}") as db, open_log(log_url, clock) as log:
            consumer = consumer_of(db, log, clock)
            for batch in batches:
                if forget:
                    consumer = consumer_of(db, log, clock)
                await take(consumer, db, *batch)
            return {
                table.__name__: await rows(db, table)
                for table in (Event, Change, Fanout, Subject, Alias, Quarantine)
            }


@few
@given(streams())
def test_batching_and_memory_change_nothing(migrated, given_stream):
    stream, sizes = given_stream

    async def check():
        whole = await books_after(migrated, [stream], forget=False)
        assert await books_after(migrated, cut(stream, [1]), forget=True) == whole
        assert await books_after(migrated, cut(stream, sizes), forget=False) == whole
        assert_sound(whole, stream)

    asyncio.run(check())


def assert_sound(books, stream):
    """Each identity is in the books once, and sequences have no gaps."""
    columns = {table: _columns(table) for table in (Event, Change)}
    found = [dict(zip(columns[Event], row, strict=True)) for row in books["Event"]]
    sent = {one["id"] for one in stream if isinstance(one, dict)}
    assert {one["id"] for one in found} <= sent
    assert len({one["id"] for one in found}) == len(found)
    assert sorted(one["number"] for one in found) == list(range(1, len(found) + 1))
    changes = [dict(zip(columns[Change], row, strict=True)) for row in books["Change"]]
    for subject in {one["subject"] for one in changes}:
        counted = [
            json.loads(one["body"])["sequence"]
            for one in sorted(changes, key=lambda one: one["number"])
            if one["subject"] == subject and one["mode"] != "test"
        ]
        assert counted == list(range(1, len(counted) + 1))


def _columns(table):
    return list(table.__table__.columns.keys())
