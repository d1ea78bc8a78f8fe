"""What only Kafka brings: brokers elsewhere, topics to be made, groups, foreign producers."""

import asyncio
import gc
import signal
import ssl
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.conn import AIOKafkaConnection

from service.core.event.binding import unbind
from service.log import (
    CHANGES,
    Fenced,
    LogError,
    LogMisfit,
    LogUnavailable,
    Mark,
    Position,
    Record,
    open_log,
)
from service.log.kafka.connection import LARGEST
from tests.engines.server import free_port
from tests.log.reading import Reader, entries, nowhere, produce

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
async def log(kafka_url, clock):
    async with open_log(f"{kafka_url}?partitions=3&session_timeout_ms=1000", clock) as opened:
        await opened.prepare()
        yield opened


@pytest.fixture
def topic(kafka_url):
    """What the cluster calls one of our topics."""
    prefix = kafka_url.rpartition("/")[2]
    return lambda plain: f"{prefix}.{plain}"


async def anyhow():
    """A moment, while others do what nobody tells of."""
    await asyncio.sleep(0.1)


async def read_published(bootstrap, topic, isolation="read_committed"):
    """What any reader downstream sees."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level=isolation
    )
    await consumer.start()
    try:
        found = []
        while batch := await consumer.getmany(timeout_ms=1000):
            found += [one.value.decode() for records in batch.values() for one in records]
        return found
    finally:
        await consumer.stop()


# --- reaching it


async def test_a_broker_out_of_reach_is_said_in_time_and_closing_hangs_nothing(clock):
    url = f"kafka://127.0.0.1:{free_port()}"
    async with asyncio.timeout(60), open_log(url, clock) as log:
        for call in (
            log.append("tariffs", entries("a")),
            log.ends("tariffs"),
            log.prepare(),
            log.marks(),
            log.retain(clock.now, {("tariffs", 0): 1}),
            log.publisher(CHANGES).__aenter__(),
        ):
            with pytest.raises(LogUnavailable, match=r"127\.0\.0\.1:\d+.*Check that the brokers"):
                await call
        await log.mark("here", {("tariffs", 0): 1})
        follower = asyncio.create_task(anext(log.follow(["tariffs"], nowhere), "home"))
        await asyncio.sleep(0.1)
    assert await follower == "home"


async def test_closing_at_any_moment_leaves_no_connection_open(kafka_url, clock):
    """aiokafka forgets a connection when it is cut off at the wrong one."""
    async with open_log(kafka_url, clock) as log:
        await log.prepare()
    for moment in range(60):
        async with open_log(kafka_url, clock) as log, asyncio.TaskGroup() as group:
            asking = group.create_task(log.ends("tariffs"))
            following = group.create_task(anext(log.follow(["tariffs"], nowhere), None))
            await asyncio.sleep(moment / 2000)
            asking.cancel()
            following.cancel()
    await anyhow()
    made = [one for one in gc.get_objects() if isinstance(one, AIOKafkaConnection)]
    assert [one for one in made if one.connected()] == []


@pytest.fixture
def authority(tmp_path):
    """A certificate for 127.0.0.1 that signs itself, and another that nobody should believe."""
    for name in ("ours", "theirs"):
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-keyout", f"{tmp_path}/{name}.key", "-out", f"{tmp_path}/{name}.pem"),
                *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            ],
            check=True,
            capture_output=True,
        )
    return tmp_path


@pytest.fixture
async def behind_tls(authority, kafka_bootstrap):
    """A TLS listener before the broker; what the broker advertises is still without TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority / "ours.pem", authority / "ours.key")
    host, _, port = kafka_bootstrap.rpartition(":")
    met = []

    async def pass_on(reader, writer):
        met.append(writer.get_extra_info("cipher"))
        inward, outward = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pour(reader, outward), pour(inward, writer))

    async def pour(source, sink):
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1], met
    server.close()


@pytest.mark.needs_program("openssl")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a listener's half-made TLS connection
async def test_a_broker_of_another_authority_is_not_believed(authority, behind_tls, clock):
    port, met = behind_tls
    query = f"security_protocol=SSL&ssl_cafile={authority}/theirs.pem"
    async with open_log(f"kafka://127.0.0.1:{port}?{query}", clock) as log:
        with pytest.raises(LogUnavailable, match=r"certificate verify failed"):
            await log.append("tariffs", entries("a"))
    assert met == []


