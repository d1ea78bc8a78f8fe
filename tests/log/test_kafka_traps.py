"""What aiokafka does to who trusts it: one proof for each trap that is walked around."""

import asyncio
import random
import time
from contextlib import aclosing
from datetime import timedelta

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from service.log import LogError, LogMisfit, LogUnavailable, Record, open_log
from service.log.kafka.address import read_address
from service.log.kafka.connection import make_producer, release_producer
from tests.engines.server import free_port
from tests.log.reading import Reader, entries, nowhere, produce


@pytest.fixture
async def log(kafka_url, clock):
    async with open_log(f"{kafka_url}?partitions=1&session_timeout_ms=1000", clock) as opened:
        await opened.prepare()
        yield opened


def name(kafka_url, topic):
    return f"{kafka_url.rpartition('/')[2]}.{topic}"


def consumer_of(log):
    (follower,) = log._followers
    return follower._consumer


async def test_trap_1_a_reader_whose_place_is_gone_is_told_and_not_moved(log):
    """auto_offset_reset=earliest would go on with the oldest that is left, without a word."""
    rng = random.Random(1)
    for _ in range(3):  # so large that no second one is read ahead
        await log.append("tariffs", [Record(None, rng.randbytes(5_000_000))])
    end = (await log.ends("tariffs"))[0]
    reader = Reader(log)
    async with asyncio.timeout(60), aclosing(reader.follow(limit=1)) as batches:
        batch = await anext(batches)
        reader.take(batch)
        long_after = batch.records[0].at + timedelta(days=1)
        assert await log.retain(long_after, {("tariffs", 0): end}) == 3
        with pytest.raises(LogMisfit, match=r"begins at 3.*dropped unread"):
            await batches.asend(True)


async def test_trap_1_nothing_is_committed_that_nobody_marked(log):
    """enable_auto_commit would commit at the end what was only read."""
    await log.append("tariffs", entries("a"))
    await Reader(log).read(1)
    assert await log.marks() == {}


async def test_trap_1_a_commit_is_no_bookmark(log):
    await log.append("tariffs", entries("a", "b", "c"))
    await log.mark("here", {("tariffs", 0): 2})
    await log.marks()
    reader = Reader(log)
    await reader.read(3)
    assert reader.found == ["a", "b", "c"]


async def test_trap_1_members_have_time_and_producers_wait_for_all(log, kafka_url):
    await log.append("tariffs", entries("a"))
    async with aclosing(log.follow(["tariffs"], nowhere)) as batches:
        await anext(batches)
        assert consumer_of(log)._rebalance_timeout_ms >= 30_000
    producer = make_producer(read_address(kafka_url))
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None  # idempotent
    await release_producer(producer)


async def test_trap_2_a_bookmark_that_fails_is_asked_again(log):
    """What fails in aiokafka's rebalance callbacks is logged and forgotten: nobody would seek."""
    await log.append("tariffs", entries("a", "b", "c"))
    reader = Reader(log)
    await reader.read(1, limit=1)
    failures = [OSError("the database is away"), RuntimeError("and still")]

    async def bookmark(topic, partition):
        if failures:
            raise failures.pop()
        return await reader.bookmark(topic, partition)

    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], bookmark)) as batches:
        reader.take(await anext(batches))
    assert reader.found == ["a", "b", "c"]


async def test_trap_3_polls_end_by_themselves_so_that_the_watchdog_lives(log):
    """A poll that is cancelled never counts as ended: aiokafka then thinks us busy for ever."""
    reader = Reader(log)
    async with asyncio.timeout(60), aclosing(reader.follow()) as batches:
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(1.2)  # a few polls that find nothing
        await log.append("tariffs", entries("a"))
        await waiting
        assert consumer_of(log)._subscription._fetch_count == 0


@pytest.mark.needs_program("kcat")
async def test_trap_4_a_poison_record_withholds_none_behind_it(log, kafka_url, kafka_bootstrap):
    """A deserialiser that fails, fails at every poll; and so do names of headers in no UTF-8."""
    topic = name(kafka_url, "tariffs")
    await log.append("tariffs", entries("before"))
    produce(kafka_bootstrap, topic, b"{not json\xff", "-k", b"\xff\xfe")
    produce(kafka_bootstrap, topic, b"strange header", "-H", b"\xff\xfename=\xff", "-H", "empty=")
    produce(kafka_bootstrap, topic, b"compressed\nmany", "-z", "zstd", "-H", b"\xffa=b")
    await log.append("tariffs", entries("after"))
    reader = Reader(log)
    await reader.read(6, limit=2)
    assert reader.found == [
        "before",
        "{not json\ufffd",
        "strange header",
        "compressed",
        "many",
        "after",
    ]


