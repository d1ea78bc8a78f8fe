"""Batches, bookmarks and faults: what the consumer does whatever the events say."""

import asyncio
from contextlib import aclosing, suppress

import pytest
from structlog.testing import capture_logs

import consumers.consumer as module
from consumers.consumer import Consumer, Poisoned, TooManyUnreadable
from service.log import Batch, Position, Record, open_log
from service.store.arrivals.progress import find_bookmark, list_places
from service.store.arrivals.tables import Quarantine
from service.store.standings.tables import Change, Event, Subject
from service.telemetry import Metrics
from tests.books import NOW, consumer_of, count, rows, take, write
from tests.consumers.faults import forbid, forbid_two_changes_at_once, mend
from tests.core.builders import SUBJECT, claim, measure, step, threat

START = "2025-04-10T00:01:00-04:00"


def law(name, rate="25", action="imposed", key="us-test-cn"):
    return measure(name, action, rate=rate, effective_at=START, measure=key)


async def bookmark(db, topic="tariffs"):
    async with db.read() as session:
        return await find_bookmark(session, topic, 0)


async def append(log, *events, topic="tariffs"):
    await log.append(topic, [write(event) for event in events])


async def stand_at_the_end(db, log, *topics):
    """Wait until the books have all that is in these topics."""
    ends = [(await log.ends(topic))[0] for topic in topics]
    places = []
    while places != ends:
        await asyncio.sleep(0.005)
        found = [await bookmark(db, topic) for topic in topics]
        places = [place.next if place else 0 for place in found]


async def until_read(db, log, consumer, *topics):
    """Follow until the books stand at the ends of these topics."""
    task = asyncio.create_task(consumer.follow())
    await stand_at_the_end(db, log, *topics)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_it_follows_both_topics_and_rings_when_changes_were_made(db, log, clock):
    rings = []
    consumer = consumer_of(db, log, clock, lambda: rings.append(1))
    await append(log, law("one"), law("two", "50", "increased"))
    await append(log, step("talks", "outreach"), topic="negotiations")
    await until_read(db, log, consumer, "tariffs", "negotiations")
    assert await count(db, Change) == 3
    assert len(rings) == 2


async def test_nothing_is_rung_for_what_changes_nothing(db, log, clock):
    rings = []
    consumer = consumer_of(db, log, clock, lambda: rings.append(1))
    await take(consumer, db, law("one") | {"handling": "history"}, b"noise")
    assert rings == []


async def test_after_a_restart_it_goes_on_where_the_books_stand(db, log, clock):
    await append(log, law("one"))
    await until_read(db, log, consumer_of(db, log, clock), "tariffs")
    await append(log, law("two", "50", "increased"))
    await until_read(db, log, consumer_of(db, log, clock), "tariffs")
    assert [name for (name,) in await rows(db, Event, "id", order="number")] == ["one", "two"]
    assert await rows(db, Event, "id", "position", "topic", "partition") == [
        ("one", 1, "tariffs", 0),
        ("two", 2, "tariffs", 0),
    ]


async def test_the_bookmark_moves_with_the_effects_and_counts_records(db, log, clock, give):
    await give(law("one"), b"noise", law("two", "50", "increased"))
    assert await bookmark(db) == Position(log.id, 3)
    async with db.read() as session:
        places = await list_places(session)
    assert places["tariffs", 0].records == 3


async def test_an_overtaken_batch_is_rolled_back_whole(db, log, clock, consumer):
    stale = Batch("tariffs", 0, 0, 1, (write(law("mine"), 0),))
    await take(consumer_of(db, log, clock), db, law("theirs", key="k"), law("more", key="j"))
    assert await consumer.take(stale) is False
    assert [name for (name,) in await rows(db, Event, "id")] == ["more", "theirs"]
    assert [key for (key,) in await rows(db, Subject, "key")] == ["measure:j", "measure:k"]
    assert await bookmark(db) == Position(log.id, 2)