async def test_a_login_travels_as_it_was_given(clock):
    """The first bytes of PLAIN over the wire, decoded by a listener that knows three requests."""
    seen = asyncio.get_running_loop().create_future()

    async def broker(reader, writer):
        for answer in (VERSIONS, HANDSHAKE):
            size = int.from_bytes(await reader.readexactly(4), "big")
            request = await reader.readexactly(size)
            reply = request[4:8] + answer
            writer.write(len(reply).to_bytes(4, "big") + reply)
        size = int.from_bytes(await reader.readexactly(4), "big")
        if not seen.done():
            seen.set_result(await reader.readexactly(size))
        writer.close()

    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"kafka://a%40b:s3cr%3Aet@127.0.0.1:{port}?security_protocol=SASL_PLAINTEXT"
    async with open_log(url, clock) as log:
        with pytest.raises(LogUnavailable) as refusal:
            await log.append("tariffs", entries("a"))
        assert b"\0a@b\0s3cr:et" in await seen
    assert "s3cr" not in str(refusal.value)
    server.close()


# ApiVersions 0: SaslHandshake 0 to 1 and SaslAuthenticate 0; then: PLAIN is spoken here.
VERSIONS = bytes.fromhex("0000 00000003 0012 0000 0000 0011 0000 0001 0024 0000 0000")
HANDSHAKE = bytes.fromhex("0000 00000001 0005") + b"PLAIN"


# --- preparing it


async def test_prepare_makes_the_topics_and_says_so(kafka_url, clock, topic, admin):
    async with open_log(f"{kafka_url}?partitions=3&replication=1", clock) as log:
        said = await log.prepare()
        assert said == [
            f"made the topic {topic(plain)}"
            for plain in ("tariffs", "negotiations", "changes", "identity")
        ]
        assert await log.ends("tariffs") == {0: 0, 1: 0, 2: 0}
        assert await log.prepare() == []


async def test_several_may_prepare_at_once(kafka_url, clock):
    async def prepare():
        async with open_log(kafka_url, clock) as log:
            return await log.prepare(), log.id

    results = await asyncio.gather(*(prepare() for _ in range(4)))
    assert sum(len(made) for made, _ in results) == 4
    async with open_log(kafka_url, clock) as log:
        await log.prepare()
        assert {identity for _, identity in results} == {log.id}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max.message.bytes", "1000000"),
        ("cleanup.policy", "compact"),
        ("cleanup.policy", "compact,delete"),
        ("message.timestamp.type", "CreateTime"),
    ],
)
async def test_an_unfit_topic_is_named_with_its_remedy(setting, value, kafka_url, topic, admin):
    fit = {"max.message.bytes": "8388608", "message.timestamp.type": "LogAppendTime"}
    design = NewTopic(topic("tariffs"), 1, 1, topic_configs={**fit, setting: value})
    await admin.create_topics([design])
    async with open_log(kafka_url, None) as log:
        with pytest.raises(LogMisfit) as refusal:
            await log.prepare()
    said = str(refusal.value)
    assert f"{topic('tariffs')} has {setting}={value}" in said
    assert f"--alter --topic {topic('tariffs')} --add-config {setting}=" in said


async def test_all_that_is_unfit_is_said_at_once_in_one_command(
    kafka_url, kafka_bootstrap, topic, admin
):
    unfit = {"max.message.bytes": "1000000", "message.timestamp.type": "CreateTime"}
    await admin.create_topics([NewTopic(topic("tariffs"), 1, 1, topic_configs=unfit)])
    async with open_log(kafka_url, None) as log:
        with pytest.raises(LogMisfit) as refusal:
            await log.prepare()
    right = "max.message.bytes=8388608,message.timestamp.type=LogAppendTime"
    command = f"kafka-configs.sh --bootstrap-server {kafka_bootstrap} --alter --topic"
    assert f"{command} {topic('tariffs')} --add-config {right}" in str(refusal.value)


async def test_a_topic_made_by_hand_is_taken_as_it_is(kafka_url, clock, topic, admin):
    settings = {"max.message.bytes": "8388608", "message.timestamp.type": "LogAppendTime"}
    await admin.create_topics([NewTopic(topic("tariffs"), 2, 1, topic_configs=settings)])
    async with open_log(f"{kafka_url}?partitions=5", clock) as log:
        assert len(await log.prepare()) == 3
        assert set(await log.ends("tariffs")) == {0, 1}
        assert set(await log.ends("negotiations")) == {0, 1, 2, 3, 4}


async def test_what_the_brokers_refuse_to_make_is_said_with_the_command(kafka_url, clock, topic):
    async with open_log(f"{kafka_url}?replication=7", clock) as log:
        with pytest.raises(LogMisfit, match=rf"--create --topic {topic('')}\w+ --partitions"):
            await log.prepare()


