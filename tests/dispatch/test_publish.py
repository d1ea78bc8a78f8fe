"""Publishing: the outbox reaches the log, and every change is told to readers there, once."""

import asyncio
import json
import sqlite3
from contextlib import aclosing, closing

import orjson
import pytest
from sqlalchemy import delete, update

from service.api.changes import brief
from service.dispatch import publish
from service.dispatch.publish import SECONDS, Courier
from service.log import CHANGES, LogUnavailable, Record, open_log
from service.store.arrivals.outbox import count_waiting, oldest, put
from service.store.leases import lease, list_leases
from service.store.numbers import last_number
from service.store.plans.tables import Fanout
from service.store.standings.changes import find_change
from service.store.standings.tables import Change
from service.store.tables import Counter
from tests.books import NOW, consumer_of, rows, take
from tests.core.builders import measure
from tests.dispatch.deaths import die_at


@pytest.fixture
def courier(db, log, clock):
    """Build one; each is a process of its own."""

    def build(holder="us", **more):
        return Courier(more.get("db", db), more.get("log", log), clock, "test", holder)

    return build


@pytest.fixture
def changes(db, log, clock):
    """Make so many changes, each of a measure of its own."""
    made = []

    async def make(count):
        for _ in range(count):
            made.append(f"m{len(made)}")
            event = measure(made[-1], measure=made[-1], rate="25")
            await take(consumer_of(db, log, clock), db, event)

    return make


async def work(one):
    """Until nothing is left to do."""
    while await one.step():
        pass


async def keep(db, topic, *names):
    records = [Record(name, name.encode(), (("h", b"\xff"),)) for name in names]
    await db.run_write(lambda session: put(session, topic, records, NOW))


async def read(log, topic, count):
    """The first so many records of a topic."""
    found = []
    if count:
        async with aclosing(log.follow([topic], _from_the_start)) as batches:
            async for batch in batches:
                found += batch.records
                if len(found) >= count:
                    break
    return found


async def _from_the_start(_topic, _partition):
    return None


async def numbers(log, count):
    """Of the changes published."""
    return [json.loads(one.value)["data"]["number"] for one in await read(log, CHANGES, count)]


# The outbox


async def test_the_outbox_reaches_the_log_as_it_was_accepted(db, log, courier):
    await keep(db, "tariffs", "a", "b")
    await keep(db, "negotiations", "n")
    await keep(db, "tariffs", "c")
    await work(courier())
    found = [(one.key, one.value, one.headers) for one in await read(log, "tariffs", 3)]
    assert found == [(name, name.encode(), (("h", b"\xff"),)) for name in "abc"]
    assert [one.key for one in await read(log, "negotiations", 1)] == ["n"]
    assert await db.run_read(count_waiting) == {}


async def test_a_long_outbox_goes_page_by_page(db, log, courier, monkeypatch):
    monkeypatch.setattr(publish, "EVENTS", 3)
    names = [f"e{number}" for number in range(10)]
    await keep(db, "tariffs", *names)
    one = courier()
    pages = 0
    while await one.step():
        pages += 1
    assert pages == 4
    assert [record.key for record in await read(log, "tariffs", 10)] == names


async def test_while_the_log_is_away_nothing_leaves_the_outbox(db, tmp_path, clock, courier):
    await keep(db, "tariffs", "a")
    async with open_log(f"sqlite:///{tmp_path}/other.db", clock) as closed:
        pass
    one = courier(log=closed)
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            await one.step()
    assert await db.run_read(count_waiting) == {"tariffs": 1}
    await one.close()


async def test_one_that_lost_the_lease_while_sending_forgets_nothing(db, courier, clock):
    slow, other = courier("slow"), courier("other")
    await slow.step()
    await keep(db, "tariffs", "a")
    clock.advance(seconds=SECONDS)
    async with db.write() as session:
        ((number, _),) = await oldest(session, "tariffs", 1)
        assert await lease(session, "publish", "other", clock(), SECONDS)
        assert not await slow._forget([number], session)
    assert await db.run_read(count_waiting) == {"tariffs": 1}
    await work(other)
    assert await db.run_read(count_waiting) == {}