async def test_the_bookmark_of_another_log_is_not_moved(db, tmp_path, clock, log, consumer):
    await take(consumer, db, law("one"))
    async with open_log(f"sqlite:///{tmp_path}/other.db", clock) as other:
        batch = Batch("tariffs", 0, 1, 2, (write(law("two"), 1),))
        assert await consumer_of(db, other, clock).take(batch) is False
    assert await count(db, Event) == 1


async def test_who_is_overtaken_while_following_asks_again_and_goes_on(db, log, clock):
    first, second = consumer_of(db, log, clock), consumer_of(db, log, clock)
    await append(log, law("one"))
    following = log.follow(["tariffs"], first._bookmark)
    async with aclosing(following):
        batch = await anext(following)
        assert await second.take(batch) is True
        assert await first.take(batch) is False
        await append(log, law("two", "50", "increased"))
        batch = await following.asend(False)
        assert [record.offset for record in batch.records] == [2]
        assert await first.take(batch) is True
    assert await rows(db, Event, "id", "outcome") == [("one", "changed"), ("two", "changed")]


async def test_two_consumers_at_once_give_each_event_one_effect(db, log, clock):
    await append(
        log, *[law(f"e{place}", str(place + 1), key=f"k{place % 7}") for place in range(60)]
    )
    rivals = [consumer_of(db, log, clock) for _ in range(2)]
    following = [asyncio.create_task(_follow_in_bits(log, rival)) for rival in rivals]
    await stand_at_the_end(db, log, "tariffs")
    for task in following:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert await count(db, Event) == 60
    numbers = await rows(db, Event, "number", order="number")
    assert [number for (number,) in numbers] == list(range(1, 61))


async def _follow_in_bits(log, consumer):
    following = log.follow(["tariffs"], consumer._bookmark, limit=7)
    async with aclosing(following):
        batch = await anext(following)
        while True:
            batch = await following.asend(await consumer.take(batch))


@pytest.mark.parametrize("size", [1, 3])
async def test_a_record_that_fails_by_our_fault_stops_naming_place_and_remedy(
    db, log, clock, consumer, size
):
    await forbid(db, "bad")
    events = [law("good"), law("bad", key="k"), law("after", key="j")]
    if size == 1:
        await take(consumer, db, events.pop(0))
    with pytest.raises(Poisoned) as caught:
        await take(consumer, db, *events[:size])
    said = str(caught.value)
    assert "tariffs/0 offset 1 cannot be folded" in said
    assert "the disk is on fire" in said
    assert "tariffwire quarantine tariffs 0 1" in said
    assert [name for (name,) in await rows(db, Event, "id")] == ["good"]
    assert await bookmark(db) == Position(log.id, 1)


async def test_once_the_fault_is_mended_it_goes_on_from_the_very_record(db, log, clock, consumer):
    await forbid(db, "bad")
    with pytest.raises(Poisoned):
        await take(consumer, db, law("good"), law("bad", key="k"))
    await mend(db)
    await take(consumer, db, law("bad", key="k"), law("after", "50", "increased"))
    assert await count(db, Event) == await count(db, Change) == 3


async def test_a_batch_that_fails_as_a_whole_commits_event_by_event(db, log, clock, consumer):
    await forbid_two_changes_at_once(db)
    await take(consumer, db, law("zero", key="z"))
    assert await take(consumer, db, law("one"), b"noise", law("two", "50", "increased"))
    assert await count(db, Event) == 3
    assert await count(db, Quarantine) == 1
    assert await bookmark(db) == Position(log.id, 4)


async def test_a_zombie_is_overtaken_in_the_middle_of_a_failing_batch(db, log, clock, consumer):
    await forbid(db, "two")
    records = (write(law("one"), 0), write(law("two", key="k"), 1))
    await take(consumer_of(db, log, clock), db, law("one"))
    assert await consumer.take(Batch("tariffs", 0, 0, 2, records)) is False