async def test_a_log_that_was_never_prepared_says_what_to_run(kafka_url, clock):
    async with asyncio.timeout(60), open_log(kafka_url, clock) as log:
        with pytest.raises(LogMisfit, match="tariffwire migrate"):
            await log.ends("tariffs")
        with pytest.raises(LogMisfit, match="tariffwire migrate"):
            await anext(log.follow(["tariffs"], nowhere))


async def test_the_identity_is_learnt_in_the_background(log, kafka_url, clock):
    async with asyncio.timeout(60), open_log(kafka_url, clock) as other:
        while True:
            try:
                assert other.id == log.id
                break
            except LogUnavailable:
                await asyncio.sleep(0.05)


async def test_two_logs_of_one_cluster_are_two(kafka_url, clock):
    ids = set()
    for name in "ab":
        async with open_log(f"{kafka_url}-{name}", clock) as log:
            await log.prepare()
            ids.add(log.id)
    assert len(ids) == 2
    assert len({identity.partition("/")[0] for identity in ids}) == 1  # the cluster's


@pytest.mark.parametrize("lost", [["tariffs"], ["tariffs", "identity"]])
async def test_topics_that_were_made_anew_are_another_log(lost, kafka_url, clock, topic, admin):
    async with open_log(kafka_url, clock) as log:
        await log.prepare()
        before = log.id
        await admin.delete_topics([topic(plain) for plain in lost])
    async with asyncio.timeout(60), open_log(kafka_url, clock) as log:
        while not await prepared_anew(log, lost, topic):
            pass
        assert log.id != before

        async def bookmark(_topic, _partition):
            return Position(before, 0)

        with pytest.raises(LogMisfit, match=rf"belongs to the log {before}.*tariffwire adopt"):
            await anext(log.follow(["tariffs"], bookmark))


async def prepared_anew(log, lost, topic):
    """A topic takes a moment to be gone."""
    await asyncio.sleep(0.2)
    try:
        return f"made the topic {topic(lost[0])}" in await log.prepare()
    except LogError:
        return False


# --- following it


async def test_a_key_keeps_to_its_partition(log):
    for round_ in range(3):
        await log.append("tariffs", [Record(str(key), b"%d" % round_) for key in range(30)])
    places, found = {}, 0
    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], nowhere)) as batches:
        while found < 90:
            batch = await anext(batches)
            found += len(batch.records)
            for record in batch.records:
                places.setdefault(record.key, set()).add(batch.partition)
    assert {len(one) for one in places.values()} == {1}
    assert set().union(*places.values()) == {0, 1, 2}


async def test_members_share_the_partitions_and_take_over_from_each_other(log, kafka_url, clock):
    first, url = Reader(log), f"{kafka_url}?session_timeout_ms=1000"
    async with asyncio.timeout(100), open_log(url, clock) as elsewhere:
        second = Reader(elsewhere)
        second.marks = first.marks  # one database
        second.found = first.found
        await log.append("tariffs", [Record(str(key), b"1.%d" % key) for key in range(30)])
        reading = asyncio.create_task(first.read(60, limit=3))
        helping = asyncio.create_task(second.read(60, limit=3))
        while not second.asked:
            await anyhow()
        await log.append("tariffs", [Record(str(key), b"2.%d" % key) for key in range(30)])
        await asyncio.wait({reading, helping}, return_when=asyncio.FIRST_COMPLETED)
        reading.cancel()
        helping.cancel()
        await asyncio.wait({reading, helping})
    expected = {f"{turn}.{key}" for turn in (1, 2) for key in range(30)}
    assert sorted(first.found) == sorted(expected)  # each once, whoever took it


async def test_a_batch_of_a_partition_that_has_gone_elsewhere_is_not_handed_out(
    log, kafka_url, clock
):
    await log.append("tariffs", [Record(str(key), b"") for key in range(300)])
    url = f"{kafka_url}?session_timeout_ms=1000"
    async with (
        asyncio.timeout(60),
        open_log(url, clock) as elsewhere,
        aclosing(log.follow(["tariffs"], nowhere, limit=10)) as mine,
        aclosing(elsewhere.follow(["tariffs"], nowhere, limit=10)) as theirs,
    ):
        await anext(mine)  # the rest of it was fetched, too
        theirs_now = {(await anext(theirs)).partition for _ in range(5)}
        mine_now = {(await anext(mine)).partition for _ in range(5)}
        assert not mine_now & theirs_now