# Changes


async def test_a_change_is_published_as_the_api_shows_it(db, log, courier, changes):
    await changes(1)
    await work(courier())
    (record,) = await read(log, CHANGES, 1)
    event = json.loads(record.value)
    ((identity, at),) = await rows(db, Change, "id", "recorded_at")
    shown = brief(await db.run_read(lambda session: find_change(session, identity)))
    assert event == {
        "specversion": "1.0",
        "id": str(identity),
        "source": "urn:tariffwire:test",
        "type": "tariffwire.change",
        "subject": "measure:m0",
        "time": orjson.loads(orjson.dumps(at)),
        "datacontenttype": "application/json",
        "sequence": "1",
        "data": orjson.loads(orjson.dumps(shown)),
    }
    assert record.key == "measure:m0"
    assert record.headers == (("content-type", b"application/cloudevents+json"),)


async def test_each_change_is_published_once_whoever_goes_on(db, log, courier, changes):
    await changes(3)
    first = courier("first")
    await work(first)
    await first.close()
    await changes(2)
    await work(courier("second"))
    assert await numbers(log, 5) == [1, 2, 3, 4, 5]


async def test_changes_go_page_by_page(db, log, courier, changes, monkeypatch):
    monkeypatch.setattr(publish, "CHANGES_AT_ONCE", 2)
    await changes(5)
    one = courier()
    pages = 0
    while await one.step():
        pages += 1
    assert pages == 3
    assert await numbers(log, 5) == [1, 2, 3, 4, 5]


async def test_a_database_older_than_the_topic_gives_no_number_that_readers_have_seen(
    db, log, courier, changes
):
    await changes(3)
    before = courier()
    await work(before)
    await before.close()
    async with db.write() as session:  # as a backup from before has it
        await session.execute(delete(Fanout).where(Fanout.number > 1))
        await session.execute(delete(Change).where(Change.number > 1))
        await session.execute(update(Counter).where(Counter.name == "changes").values(last=1))
    one = courier("restored")
    assert not await one.step()
    assert await db.run_read(lambda session: last_number(session, "changes")) == 3
    await changes(1)
    await work(one)
    assert await numbers(log, 4) == [1, 2, 3, 4]


async def test_what_was_published_is_known_when_the_log_has_forgotten_it(
    db, tmp_path, clock, courier, changes
):
    await changes(3)
    async with open_log(f"sqlite:///{tmp_path}/forgetful.db", clock) as log:
        before = courier(log=log)
        await work(before)
        await before.close()
    # A broker drops a position that nobody moved for a week.
    with closing(sqlite3.connect(tmp_path / "forgetful.db")) as file, file:
        file.execute("DELETE FROM positions")
    async with open_log(f"sqlite:///{tmp_path}/forgetful.db", clock) as log:
        assert await log.published(CHANGES) == 0
        await changes(1)
        await work(courier("later", log=log))
        assert await numbers(log, 4) == [1, 2, 3, 4]
        assert await size_of(log, CHANGES) == 4


async def test_another_log_is_told_all_changes(  # noqa: PLR0917 - fixtures
    db, log, tmp_path, clock, courier, changes
):
    await changes(2)
    first = courier("first")
    await work(first)
    await first.close()
    async with open_log(f"sqlite:///{tmp_path}/other.db", clock) as other:
        await work(courier("second", log=other))
        assert await numbers(other, 2) == [1, 2]


# One works, the others stand by


async def test_of_two_one_publishes_and_the_other_stands_by(db, log, courier, changes):
    await changes(1)
    one, other = courier("one"), courier("other")
    assert await one.step()
    await changes(1)
    await keep(db, "tariffs", "a")
    assert not await other.step()
    assert await db.run_read(count_waiting) == {"tariffs": 1}
    await work(one)
    assert await numbers(log, 2) == [1, 2]


