"""What every log must do, whatever keeps its records. Offsets may have holes: none is assumed."""

import asyncio
from contextlib import aclosing

import pytest

from service.log import LogMisfit, LogUnavailable, Position, Record, open_log


def entries(*words):
    return [Record(key=word, value=word.encode()) for word in words]


async def nowhere(_topic, _partition):
    return None


def at(position):
    async def bookmark(_topic, _partition):
        return position

    return bookmark


async def read(log, count, *, topics=("tariffs",), bookmark=nowhere, limit=500):
    """Batches until they hold `count` records."""
    batches = []
    async with aclosing(log.follow(topics, bookmark, limit=limit)) as batches_to_come:
        async for batch in batches_to_come:
            batches.append(batch)
            if sum(len(one.records) for one in batches) >= count:
                return batches
    raise AssertionError(batches)


def words(batches):
    return [record.value.decode() for batch in batches for record in batch.records]


async def test_records_come_back_as_they_were_given(log, clock):
    given = [
        Record("измерение\0", b'{"a": 1}\0\xff', (("ce_id", b"\0\xfe"), ("ce_id", b""))),
        Record(None, b""),
        Record("", bytes(range(256)) * 300),
    ]
    await log.append("tariffs", given)
    (batch,) = await read(log, 3)
    assert [(one.key, one.value, one.headers) for one in batch.records] == [
        (one.key, one.value, one.headers) for one in given
    ]
    assert {one.at for one in batch.records} == {clock.now}
    assert batch.topic == "tariffs"


async def test_offsets_rise_and_lie_between_since_and_next(log):
    for word in "abcde":
        await log.append("tariffs", entries(word, word))
    for batch in await read(log, 10, limit=3):
        offsets = [one.offset for one in batch.records]
        assert offsets == sorted(set(offsets))
        assert batch.since <= offsets[0] <= offsets[-1] < batch.next


async def test_each_batch_begins_where_the_one_before_ended(log):
    await log.append("tariffs", entries(*"abcdefgh"))
    batches = await read(log, 8, limit=3)
    assert [batch.since for batch in batches[1:]] == [batch.next for batch in batches[:-1]]
    assert words(batches) == list("abcdefgh")


async def test_a_batch_holds_no_more_than_the_limit(log):
    await log.append("tariffs", entries(*"abcdefgh"))
    assert [len(batch.records) for batch in await read(log, 8, limit=3)] == [3, 3, 2]


async def test_a_batch_is_of_one_topic_and_a_follower_hears_only_its_own(log):
    await log.append("tariffs", entries("a"))
    await log.append("negotiations", entries("b"))
    await log.append("tariffs", entries("c"))
    assert words(await read(log, 2)) == ["a", "c"]
    assert words(await read(log, 1, topics=["negotiations"])) == ["b"]
    for batch in await read(log, 3, topics=["tariffs", "negotiations"]):
        assert set(words([batch])) <= ({"b"} if batch.topic == "negotiations" else {"a", "c"})


async def test_a_busy_topic_does_not_starve_the_others(log):
    await log.append("tariffs", entries(*"abcdefgh"))
    await log.append("negotiations", entries("n"))
    batches = await read(log, 3, topics=["tariffs", "negotiations"], limit=1)
    assert "n" in words(batches)


async def test_a_reader_goes_on_at_its_bookmark(log):
    await log.append("tariffs", entries("a", "b", "c"))
    (first,) = await read(log, 2, limit=2)
    (rest,) = await read(log, 1, bookmark=at(Position(log.id, first.next)))
    assert words([rest]) == ["c"]
    assert rest.since == first.next


async def test_the_bookmark_is_asked_once_an_assignment_with_topic_and_partition(log):
    asked = []

    async def bookmark(topic, partition):
        asked.append((topic, partition))

    await log.append("tariffs", entries(*"abcd"))
    await read(log, 4, bookmark=bookmark, limit=1)
    assert asked == [("tariffs", 0)]