async def test_a_partition_that_is_added_is_read_too(log, admin, topic, kafka_bootstrap):
    reader = Reader(log)
    await log.append("tariffs", entries("a"))
    async with asyncio.timeout(60), aclosing(reader.follow()) as batches:
        taken = reader.take(await anext(batches))
        await admin.create_partitions({topic("tariffs"): NewPartitions(4)})
        producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, metadata_max_age_ms=200)
        await producer.start()
        while 3 not in await producer.partitions_for(topic("tariffs")):
            await anyhow()
        await producer.send_and_wait(topic("tariffs"), b"new", partition=3)
        await producer.stop()
        while "new" not in reader.found:
            taken = reader.take(await batches.asend(taken))
    assert reader.found == ["a", "new"]
    assert 3 in await log.ends("tariffs")


async def test_holes_that_transactions_leave_are_stepped_over(log, topic, kafka_bootstrap):
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=topic("foreign"), linger_ms=0
    )
    await producer.start()
    for number, commits in enumerate((True, False, True, False)):
        await producer.begin_transaction()
        for part in range(2):
            value = b"%d.%d" % (number, part)
            await producer.send_and_wait(topic("tariffs"), value, partition=0)
        await (producer.commit_transaction() if commits else producer.abort_transaction())
    await producer.stop()
    reader = Reader(log)
    async with asyncio.timeout(60), aclosing(reader.follow(limit=1)) as batches:
        batch, seen = await anext(batches), []
        end = (await log.ends("tariffs"))[0]
        while True:
            seen.append(batch)
            assert reader.take(batch)
            if batch.next == end:
                break
            batch = await batches.asend(True)
    assert reader.found == ["0.0", "0.1", "2.0", "2.1"]
    assert [one.since for one in seen[1:]] == [one.next for one in seen[:-1]]
    assert seen[-1].records == ()  # what was aborted is passed, so that no lag is left


async def test_a_record_of_five_megabytes_comes_through(log):
    value = bytes(range(256)) * 20_000
    await log.append("tariffs", [Record("big", value), *entries("small")])
    found = []
    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], nowhere)) as batches:
        while len(found) < 2:
            found += [record.value for record in (await anext(batches)).records]
    assert sorted(found, key=len) == [b"small", value]


async def test_a_record_that_is_too_large_fails_its_own_append_only(log):
    results = await asyncio.gather(
        log.append("tariffs", entries("a")),
        log.append("tariffs", [*entries("b"), Record(None, bytes(LARGEST + 1))]),
        log.append("tariffs", entries("c")),
        return_exceptions=True,
    )
    assert [type(one) for one in results] == [type(None), LogError, type(None)]
    assert sum((await log.ends("tariffs")).values()) == 2


@pytest.mark.needs_program("kcat")
async def test_any_producer_may_write_structured_or_binary_events(log, topic, kafka_bootstrap):
    whole = b'{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"a": 1.50}}'
    produce(
        kafka_bootstrap,
        topic("tariffs"),
        whole,
        *("-k", "a", "-H", "content-type=application/cloudevents+json"),
    )
    context = ("specversion=1.0", "id=2", "source=s", "type=t")
    headers = [part for one in context for part in ("-H", f"ce_{one}")]
    produce(
        kafka_bootstrap,
        topic("tariffs"),
        b'{"a": 2.50}',
        *("-k", "b", *headers, "-H", "content-type=application/json"),
    )
    found = {}
    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], nowhere)) as batches:
        while len(found) < 2:
            for record in (await anext(batches)).records:
                found[record.key] = unbind(record.value, record.headers)
    assert found["a"] == whole
    assert b'"id": "2"' in found["b"]
    assert b'"data": {"a": 2.50}' in found["b"]


@pytest.mark.needs_program("kcat")
async def test_a_foreign_producer_may_put_keys_elsewhere(log, topic, kafka_bootstrap):
    keys = [str(number) for number in range(40)]
    await log.append("tariffs", [Record(key, b"ours") for key in keys])
    lines = "".join(f"{key}:theirs\n" for key in keys).encode()
    produce(kafka_bootstrap, topic("tariffs"), lines, "-K", ":", "-X", "partitioner=consistent")
    places = {}
    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], nowhere)) as batches:
        while sum(map(len, places.values())) < 80:
            batch = await anext(batches)
            for record in batch.records:
                places.setdefault(record.key, []).append(batch.partition)
    assert all(len(one) == 2 for one in places.values())  # nothing was refused or lost …
    assert any(len(set(one)) == 2 for one in places.values())  # … though the keys fell elsewhere


async def test_a_tombstone_is_a_record_of_nothing(log, topic, kafka_bootstrap):
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    await producer.send_and_wait(topic("tariffs"), None, b"k", headers=[("h", None)])
    await producer.stop()
    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], nowhere)) as batches:
        (record,) = (await anext(batches)).records
    assert (record.key, record.value, record.headers) == ("k", b"", (("h", b""),))