@pytest.mark.needs_program("kcat")
async def test_trap_4_a_strange_header_is_shown_as_far_as_it_is_text(
    log, kafka_url, kafka_bootstrap
):
    produce(kafka_bootstrap, name(kafka_url, "tariffs"), b"a", "-k", b"k\xff", "-H", b"x\xff=\xff")
    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], nowhere)) as batches:
        (record,) = (await anext(batches)).records
    assert (record.key, record.headers) == ("k\ufffd", (("x\ufffd", b"\xff"),))


async def test_trap_5_a_member_that_was_thought_dead_reads_on_at_its_bookmark(log):
    """A loop that stands still sends no heartbeats, and the partitions go to others."""
    await log.append("tariffs", entries("a", "b", "c"))
    reader = Reader(log)
    async with asyncio.timeout(60), aclosing(reader.follow(limit=1)) as batches:
        taken = reader.take(await anext(batches))
        time.sleep(2.5)  # noqa: ASYNC251 - that is the trap
        while len(reader.found) < 3:
            batch = await batches.asend(taken)
            await asyncio.sleep(0.5)  # long enough to learn of the eviction
            taken = reader.take(batch)
    assert reader.found == ["a", "b", "c"]
    assert len(reader.asked) >= 2


async def test_trap_6_an_append_without_a_broker_is_refused_and_hangs_nothing(clock):
    url = f"kafka://127.0.0.1:{free_port()}"
    async with asyncio.timeout(60), open_log(url, clock) as log:
        for _ in "twice":
            with pytest.raises(LogUnavailable, match="nothing was acknowledged"):
                await log.append("tariffs", entries("a"))


async def test_trap_6_a_broker_that_never_answers_is_given_up_in_time(clock):
    met = []

    async def silence(reader, writer):
        met.append(asyncio.current_task())
        await reader.read()  # until the other one gives up
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(60), open_log(f"kafka://127.0.0.1:{port}", clock) as log:
        with pytest.raises(LogUnavailable, match="no answer within"):
            await log.append("tariffs", entries("a"))
        with pytest.raises(LogUnavailable, match="no answer within"):
            await log.ends("tariffs")
    await asyncio.wait(met)
    server.close()


async def append_until_refused(log, rng):
    """The broker takes a moment to heed its new setting."""
    while True:
        await log.append("tariffs", [Record(None, rng.randbytes(10_000))])
        await asyncio.sleep(0.05)


async def test_trap_7_a_producer_that_failed_is_not_used_again(log, admin, kafka_url):
    """What the broker refused was counted by the client: all that follows would be out of order."""
    await log.append("tariffs", entries("a"))
    small = {"max.message.bytes": "3000"}
    topic = name(kafka_url, "tariffs")
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, small)])
    with pytest.raises(LogError, match=r"too large for .*tariffs"):
        await append_until_refused(log, random.Random(7))
    await log.append("tariffs", entries("b"))
    reader = Reader(log)
    await reader.read(2)
    assert (reader.found[0], reader.found[-1]) == ("a", "b")


async def test_trap_8_a_reader_that_is_busy_for_long_stays_in_the_group(kafka_url, clock):
    """Who does not poll within max_poll_interval is put out, and reads its batch for nothing."""
    url = f"{kafka_url}?partitions=1&session_timeout_ms=1000&max_poll_interval_ms=1000"
    async with open_log(url, clock) as log:
        await log.prepare()
        await log.append("tariffs", entries("a", "b", "c"))
        reader = Reader(log)
        async with asyncio.timeout(60), aclosing(reader.follow(limit=1)) as batches:
            taken = reader.take(await anext(batches))
            while len(reader.found) < 3:
                await asyncio.sleep(2.5)
                taken = reader.take(await batches.asend(taken))
    assert reader.found == ["a", "b", "c"]
    assert reader.asked == [("tariffs", 0)]


async def test_trap_8_an_append_at_once_waits_for_the_start_and_no_longer(kafka_url, clock):
    """`send` before `start` hangs."""
    async with open_log(f"{kafka_url}?partitions=1", clock) as log:
        await log.prepare()
    async with open_log(f"{kafka_url}?partitions=1", clock) as log:
        await asyncio.gather(*(log.append("tariffs", entries(str(n))) for n in range(20)))
        assert await log.ends("tariffs") == {0: 20}


async def test_trap_8_a_log_that_was_not_reached_says_so(clock):
    async with open_log(f"kafka://127.0.0.1:{free_port()}", clock) as log:
        with pytest.raises(LogUnavailable, match="not been reached"):
            _ = log.id


async def test_trap_9_a_reader_that_stands_still_is_seen_by_the_ends_moving_on(log):
    """aiokafka has no sign of health; where the log ends, and where a reader is, tells."""
    await log.append("tariffs", entries("a"))
    async with aclosing(log.follow(["tariffs"], nowhere)) as batches:
        batch = await anext(batches)
        assert await log.ends("tariffs") == {0: batch.next}
        await log.append("tariffs", entries("b", "c"))
        assert await log.ends("tariffs") == {0: batch.next + 2}