async def test_a_reader_that_was_overtaken_asks_again_and_seeks(log):
    await log.append("tariffs", entries(*"abcdef"))
    (two, four, *_) = await read(log, 6, limit=2)
    held = None

    async def bookmark(_topic, _partition):
        return held

    async with aclosing(log.follow(["tariffs"], bookmark, limit=2)) as batches:
        assert words([await anext(batches)]) == ["a", "b"]
        held = Position(log.id, four.next)
        assert words([await batches.asend(False)]) == ["e", "f"]
        held = Position(log.id, two.next)
        assert words([await batches.asend(False)]) == ["c", "d"]
        assert words([await batches.asend(True)]) == ["e", "f"]


async def test_a_waiting_follower_gets_what_is_appended_later(log):
    await log.append("tariffs", entries("a"))
    async with aclosing(log.follow(["tariffs", "negotiations"], nowhere)) as batches:
        assert words([await anext(batches)]) == ["a"]
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        await log.append("negotiations", entries("b"))
        assert words([await waiting]) == ["b"]


async def test_many_followers_each_read_everything(log):
    followers = [asyncio.create_task(read(log, 30, limit=7)) for _ in range(20)]
    for number in range(10):
        await log.append("tariffs", entries(*(f"{number}{letter}" for letter in "abc")))
    expected = [f"{number}{letter}" for number in range(10) for letter in "abc"]
    for batches in await asyncio.gather(*followers):
        assert words(batches) == expected


async def test_concurrent_appends_all_land_once_and_keep_their_own_order(log):
    calls = [[f"{call}.{number}" for number in range(3)] for call in range(100)]
    await asyncio.gather(*(log.append("tariffs", entries(*call)) for call in calls))
    found = words(await read(log, 300))
    assert sorted(found) == sorted(word for call in calls for word in call)
    for call in calls:
        assert [word for word in found if word in call] == call


async def test_an_append_of_thousands_arrives_whole(log):
    await log.append("tariffs", entries(*map(str, range(2341))))
    assert words(await read(log, 2341)) == list(map(str, range(2341)))


async def test_an_append_of_nothing_is_done_at_once(log):
    await log.append("tariffs", entries("a"))
    before = await log.ends("tariffs")
    await log.append("tariffs", [])
    assert await log.ends("tariffs") == before


async def test_an_end_is_the_bookmark_of_a_reader_that_has_read_everything(log):
    await log.append("tariffs", entries("a", "b"))
    await log.append("negotiations", entries("c"))
    (batch,) = await read(log, 2)
    assert await log.ends("tariffs") == {0: batch.next}


async def test_an_unwritable_record_fails_its_own_append_only(log):
    results = await asyncio.gather(
        log.append("tariffs", entries("a")),
        log.append("tariffs", [Record("\ud800", b"no such character")]),
        log.append("tariffs", entries("b")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), UnicodeEncodeError, type(None)]
    assert words(await read(log, 2)) == ["a", "b"]


async def test_records_and_identity_survive_a_restart(log_url, clock):
    async with open_log(log_url, clock) as log:
        await log.append("tariffs", entries("a", "b"))
        (batch,) = await read(log, 2)
        identity = log.id
    async with open_log(log_url, clock) as log:
        assert log.id == identity
        assert await read(log, 2) == [batch]
        await log.append("tariffs", entries("c"))
        (after,) = await read(log, 1, bookmark=at(Position(identity, batch.next)))
        assert words([after]) == ["c"]


async def test_appends_in_flight_finish_when_the_log_closes(log_url, clock):
    async with open_log(log_url, clock) as log:
        calls = [asyncio.create_task(log.append("tariffs", entries(str(n)))) for n in range(50)]
        await asyncio.sleep(0)
    await asyncio.gather(*calls)
    async with open_log(log_url, clock) as log:
        assert words(await read(log, 50)) == [str(n) for n in range(50)]


