"""What every log must do, whatever keeps its records. Offsets may have holes: none is assumed."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest

from service.log import (
    CHANGES,
    Fenced,
    LogMisfit,
    LogUnavailable,
    Mark,
    Position,
    Record,
    open_log,
)


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


async def a_moment_later(clock):
    """A log keeps its own time: the embedded one by this clock, one elsewhere by its servers'."""
    clock.advance(days=1)
    await asyncio.sleep(0.01)


async def test_records_come_back_as_they_were_given(log):
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
    assert {one.at.utcoffset() for one in batch.records} == {timedelta(0)}
    assert batch.topic == "tariffs"


async def test_the_log_says_when_a_record_was_appended(log, clock):
    await log.append("tariffs", entries("a"))
    await a_moment_later(clock)
    await log.append("tariffs", entries("b"))
    (first, second) = [record for batch in await read(log, 2) for record in batch.records]
    assert first.at < second.at


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
        assert await read(log, 2) == [batch]
        assert log.id == identity
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
    assert await anext(log.follow(["tariffs"], nowhere), "home") == "home"
    with pytest.raises(LogUnavailable, match="closed"):
        await log.append("tariffs", entries("late"))
    with pytest.raises(LogUnavailable, match="closed"):
        await log.append("tariffs", [])
    with pytest.raises(LogUnavailable, match="closed"):
        await log.retain(clock.now, {("negotiations", 0): 1})
    with pytest.raises(LogUnavailable, match="closed"):
        await log.prepare()
    with pytest.raises(LogUnavailable, match="closed"):
        await log.marks()
    with pytest.raises(LogUnavailable, match="closed"):
        async with log.publisher(CHANGES):
            pass
    await log.mark("late", {("tariffs", 0): 1})  # never fails loudly


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
    (one, two, three) = await read(log, 3, limit=1)
    later = three.records[0].at + timedelta(days=1)
    assert await log.retain(later, {("tariffs", 0): two.next}) == 2
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
    await a_moment_later(clock)
    await log.append("tariffs", entries("new"))
    before = [record.at for batch in await read(log, 3) for record in batch.records][-1]
    end = (await log.ends("tariffs"))[0]
    assert await log.retain(before, {("tariffs", 0): end}) == 2
    assert await log.retain(before, {("tariffs", 0): end}) == 0
    assert words(await read(log, 1)) == ["new"]


async def test_retention_never_passes_a_floor(log):
    await log.append("tariffs", entries(*"abcdef"))
    (first, *_) = await read(log, 6, limit=4)
    later = first.records[0].at + timedelta(days=400)
    assert await log.retain(later, {("tariffs", 0): first.next}) == 4
    assert words(await read(log, 2)) == ["e", "f"]


async def test_retention_keeps_a_topic_whole_that_has_no_floor(log):
    await log.append("tariffs", entries("a"))
    await log.append("negotiations", entries("b"))
    (batch,) = await read(log, 1, topics=["negotiations"])
    later = batch.records[0].at + timedelta(days=400)
    assert await log.retain(later, {("negotiations", 0): batch.next}) == 1
    assert words(await read(log, 1)) == ["a"]


async def test_an_empty_log_has_nothing_to_retain(log, clock):
    assert await log.retain(clock.now, {}) == 0


async def test_a_log_can_be_prepared_again(log):
    await log.append("tariffs", entries("a"))
    identity = log.id
    assert list(await log.prepare()) == []
    assert log.id == identity
    assert words(await read(log, 1)) == ["a"]


async def test_a_publisher_begins_where_the_last_one_ended(log):
    async with log.publisher(CHANGES) as publisher:
        assert publisher.position == 0
        await publisher.publish(entries("a", "b"), 2)
        await publisher.publish([], 5)
        assert publisher.position == 5
    async with log.publisher(CHANGES) as publisher:
        assert publisher.position == 5
        await publisher.publish(entries("c"), 6)
    assert words(await read(log, 3, topics=[CHANGES])) == ["a", "b", "c"]


async def test_what_was_published_can_be_followed_like_anything_else(log):
    async with log.publisher(CHANGES) as publisher:
        await publisher.publish([Record("k", b"a\0", (("h", b"\xff"),))], 1)
        (batch,) = await read(log, 1, topics=[CHANGES])
        assert [(one.key, one.value, one.headers) for one in batch.records] == [
            ("k", b"a\0", (("h", b"\xff"),))
        ]
        assert batch.next <= (await log.ends(CHANGES))[0]


async def test_a_publisher_that_was_taken_over_is_fenced(log):
    async with log.publisher(CHANGES) as former:
        await former.publish(entries("a"), 1)
        async with log.publisher(CHANGES) as latter:
            assert latter.position == 1
            with pytest.raises(Fenced):
                await former.publish(entries("never"), 2)
            await latter.publish(entries("b"), 2)
            assert former.position == 1
    async with log.publisher(CHANGES) as next_one:
        assert next_one.position == 2
    assert words(await read(log, 2, topics=[CHANGES])) == ["a", "b"]


async def test_the_publishers_of_two_topics_do_not_meddle(log):
    async with log.publisher(CHANGES) as changes, log.publisher("tariffs") as tariffs:
        await changes.publish(entries("a"), 7)
        await tariffs.publish(entries("b"), 9)
    async with log.publisher(CHANGES) as changes, log.publisher("tariffs") as tariffs:
        assert (changes.position, tariffs.position) == (7, 9)


async def test_a_publication_that_cannot_be_written_leaves_the_position(log):
    async with log.publisher(CHANGES) as publisher:
        with pytest.raises(UnicodeEncodeError):
            await publisher.publish([Record("\ud800", b"no such character")], 1)
        assert publisher.position == 0
        await publisher.publish(entries("a"), 1)
    assert words(await read(log, 1, topics=[CHANGES])) == ["a"]


async def test_a_publication_whose_caller_gave_up_is_still_made(log):
    async with log.publisher(CHANGES) as publisher:
        call = asyncio.create_task(publisher.publish(entries("a"), 1))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait({call})
    async with log.publisher(CHANGES) as publisher:
        assert publisher.position == 1


async def test_marks_tell_how_far_a_deployment_has_come(log):
    assert await log.marks() == {}
    await log.mark("here", {("tariffs", 0): 5, ("negotiations", 0): 7})
    await log.mark("there", {("negotiations", 0): 3})
    await log.mark("there", {})
    assert await log.marks() == {
        ("tariffs", 0): Mark("here", 5),
        ("negotiations", 0): Mark("there", 3),
    }


async def test_marks_survive_a_restart(log_url, clock):
    async with open_log(log_url, clock) as log:
        await log.mark("here", {("tariffs", 0): 5})
    async with open_log(log_url, clock) as log:
        assert await log.marks() == {("tariffs", 0): Mark("here", 5)}


async def test_a_reader_may_mark_while_it_reads(log):
    await log.append("tariffs", entries("a"))
    async with aclosing(log.follow(["tariffs"], nowhere)) as batches:
        batch = await anext(batches)
        await log.mark("here", {("tariffs", 0): batch.next})
        assert await log.marks() == {("tariffs", 0): Mark("here", batch.next)}


async def test_a_mark_moves_no_reader(log):
    await log.append("tariffs", entries("a", "b"))
    await log.mark("here", {("tariffs", 0): 1})
    await log.marks()
    assert words(await read(log, 2)) == ["a", "b"]