async def test_who_closes_hands_over_at_once(db, log, courier, changes):
    one, other = courier("one"), courier("other")
    await one.step()
    await one.close()
    await changes(1)
    assert await other.step()
    assert {name: held.holder for name, held in (await db.run_read(list_leases)).items()} == {
        "publish": "other"
    }


async def test_one_that_died_is_followed_once_its_lease_ran_out(db, log, courier, changes, clock):
    await courier("dead").step()
    await changes(1)
    other = courier("other")
    for _ in range(4):
        assert not await other.step()
        clock.advance(seconds=SECONDS / 4)
    clock.advance(seconds=SECONDS / 3)
    assert await other.step()


async def test_a_holder_renews_its_lease_while_it_works(db, log, courier, clock):
    one, other = courier("one"), courier("other")
    for _ in range(12):
        await one.step()
        assert not await other.step()
        clock.advance(seconds=SECONDS / 4)


async def test_one_frozen_and_thawed_publishes_nothing_twice(db, log, courier, changes, clock):
    frozen, other = courier("frozen"), courier("other")
    await changes(1)
    await work(frozen)
    clock.advance(seconds=SECONDS)
    await changes(1)
    await work(other)
    await changes(1)
    assert not await frozen.step()
    await work(other)
    assert await numbers(log, 3) == [1, 2, 3]


async def test_one_that_does_not_know_that_it_was_overtaken_is_fenced(
    db, log, courier, changes, clock
):
    zombie, other = courier("zombie"), courier("other")
    await changes(1)
    await work(zombie)
    late = clock()
    clock.advance(seconds=SECONDS)
    await changes(1)
    await work(other)
    zombie._clock = lambda: late  # its clock stands: it still believes in its lease
    await changes(1)
    assert not await zombie.step()
    await work(other)
    assert await numbers(log, 3) == [1, 2, 3]


async def test_a_clock_set_back_keeps_nobody_waiting(db, log, courier, changes, clock):
    one = courier("one")
    clock.advance(hours=1)
    await one.step()
    clock.advance(hours=-1)
    await one.step()
    ((held),) = (await db.run_read(list_leases)).values()
    assert (held.until - NOW).total_seconds() == SECONDS


async def test_many_at_once_publish_each_change_once(db, log, courier, changes):
    await changes(5)
    couriers = [courier(f"c{number}") for number in range(5)]
    for _ in range(3):
        await asyncio.gather(*(one.step() for one in couriers))
    assert await numbers(log, 5) == [1, 2, 3, 4, 5]
    assert len(await read(log, CHANGES, 5)) == 5


# Death at every point


@pytest.mark.parametrize(
    ("point", "copies"),
    [
        ("publish.append.before", 1),
        ("publish.append.after", 2),
        ("publish.commit.before", 2),
        ("publish.commit.after", 1),
        ("publish.changes.before", 1),
        ("publish.changes.after", 1),
    ],
)
async def test_death_loses_no_event_and_doubles_no_change(  # noqa: PLR0917 - fixtures
    db, database_url, tmp_path, clock, point, copies
):
    log_url = f"sqlite:///{tmp_path}/log.db"
    await keep(db, "tariffs", "a")
    async with open_log(log_url, clock) as log:
        await take(consumer_of(db, log, clock), db, measure("m", rate="25"))
    await die_at(point, "publish", database_url, log_url)
    clock.advance(seconds=SECONDS)
    async with open_log(log_url, clock) as log:
        await work(Courier(db, log, clock, "test", "next"))
        assert [one.key for one in await read(log, "tariffs", copies)] == ["a"] * copies
        assert await numbers(log, 1) == [1]
        assert await size_of(log, CHANGES) == 1
    assert await db.run_read(count_waiting) == {}


async def size_of(log, topic):
    """How many records a topic holds."""
    (end,) = (await log.ends(topic)).values()
    found = []
    async with aclosing(log.follow([topic], _from_the_start)) as batches:
        async for batch in batches:
            found += batch.records
            if batch.next >= end:
                return len(found)
    return 0