async def test_a_closed_log_refuses_work_and_sends_its_followers_home(log_url, clock):
    async with open_log(log_url, clock) as log:
        await log.append("negotiations", entries("a"))
        follower = asyncio.create_task(anext(log.follow(["tariffs"], nowhere), "home"))
        await asyncio.sleep(0)
    assert await follower == "home"
    with pytest.raises(LogUnavailable, match="closed"):
        await log.append("tariffs", entries("late"))
    with pytest.raises(LogUnavailable, match="closed"):
        await log.append("tariffs", [])
    with pytest.raises(LogUnavailable, match="closed"):
        await log.retain(clock.now, {("negotiations", 0): 1})


async def test_an_append_whose_caller_gave_up_is_still_followed(log):
    call = asyncio.create_task(log.append("tariffs", entries("a")))
    await asyncio.sleep(0)
    call.cancel()
    assert words(await read(log, 1)) == ["a"]


async def test_a_bookmark_of_another_log_stops_the_reader(log):
    await log.append("tariffs", entries("a"))
    with pytest.raises(LogMisfit, match=f"belongs to the log other.* is {log.id}.*Restore"):
        await read(log, 1, bookmark=at(Position("other", 1)))


async def test_a_bookmark_beyond_the_end_stops_the_reader(log):
    await log.append("tariffs", entries("a"))
    end = (await log.ends("tariffs"))[0]
    with pytest.raises(LogMisfit, match=f"says {end + 1}, but tariffs/0 .*Restore"):
        await read(log, 1, bookmark=at(Position(log.id, end + 1)))


async def test_a_bookmark_below_the_start_stops_the_reader(log, clock):
    await log.append("tariffs", entries("a", "b", "c"))
    (one, two, *_) = await read(log, 3, limit=1)
    clock.advance(days=1)
    assert await log.retain(clock.now, {("tariffs", 0): two.next}) == 2
    with pytest.raises(LogMisfit, match=f"stands at {one.next}, .*begins at {two.next}.*Restore"):
        await read(log, 1, bookmark=at(Position(log.id, one.next)))
    assert words(await read(log, 1, bookmark=at(Position(log.id, two.next)))) == ["c"]
    assert words(await read(log, 1)) == ["c"]  # no bookmark: the start is where it is now


async def test_an_overtaken_reader_is_told_of_a_misfit_too(log):
    await log.append("tariffs", entries("a"))
    held = None

    async def bookmark(_topic, _partition):
        return held

    async with aclosing(log.follow(["tariffs"], bookmark)) as batches:
        await anext(batches)
        held = Position("other", 1)
        with pytest.raises(LogMisfit):
            await batches.asend(False)


async def test_retention_drops_by_age(log, clock):
    await log.append("tariffs", entries("old", "older"))
    clock.advance(days=2)
    await log.append("tariffs", entries("new"))
    end = (await log.ends("tariffs"))[0]
    clock.advance(days=1)
    before = clock.now.replace(day=4)
    assert await log.retain(before, {("tariffs", 0): end}) == 2
    assert await log.retain(before, {("tariffs", 0): end}) == 0
    assert words(await read(log, 1)) == ["new"]


async def test_retention_never_passes_a_floor(log, clock):
    await log.append("tariffs", entries(*"abcdef"))
    (first, *_) = await read(log, 6, limit=4)
    clock.advance(days=400)
    assert await log.retain(clock.now, {("tariffs", 0): first.next}) == 4
    assert words(await read(log, 2)) == ["e", "f"]


async def test_retention_keeps_a_topic_whole_that_has_no_floor(log, clock):
    await log.append("tariffs", entries("a"))
    await log.append("negotiations", entries("b"))
    clock.advance(days=400)
    end = (await log.ends("negotiations"))[0]
    assert await log.retain(clock.now, {("negotiations", 0): end}) == 1
    assert words(await read(log, 1)) == ["a"]