async def test_more_than_a_fifth_unreadable_stops_and_writes_nothing_more(db, log, clock, consumer):
    noise = [b"noise"] * 101
    await take(consumer, db, *[law(f"e{place}") for place in range(399)])
    with pytest.raises(TooManyUnreadable, match=r"101 of the last 500 records of tariffs.*JSON"):
        await take(consumer, db, *noise)
    assert await count(db, Quarantine) == 0
    assert (await bookmark(db)).next == 399


async def test_one_started_again_gets_past_any_number_of_unreadable_records(db, log, clock):
    await log.append("tariffs", [Record(None, b"noise")] * 1500)
    for done in (500, 1000):
        with pytest.raises(TooManyUnreadable):
            await consumer_of(db, log, clock).follow()
        assert await count(db, Quarantine) == done


async def test_a_fifth_unreadable_is_still_set_aside_and_told_in_a_line(db, consumer):
    with capture_logs() as said:
        await take(consumer, db, *[law(f"e{place}") for place in range(400)], *[b"noise"] * 100)
    assert await count(db, Quarantine) == 100
    (told,) = [one for one in said if one["event"] == "set inputs aside"]
    assert (told["count"], told["first"]) == (100, "tariffs-0-400")
    assert "JSON" in told["why"]


async def test_a_forgetful_cache_changes_nothing(db, log, clock, monkeypatch, tmp_path):
    events = [law("base"), *[law(f"e{n}", str(n), "increased") for n in range(30, 50)]]
    monkeypatch.setattr(module, "CACHED_ENTRIES", 3)
    consumer = consumer_of(db, log, clock)
    for place, event in enumerate(events):
        await take(consumer, db, event, law(f"o{place}", str(place + 1), key=f"k{place % 3}"))
    assert consumer._cached_entries <= 3
    assert consumer._cached_entries == sum(len(one.entries) for one in consumer._cache.values())
    subjects = dict(await rows(db, Subject, "key", "sequence"))
    assert subjects[SUBJECT] == len(events)
    assert await rows(db, Subject, "events", "sequence") == [(7, 7)] * 3 + [(21, 21)]


async def test_a_memory_that_another_consumer_made_stale_is_not_believed(db, log, clock):
    first, second = consumer_of(db, log, clock), consumer_of(db, log, clock)
    await take(first, db, law("one"))
    await take(second, db, law("two", "50", "increased"))
    await take(first, db, law("three", "60", "increased"))
    await take(second, db, claim("gone", "three"))
    await take(first, db, law("four", "70", "increased"))
    assert [place for (place,) in await rows(db, Change, "sequence", order="number")] == [
        1,
        2,
        3,
        4,
        5,
    ]


async def test_an_empty_batch_only_moves_the_bookmark(db, log, consumer):
    assert await consumer.take(Batch("tariffs", 0, 0, 9, ())) is True
    assert await bookmark(db) == Position(log.id, 9)


async def test_outcomes_and_changes_are_counted_once_committed(db, log, clock):
    metrics = Metrics()
    consumer = Consumer(db, log, clock, metrics, lambda: None)
    await take(consumer, db, law("one"), law("one"), b"noise", claim("early", "unseen"))
    for outcome, times in {"changed": 1, "duplicate": 1, "quarantined": 1, "waiting": 1}.items():
        labels = {"outcome": outcome}
        assert metrics.registry.get_sample_value("tariffwire_events_total", labels) == times
    kinds = {"kind": "measure_announced"}
    assert metrics.registry.get_sample_value("tariffwire_changes_total", kinds) == 1


async def test_a_record_without_an_instant_is_accepted_now(db, log, clock, consumer):
    record = Record(None, write(threat("said")).value, (), 0)
    await consumer.take(Batch("tariffs", 0, 0, 1, (record,)))
    ((accepted, known),) = await rows(db, Event, "accepted_at", "known_at")
    assert accepted == known == NOW


async def test_nothing_is_known_after_it_was_accepted(db, log, consumer, clock):
    await take(consumer, db, threat("said") | {"knownfrom": "2031-01-01T00:00:00Z"})
    ((accepted, known),) = await rows(db, Event, "accepted_at", "known_at")
    assert known == accepted