# --- marks


async def test_marks_are_what_the_group_committed_so_that_lag_tools_see_them(log, admin, kafka_url):
    await log.append("tariffs", entries(*"abcdef"))
    reader = Reader(log)
    async with asyncio.timeout(60), aclosing(reader.follow()) as batches:
        batch = await anext(batches)
        await log.mark("here", {("tariffs", batch.partition): batch.next})
        while ("tariffs", batch.partition) not in await log.marks():
            await anyhow()
        group = kafka_url.rpartition("/")[2]
        committed = await admin.list_consumer_group_offsets(group)
        assert {place.partition: one.offset for place, one in committed.items()} == {
            batch.partition: batch.next
        }


async def test_a_mark_that_cannot_be_made_disturbs_nobody(log, kafka_url, clock):
    await log.append("tariffs", entries("a"))
    async with asyncio.timeout(60), aclosing(log.follow(["tariffs"], nowhere)) as batches:
        await anext(batches)
        async with open_log(kafka_url, clock) as elsewhere:  # no member, of a group that has one
            await elsewhere.mark("there", {("tariffs", 0): 1})
            assert await elsewhere.marks() == {}
    await log.mark("here", {("tariffs", 0): 1})
    assert (await log.marks())[("tariffs", 0)] == Mark("here", 1)


# --- publishing to it


async def test_a_reader_of_what_is_committed_sees_each_record_once(
    log, topic, kafka_bootstrap, kafka_url
):
    """A publisher killed anywhere, again and again: the next goes on at the position it finds."""
    script = Path(__file__).with_name("crash_publisher.py")
    for lap in range(6):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, str(script), f"{kafka_url}?partitions=3"),
            stdout=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": str(REPOSITORY)},
        )
        assert await child.stdout.readline() == b"open\n"
        await asyncio.sleep(0.03 + lap * 0.045)
        child.send_signal(signal.SIGKILL)
        await child.wait()
    async with log.publisher(CHANGES) as publisher:
        last = publisher.position
    found = await read_published(kafka_bootstrap, topic(CHANGES))
    assert sorted(map(int, found)) == list(range(1, last + 1))
    assert last > 0


async def test_what_a_dead_publisher_left_half_done_is_never_seen(
    log, topic, kafka_bootstrap, kafka_url
):
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_bootstrap,
        transactional_id=f"{kafka_url.rpartition('/')[2]}-publisher-{CHANGES}",
    )
    async with log.publisher(CHANGES) as publisher:
        await publisher.publish(entries("before"), 1)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topic(CHANGES), b"half done", partition=0)
    async with log.publisher(CHANGES) as publisher:
        assert publisher.position == 1
        await publisher.publish(entries("after"), 2)
    with pytest.raises(Exception, match=r"Fenced|fenced|newer"):
        await producer.commit_transaction()
    await producer.stop()
    assert sorted(await read_published(kafka_bootstrap, topic(CHANGES))) == ["after", "before"]
    uncommitted = await read_published(kafka_bootstrap, topic(CHANGES), "read_uncommitted")
    assert "half done" in uncommitted


async def test_a_fenced_publisher_stays_fenced(log):
    async with log.publisher(CHANGES) as former, log.publisher(CHANGES):
        for _ in "twice":
            with pytest.raises(Fenced, match="taken over"):
                await former.publish(entries("a"), 1)


async def test_a_publication_too_large_is_refused_and_the_publisher_lives(log):
    async with log.publisher(CHANGES) as publisher:
        with pytest.raises(LogError, match="too large"):
            await publisher.publish([Record(None, bytes(LARGEST + 1))], 1)
        await publisher.publish(entries("a"), 1)
        assert publisher.position == 1


async def test_changes_of_one_subject_keep_their_order(log, topic, kafka_bootstrap):
    async with log.publisher(CHANGES) as publisher:
        for turn in range(5):
            await publisher.publish([Record(key, b"%d" % turn) for key in "abcdef"], turn + 1)
    found = {}
    async with asyncio.timeout(60), aclosing(log.follow([CHANGES], nowhere)) as batches:
        while sum(map(len, found.values())) < 30:
            for record in (await anext(batches)).records:
                found.setdefault(record.key, []).append(record.value)
    assert set(map(tuple, found.values())) == {(b"0", b"1", b"2", b"3", b"4")}


async def test_publishing_to_a_log_never_prepared_says_what_to_run(kafka_url, clock):
    async with open_log(kafka_url, clock) as log:
        with pytest.raises(LogMisfit, match="tariffwire migrate"):
            async with log.publisher(CHANGES):
                pass
